/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/request.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/http/framing.h"

struct http_request *request_new(struct http *h, struct MHD_Connection *c, const char *method,
				 const char *path)
{
	struct http_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->http = h;
	r->connection = c;
	r->begin = clock_monotonic();
	r->answer.body = (struct buf)BUF_INIT(HTTP_MAX_ANSWER);
	r->method = strdup(method);
	r->path = strdup(path);
	return r->method && r->path ? r : request_free(r);
}

struct http_request *request_free(struct http_request *r)
{
	if (!r)
		return NULL;
	buf_fini(&r->body);
	buf_fini(&r->answer.body);
	free(r->method);
	free(r->path);
	free(r);
	return NULL;
}

/* ---- what handlers ask ------------------------------------------------------------------- */

const char *http_method(const struct http_request *r)
{
	return r->method;
}

const char *http_path(const struct http_request *r)
{
	return r->path;
}

struct span http_body(const struct http_request *r)
{
	return span_of(r->body.data, r->body.size);
}

const char *http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_argument(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct visit {
	bool (*each)(void *context, const char *name, const char *value);
	void *context;
};

static enum MHD_Result visit_one(void *context, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	const struct visit *v = context;

	(void)kind;
	return v->each(v->context, name, value ? value : "") ? MHD_YES : MHD_NO;
}

void http_arguments(const struct http_request *r,
		    bool (*each)(void *context, const char *name, const char *value), void *context)
{
	struct visit v = { each, context };

	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, visit_one, &v);
}

const char *http_note(const struct http_request *r)
{
	return r->note;
}

void http_set_note(struct http_request *r, const char *text)
{
	snprintf(r->note, sizeof(r->note), "%s", text);
}

void request_client(const struct http_request *r, char ret_text[REQUEST_CLIENT_SIZE])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	socklen_t size = address && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								   : sizeof(struct sockaddr_in);

	if (!address ||
	    getnameinfo(address, size, ret_text, REQUEST_CLIENT_SIZE, NULL, 0, NI_NUMERICHOST) != 0)
		*ret_text = '\0';
}

/* ---- answers ----------------------------------------------------------------------------- */

void http_answer_field(struct http_answer *a, const char *name, const char *value)
{
	struct http_field *f = &a->fields[a->n_fields];

	if (a->n_fields == HTTP_MAX_HEADERS)
		return;
	a->n_fields++;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	for (char *c = f->value; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void http_answer_text(struct http_answer *a, unsigned int status, const char *text)
{
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	buf_printf(&a->body, "%s\n", text);
}

static struct MHD_Response *make_response(struct http_answer *a)
{
	if (buf_error(&a->body)) {
		buf_fini(&a->body);
		a->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	struct MHD_Response *response =
		MHD_create_response_from_buffer(a->body.size, a->body.data, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return NULL;
	a->body = (struct buf)BUF_INIT(HTTP_MAX_ANSWER); /* the response's now */
	if (a->type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < a->n_fields; i++)
		MHD_add_response_header(response, a->fields[i].name, a->fields[i].value);
	return response;
}

enum MHD_Result request_send(struct http_request *r)
{
	size_t size = r->answer.body.size;
	struct MHD_Response *response = make_response(&r->answer);

	if (!response)
		return MHD_NO;
	r->status = r->answer.status;
	r->sent = size;
	enum MHD_Result result = MHD_queue_response(r->connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- headers ----------------------------------------------------------------------------- */

/*
 * What libmicrohttpd keeps of a request, texts and its own notes of each, is taken from the memory
 * that a connection has; what is left of it has to hold pieces of the body, or nothing comes in any
 * more.
 */
#define MAX_KEPT (REQUEST_MEMORY / 4 * 3)

static enum MHD_Result weigh(void *context, enum MHD_ValueKind kind, const char *name,
			     const char *value)
{
	(void)kind;
	framing_weigh(context, name, value);
	return MHD_YES;
}

static enum MHD_Result add(void *context, enum MHD_ValueKind kind, const char *name,
			   const char *value)
{
	(void)kind;
	framing_add(context, name, value);
	return MHD_YES;
}

const char *request_refusal(struct http_request *r, unsigned int *ret_status)
{
	struct framing f = { 0 };

	MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add, &f);
	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND | MHD_COOKIE_KIND, weigh,
				  &f);
	return framing_refusal(&f, MAX_KEPT, ret_status, &r->announced);
}
