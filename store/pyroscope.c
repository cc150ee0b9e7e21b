/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grafana Pyroscope's push, which is hone-collector's too: a Connect unary call of
 * push.v1.PusherService/Push (connectrpc.com/docs/protocol). The request is one POST with the
 * message in protobuf as its body, the answer a status and a body; nothing is framed.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/curl_loop.h"
#include "proto/push.pb-c.h"
#include "store/answer.h"
#include "store/backend.h"
#include "store/endpoint.h"
#include "store/labels.h"
#include "store/text.h"

#define PUSH_PATH  "/push.v1.PusherService/Push"
#define MAX_PPROF  ((size_t)64 << 20)
#define MAX_HEADER ((size_t)64 << 10)
#define MAX_WAIT   3600 /* s, of what a server asks for */

/*
 * A server's defaults, pkg/validation/limits.go: ingestion-burst-size-mb 2, less room for the
 * labels, which count too (pkg/distributor: calculateRequestSize); max-profile-stacktrace-samples;
 * reject-older-than 1 h.
 */
#define DEFAULT_RAW_BYTES 2000000
#define DEFAULT_SAMPLES	  16000
#define DEFAULT_AGE	  (55 * 60 * NSEC_PER_SEC)

struct push {
	struct curl_transfer transfer;
	struct pyroscope *owner;
	CURL *easy;
	store_done done; /* NULL: free */
	void *context;
	uint8_t *request;
	uint64_t raw_size;
	struct buf body; /* of the answer */
	size_t header_size;
	bool header_ended; /* the answer's header was not cut short, which libcurl lets pass */
	bool ended;	   /* before it began: only .result is left to be told */
	struct store_result result;
	char error[CURL_ERROR_SIZE];
};

struct pyroscope {
	struct store store;
	struct curl_loop curl;
	struct endpoint endpoint;
	struct loop_timer later; /* for what ended before it began */
	bool keep_shapes;
	uint32_t n_pushes;
	struct push pushes[STORE_MAX_PUSHES];
};

static struct pyroscope *pyroscope_of(const struct store *s)
{
	return container_of(s, struct pyroscope, store);
}

/* ---- the end of a push ------------------------------------------------------------------- */

static void clear(struct push *push)
{
	curl_transfer_stop(&push->transfer);
	free(TAKE_PTR(push->request));
	buf_fini(&push->body);
	push->done = NULL;
	push->ended = false;
}

/* The place is free again before the owner is told: it may well push the next one. */
static int finish(struct push *push)
{
	struct store_result result = push->result;
	store_done done = push->done;

	clear(push);
	return done(push->context, &result);
}

static int tell_ended(struct loop_timer *timer)
{
	struct pyroscope *p = container_of(timer, struct pyroscope, later);
	int r = 0;

	for (uint32_t i = 0; !r && i < p->n_pushes; i++)
		if (p->pushes[i].ended)
			r = finish(&p->pushes[i]);
	return r;
}

/* Without having asked the server. */
static int end_early(struct push *push, int outcome, uint64_t retry_after)
{
	push->ended = true;
	push->result.outcome = outcome;
	push->result.retry_after = retry_after;
	return loop_timer_set(&push->owner->later, 1, 0);
}

static bool is_of_setup(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		return true;
	default:
		return false;
	}
}

static void judge_failure(struct push *push, CURLcode code)
{
	const char *why = *push->error ? push->error : curl_easy_strerror(code);

	push->result.outcome = STORE_E_RETRY;
	push->result.retry_after = is_of_setup(code) ? ANSWER_PATIENCE : 0;
	if (code == CURLE_OK)
		why = "the answer was cut short";
	else if (code == CURLE_WRITE_ERROR)
		why = "the answer is too long";
	text_one_line(span_of(why, strlen(why)), push->result.text, sizeof(push->result.text));
}

static void judge_answer(struct push *push, long status)
{
	struct answer a = { .status = (uint32_t)status,
			    .body = span_of(push->body.data, push->body.size),
			    .raw_size = push->raw_size,
			    .raw_limit = push->owner->store.limits.raw_bytes };
	uint32_t labels_changed = push->result.labels_changed;
	curl_off_t seconds = 0;
	char *type = NULL;

	curl_easy_getinfo(push->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(push->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > 0)
		a.retry_after = (uint64_t)(seconds < MAX_WAIT ? seconds : MAX_WAIT) * NSEC_PER_SEC;
	a.content_type = type;
	answer_judge(&a, &push->result);
	push->result.labels_changed = labels_changed;
}

/* hone-collector says so of itself. */
static bool says_verbatim(CURL *easy)
{
	struct curl_header *h;

	return curl_easy_header(easy, "X-Hone-Names", 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
	       !strcmp(h->value, "verbatim");
}

/* After whatever else it may be another server that is behind the URL. */
static void learn_names(struct push *push)
{
	struct pyroscope *p = push->owner;

	p->store.limits.escape_shapes =
		!p->keep_shapes && (push->result.outcome != STORE_OK || !says_verbatim(push->easy));
}

static int on_transfer_done(struct curl_transfer *t, CURLcode code)
{
	struct push *push = container_of(t, struct push, transfer);
	long status = 0;

	curl_easy_getinfo(push->easy, CURLINFO_RESPONSE_CODE, &status);
	/* An error stays one, however much is said about it. */
	bool cut = code == CURLE_WRITE_ERROR && status >= 400 && !buf_error(&push->body);
	if ((code == CURLE_OK || cut) && push->header_ended)
		judge_answer(push, status);
	else
		judge_failure(push, code);
	learn_names(push);
	return finish(push);
}

/* ---- the answer as it comes in ----------------------------------------------------------- */

/* CURLOPT_WRITEFUNCTION: another count than it was given ends the transfer. */
static size_t take_body(char *data, size_t one, size_t size, void *context)
{
	struct push *push = context;
	size_t room = ANSWER_MAX_BODY - push->body.size;

	(void)one;
	buf_append(&push->body, data, size < room ? size : room);
	return buf_error(&push->body) || size > room ? CURL_WRITEFUNC_ERROR : size;
}

/* CURLOPT_HEADERFUNCTION, line by line: the status's begins a header, an empty one ends it. */
static size_t take_header(char *data, size_t one, size_t size, void *context)
{
	struct span line = span_of(data, size);
	struct push *push = context;

	(void)one;
	push->header_size += size;
	if (span_starts_with(line, "HTTP/"))
		push->header_ended = false;
	else if (span_equals(line, "\r\n") || span_equals(line, "\n"))
		push->header_ended = true;
	return push->header_size > MAX_HEADER ? CURL_WRITEFUNC_ERROR : size;
}

/* ---- the request ------------------------------------------------------------------------- */

static int pack(const Push__V1__PushRequest *request, uint8_t **ret_data, size_t *ret_size)
{
	*ret_size = push__v1__push_request__get_packed_size(request);
	*ret_data = malloc(*ret_size);
	if (!*ret_data)
		return -ENOMEM;
	push__v1__push_request__pack(request, *ret_data);
	return 0;
}

static int make_request(const struct store_profile *profile, const struct clean_labels *labels,
			uint8_t **ret_data, size_t *ret_size)
{
	Push__V1__LabelPair pairs[LABELS_MAX], *pair_list[LABELS_MAX];
	Push__V1__RawSample sample = PUSH__V1__RAW_SAMPLE__INIT, *samples = &sample;
	Push__V1__RawProfileSeries one = PUSH__V1__RAW_PROFILE_SERIES__INIT, *series = &one;
	Push__V1__PushRequest request = PUSH__V1__PUSH_REQUEST__INIT;

	for (uint32_t i = 0; i < labels->n; i++) {
		pairs[i] = (Push__V1__LabelPair)PUSH__V1__LABEL_PAIR__INIT;
		pairs[i].name = clean_labels_text(labels, labels->of[i].name);
		pairs[i].value = clean_labels_text(labels, labels->of[i].value);
		pair_list[i] = &pairs[i];
	}
	sample.raw_profile.data = (uint8_t *)profile->pprof.data;
	sample.raw_profile.len = profile->pprof.size;
	sample.id = (char *)profile->id;
	one.n_labels = labels->n;
	one.labels = pair_list;
	one.n_samples = 1;
	one.samples = &samples;
	request.n_series = 1;
	request.series = &series;
	return pack(&request, ret_data, ret_size);
}

/* RFC 1952: a member ends in its size modulo 2^32. Ours are of one member. */
static uint64_t gzip_raw_size(struct span gzip)
{
	uint32_t size;

	if (!span_starts_with(gzip, "\x1f\x8b") || gzip.size < 18 ||
	    !span_u32(gzip, gzip.size - 4, &size))
		return 0;
	return size;
}

static int fill(struct push *push, const struct store_profile *profile)
{
	_cleanup_(clean_labels_fini) struct clean_labels labels = CLEAN_LABELS_NULL;
	size_t size;

	int r = clean_labels_make(&labels, profile->labels, profile->n_labels);
	if (!r)
		r = make_request(profile, &labels, &push->request, &size);
	if (r)
		return r;
	push->result = (struct store_result){ .labels_changed = labels.changed };
	push->raw_size = gzip_raw_size(profile->pprof);
	push->body = (struct buf)BUF_INIT(ANSWER_MAX_BODY);
	push->header_size = 0;
	push->header_ended = false;
	push->error[0] = '\0';
	curl_easy_setopt(push->easy, CURLOPT_POSTFIELDS, push->request);
	curl_easy_setopt(push->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	return 0;
}

static int start(struct pyroscope *p, struct push *push, const struct store_profile *profile)
{
	if (profile->pprof.size > MAX_PPROF) {
		snprintf(push->result.text, sizeof(push->result.text), "over %zu MiB",
			 MAX_PPROF >> 20);
		return end_early(push, STORE_E_TOO_BIG, 0);
	}
	int r = fill(push, profile);
	if (!r)
		r = endpoint_authorize(&p->endpoint, push->easy, push->result.text);
	if (r == ENDPOINT_E_SECRET)
		return end_early(push, STORE_E_RETRY, ANSWER_PATIENCE);
	return r ? r : curl_transfer_start(&push->transfer, &p->curl, push->easy, on_transfer_done);
}

/* ---- the backend ------------------------------------------------------------------------- */

static int pyroscope_push(struct store *s, const struct store_profile *profile, store_done done,
			  void *context)
{
	struct pyroscope *p = pyroscope_of(s);
	struct push *push = p->pushes;

	while (push->done)
		push++; /* there is room, store_push() looked */
	push->result = (struct store_result){ 0 };
	push->done = done;
	push->context = context;
	int r = start(p, push, profile);
	if (r)
		clear(push);
	return r;
}

static uint32_t pyroscope_room(const struct store *s)
{
	const struct pyroscope *p = pyroscope_of(s);
	uint32_t room = 0;

	for (uint32_t i = 0; i < p->n_pushes; i++)
		room += !p->pushes[i].done;
	return room;
}

static void pyroscope_cancel(struct store *s)
{
	struct pyroscope *p = pyroscope_of(s);

	for (uint32_t i = 0; i < p->n_pushes; i++)
		clear(&p->pushes[i]);
}

static struct store *pyroscope_close(struct store *s)
{
	struct pyroscope *p = pyroscope_of(s);

	pyroscope_cancel(s);
	for (uint32_t i = 0; i < p->n_pushes; i++)
		curl_easy_cleanup(p->pushes[i].easy);
	curl_loop_fini(&p->curl);
	loop_timer_fini(&p->later);
	endpoint_fini(&p->endpoint);
	free(p);
	return NULL;
}

static const struct store_backend pyroscope_backend = {
	.close = pyroscope_close,
	.push = pyroscope_push,
	.cancel = pyroscope_cancel,
	.room = pyroscope_room,
};

/* ---- opening ----------------------------------------------------------------------------- */

static uint64_t limit_of(uint64_t option, uint64_t usual)
{
	if (option == STORE_NO_LIMIT)
		return 0;
	return option ? option : usual;
}

static struct store_limits limits_of(const struct store_options *o)
{
	return (struct store_limits){
		.raw_bytes = limit_of(o->limits.raw_bytes, DEFAULT_RAW_BYTES),
		.samples = limit_of(o->limits.samples, DEFAULT_SAMPLES),
		.age = limit_of(o->limits.age, DEFAULT_AGE),
		.escape_shapes = !o->keep_shapes,
	};
}

static int open_push(struct push *push, struct pyroscope *p, const struct store_options *o,
		     char *ret_text)
{
	push->owner = p;
	push->easy = curl_easy_init();
	if (!push->easy)
		return -ENOMEM;
	curl_easy_setopt(push->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(push->easy, CURLOPT_WRITEDATA, push);
	curl_easy_setopt(push->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(push->easy, CURLOPT_HEADERDATA, push);
	curl_easy_setopt(push->easy, CURLOPT_ERRORBUFFER, push->error);
	return endpoint_set_up(&p->endpoint, o, push->easy, ret_text);
}

static int set_up(struct pyroscope *p, const struct store_options *o, struct loop *loop,
		  char *ret_text)
{
	static const char *const headers[] = { "Content-Type: application/proto",
					       "Connect-Protocol-Version: 1" };
	static const struct endpoint_call call = { .path = PUSH_PATH,
						   .headers = headers,
						   .n_headers = ARRAY_SIZE(headers) };
	int r = curl_loop_init(&p->curl, loop, p->n_pushes);

	if (!r)
		r = loop_timer_init(&p->later, loop, tell_ended);
	if (!r)
		r = endpoint_init(&p->endpoint, o, &call, ret_text);
	for (uint32_t i = 0; !r && i < p->n_pushes; i++)
		r = open_push(&p->pushes[i], p, o, ret_text);
	return r;
}

int pyroscope_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
		   char *ret_text)
{
	uint32_t n_pushes = options->pushes ? options->pushes : 1;

	if (n_pushes > STORE_MAX_PUSHES)
		return store_bad_options(ret_text, "more than %u pushes at once", STORE_MAX_PUSHES);
	struct pyroscope *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pyroscope){ .store = { .backend = &pyroscope_backend,
					    .limits = limits_of(options) },
				 .curl = CURL_LOOP_NULL,
				 .later = LOOP_TIMER_NULL,
				 .keep_shapes = options->keep_shapes,
				 .n_pushes = n_pushes };
	int r = set_up(p, options, loop, ret_text);
	if (r) {
		pyroscope_close(&p->store);
		return r;
	}
	*ret_store = &p->store;
	return 0;
}
