/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things asked of stores, and the whole answers: what pulling is made of. Unlike a push this is for
 * programs that have nothing else to do meanwhile: fetch_all() returns when all has been answered.
 *
 * A server that is busy (429, 502, 503, 504) is asked again, twice, after a second and two, or what
 * it asks for up to FETCH_MAX_WAIT. Nothing else is: a build waits.
 */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#define FETCH_TRIES	3
#define FETCH_MAX_WAIT	(10 * 1000000000ULL) /* ns */
#define FETCH_TEXT_SIZE 640

struct fetch {
	/* Asked. All of it stays the caller's, and unchanged until fetch_all() has returned. */
	const struct store_options *options;
	const char *path;  /* below the URL, percent-encoded, with a slash in front; or "" */
	const char *query; /* percent-encoded, without "?"; NULL for none */
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	struct span post;  /* with .data NULL: a GET */
	size_t max_answer; /* bytes, after decompression */
	bool compressed;   /* the answer may come compressed */

	/* Answered. */
	uint32_t status;	    /* 0: no whole answer, .text says why */
	char text[FETCH_TEXT_SIZE]; /* a clause, or with status 200 or 304 "" */
	struct buf body;
	struct buf header; /* its lines, see fetch_header() */
};

/* To be ended by fetch_fini() whatever has become of it. */
void fetch_fini(struct fetch *f);

/*
 * Ask all, @at_once at a time. 0 when each has its answer or knows why not; STORE_E_OPTIONS: some
 * options cannot work, @ret_text (STORE_TEXT_SIZE) says why; or -errno.
 */
int fetch_all(struct fetch *list, size_t n, unsigned int at_once, char *ret_text);

/* The last value of a field of the answer's header, without blanks around it; cut at @size. */
bool fetch_header(const struct fetch *f, const char *name, char *ret_value, size_t size);
