/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/tls.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"

#define MAX_PEM	  ((size_t)256 << 10)
#define MAX_CHAIN 16u

struct tls {
	pthread_mutex_t mutex; /* of what follows, PEM */
	struct buf certificate, key;
};

/* A private key and the chain of certificates that goes with it, both GnuTLS's to end. */
struct pair {
	gnutls_pcert_st *list;
	unsigned int n;
	gnutls_privkey_t key;
};

static gnutls_datum_t datum_of(const struct buf *b)
{
	return (gnutls_datum_t){ b->data, (unsigned int)b->size };
}

static void pair_fini(struct pair *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->list[i]);
	gnutls_free(p->list);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	*p = (struct pair){ 0 };
}

/* False where one of the two is no PEM, or there is no memory. */
static bool pair_parse(const struct buf *certificate, const struct buf *key, struct pair *ret)
{
	gnutls_datum_t chain = datum_of(certificate), secret = datum_of(key);
	unsigned int n = MAX_CHAIN;

	*ret = (struct pair){ .list = gnutls_calloc(MAX_CHAIN, sizeof(*ret->list)) };
	if (!ret->list ||
	    gnutls_pcert_list_import_x509_raw(ret->list, &n, &chain, GNUTLS_X509_FMT_PEM, 0) < 0)
		goto fail;
	ret->n = n;
	if (gnutls_privkey_init(&ret->key) < 0 ||
	    gnutls_privkey_import_x509_raw(ret->key, &secret, GNUTLS_X509_FMT_PEM, NULL, 0) < 0)
		goto fail;
	return true;
fail:
	pair_fini(ret);
	return false;
}

/* GnuTLS compares the two when they come into one set of credentials. */
static int check(const struct buf *certificate, const struct buf *key)
{
	gnutls_datum_t chain = datum_of(certificate), secret = datum_of(key);
	gnutls_certificate_credentials_t credentials;
	struct pair pair;

	if (buf_error(certificate) || buf_error(key))
		return -EINVAL;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return -ENOMEM;
	int code = gnutls_certificate_set_x509_key_mem(credentials, &chain, &secret,
						       GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (code < 0 || !pair_parse(certificate, key, &pair))
		return -EINVAL;
	pair_fini(&pair);
	return 0;
}

int tls_set(struct tls *t, struct span certificate, struct span key)
{
	struct buf chain = BUF_INIT(MAX_PEM), secret = BUF_INIT(MAX_PEM), old;

	buf_append(&chain, certificate.data, certificate.size);
	buf_append(&secret, key.data, key.size);
	int r = check(&chain, &secret);
	if (r == 0) {
		pthread_mutex_lock(&t->mutex);
		old = t->certificate, t->certificate = chain, chain = old;
		old = t->key, t->key = secret, secret = old;
		pthread_mutex_unlock(&t->mutex);
	}
	buf_fini(&chain);
	buf_fini(&secret);
	return r;
}

int tls_new(struct span certificate, struct span key, struct tls **ret_tls)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->mutex, NULL);
	int r = tls_set(t, certificate, key);
	if (r < 0) {
		tls_free(t);
		return r;
	}
	*ret_tls = t;
	return 0;
}

struct tls *tls_free(struct tls *t)
{
	if (!t)
		return NULL;
	buf_fini(&t->certificate);
	buf_fini(&t->key);
	pthread_mutex_destroy(&t->mutex);
	free(t);
	return NULL;
}

int tls_give(struct tls *t, gnutls_pcert_st **ret_list, unsigned int *ret_n,
	     gnutls_privkey_t *ret_key, unsigned int *ret_flags)
{
	struct pair pair;

	pthread_mutex_lock(&t->mutex);
	bool done = pair_parse(&t->certificate, &t->key, &pair);
	pthread_mutex_unlock(&t->mutex);
	if (!done)
		return -1;
	*ret_list = pair.list;
	*ret_n = pair.n;
	*ret_key = pair.key;
	*ret_flags = GNUTLS_CERT_RETR_DEINIT_ALL;
	return 0;
}

bool tls_is_trusted(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned int status;

	return info && info->tls_session &&
	       gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}
