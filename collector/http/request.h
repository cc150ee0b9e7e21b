/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way through the threads. Inside of this room. */
#pragma once

#include <microhttpd.h>

#include "collector/http/connections.h"
#include "collector/http/http.h"

/* That a connection has for the header of a request, and for the piece of a body that came last. */
#define REQUEST_MEMORY ((size_t)16 << 10)

enum request_stage {
	REQUEST_COMING, /* its body comes in; libmicrohttpd's thread has it */
	REQUEST_QUEUED, /* suspended: a worker's */
	REQUEST_DONE,	/* resumed: the thread's again, with the answer */
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	struct connection *slot; /* may be NULL */
	char *method, *path;
	char note[HTTP_NOTE_SIZE];
	struct buf body;
	uint64_t announced; /* bytes of its body by its header, 0 where that does not say */
	size_t received;    /* bytes of its body */
	size_t reserved;    /* of http's room for bodies */
	size_t kept;	    /* of that for answers */
	uint64_t begin;	    /* clock_monotonic() */
	enum request_stage stage;
	struct http_answer answer;
	unsigned int status; /* sent, or 0 */
	size_t sent;
	struct http_request *next;
};

struct http_request *request_new(struct http *h, struct MHD_Connection *c, const char *method,
				 const char *path);
struct http_request *request_free(struct http_request *r);

/* Send the answer that is in @r. */
enum MHD_Result request_send(struct http_request *r);

/* The address of who asks, without a port; "" if it is not known. */
#define REQUEST_CLIENT_SIZE 64u
void request_client(const struct http_request *r, char ret_text[REQUEST_CLIENT_SIZE]);

/*
 * NULL, or why a header is not one that this server can read on after: a sentence, and the status.
 * @r->announced is set.
 */
const char *request_refusal(struct http_request *r, unsigned int *ret_status);
