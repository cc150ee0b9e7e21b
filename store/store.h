/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles to a store: bytes in, one outcome out. This room knows no profiles.
 *
 *	http://HOST[:PORT][/PREFIX], https://…	Grafana Pyroscope or hone-collector, which speak one
 *		protocol: a Connect unary call of push.v1.PusherService/Push, one profile a request
 *		(a push of several is not atomic at the server).
 *	file:///DIR	a directory, made if only its last part is missing: one pprof file a push,
 *		named from labels, time and id, so that the same push again replaces the same file.
 *		Nothing is ever removed there: that is for whoever reads them, as by
 *		systemd-tmpfiles(8).
 *
 * Everything runs on the owner's loop and in its thread. A push to a directory writes and syncs
 * within the loop; one over HTTP never blocks. Nothing is tried twice here: that, order and
 * limits are the caller's.
 *
 * The environment is not read: not for a proxy (see store_proxy_variables()), not for anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/span.h"

#define STORE_TEXT_SIZE	 256
#define STORE_MAX_PUSHES 8
#define STORE_NO_LIMIT	 UINT64_MAX

enum store_outcome {
	STORE_OK = 0,
	/*
	 * The store did not take it, and may later: no connection, timeout, an answer cut short or
	 * not of this protocol, 408, 429, 5xx, a full disk. Also what speaks of the setup and not
	 * of the profile (401, 403, 404, a redirect, a certificate, an unreadable token file): an
	 * operator or a rotated token cures it, so .retry_after then asks for patience. A profile
	 * that a server chokes on can answer 500 for ever: cap the tries.
	 */
	STORE_E_RETRY = 1,
	STORE_E_REFUSED, /* this profile will never be taken: 400, 422, other 4xx */
	STORE_E_TOO_BIG, /* over a limit on one profile: split or trim it, the same will not pass */
	STORE_E_BUSY,	 /* store_push() only: as many pushes as allowed are under way */
	STORE_E_OPTIONS, /* store_open() only: the options cannot work */
};

struct store_result {
	int outcome;		    /* STORE_OK, STORE_E_RETRY, STORE_E_REFUSED, STORE_E_TOO_BIG */
	uint32_t http_status;	    /* 0: no answer, or no HTTP */
	uint64_t retry_after;	    /* ns, wait at least so long; 0: not said */
	uint32_t labels_changed;    /* labels left out or altered to fit the store's rules */
	char text[STORE_TEXT_SIZE]; /* a sentence in printable ASCII; "" for STORE_OK */
};

/* What one profile may be. Of a default Pyroscope server unless the options say otherwise. */
struct store_limits {
	uint64_t raw_bytes; /* uncompressed; 0: no limit, likewise below */
	uint64_t samples;   /* distinct stacks */
	uint64_t age;	    /* ns from its time to now, with a margin for the way */
	bool escape_shapes; /* push it with pgo_shapes_escape() (pgo/shapes.h) done; may change with
			       each answer */
};

enum store_auth {
	STORE_AUTH_NONE,
	STORE_AUTH_BASIC,  /* the file holds the password of .user, or USER:PASSWORD */
	STORE_AUTH_BEARER, /* the file holds the token */
};

/*
 * Borrowed for the call of store_open(). NULL or 0: not used, or the default. Only .url and
 * .user_agent matter to a directory.
 */
struct store_options {
	const char *url;	/* no query; no user or password, those belong in a file */
	const char *user_agent; /* "hone/0.1.0" */
	uint64_t timeout; /* ns for a whole push, from looking up the name to the end of the answer;
			     default 10 s */
	uint32_t pushes;  /* at once; default 1, at most STORE_MAX_PUSHES, a directory does one */
	const char *tenant; /* X-Scope-OrgID */

	/*
	 * The file is read for every push, so a rotated secret is used at once; white space at its
	 * end is not part of it.
	 */
	enum store_auth auth;
	const char *user;
	const char *auth_file;
	const char *secret; /* what the file would hold, for who has it otherwise; comes first */

	/* PEM files, read for every connection. */
	const char *ca_file;   /* instead of the system's authorities */
	const char *cert_file; /* mutual TLS: the client's certificate... */
	const char *key_file;  /* ...and key; default: in .cert_file too */

	const char *proxy; /* URL, http or https; the path to it is not hidden by TLS of the URL */
	const char *no_proxy; /* hosts reached without it, as curl has it: "a.example,10.0.0.0/8" */

	const char *const *headers; /* "Name: value" */
	uint32_t n_headers;

	/*
	 * Pyroscope deletes the type arguments `[go.shape…]` of generic functions from the profiles
	 * of Go programs, and the compiler then finds none of them. So the limits ask for names to
	 * be escaped, which is lossless: hone-collector undoes it on arrival, and hone pull on the
	 * way back. That costs both sides as much again as all else, so hone-collector says in its
	 * answer that it does not touch names, and until a push fails or is answered otherwise the
	 * next ones are not escaped. This keeps the names as they are from the first push on, for
	 * other servers known not to touch them.
	 */
	bool keep_shapes;
	struct store_limits limits; /* 0: of a default server; STORE_NO_LIMIT: none */
};

struct store_label {
	const char *name; /* [a-zA-Z_][a-zA-Z0-9_]*; other characters become _ */
	const char *value;
};

/* All of it stays the caller's, and unchanged until done. */
struct store_profile {
	const char *id; /* of hex digits and dashes (a UUID) */
	/* __name__ and service_name must be there; over HTTP at most 30 count, the first ones. */
	const struct store_label *labels;
	uint32_t n_labels;
	struct span pprof; /* gzip */
	uint64_t time; /* ns since the epoch; names the file, the server reads its own in pprof */
};

struct store;

/* Answers 0, or a negative errno that ends the loop. May push, may not close the store. */
typedef int (*store_done)(void *context, const struct store_result *result);

/*
 * 0, STORE_E_OPTIONS (@ret_text, of STORE_TEXT_SIZE bytes, says why: a bad URL, tenant or header, a
 * directory that cannot be opened) or -errno. No connection is made yet, no file of secrets or
 * certificates read.
 */
int store_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
	       char *ret_text);

/* Cancels what is under way. Takes NULL, gives NULL. */
struct store *store_close(struct store *s);

/*
 * Start a push. 0: @done will be called once, from the loop and never from within this call. Else
 * nothing was started: STORE_E_BUSY, or -errno (-EINVAL: an id of other characters, or none).
 */
int store_push(struct store *s, const struct store_profile *profile, store_done done,
	       void *context);

/* End all pushes under way. Their @done is not called; the server may have taken them or not. */
void store_cancel(struct store *s);

/* Pushes that may be started now. */
uint32_t store_room(const struct store *s);

const struct store_limits *store_limits(const struct store *s);

/*
 * The environment variables that name the proxy for @url, in the order to be looked at, ended by
 * NULL: the first that is set counts, as curl(1) has it. For the owner, who reads them and
 * no_proxy, NO_PROXY for .no_proxy. HTTP_PROXY is left out as in curl: a CGI server sets it from a
 * request's header.
 */
const char *const *store_proxy_variables(const char *url);
