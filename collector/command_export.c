/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector export: everything once more, to another store. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "collector/command.h"
#include "collector/depot/repair.h"
#include "collector/depot/replay.h"
#include "collector/query/selector.h"
#include "collector/version.h"
#include "pgo/shapes.h"
#include "store/store.h"

#define MAX_LABELS 64u
#define TRIES	   8u
#define SAVE_EVERY 64u /* profiles */
#define TIMEOUT	   (60 * NSEC_PER_SEC)

static const char help[] =
	"Usage: hone-collector export --to URL [OPTION]...\n"
	"Pushes the profiles that a collector keeps to another store, as agents push theirs:\n"
	"Grafana Pyroscope, another hone-collector, or file:///DIR. Give it the folder that\n"
	"`hone-collector backup` made, as no collector may use it meanwhile.\n"
	"\n"
	"  --to URL           the store\n"
	"  --data DIR         where profiles are kept\n"
	"  --since AGE        only profiles that begin since: 30d, 12h\n"
	"  --until AGE        only profiles that begin before\n"
	"  --match SELECTOR   only these: {service_name=\"api\", pod=~\"api-.*\"}\n"
	"  --state FILE       go on where an export that wrote this file ended\n"
	"  --rate N           profiles a second at most (0: as fast as the store takes them)\n"
	"  --token-file FILE  a file with a bearer token for the store\n"
	"  --ca-file FILE     authorities that vouch for the store, PEM\n"
	"\n"
	"Pyroscope refuses profiles that are older than an hour, or larger than 4 MiB, unless\n"
	"-validation.reject-older-than=0 and -validation.max-profile-size-bytes say otherwise.\n"
	"The status is 0 if the store has them all, 1 if not.\n";

struct export
{
	const char *data, *state;
	struct store_options options;
	struct selector selector;
	int64_t since, until; /* by the start of a profile */
	uint64_t rate;
	struct loop loop;
	struct store *store;
	char tenant[256]; /* of .store */
	struct store_result result;
	int64_t last; /* id that is done */
	uint64_t pushed, refused, broken;
};

/* ---- state ------------------------------------------------------------------------------- */

/* An id, a blank, the store. */
static enum command_status read_state(struct export *e)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);
	uint64_t id;

	int r = e->state ? file_read(e->state, &text) : -ENOENT;
	if (r == -ENOENT)
		return COMMAND_OK;
	struct span rest = span_of(text.data, text.size), line;
	if (r == 0 && text_line(&rest, &line) && text_number(&line, 10, &id) && id <= INT64_MAX &&
	    text_skip(&line, " ") && span_equals(line, e->options.url)) {
		e->last = (int64_t)id;
		return COMMAND_OK;
	}
	fprintf(stderr, "hone-collector: %s is no state of an export to %s.\n", e->state,
		e->options.url);
	return COMMAND_WRONG;
}

static enum command_status write_state(const struct export *e)
{
	_cleanup_(file_writer_fini) struct file_writer w = FILE_WRITER_NULL;
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

	if (!e->state)
		return COMMAND_OK;
	buf_printf(&text, "%" PRId64 " %s\n", e->last, e->options.url);
	int r = buf_error(&text);
	if (r == 0)
		r = file_writer_open(&w, e->state, (uid_t)-1, (gid_t)-1);
	if (r == 0)
		r = file_writer_write(&w, text.data, text.size);
	if (r == 0)
		r = file_writer_commit(&w);
	if (r == 0)
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s: %s.\n", e->state,
		r < 0 ? strerror(-r) : "it is no ordinary file");
	return COMMAND_FAILED;
}

/* ---- one profile ------------------------------------------------------------------------- */

static int on_done(void *context, const struct store_result *result)
{
	struct export *e = context;

	e->result = *result;
	loop_quit(&e->loop);
	return 0;
}

/* A tenant's profiles go to the same tenant. */
static enum command_status open_store(struct export *e, const char *tenant)
{
	char why[STORE_TEXT_SIZE];

	if (e->store && !strcmp(e->tenant, tenant))
		return COMMAND_OK;
	e->store = store_close(e->store);
	snprintf(e->tenant, sizeof(e->tenant), "%s", tenant);
	e->options.tenant = strcmp(tenant, "anonymous") != 0 ? e->tenant : NULL;
	int r = store_open(&e->options, &e->loop, &e->store, why);
	if (r == 0)
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s: %s.\n", e->options.url, r > 0 ? why : strerror(-r));
	return COMMAND_FAILED;
}

static void wait_for(uint64_t ns)
{
	const struct timespec time = { .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				       .tv_nsec = (long)(ns % NSEC_PER_SEC) };

	nanosleep(&time, NULL);
}

/* What cannot be taken now is tried again, each time after twice the time. 0 or -errno. */
static int push(struct export *e, const struct store_profile *profile)
{
	uint64_t pause = NSEC_PER_SEC / 2;

	for (unsigned int i = 0; i < TRIES; i++, pause *= 2) {
		int r = store_push(e->store, profile, on_done, e);

		if (r == 0)
			r = loop_run(&e->loop);
		if (r != 0 || e->result.outcome != STORE_E_RETRY)
			return r;
		if (i + 1 < TRIES)
			wait_for(e->result.retry_after > pause ? e->result.retry_after : pause);
	}
	return 0;
}

/* The same id each time: what was taken before is not taken twice by a store that looks at it. */
static void make_id(const uint8_t *key, char *ret_id)
{
	for (size_t i = 0; i < 16; i++)
		ret_id += sprintf(ret_id, "%s%02x",
				  i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", key[i]);
}

static enum command_status push_one(struct export *e, const struct depot_profile *p)
{
	_cleanup_(freep) uint8_t *escaped = NULL;
	struct store_label labels[MAX_LABELS];
	size_t size = 0;
	char id[40];

	for (size_t i = 0; i < p->n_labels && i < MAX_LABELS; i++)
		labels[i] = (struct store_label){ p->labels[i].name, p->labels[i].value };
	make_id(p->key, id);
	struct store_profile out = { .id = id,
				     .labels = labels,
				     .n_labels = (uint32_t)p->n_labels,
				     .pprof = p->pprof,
				     .time = (uint64_t)p->start };
	int r = PGO_SHAPES_E_NONE;
	if (store_limits(e->store)->escape_shapes)
		r = pgo_shapes_escape(p->pprof.data, p->pprof.size, &escaped, &size);
	if (r == 0)
		out.pprof = span_of(escaped, size);
	r = r < 0 ? r : push(e, &out);
	if (r == 0 && e->result.outcome == STORE_OK)
		e->pushed++;
	else if (r == 0 && e->result.outcome != STORE_E_RETRY)
		e->refused++;
	else
		fprintf(stderr, "hone-collector: %s: %s.\n", e->options.url,
			r ? strerror(-r) : e->result.text);
	if (r == 0 && e->result.outcome != STORE_OK && e->refused == 1)
		fprintf(stderr, "hone-collector: the first profile that is refused: %s\n",
			e->result.text);
	return r == 0 && e->result.outcome != STORE_E_RETRY ? COMMAND_OK : COMMAND_FAILED;
}

/* ---- all of them ------------------------------------------------------------------------- */

static const char *value_of(const void *context, const char *name)
{
	const struct depot_profile *p = context;

	for (size_t i = 0; i < p->n_labels; i++)
		if (!strcmp(p->labels[i].name, name))
			return p->labels[i].value;
	return "";
}

static bool is_wanted(const struct export *e, const struct depot_profile *p)
{
	struct refusal why;
	bool holds = false;

	return p->start >= e->since && p->start < e->until &&
	       selector_test(&e->selector, value_of, p, &holds, &why) == 0 && holds;
}

static enum command_status take(struct export *e, const struct depot_replayed *one)
{
	enum command_status status = COMMAND_OK;

	if (is_wanted(e, one->profile)) {
		status = open_store(e, one->profile->tenant);
		if (status == COMMAND_OK)
			status = push_one(e, one->profile);
		if (e->rate)
			wait_for(NSEC_PER_SEC / e->rate);
	}
	if (status != COMMAND_OK)
		return status;
	e->last = one->id;
	return (e->pushed + e->refused) % SAVE_EVERY ? COMMAND_OK : write_state(e);
}

static enum command_status run(struct export *e)
{
	_cleanup_(depot_replay_closep) struct depot_replay *replay = NULL;
	enum command_status status = COMMAND_OK;
	struct depot_replayed one;
	int r = depot_replay_open(e->data, e->last, &replay);

	while (r == 0 && status == COMMAND_OK) {
		r = depot_replay_next(replay, &one);
		if (r == 0)
			status = take(e, &one);
		e->broken += r == DEPOT_E_DAMAGED;
		r = r == DEPOT_E_DAMAGED ? 0 : r;
	}
	if (r != 0 && r != DEPOT_E_NONE) {
		fprintf(stderr, "hone-collector: %s: %s.\n", e->data, command_trouble(r));
		return COMMAND_FAILED;
	}
	if (write_state(e) != COMMAND_OK)
		status = COMMAND_FAILED;
	printf("%" PRIu64 " profiles were taken, %" PRIu64 " refused, %" PRIu64 " cannot be read\n",
	       e->pushed, e->refused, e->broken);
	return e->refused || e->broken ? COMMAND_FAILED : status;
}

static bool take_match(struct export *e, const char *text)
{
	struct refusal why;
	int r = selector_parse(&e->selector, span_of(text, strlen(text)), &why);

	if (r != 0)
		fprintf(stderr, "hone-collector: --match: %s.\n", r > 0 ? why.text : strerror(-r));
	return r == 0;
}

static bool take_age(const char *name, const char *text, int64_t *ret_time)
{
	int64_t age;

	if (!command_age(name, text, &age))
		return false;
	*ret_time = (int64_t)clock_realtime() - age;
	return true;
}

static bool take_rate(const char *text, uint64_t *ret_rate)
{
	struct span rest = span_of(text, strlen(text));

	if (text_number(&rest, 10, ret_rate) && !rest.size && *ret_rate <= 1000000)
		return true;
	fprintf(stderr, "hone-collector: --rate is a number of profiles.\n");
	return false;
}

static bool take_option(struct export *e, int option)
{
	const char **const texts[] = {
		['t'] = &e->options.url,     ['d'] = &e->data,
		['f'] = &e->state,	     ['k'] = &e->options.auth_file,
		['c'] = &e->options.ca_file,
	};

	switch (option) {
	case 's':
		return take_age("since", optarg, &e->since);
	case 'u':
		return take_age("until", optarg, &e->until);
	case 'm':
		return take_match(e, optarg);
	case 'r':
		return take_rate(optarg, &e->rate);
	case 't':
	case 'd':
	case 'f':
	case 'k':
	case 'c':
		*texts[option] = optarg;
		return true;
	default:
		return false;
	}
}

static enum command_status export(struct export *e) {
	if (!e->options.url){ fprintf(stderr, "hone-collector: export wants --to URL.\n");
			      return COMMAND_WRONG; }
if (e->options.auth_file) e->options.auth = STORE_AUTH_BEARER;
enum command_status status = read_state(e);
if (status != COMMAND_OK)
	return status;
signal(SIGPIPE, SIG_IGN); /* base/curl_loop.h */
if (loop_init(&e->loop) != 0)
	return COMMAND_FAILED;
status = run(e);
store_close(e->store);
loop_fini(&e->loop);
return status;
}

enum command_status command_export(int argc, char **argv)
{
	static const struct option all[] = { { "to", required_argument, NULL, 't' },
					     { "data", required_argument, NULL, 'd' },
					     { "since", required_argument, NULL, 's' },
					     { "until", required_argument, NULL, 'u' },
					     { "match", required_argument, NULL, 'm' },
					     { "state", required_argument, NULL, 'f' },
					     { "rate", required_argument, NULL, 'r' },
					     { "token-file", required_argument, NULL, 'k' },
					     { "ca-file", required_argument, NULL, 'c' },
					     { "help", no_argument, NULL, 'h' },
					     { 0 } };
	struct export e = { .data = command_data(),
			    .options = { .user_agent = "hone-collector/" HONE_VERSION,
					 .timeout = TIMEOUT },
			    .selector = SELECTOR_NULL,
			    .since = INT64_MIN,
			    .until = INT64_MAX,
			    .loop = LOOP_NULL };
	enum command_status status = COMMAND_OK;
	int option;

	while (status == COMMAND_OK && (option = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : COMMAND_OK;
		if (!take_option(&e, option))
			status = COMMAND_WRONG;
	}
	if (status == COMMAND_OK && optind < argc) {
		fprintf(stderr, "hone-collector: export takes no words but options.\n");
		status = COMMAND_WRONG;
	}
	if (status == COMMAND_OK)
		status = export(&e);
	selector_fini(&e.selector);
	return status;
}
