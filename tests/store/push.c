/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push --url URL [--OPTION VALUE]... FILE: the room store/ by hand.
 *
 * Each line of standard input is a round of pushes, with these ids and all at once; those that the
 * store has no room for follow when one is done. The line "cancel" starts a push and ends it. The
 * line "names" asks whether names are to be escaped. For each push that is done: id, outcome, HTTP
 * status, retry-after in ms, labels changed, text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/store.h"

#define MAX_ROUND  64
#define MAX_LABELS 64

struct round;

struct one {
	struct round *round;
	char id[80];
};

struct round {
	struct loop loop;
	struct store *store;
	struct store_profile profile;
	struct one ones[MAX_ROUND];
	unsigned int n, n_started, n_done;
	bool first_only;
};

static void fail(const char *text)
{
	fprintf(stderr, "push: %s\n", text);
	exit(2);
}

static int start_some(struct round *round);

static int on_done(void *context, const struct store_result *result)
{
	static const char *const outcomes[] = { "ok", "retry", "refused", "too-big" };
	struct one *one = context;
	struct round *round = one->round;

	printf("%s\t%s\t%u\t%llu\t%u\t%s\n", one->id, outcomes[result->outcome],
	       result->http_status, (unsigned long long)(result->retry_after / NSEC_PER_MSEC),
	       result->labels_changed, result->text);
	fflush(stdout);
	if (++round->n_done == round->n || round->first_only)
		loop_quit(&round->loop);
	if (!round->first_only)
		return start_some(round);
	store_cancel(round->store);
	puts("cancelled");
	fflush(stdout);
	return 0;
}

static int start_some(struct round *round)
{
	while (round->n_started < round->n && store_room(round->store)) {
		struct one *one = &round->ones[round->n_started++];

		round->profile.id = one->id;
		int r = store_push(round->store, &round->profile, on_done, one);
		if (r)
			return r < 0 ? r : -EBUSY;
	}
	return 0;
}

static void run_round(struct round *round, char *line)
{
	round->n = round->n_started = round->n_done = 0;
	round->first_only = strncmp(line, "first ", 6) == 0;
	for (char *id = strtok(line + (round->first_only ? 6 : 0), " \n");
	     id && round->n < MAX_ROUND; id = strtok(NULL, " \n")) {
		struct one *one = &round->ones[round->n++];

		one->round = round;
		snprintf(one->id, sizeof(one->id), "%s", id);
	}
	if (round->n && (start_some(round) || loop_run(&round->loop)))
		fail("the loop failed");
}

static void run_cancel(struct round *round)
{
	round->n = 1;
	round->n_started = round->n_done = 0;
	round->ones[0] = (struct one){ .round = round, .id = "0" };
	if (start_some(round))
		fail("no push");
	store_cancel(round->store);
	puts("cancelled");
	fflush(stdout);
}

static void tell_names(const struct round *round)
{
	puts(store_limits(round->store)->escape_shapes ? "escaped" : "verbatim");
	fflush(stdout);
}

/* ---- options ----------------------------------------------------------------------------- */

struct settings {
	struct store_options options;
	const char *headers[64];
	struct store_label labels[MAX_LABELS];
	uint32_t n_labels;
	uint64_t time;
};

static bool set_text(struct settings *s, const char *name, const char *value)
{
	struct store_options *o = &s->options;
	const struct {
		const char *name, **to;
	} texts[] = {
		{ "--url", &o->url },		{ "--user-agent", &o->user_agent },
		{ "--tenant", &o->tenant },	{ "--user", &o->user },
		{ "--ca", &o->ca_file },	{ "--cert", &o->cert_file },
		{ "--key", &o->key_file },	{ "--proxy", &o->proxy },
		{ "--no-proxy", &o->no_proxy },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(name, texts[i].name)) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

static void set_label(struct settings *s, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || s->n_labels == MAX_LABELS)
		fail("--label NAME=VALUE");
	*equals = '\0';
	s->labels[s->n_labels++] = (struct store_label){ text, equals + 1 };
}

static void set_option(struct settings *s, const char *name, char *value)
{
	struct store_options *o = &s->options;

	if (set_text(s, name, value))
		return;
	if (!strcmp(name, "--basic") || !strcmp(name, "--bearer")) {
		o->auth = !strcmp(name, "--basic") ? STORE_AUTH_BASIC : STORE_AUTH_BEARER;
		o->auth_file = value;
	} else if (!strcmp(name, "--header") && o->n_headers < ARRAY_SIZE(s->headers)) {
		s->headers[o->n_headers++] = value;
	} else if (!strcmp(name, "--label")) {
		set_label(s, value);
	} else if (!strcmp(name, "--timeout")) {
		o->timeout = strtoull(value, NULL, 10) * NSEC_PER_MSEC;
	} else if (!strcmp(name, "--pushes")) {
		o->pushes = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(name, "--time")) {
		s->time = strtoull(value, NULL, 10);
	} else {
		fail(name);
	}
}

int main(int argc, char **argv)
{
	struct settings s = { .options = { .user_agent = "hone/test" } };
	struct buf file = BUF_INIT((size_t)128 << 20);
	char text[STORE_TEXT_SIZE], line[8192];
	struct round round = { .loop = LOOP_NULL };
	int i;

	for (i = 1; i + 1 < argc; i += 2)
		set_option(&s, argv[i], argv[i + 1]);
	if (i >= argc || file_read(argv[i], &file) || loop_init(&round.loop))
		fail("push --url URL [--OPTION VALUE]... FILE");
	s.options.headers = s.headers;
	int r = store_open(&s.options, &round.loop, &round.store, text);
	if (r)
		fail(r == STORE_E_OPTIONS ? text : strerror(-r));
	round.profile = (struct store_profile){ .labels = s.labels,
						.n_labels = s.n_labels,
						.pprof = span_of(file.data, file.size),
						.time = s.time };
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "cancel\n"))
			run_cancel(&round);
		else if (!strcmp(line, "names\n"))
			tell_names(&round);
		else
			run_round(&round, line);
	}
	store_close(round.store);
	loop_fini(&round.loop);
	buf_fini(&file);
	return 0;
}
