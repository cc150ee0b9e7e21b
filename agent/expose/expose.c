/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd in external epoll mode: its epoll descriptor is a source of the loop like any
 * other, and MHD_run() does what can be done without waiting.
 *
 * Its own timeout is one of silence, so a client that sends a byte now and then could stay for
 * ever. Here every connection is known from its start, and one that is older than the deadline is
 * shut down whatever it does; libmicrohttpd then sees its end. A connection serves one request.
 */
#include "agent/expose/expose.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/exposition.h"

struct connection {
	int fd; /* libmicrohttpd's; -1: none */
	uint64_t since;
};

struct expose {
	struct expose_options options;
	struct MHD_Daemon *daemon;
	struct loop_source source;
	struct loop_timer timer;
	uint16_t port;
	bool loopback; /* it listens to this machine alone */
	struct connection connections[EXPOSE_MAX_CONNECTIONS];
};

static const char plain[] = "text/plain; charset=utf-8";

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, const char *type,
			      struct buf *body)
{
	struct MHD_Response *response;
	enum MHD_Result r;

	if (buf_error(body)) {
		buf_fini(body);
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	response = MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		buf_fini(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	r = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned int status, const char *text)
{
	struct buf body = BUF_INIT(EXPOSE_MAX_ANSWER);

	buf_printf(&body, "%s\n", text);
	return answer(c, status, plain, &body);
}

static enum MHD_Result answer_snapshot(struct expose *e, struct MHD_Connection *c, const char *path)
{
	struct buf body = BUF_INIT(EXPOSE_MAX_ANSWER);
	struct agent_snapshot snapshot = { 0 };

	e->options.fill(e->options.context, &snapshot);
	if (!strcmp(path, "/metrics")) {
		expose_metrics(&snapshot, &body);
		return answer(c, MHD_HTTP_OK, EXPOSITION_TYPE, &body);
	}
	if (!strcmp(path, "/readyz"))
		return answer_text(c,
				   snapshot.not_ready ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
				   snapshot.not_ready ? snapshot.not_ready : "ready");
	int r = expose_status(&snapshot, &body);
	if (r < 0) {
		buf_fini(&body);
		return answer_text(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
	}
	return answer(c, MHD_HTTP_OK, "application/json", &body);
}

/* No page of a browser that somebody led astray: see base/address.h. */
static bool is_for_us(const struct expose *e, struct MHD_Connection *c)
{
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	return !e->loopback || !host || address_is_literal(host);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	struct expose *e = context;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	if (!is_for_us(e, c))
		return answer_text(c, MHD_HTTP_MISDIRECTED_REQUEST,
				   "ask for an address or for localhost");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
	if (!strcmp(path, "/healthz"))
		return answer_text(c, MHD_HTTP_OK, "ok");
	if (!strcmp(path, "/metrics") || !strcmp(path, "/readyz") || !strcmp(path, "/status"))
		return answer_snapshot(e, c, path);
	return answer_text(c, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz, /readyz, /status");
}

static void on_connection(void *context, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *slot = *socket_context;
	struct expose *e = context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (slot)
			slot->fd = -1;
		return;
	}
	for (size_t i = 0; i < EXPOSE_MAX_CONNECTIONS && !slot; i++)
		if (e->connections[i].fd < 0)
			slot = &e->connections[i];
	/* libmicrohttpd has the same limit, so there is a slot. */
	if (slot && info)
		*slot = (struct connection){ .fd = info->connect_fd, .since = clock_monotonic() };
	*socket_context = slot;
}

/* Shut down what was too old at @now; answers when the next one will be, 0 for never. */
static uint64_t cut_old(struct expose *e, uint64_t now)
{
	uint64_t next = 0;

	for (size_t i = 0; i < EXPOSE_MAX_CONNECTIONS; i++) {
		const struct connection *c = &e->connections[i];
		uint64_t age = c->since < now ? now - c->since : 0;

		if (c->fd < 0)
			continue;
		if (age >= e->options.deadline) {
			shutdown(c->fd, SHUT_RDWR);
			next = NSEC_PER_MSEC * 10; /* it is closed in one of the next runs */
		} else if (!next || e->options.deadline - age < next) {
			next = e->options.deadline - age;
		}
	}
	return next;
}

/*
 * Let libmicrohttpd work, and be back when it wants to be. Too old is what was so before: nobody is
 * cut for the time that we took for others, with a request waiting to be read.
 */
static int run(struct expose *e)
{
	uint64_t next, now = clock_monotonic();
	MHD_UNSIGNED_LONG_LONG timeout;

	MHD_run(e->daemon);
	next = cut_old(e, now);
	if (MHD_get_timeout(e->daemon, &timeout) == MHD_YES) {
		/* 0: at once, but behind whatever else waits. */
		uint64_t wanted = timeout ? timeout * NSEC_PER_MSEC : 1;

		next = !next || wanted < next ? wanted : next;
	}
	return loop_timer_set(&e->timer, next, 0);
}

static int on_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	return run(container_of(source, struct expose, source));
}

static int on_timer(struct loop_timer *timer)
{
	return run(container_of(timer, struct expose, timer));
}

static int listen_at(struct expose *e, const char *text, int *ret_fd)
{
	struct sockaddr_storage address;
	socklen_t size;
	int on = 1;

	if (!address_parse(text, &address, &size))
		return -EINVAL;
	_cleanup_(closep) int fd =
		socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	e->loopback = address_is_loopback(&address);
	e->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						      : ((struct sockaddr_in *)&address)->sin_port);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* @fd becomes the daemon's. */
static int start(struct expose *e, struct loop *loop, int fd)
{
	const union MHD_DaemonInfo *info;

	e->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, e,
				     MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				     EXPOSE_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)EXPOSE_MAX_REQUEST, MHD_OPTION_NOTIFY_CONNECTION,
				     on_connection, e, MHD_OPTION_END);
	if (!e->daemon) {
		close(fd);
		return -ENOMEM;
	}
	info = MHD_get_daemon_info(e->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -ENOSYS;
	int r = loop_timer_init(&e->timer, loop, on_timer);
	if (r < 0)
		return r;
	return loop_add(loop, &e->source, info->epoll_fd, EPOLLIN, on_ready);
}

int expose_open(const struct expose_options *options, struct loop *loop, struct expose **ret)
{
	_cleanup_(freep) struct expose *e = calloc(1, sizeof(*e));
	int fd = -1, r;

	if (!e)
		return -ENOMEM;
	e->options = *options;
	e->source = (struct loop_source)LOOP_SOURCE_NULL;
	e->timer = (struct loop_timer)LOOP_TIMER_NULL;
	if (!e->options.deadline)
		e->options.deadline = EXPOSE_DEADLINE;
	for (size_t i = 0; i < EXPOSE_MAX_CONNECTIONS; i++)
		e->connections[i].fd = -1;
	r = listen_at(e, options->address, &fd);
	if (r < 0)
		return r;
	r = start(e, loop, fd);
	if (r < 0) {
		expose_close(TAKE_PTR(e));
		return r;
	}
	*ret = TAKE_PTR(e);
	return 0;
}

struct expose *expose_close(struct expose *e)
{
	if (!e)
		return NULL;
	loop_remove(&e->source);
	loop_timer_fini(&e->timer);
	if (e->daemon)
		MHD_stop_daemon(e->daemon);
	free(e);
	return NULL;
}

uint16_t expose_port(const struct expose *e)
{
	return e->port;
}
