/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer at a time: begin() starts the one that `step` asks for, its end decides what is
 * next and when, and the timer begins again.
 */
#include "agent/kube/kube.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/kube/request.h"
#include "agent/kube/watch.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/curl_loop.h"

#define PAGE	      100
#define BACKOFF	      NSEC_PER_SEC
#define MAX_BACKOFF   (60 * NSEC_PER_SEC)
#define LIST_TIMEOUT  (60 * NSEC_PER_SEC)
#define WATCH_TIME    (300 * NSEC_PER_SEC)
#define WATCH_MARGIN  (30 * NSEC_PER_SEC)
#define MANY_FAILURES 5

enum step { LIST, WATCH };

struct kube {
	struct kube_options options;
	char *server, *node, *token_file, *ca_file;
	struct curl_loop curl;
	struct curl_transfer transfer;
	struct loop_timer timer;
	CURL *easy;
	char error_text[CURL_ERROR_SIZE];

	enum step step;
	bool consistent; /* the next list must not be from a cache */
	bool listing;	 /* some pages of a list are there */
	struct kube_list_end page_end;
	struct kube_list list;
	struct kube_watch watch;
	struct buf refusal;
	int outcome;			 /* of feeding the answer */
	unsigned int failures;		 /* in a row */
	char version[KUBE_VERSION_SIZE]; /* to watch from */

	struct pods pods;
	struct kube_sink sink;
	struct kube_state state;
};

static long status_of(const struct kube *k)
{
	long status = 0;

	curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* ---- when to go on ----------------------------------------------------------------------- */

/* Half of it for certain, the other half at random. */
static uint64_t jittered(uint64_t wait)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = UINT32_MAX / 2;
	return wait / 2 + (wait / 2 >> 16) * (random >> 16);
}

static uint64_t backoff(const struct kube *k)
{
	uint64_t wait = k->options.backoff;

	for (unsigned int i = 1; i < k->failures && wait < k->options.max_backoff; i++)
		wait *= 2;
	return jittered(wait < k->options.max_backoff ? wait : k->options.max_backoff);
}

static int go_on(struct kube *k, uint64_t wait)
{
	return loop_timer_set(&k->timer, wait ? wait : 1, 0);
}

/* Servers choose the words; they end up in logs and on terminals. */
static void say(struct kube *k, const char *what, const char *text)
{
	snprintf(k->state.failure, sizeof(k->state.failure), "%s%s%s", what, *text ? ": " : "",
		 text);
	for (char *c = k->state.failure; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void list_again(struct kube *k, bool consistent)
{
	k->step = LIST;
	k->listing = false;
	k->consistent = consistent;
	k->page_end.continue_token[0] = '\0';
}

static int failed(struct kube *k, const char *what, const char *text)
{
	curl_off_t after = 0;

	say(k, what, text);
	k->state.n_failures++;
	k->failures++;
	if (k->step == WATCH && k->failures % MANY_FAILURES == 0) {
		k->state.n_relists++;
		list_again(k, true);
	}
	uint64_t wait = backoff(k);
	curl_easy_getinfo(k->easy, CURLINFO_RETRY_AFTER, &after);
	if (after > 0 && (uint64_t)after * NSEC_PER_SEC > wait) {
		wait = (uint64_t)after * NSEC_PER_SEC;
		if (wait > k->options.max_backoff)
			wait = k->options.max_backoff;
	}
	return go_on(k, wait);
}

/* The first time at once, but a server that says so each time is not asked all the time. */
static int gone(struct kube *k)
{
	k->state.n_relists++;
	list_again(k, true);
	return go_on(k, k->failures++ ? backoff(k) : 0);
}

/* ---- answers ----------------------------------------------------------------------------- */

static int feed(struct kube *k, struct span bytes)
{
	if (status_of(k) != 200) {
		buf_append(&k->refusal, bytes.data, bytes.size);
		return 0;
	}
	if (k->step == LIST)
		return kube_list_feed(&k->list, bytes);
	return kube_watch_feed(&k->watch, bytes);
}

/* A watch says nothing until something happens: it is open once its header is there. */
static size_t on_header(char *data, size_t one, size_t size, void *context)
{
	struct kube *k = context;

	if (k->step == WATCH && span_equals(span_of(data, one * size), "\r\n"))
		k->state.connected = status_of(k) == 200;
	return one * size;
}

/* Less than all ends the transfer; on_done() sees why. */
static size_t on_body(char *data, size_t one, size_t size, void *context)
{
	struct kube *k = context;

	k->outcome = feed(k, span_of(data, one * size));
	return k->outcome ? 0 : one * size;
}

static int refused(struct kube *k, long status)
{
	json_t *answer = json_loadb((const char *)k->refusal.data, k->refusal.size, 0, NULL);
	const char *message = kube_text(answer, "message", NULL);
	char what[64];

	snprintf(what, sizeof(what), "the API server answered %ld", status);
	int r = status == 410 ? gone(k) : failed(k, what, message ? message : "");
	json_decref(answer);
	return r;
}

static int list_done(struct kube *k)
{
	int r = kube_list_end(&k->list, &k->page_end);

	if (r)
		return failed(k, "the API server's list is no list of pods", "");
	k->failures = 0;
	k->listing = true;
	if (k->page_end.continue_token[0])
		return go_on(k, 0);
	pods_end_round(&k->pods);
	memcpy(k->version, k->page_end.version, sizeof(k->version));
	k->listing = k->consistent = false;
	k->state.synced = true;
	k->state.n_lists++;
	k->step = WATCH;
	return go_on(k, 0);
}

/* Nothing may have happened, but it was not sent away either. */
static bool watch_lasted(const struct kube *k)
{
	curl_off_t us = 0;

	curl_easy_getinfo(k->easy, CURLINFO_TOTAL_TIME_T, &us);
	return (uint64_t)us * 1000 >= k->options.watch_time / 2;
}

/* What came of the watch stays, however it ended. */
static void watch_take(struct kube *k)
{
	memcpy(k->version, k->watch.version, sizeof(k->version));
	k->state.connected = false;
	k->state.n_events += k->watch.n_events;
	k->state.n_bookmarks += k->watch.n_bookmarks;
	if (k->watch.n_events || k->watch.n_bookmarks || watch_lasted(k))
		k->failures = 0;
}

static int watch_done(struct kube *k, CURLcode result)
{
	switch (k->outcome) {
	case KUBE_WATCH_E_GONE:
		return gone(k);
	case KUBE_WATCH_E_FAILED:
		return failed(k, "the API server ended the watch", k->watch.message);
	case KUBE_WATCH_E_BROKEN:
		return failed(k, "what the API server sends is no event", "");
	}
	if (result != CURLE_OK)
		return failed(k, "the watch broke off", k->error_text);
	/* Its time was over; but one that ends at once, again and again, is slowed down. */
	if (!k->watch.n_events && !k->watch.n_bookmarks && !watch_lasted(k))
		k->failures++;
	return go_on(k, backoff(k));
}

static int finish(struct kube *k, CURLcode result)
{
	long status = status_of(k);

	if (k->outcome < 0)
		return k->outcome;
	if (result != CURLE_OK && !status)
		return failed(k, "no connection to the API server",
			      k->error_text[0] ? k->error_text : curl_easy_strerror(result));
	if (status != 200)
		return refused(k, status);
	if (k->step == WATCH)
		return watch_done(k, result);
	if (result != CURLE_OK)
		return failed(k, "the API server's list broke off", k->error_text);
	return list_done(k);
}

static void release(struct kube *k)
{
	kube_list_fini(&k->list);
	kube_watch_fini(&k->watch);
	buf_fini(&k->refusal);
}

static int on_done(struct curl_transfer *t, CURLcode result)
{
	struct kube *k = container_of(t, struct kube, transfer);

	if (k->step == WATCH)
		watch_take(k);
	int r = finish(k, result);
	release(k);
	return r;
}

/* ---- requests ---------------------------------------------------------------------------- */

static struct request list_request(struct kube *k)
{
	if (!k->listing)
		pods_begin_round(&k->pods);
	kube_list_init(&k->list, &k->sink);
	return (struct request){
		.continue_token = k->page_end.continue_token,
		.version = k->consistent ? NULL : "0",
		.page = k->options.page,
		.timeout = k->options.list_timeout,
	};
}

static struct request watch_request(struct kube *k)
{
	kube_watch_init(&k->watch, &k->sink, k->version);
	k->state.n_watches++;
	return (struct request){
		.watch = true,
		.version = k->version,
		.watch_time = k->options.watch_time,
		.timeout = k->options.watch_time + WATCH_MARGIN,
	};
}

static int begin(struct kube *k)
{
	struct request_options options = { k->server, k->node, k->token_file, k->ca_file };
	struct request request = k->step == LIST ? list_request(k) : watch_request(k);

	k->outcome = 0;
	int r = request_prepare(k->easy, &options, &request, on_body, k, k->error_text);
	curl_easy_setopt(k->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(k->easy, CURLOPT_HEADERDATA, k);
	if (!r)
		r = curl_transfer_start(&k->transfer, &k->curl, k->easy, on_done);
	if (r)
		release(k);
	return r == REQUEST_E_TOKEN ? failed(k, "the token cannot be read", k->token_file) : r;
}

static int on_timer(struct loop_timer *timer)
{
	return begin(container_of(timer, struct kube, timer));
}

/* ---- from the cradle to the grave -------------------------------------------------------- */

static int copy_text(const char *text, char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return text && !*ret_copy ? -ENOMEM : 0;
}

static int take_options(struct kube *k, const struct kube_options *options)
{
	struct kube_options *o = &k->options;

	*o = *options;
	o->page = o->page ? o->page : PAGE;
	o->backoff = o->backoff ? o->backoff : BACKOFF;
	o->max_backoff = o->max_backoff ? o->max_backoff : MAX_BACKOFF;
	o->list_timeout = o->list_timeout ? o->list_timeout : LIST_TIMEOUT;
	o->watch_time = o->watch_time ? o->watch_time : WATCH_TIME;
	k->sink = (struct kube_sink){ .pods = &k->pods, .wanted = &k->options.wanted };
	int r = copy_text(options->server, &k->server);
	if (!r)
		r = copy_text(options->node, &k->node);
	if (!r)
		r = copy_text(options->token_file, &k->token_file);
	return r ? r : copy_text(options->ca_file, &k->ca_file);
}

static bool is_url(const char *server)
{
	return server && (!strncmp(server, "https://", strlen("https://")) ||
			  !strncmp(server, "http://", strlen("http://")));
}

static int start(struct kube *k, struct loop *loop)
{
	int r = curl_loop_init(&k->curl, loop, 1);

	if (!r)
		r = loop_timer_init(&k->timer, loop, on_timer);
	if (r)
		return r;
	k->easy = curl_easy_init();
	return k->easy ? go_on(k, 0) : -ENOMEM;
}

int kube_open(const struct kube_options *options, struct loop *loop, struct kube **ret_kube)
{
	struct kube *k;

	*ret_kube = NULL;
	if (!is_url(options->server))
		return KUBE_E_OPTIONS;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->curl = (struct curl_loop)CURL_LOOP_NULL;
	k->timer = (struct loop_timer)LOOP_TIMER_NULL;
	k->refusal = (struct buf)BUF_INIT(REQUEST_MAX_ANSWER);
	int r = take_options(k, options);
	if (!r)
		r = start(k, loop);
	if (r)
		k = kube_close(k);
	*ret_kube = k;
	return r;
}

struct kube *kube_close(struct kube *k)
{
	if (!k)
		return NULL;
	curl_transfer_stop(&k->transfer);
	curl_easy_cleanup(k->easy);
	curl_loop_fini(&k->curl);
	loop_timer_fini(&k->timer);
	release(k);
	pods_fini(&k->pods);
	free(k->server);
	free(k->node);
	free(k->token_file);
	free(k->ca_file);
	free(k);
	return NULL;
}

const struct pods *kube_pods(const struct kube *k)
{
	return &k->pods;
}

/* The watch that is open has its own counts until it ends. */
void kube_state(const struct kube *k, struct kube_state *ret_state)
{
	*ret_state = k->state;
	if (k->state.connected) {
		ret_state->n_events += k->watch.n_events;
		ret_state->n_bookmarks += k->watch.n_bookmarks;
	}
	ret_state->n_broken = k->sink.n_broken;
	ret_state->n_too_big = k->sink.n_too_big;
}
