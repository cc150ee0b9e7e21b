/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: libmicrohttpd in two threads of its own that only move bytes, and a few workers
 * that call the owner's handler, one request each.
 *
 * A handler may take its time: it waits for the disk, or merges a thousand profiles. In the threads
 * of libmicrohttpd, or in one loop, all other connections would wait with it. So a request that has
 * come in whole is suspended there, put in a queue, and resumed with the answer. Idle connections
 * cost no thread.
 *
 * What a client may take is bounded: size of a body, of all bodies together, of all answers, of a
 * header; number of connections, of those of one address, and of requests in the queue; silence,
 * and the times that header, body and answer take. Over a bound it is refused in words, or cut off.
 * A request with both Transfer-Encoding and Content-Length, or with more than one Content-Length,
 * is refused (RFC 9112 §6.3, against smuggling).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define HTTP_MAX_ANSWER	      ((size_t)256 << 20)
#define HTTP_MAX_HEADERS      24u
#define HTTP_HEADER_NAME_SIZE 40u
#define HTTP_HEADER_SIZE      512u

struct http_options {
	const char *address; /* base/address.h; port 0: any */
	unsigned int workers;
	unsigned int connections; /* most at a time */
	size_t body;		  /* most bytes of one request */
	size_t bodies;		  /* of all requests at a time */
	size_t answers;		  /* of all answers that are being taken */
	unsigned int silence;	  /* s until a connection without traffic is closed */
	/* ns that a header, a body may take to come in, and an answer to be taken */
	uint64_t header_time, body_time, answer_time;
	unsigned int per_address;   /* most connections of one address; 0: no limit */
	const struct http_tls *tls; /* NULL: none */
};

/* PEM; copied. */
struct http_tls {
	struct span certificate, key;
	const char *client_ca; /* only clients that these vouch for are answered; NULL: all */
};

struct http_request;

/* All texts are borrowed until the handler returns. */
const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* percent-encoding undone */
struct span http_body(const struct http_request *r);
const char *http_header(const struct http_request *r, const char *name);   /* NULL: none */
const char *http_argument(const struct http_request *r, const char *name); /* the first; or NULL */

/* What .admit noted of it, "" for nothing. */
#define HTTP_NOTE_SIZE 160u
const char *http_note(const struct http_request *r);
void http_set_note(struct http_request *r, const char *text);

/* Call @each for every argument of the query, in order, until it answers false. */
void http_arguments(const struct http_request *r,
		    bool (*each)(void *context, const char *name, const char *value),
		    void *context);

struct http_answer {
	unsigned int status;
	const char *type; /* constant; NULL: no Content-Type */
	struct buf body;
	struct http_field {
		char name[HTTP_HEADER_NAME_SIZE], value[HTTP_HEADER_SIZE];
	} fields[HTTP_MAX_HEADERS];
	size_t n_fields;
};

/*
 * Add a header. What is not visible ASCII or a blank in @value becomes "?", and what is too long is
 * cut: values may come from outside.
 */
void http_answer_field(struct http_answer *a, const char *name, const char *value);

/* Status, text/plain and a sentence; a newline is added. */
void http_answer_text(struct http_answer *a, unsigned int status, const char *text);

/* What was answered, for the log. */
struct http_record {
	const char *method, *path; /* of others: escape them */
	const char *client;	   /* its address without the port; "" if that is not known */
	const char *note;
	unsigned int status;
	size_t received, sent; /* bytes of the bodies */
	uint64_t duration;     /* ns, from the end of the request's header */
};

struct http_handlers {
	/*
	 * The header is there: is the body wanted? False, and the answer is sent and the connection
	 * ends. In a thread that all others wait for.
	 */
	bool (*admit)(void *context, struct http_request *r, struct http_answer *ret_refusal);
	/* In a worker, several at a time. */
	void (*answer)(void *context, const struct http_request *r, struct http_answer *ret_answer);
	/*
	 * This server refuses @r by itself: how is that said to who asked it? In any thread. NULL:
	 * by http_answer_text().
	 */
	void (*refuse)(void *context, const struct http_request *r, unsigned int status,
		       const char *why, struct http_answer *ret_refusal);
	/* In any thread. */
	void (*answered)(void *context, const struct http_record *record);
	void *context;
};

struct http;

/*
 * *ret_http is there before the first handler is called; NULL where it fails.
 * 0, or -errno: -EADDRINUSE, -EINVAL for an address that is none, -EKEYREJECTED for a certificate
 * and key that are none or do not belong together, and so on.
 */
int http_open(const struct http_options *options, const struct http_handlers *handlers,
	      struct http **ret_http);

/*
 * Take no more connections, answer what has come in whole, however long the handler takes, and
 * close; for clients that send or take slowly it waits twice 5 s at most.
 */
struct http *http_close(struct http *h);

uint16_t http_port(const struct http *h);

/* New connections get this certificate. 0, -EINVAL, -ENOMEM: then they get the old one. */
int http_set_certificate(struct http *h, struct span certificate, struct span key);

/* How it is now, and how many connections were ended because they took too long. */
struct http_state {
	unsigned int connections, queued, busy, workers;
	size_t bodies, answers; /* bytes */
	uint64_t cut;
};
void http_state(struct http *h, struct http_state *ret_state);
