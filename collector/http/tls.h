/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate, which can be changed while it runs: each handshake takes the one that
 * is there then. Inside of this room.
 */
#pragma once

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "base/span.h"

struct tls;

/* 0, -EINVAL where the two are no PEM or do not belong together, or -ENOMEM. */
int tls_new(struct span certificate, struct span key, struct tls **ret_tls);
struct tls *tls_free(struct tls *t);

/* Likewise; where it fails, the old ones stay. */
int tls_set(struct tls *t, struct span certificate, struct span key);

/* Both for GnuTLS, which ends them after the handshake. 0 or -1, as it wants it. */
int tls_give(struct tls *t, gnutls_pcert_st **ret_list, unsigned int *ret_n,
	     gnutls_privkey_t *ret_key, unsigned int *ret_flags);

/* The client has a certificate that the authorities given to libmicrohttpd vouch for. */
bool tls_is_trusted(struct MHD_Connection *c);
