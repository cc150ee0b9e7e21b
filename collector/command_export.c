/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector export: everything once more, to another store. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "collector/command.h"
#include "collector/depot/repair.h"
#include "collector/export_batch.h"
#include "collector/query/selector.h"
#include "collector/version.h"
#include "store/store.h"

#define TIMEOUT (60 * NSEC_PER_SEC)

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
	"  --skip-refused     go on after a profile that the store will never take\n"
	"  --token-file FILE  a file with a bearer token for the store\n"
	"  --ca-file FILE     authorities that vouch for the store, PEM\n"
	"\n"
	"It ends with the first profile that is not taken. With --state the same command goes\n"
	"on there, once the reason is gone.\n"
	"\n"
	"Pyroscope takes what is older than an hour, large, and fast only if it is told to:\n"
	"-validation.reject-older-than=0, -validation.max-profile-size-bytes=0,\n"
	"-validation.max-profile-stacktrace-samples=0, -distributor.ingestion-rate-limit-mb=1024,\n"
	"-distributor.ingestion-burst-size-mb=1024.\n"
	"The status is 0 if the store has them all, 1 if not.\n";

struct exporter {
	const char *data, *state;
	struct store_options options;
	struct selector selector;
	int64_t since, until; /* by the start of a profile */
	uint64_t rate;
	bool skip; /* those that are refused */
	struct loop loop;
	struct store *store;
	char tenant[256]; /* of .store */
	struct export_batch batch;
	int64_t seen;		    /* id; those up to it are done, or in .batch */
	int64_t last;		    /* id; all up to it are done */
	int64_t done[EXPORT_BATCH]; /* and these beyond, in their order */
	size_t n_done;
	uint64_t pushed, refused, broken;
	uint64_t changed; /* taken or not, with labels that the store's rules did not allow */
	bool has_told;
};

/* ---- state ------------------------------------------------------------------------------- */

/* An id, a blank, the store; then a line for each id beyond that is done. */
static bool parse_state(struct exporter *e, struct span rest)
{
	struct span line;
	uint64_t id;

	if (!text_line(&rest, &line) || !text_number(&line, 10, &id) || id > INT64_MAX ||
	    !text_skip(&line, " ") || !span_equals(line, e->options.url))
		return false;
	e->last = (int64_t)id;
	while (text_line(&rest, &line)) {
		if (e->n_done == EXPORT_BATCH || !text_number(&line, 10, &id) || line.size ||
		    id > INT64_MAX)
			return false;
		e->done[e->n_done++] = (int64_t)id;
	}
	return true;
}

static enum command_status read_state(struct exporter *e)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

	int r = e->state ? file_read(e->state, &text) : -ENOENT;
	if (r == -ENOENT || (r == 0 && parse_state(e, span_of(text.data, text.size))))
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s is no state of an export to %s.\n", e->state,
		e->options.url);
	return COMMAND_WRONG;
}

static void print_state(const struct exporter *e, struct buf *text)
{
	buf_printf(text, "%" PRId64 " %s\n", e->last, e->options.url);
	for (size_t i = 0; i < e->n_done; i++)
		buf_printf(text, "%" PRId64 "\n", e->done[i]);
}

static enum command_status write_state(const struct exporter *e)
{
	_cleanup_(file_writer_fini) struct file_writer w = FILE_WRITER_NULL;
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

	if (!e->state)
		return COMMAND_OK;
	print_state(e, &text);
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

/* ---- a batch of them --------------------------------------------------------------------- */

/* A tenant's profiles go to the same tenant. */
static enum command_status open_store(struct exporter *e, const char *tenant)
{
	char why[STORE_TEXT_SIZE];

	e->store = store_close(e->store);
	snprintf(e->tenant, sizeof(e->tenant), "%s", tenant);
	e->options.tenant = strcmp(tenant, "anonymous") != 0 ? e->tenant : NULL;
	int r = store_open(&e->options, &e->loop, &e->store, why);
	if (r == 0)
		return COMMAND_OK;
	/* The URL may hold a password: that it must not, @why says without it. */
	fprintf(stderr, "hone-collector: --to: %s.\n", r > 0 ? why : strerror(-r));
	return COMMAND_FAILED;
}

/* The first that was not taken is told of. True where the export may go on after this one. */
static bool take_result(struct exporter *e, const struct export_item *item)
{
	bool is_refused = item->result.outcome != STORE_E_RETRY;

	e->changed += item->result.labels_changed > 0;
	if (item->result.outcome == STORE_OK) {
		e->pushed++;
		return true;
	}
	e->refused += is_refused;
	if (!e->has_told)
		fprintf(stderr, "hone-collector: %s: a profile of %s: %s.\n", e->options.url,
			item->service, item->result.text);
	e->has_told = true;
	return is_refused && e->skip;
}

/* Of those that .last has passed nothing need be known. */
static void forget_done(struct exporter *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_done; i++)
		if (e->done[i] > e->last)
			e->done[n++] = e->done[i];
	e->n_done = n;
}

/* Where one ends the export, those after it that were taken are done nonetheless. */
static enum command_status take_results(struct exporter *e)
{
	bool is_good = true;

	for (size_t i = 0; i < e->batch.n; i++) {
		const struct export_item *item = &e->batch.items[i];
		bool is_done = take_result(e, item);

		if (!is_done)
			is_good = false;
		else if (is_good)
			e->last = item->row;
		else
			e->done[e->n_done++] = item->row;
	}
	if (is_good)
		e->last = e->seen;
	forget_done(e);
	return is_good ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_status push_batch(struct exporter *e)
{
	int r = export_batch_push(&e->batch, e->store);

	if (r != 0) {
		fprintf(stderr, "hone-collector: %s: %s.\n", e->options.url, strerror(-r));
		return COMMAND_FAILED;
	}
	enum command_status status = take_results(e);
	if (write_state(e) != COMMAND_OK)
		status = COMMAND_FAILED;
	if (status == COMMAND_OK && e->rate)
		clock_sleep(e->batch.n * NSEC_PER_SEC / e->rate);
	export_batch_clear(&e->batch);
	return status;
}

static bool is_beyond_done(const struct exporter *e, int64_t id)
{
	for (size_t i = 0; i < e->n_done; i++)
		if (e->done[i] >= id)
			return false;
	return true;
}

/*
 * Before @one. What an earlier export left of a batch comes first, and so few at once that .done
 * has room for those behind one that is not taken: a state may be that of another choice of
 * profiles.
 */
static bool is_full(const struct exporter *e, const struct depot_replayed *one)
{
	size_t most = e->rate && e->rate < EXPORT_BATCH ? (size_t)e->rate : EXPORT_BATCH;

	return e->batch.n && (e->batch.n + e->n_done >= EXPORT_BATCH || e->batch.n >= most ||
			      strcmp(e->tenant, one->profile->tenant) != 0 ||
			      (e->n_done && is_beyond_done(e, one->id)));
}

static enum command_status add(struct exporter *e, const struct depot_replayed *one)
{
	enum command_status status = is_full(e, one) ? push_batch(e) : COMMAND_OK;

	if (status == COMMAND_OK && (!e->store || strcmp(e->tenant, one->profile->tenant) != 0))
		status = open_store(e, one->profile->tenant);
	if (status != COMMAND_OK)
		return status;
	int r = export_batch_add(&e->batch, one, store_limits(e->store)->escape_shapes);
	e->broken += r == EXPORT_BATCH_E_BROKEN;
	if (r >= 0)
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s.\n", strerror(-r));
	return COMMAND_FAILED;
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

static bool is_done(const struct exporter *e, int64_t id)
{
	for (size_t i = 0; i < e->n_done; i++)
		if (e->done[i] == id)
			return true;
	return false;
}

static bool is_wanted(const struct exporter *e, const struct depot_replayed *one)
{
	const struct depot_profile *p = one->profile;
	struct refusal why;
	bool holds = false;

	return p->start >= e->since && p->start < e->until && !is_done(e, one->id) &&
	       selector_test(&e->selector, value_of, p, &holds, &why) == 0 && holds;
}

static enum command_status push_all(struct exporter *e, struct depot_replay *replay)
{
	enum command_status status = COMMAND_OK;
	struct depot_replayed one;
	int r = 0;

	while (status == COMMAND_OK && (r == 0 || r == DEPOT_E_DAMAGED)) {
		r = depot_replay_next(replay, &one);
		e->broken += r == DEPOT_E_DAMAGED;
		if (r == 0 && is_wanted(e, &one))
			status = add(e, &one);
		if (r == 0 && status == COMMAND_OK)
			e->seen = one.id;
	}
	if (status == COMMAND_OK && e->batch.n)
		status = push_batch(e);
	if (status != COMMAND_OK || r == DEPOT_E_NONE)
		return status;
	fprintf(stderr, "hone-collector: %s: %s.\n", e->data, command_trouble(r));
	return COMMAND_FAILED;
}

static enum command_status run(struct exporter *e)
{
	_cleanup_(depot_replay_closep) struct depot_replay *replay = NULL;
	int r = depot_replay_open(e->data, e->last, &replay);

	if (r != 0) {
		fprintf(stderr, "hone-collector: %s: %s.\n", e->data, command_trouble(r));
		return COMMAND_FAILED;
	}
	e->seen = e->last;
	enum command_status status = push_all(e, replay);
	if (status == COMMAND_OK) {
		e->last = e->seen;
		forget_done(e);
		status = write_state(e);
	}
	printf("%" PRIu64 " profiles were taken, %" PRIu64 " refused, %" PRIu64 " cannot be read\n",
	       e->pushed, e->refused, e->broken);
	if (e->changed)
		printf("%" PRIu64 " have labels that were left out or changed to fit\n",
		       e->changed);
	return e->refused || e->broken ? COMMAND_FAILED : status;
}

static bool take_match(struct exporter *e, const char *text)
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

static bool take_option(struct exporter *e, int option)
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
	case 'i':
		e->skip = true;
		return true;
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

static enum command_status export_all(struct exporter *e)
{
	if (!e->options.url) {
		fprintf(stderr, "hone-collector: export wants --to URL.\n");
		return COMMAND_WRONG;
	}
	if (e->options.auth_file)
		e->options.auth = STORE_AUTH_BEARER;
	enum command_status status = read_state(e);
	if (status != COMMAND_OK)
		return status;
	signal(SIGPIPE, SIG_IGN); /* base/curl_loop.h */
	if (loop_init(&e->loop) != 0)
		return COMMAND_FAILED;
	e->batch.loop = &e->loop;
	status = run(e);
	export_batch_clear(&e->batch);
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
					     { "skip-refused", no_argument, NULL, 'i' },
					     { "token-file", required_argument, NULL, 'k' },
					     { "ca-file", required_argument, NULL, 'c' },
					     { "help", no_argument, NULL, 'h' },
					     { 0 } };
	struct exporter e = { .data = command_data(),
			      .options = { .user_agent = "hone-collector/" HONE_VERSION,
					   .timeout = TIMEOUT,
					   .pushes = EXPORT_BATCH,
					   /* what it can never take, it says */
					   .limits.raw_bytes = STORE_NO_LIMIT },
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
		status = export_all(&e);
	selector_fini(&e.selector);
	return status;
}
