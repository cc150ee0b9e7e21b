/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a request: on_request() is called with its header, then with each piece of its body,
 * then once without one. There it is queued and its connection suspended; a worker fills in the
 * answer and resumes the connection; on_request() is called again and sends. on_completed() ends
 * it, whatever happened.
 */
#include "collector/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/clock.h"
#include "collector/http/answers.h"
#include "collector/http/bodies.h"
#include "collector/http/tls.h"
#include "collector/http/workers.h"

#define THREADS	  2u
#define STOP_WAIT 5 /* s */

/* Bytes of a refused body that are read all the same. */
#define MAX_PASSED_OVER ((uint64_t)256 << 20)

struct http {
	struct http_options options;
	struct http_handlers handlers;
	struct MHD_Daemon *daemon;
	struct tls *tls; /* NULL: none */
	bool asks;	 /* clients for their certificate */
	struct connections connections;
	struct workers workers;
	struct budget bodies;
	struct budget answers;
	uint16_t port;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t idle;   /* nothing is on its way */
	unsigned int n_active; /* requests */
};

/* ---- what comes in ----------------------------------------------------------------------- */

static enum MHD_Result send_answer(struct http_request *r)
{
	connections_enter(&r->http->connections, r->slot, CONNECTION_SENDING);
	return request_send(r);
}

/* The answer is there without a worker. What is left of the request is not read. */
static enum MHD_Result end_early(struct http_request *r)
{
	bodies_drop(&r->http->bodies, r);
	http_answer_field(&r->answer, MHD_HTTP_HEADER_CONNECTION, "close");
	r->stage = REQUEST_DONE;
	return send_answer(r);
}

/*
 * The same, before the body. A client that is still writing finds its connection reset, and may
 * never read why: it is answered after its body, which is passed over.
 */
static enum MHD_Result end_before_body(struct http_request *r)
{
	if (http_header(r, MHD_HTTP_HEADER_EXPECT) || r->announced > MAX_PASSED_OVER)
		return end_early(r);
	bodies_drop(&r->http->bodies, r);
	r->stage = REQUEST_DONE;
	return MHD_YES;
}

static bool set_refusal(struct http_request *r, unsigned int status, const char *why)
{
	const struct http_handlers *handlers = &r->http->handlers;

	if (handlers->refuse)
		handlers->refuse(handlers->context, r, status, why, &r->answer);
	else
		http_answer_text(&r->answer, status, why);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		http_answer_field(&r->answer, MHD_HTTP_HEADER_RETRY_AFTER, "5");
	return false;
}

static enum MHD_Result refuse(struct http_request *r, unsigned int status, const char *why)
{
	set_refusal(r, status, why);
	return end_early(r);
}

static struct connection *slot_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The certificate is that of the connection, so it is looked at once. */
static bool is_trusted(const struct http *h, struct http_request *r)
{
	if (!h->asks || (r->slot && r->slot->known))
		return true;
	bool trusted = tls_is_trusted(r->connection);
	if (r->slot)
		r->slot->known = trusted;
	return trusted;
}

/* False: what to answer is in @r. */
static bool is_admitted(struct http *h, struct http_request *r)
{
	if (r->announced > h->options.body)
		return set_refusal(r, MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large.");
	if (!is_trusted(h, r))
		return set_refusal(r, MHD_HTTP_FORBIDDEN, "A certificate of the client is wanted.");
	return h->handlers.admit(h->handlers.context, r, &r->answer);
}

/* Of GET and HEAD it means nothing (RFC 9110, 9.3.1), and some of these need no token. */
static bool may_have_body(const char *method)
{
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static enum MHD_Result begin(struct http *h, struct MHD_Connection *c, const char *method,
			     const char *path, void **request)
{
	struct http_request *r = request_new(h, c, method, path);
	unsigned int status;

	if (!r)
		return MHD_NO;
	*request = r;
	pthread_mutex_lock(&h->mutex);
	h->n_active++;
	pthread_mutex_unlock(&h->mutex);
	r->body = (struct buf)BUF_INIT(may_have_body(method) ? h->options.body : 0);
	r->slot = slot_of(c);
	connections_enter(&h->connections, r->slot, CONNECTION_BODY);
	const char *why = request_refusal(r, &status);
	if (why)
		return refuse(r, status, why);
	return is_admitted(h, r) ? MHD_YES : end_before_body(r);
}

static enum MHD_Result take(struct http *h, struct http_request *r, const char *data, size_t *size)
{
	size_t n = *size;

	*size = 0;
	/* Refused already. In mid-body no answer can be queued: the rest is passed over. */
	if (r->stage == REQUEST_DONE || buf_error(&r->body))
		return MHD_YES;
	bodies_append(&h->bodies, r, data, n);
	r->received = r->body.size;
	if (buf_error(&r->body)) /* nobody has to wait for its room */
		bodies_drop(&h->bodies, r);
	return MHD_YES;
}

static enum MHD_Result finish(struct http *h, struct http_request *r)
{
	if (buf_error(&r->body) == -E2BIG)
		return refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large.");
	connections_enter(&h->connections, r->slot, CONNECTION_WORK);
	if (buf_error(&r->body) || !workers_enqueue(&h->workers, r))
		return refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "Too much at once, try again.");
	return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	struct http_request *r = *request;
	struct http *h = context;

	(void)version;
	if (!r)
		return begin(h, c, method, path, request);
	if (*upload_size)
		return take(h, r, upload, upload_size);
	return r->stage == REQUEST_DONE ? send_answer(r) : finish(h, r);
}

/* A request is whole: in a worker. */
static void answer(void *context, struct http_request *r)
{
	struct http *h = context;

	h->handlers.answer(h->handlers.context, r, &r->answer);
	bodies_drop(&h->bodies, r); /* the answer may be read slowly */
	if (!answers_keep(&h->answers, r)) {
		buf_fini(&r->answer.body);
		r->answer = (struct http_answer){ .body = BUF_INIT(HTTP_MAX_ANSWER) };
		set_refusal(r, MHD_HTTP_SERVICE_UNAVAILABLE, "Too much at once, try again.");
	}
}

static void on_completed(void *context, struct MHD_Connection *c, void **request,
			 enum MHD_RequestTerminationCode code)
{
	struct http_request *r = *request;
	struct http *h = context;

	(void)code;
	connections_enter(&h->connections, slot_of(c), CONNECTION_WAITING);
	if (!r)
		return;
	*request = NULL;
	if (r->status) {
		char client[REQUEST_CLIENT_SIZE];

		request_client(r, client);
		struct http_record record = { .method = r->method,
					      .path = r->path,
					      .client = client,
					      .note = r->note,
					      .status = r->status,
					      .received = r->received,
					      .sent = r->sent,
					      .duration = clock_monotonic() - r->begin };
		h->handlers.answered(h->handlers.context, &record);
	}
	bodies_drop(&h->bodies, r);
	answers_release(&h->answers, r);
	pthread_mutex_lock(&h->mutex);
	if (!--h->n_active)
		pthread_cond_signal(&h->idle);
	pthread_mutex_unlock(&h->mutex);
	request_free(r);
}

/* The first line of a header is there. What is answered becomes *request. */
static void *on_line(void *context, const char *uri, struct MHD_Connection *c)
{
	struct http *h = context;

	(void)uri;
	connections_enter(&h->connections, slot_of(c), CONNECTION_HEADER);
	return NULL;
}

static void on_connection(void *context, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *slot = *socket_context;
	struct http *h = context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		connections_remove(&h->connections, slot);
		return;
	}
	slot = info ? connections_add(&h->connections, info->connect_fd) : NULL;
	if (slot)
		slot->tls = h->tls;
	*socket_context = slot;
}

/* GnuTLS wants a certificate. It has no context, but its session knows the connection. */
static int on_handshake(gnutls_session_t session, const struct gnutls_cert_retr_st *of,
			gnutls_pcert_st **list, unsigned int *n, gnutls_ocsp_data_st **ocsp,
			unsigned int *n_ocsp, gnutls_privkey_t *key, unsigned int *flags)
{
	struct MHD_Connection *c = gnutls_session_get_ptr(session);
	struct connection *slot = c ? slot_of(c) : NULL;

	(void)of;
	*ocsp = NULL;
	*n_ocsp = 0;
	return slot ? tls_give(slot->tls, list, n, key, flags) : -1;
}

/* ---- beginning and end ------------------------------------------------------------------- */

static uint16_t port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6 ? ((struct sockaddr_in6 *)address)->sin6_port
						    : ((struct sockaddr_in *)address)->sin_port);
}

static int listen_at(const char *text, int *ret_fd, uint16_t *ret_port)
{
	struct sockaddr_storage address;
	socklen_t size;
	int on = 1;

	if (!address_parse(text, &address, &size))
		return -EINVAL;
	_cleanup_(closep) int fd =
		socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	*ret_port = port_of(&address);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* What only encryption wants; none without. */
static size_t tls_options(const struct http *h, struct MHD_OptionItem ret_options[4])
{
	static const char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	const struct http_tls *tls = h->options.tls;
	size_t n = 0;

	if (tls) {
		ret_options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
							    (void *)on_handshake };
		ret_options[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)versions };
		if (tls->client_ca)
			ret_options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0,
								    (void *)tls->client_ca };
	}
	ret_options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return n;
}

/* @fd becomes the daemon's. */
static int start_daemon(struct http *h, int fd)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem tls[4];

	if (tls_options(h, tls))
		flags |= MHD_USE_TLS;
	h->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_CONNECTION_LIMIT,
		h->options.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->options.per_address,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		h->options.silence, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_URI_LOG_CALLBACK, on_line, h, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!h->daemon) {
		close(fd);
		return -ENOMEM;
	}
	return 0;
}

static int open_tls(struct http *h)
{
	const struct http_tls *tls = h->options.tls;

	if (!tls)
		return 0;
	h->asks = tls->client_ca;
	int r = tls_new(tls->certificate, tls->key, &h->tls);
	return r == -EINVAL ? -EKEYREJECTED : r;
}

static int start(struct http *h)
{
	int fd = -1;
	const struct connection_times times = { h->options.header_time, h->options.body_time,
						h->options.answer_time };
	int r = connections_init(&h->connections, &times, !h->options.tls);

	if (r == 0)
		r = open_tls(h);
	/* Before there are requests: one that is suspended needs somebody to resume it. */
	if (r == 0)
		r = workers_start(&h->workers, h->options.workers);
	if (r == 0)
		r = listen_at(h->options.address, &fd, &h->port);
	return r ? r : start_daemon(h, fd);
}

int http_open(const struct http_options *options, const struct http_handlers *handlers,
	      struct http **ret_http)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->options = *options;
	h->handlers = *handlers;
	workers_init(&h->workers, answer, h);
	budget_init(&h->bodies, options->bodies);
	budget_init(&h->answers, options->answers);
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->idle, NULL);
	*ret_http = h; /* handlers may ask for its state before this returns */
	int r = start(h);
	if (r < 0)
		*ret_http = http_close(h);
	return r;
}

/* Until nothing is on its way, or the patience is over. */
static void wait_idle(struct http *h)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += STOP_WAIT;
	pthread_mutex_lock(&h->mutex);
	while (h->n_active && pthread_cond_timedwait(&h->idle, &h->mutex, &end) == 0)
		;
	pthread_mutex_unlock(&h->mutex);
}

struct http *http_close(struct http *h)
{
	if (!h)
		return NULL;
	int fd = h->daemon ? MHD_quiesce_daemon(h->daemon) : -1;
	wait_idle(h);
	/* Workers empty the queue first, so none is suspended when the daemon stops. */
	workers_stop(&h->workers);
	/* What they answered is sent: a daemon that stops closes what was resumed as it is. */
	wait_idle(h);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	closep(&fd);
	connections_fini(&h->connections);
	tls_free(h->tls);
	workers_fini(&h->workers);
	budget_fini(&h->bodies);
	budget_fini(&h->answers);
	pthread_cond_destroy(&h->idle);
	pthread_mutex_destroy(&h->mutex);
	free(h);
	return NULL;
}

uint16_t http_port(const struct http *h)
{
	return h->port;
}

int http_set_certificate(struct http *h, struct span certificate, struct span key)
{
	return h->tls ? tls_set(h->tls, certificate, key) : -EINVAL;
}

void http_state(struct http *h, struct http_state *ret_state)
{
	*ret_state = (struct http_state){ .bodies = budget_taken(&h->bodies),
					  .answers = budget_taken(&h->answers) };
	workers_state(&h->workers, ret_state);
	connections_count(&h->connections, &ret_state->connections, &ret_state->cut);
}
