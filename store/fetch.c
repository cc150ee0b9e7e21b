/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fetch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/curl_loop.h"
#include "base/text.h"
#include "store/answer.h"
#include "store/endpoint.h"
#include "store/text.h"

#define MAX_HEADER ((size_t)64 << 10)

struct round;

/* One of those that are under way. */
struct place {
	struct curl_transfer transfer;
	struct loop_timer again;
	struct round *round;
	struct fetch *fetch; /* NULL: free */
	struct endpoint endpoint;
	CURL *easy;
	unsigned int tries;
	bool header_ended;
	char error[CURL_ERROR_SIZE];
};

struct round {
	struct loop loop;
	struct curl_loop curl;
	struct fetch *list;
	size_t n, next, done;
	struct place *places;
	unsigned int n_places;
	char *text; /* where the caller wants to know what is wrong with the options */
};

void fetch_fini(struct fetch *f)
{
	buf_fini(&f->body);
	buf_fini(&f->header);
}

/* ---- the answer as it comes in ----------------------------------------------------------- */

/* CURLOPT_WRITEFUNCTION: another count than it was given ends the transfer. */
static size_t take_body(char *data, size_t one, size_t size, void *context)
{
	const struct place *p = context;

	(void)one;
	buf_append(&p->fetch->body, data, size);
	return buf_error(&p->fetch->body) ? CURL_WRITEFUNC_ERROR : size;
}

/* CURLOPT_HEADERFUNCTION, line by line; what came before the last status is of other answers. */
static size_t take_header(char *data, size_t one, size_t size, void *context)
{
	struct span line = span_of(data, size);
	struct place *p = context;

	(void)one;
	if (span_starts_with(line, "HTTP/")) {
		p->fetch->header.size = 0;
		p->header_ended = false;
	} else if (span_equals(line, "\r\n") || span_equals(line, "\n")) {
		p->header_ended = true;
	}
	buf_append(&p->fetch->header, data, size);
	return buf_error(&p->fetch->header) ? CURL_WRITEFUNC_ERROR : size;
}

bool fetch_header(const struct fetch *f, const char *name, char *ret_value, size_t size)
{
	struct span rest = span_of(f->header.data, f->header.size), line;
	size_t n = strlen(name);
	bool found = false;

	while (text_line(&rest, &line)) {
		struct span value;

		if (line.size <= n || line.data[n] != ':' ||
		    strncasecmp((const char *)line.data, name, n) != 0 ||
		    !span_from(line, n + 1, &value))
			continue;
		text_skip_blanks(&value);
		while (value.size && memchr(" \t\r", value.data[value.size - 1], 3))
			value.size--;
		text_copy(value, ret_value, size);
		found = true;
	}
	return found;
}

/* ---- the end of one ---------------------------------------------------------------------- */

static void explain_failure(struct place *p, CURLcode code)
{
	const char *why = *p->error ? p->error : curl_easy_strerror(code);
	struct fetch *f = p->fetch;

	if (code == CURLE_OK)
		why = "the answer was cut short";
	else if (buf_error(&f->body) || buf_error(&f->header))
		why = "the answer is too long";
	f->status = 0;
	text_one_line(span_of(why, strlen(why)), f->text, sizeof(f->text));
}

static void explain_answer(struct place *p)
{
	struct fetch *f = p->fetch;
	char *type = NULL;

	f->text[0] = '\0';
	if (f->status == 200 || f->status == 304)
		return;
	curl_easy_getinfo(p->easy, CURLINFO_CONTENT_TYPE, &type);
	size_t n = f->body.size < ANSWER_MAX_BODY ? f->body.size : ANSWER_MAX_BODY;
	const struct answer a = { .status = f->status,
				  .content_type = type,
				  .body = span_of(f->body.data, n) };
	answer_explain(&a, f->text, sizeof(f->text));
}

static bool is_busy(const struct place *p)
{
	uint32_t status = p->fetch->status;

	return p->tries < FETCH_TRIES &&
	       (status == 429 || status == 502 || status == 503 || status == 504);
}

static uint64_t pause_before_next(const struct place *p)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > 0 && (uint64_t)seconds < FETCH_MAX_WAIT / NSEC_PER_SEC)
		return (uint64_t)seconds * NSEC_PER_SEC;
	return seconds > 0 ? FETCH_MAX_WAIT : p->tries * NSEC_PER_SEC;
}

static void place_clear(struct place *p)
{
	curl_transfer_stop(&p->transfer);
	curl_easy_cleanup(TAKE_PTR(p->easy));
	endpoint_fini(&p->endpoint);
	p->fetch = NULL;
}

static int place_fill(struct place *p);

static int finish(struct place *p)
{
	struct round *r = p->round;

	place_clear(p);
	if (++r->done == r->n)
		loop_quit(&r->loop);
	return place_fill(p);
}

static int on_done(struct curl_transfer *t, CURLcode code)
{
	struct place *p = container_of(t, struct place, transfer);
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	p->fetch->status = (uint32_t)status;
	if (code != CURLE_OK || !p->header_ended)
		explain_failure(p, code);
	else
		explain_answer(p);
	if (is_busy(p))
		return loop_timer_set(&p->again, pause_before_next(p), 0);
	return finish(p);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static int set_up(struct place *p, char *ret_text)
{
	struct fetch *f = p->fetch;
	const struct endpoint_call call = { f->path, f->query, f->headers, f->n_headers };
	int r = endpoint_init(&p->endpoint, f->options, &call, ret_text);

	if (r == 0)
		p->easy = curl_easy_init();
	if (r == 0 && !p->easy)
		r = -ENOMEM;
	if (r == 0)
		r = endpoint_set_up(&p->endpoint, f->options, p->easy, ret_text);
	if (r != 0)
		return r;
	curl_easy_setopt(p->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(p->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(p->easy, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(p->easy, CURLOPT_ERRORBUFFER, p->error);
	if (f->compressed)
		curl_easy_setopt(p->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (f->post.data) {
		curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, f->post.data);
		curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->post.size);
	} else {
		curl_easy_setopt(p->easy, CURLOPT_HTTPGET, 1L);
	}
	return 0;
}

/* 0; ENDPOINT_E_SECRET, which is this fetch's answer; or -errno. */
static int start(struct place *p)
{
	struct fetch *f = p->fetch;

	fetch_fini(f);
	f->body = (struct buf)BUF_INIT(f->max_answer);
	f->header = (struct buf)BUF_INIT(MAX_HEADER);
	f->status = 0;
	p->header_ended = false;
	p->error[0] = '\0';
	p->tries++;
	int r = endpoint_authorize(&p->endpoint, p->easy, f->text);
	return r ? r : curl_transfer_start(&p->transfer, &p->round->curl, p->easy, on_done);
}

static int on_again(struct loop_timer *timer)
{
	struct place *p = container_of(timer, struct place, again);
	int r = start(p);

	return r == ENDPOINT_E_SECRET ? finish(p) : r;
}

/* With the next one there is. What is wrong with options ends the round as a negative errno. */
static int place_fill(struct place *p)
{
	struct round *round = p->round;

	while (round->next < round->n) {
		p->fetch = &round->list[round->next++];
		p->tries = 0;
		int r = set_up(p, round->text);
		if (r == ENDPOINT_E_OPTIONS)
			return -EINVAL;
		if (r == 0)
			r = start(p);
		if (r != ENDPOINT_E_SECRET)
			return r;
		place_clear(p);
		if (++round->done == round->n)
			loop_quit(&round->loop);
	}
	return 0;
}

/* ---- all --------------------------------------------------------------------------------- */

static int round_init(struct round *r, unsigned int n_places)
{
	int e = loop_init(&r->loop);

	if (e == 0)
		e = curl_loop_init(&r->curl, &r->loop, n_places);
	if (e != 0)
		return e;
	r->places = calloc(n_places, sizeof(*r->places));
	if (!r->places)
		return -ENOMEM;
	for (; r->n_places < n_places; r->n_places++) {
		struct place *p = &r->places[r->n_places];

		*p = (struct place){ .round = r, .again = LOOP_TIMER_NULL };
		e = loop_timer_init(&p->again, &r->loop, on_again);
		if (e != 0)
			return e;
	}
	return 0;
}

static void round_fini(struct round *r)
{
	for (unsigned int i = 0; i < r->n_places; i++) {
		place_clear(&r->places[i]);
		loop_timer_fini(&r->places[i].again);
	}
	free(r->places);
	curl_loop_fini(&r->curl);
	loop_fini(&r->loop);
}

static int run(struct round *r)
{
	int e = 0;

	for (unsigned int i = 0; e == 0 && i < r->n_places; i++)
		e = place_fill(&r->places[i]);
	if (e == 0 && r->done < r->n)
		e = loop_run(&r->loop);
	return e;
}

int fetch_all(struct fetch *list, size_t n, unsigned int at_once, char *ret_text)
{
	_cleanup_(round_fini) struct round r = {
		.loop = LOOP_NULL, .curl = CURL_LOOP_NULL, .list = list, .n = n, .text = ret_text
	};

	*ret_text = '\0';
	int e = round_init(&r, at_once);
	if (e == 0)
		e = run(&r);
	return *ret_text ? STORE_E_OPTIONS : e;
}
