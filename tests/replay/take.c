/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take [options] WORKLOAD [ARGUMENTS]: hold hone's stacks against runtime/pprof's, tick by
 * tick, and keep samples as a fixture.
 *
 *	-s SECONDS	how long (default 3)
 *	-f HZ		how often (default 1997)
 *	-o FIXTURE	write one: a sample of each kind
 *	-w		fewer: a sample for each word that kinds are made of
 *	-x FIXTURE	leave out what this one has; may be repeated
 *	-p		print what differs and is not explained
 *	-l PERCENT	fail if more than this share of stacks, and more than a handful, differs and
 *			is not explained
 *
 * Needs root. The workload is one of tests/workloads, or anything that uses their package window.
 * fixture.h says which samples are kept and what they prove, truth.h what is explained, and
 * take-all makes all fixtures anew: when struct sample says something new, or a new Go is out.
 *
 * Exit: 0, 1 (too much differs, or it did not work), 2 usage, 77 (this machine cannot).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/symbolize/profile.h"
#include "agent/symbolize/symbolize.h"
#include "base/cleanup.h"
#include "tests/replay/fixture.h"
#include "tests/replay/kind.h"
#include "tests/replay/ticks.h"
#include "tests/replay/truth.h"

#define SKIPPED	     77
#define MAX_FIXTURES 32
#define PRINTED	     20
#define HANDFUL	     4

struct options {
	struct ticks_options ticks;
	const char *output;
	const char *excluded[MAX_FIXTURES];
	int n_excluded;
	bool words, print;
	double limit; /* percent; below 0: none */
};

/* One sample, unwound. */
struct tick {
	const struct sample *sample;
	struct stack stack;
	int outcome;
	size_t number; /* in the truth */
	char kind[KIND_SIZE];
};

struct taking {
	struct ticks ticks;
	struct tick *all;
	size_t n;
	uint64_t not_sampled;
	struct truth *truth;
	struct truth_counts counts;
	struct fixture fixture;
};

static void taking_fini(struct taking *t)
{
	truth_free(t->truth);
	fixture_fini(&t->fixture);
	free(t->all);
	ticks_fini(&t->ticks);
}

/* ---- stacks ------------------------------------------------------------------------------ */

/* As hone would write it, alone in a profile. */
static bool profile_of(const struct taking *t, const struct stack *stack,
		       struct pprof_profile **ret_profile)
{
	const struct profile_facts facts = { .period = 1 };
	const struct symbolize_options options = { .mapping_file = "", .period = 1 };
	struct symbolize_counts counts;
	struct stacks stacks;

	stacks_init(&stacks, 1 << 20);
	int r = stacks_add(&stacks, stack->frames, stack->n, 1);
	if (r == 0)
		r = profile_new(t->ticks.binary, &facts, ret_profile);
	if (r == 0)
		r = symbolize_stacks(t->ticks.binary, &stacks, &options, *ret_profile, &counts);
	stacks_fini(&stacks);
	return r == 0;
}

static bool take_tick(struct taking *t, struct unwinder *u, const struct sample *s)
{
	struct tick *tick = &t->all[t->n++];
	struct pprof_profile *profile = NULL;

	tick->sample = s;
	tick->outcome = unwind_sample(u, s, &tick->stack);
	kind_of(t->ticks.binary, s, tick->outcome, &tick->stack, tick->kind);
	if (tick->outcome != 0 && tick->outcome != UNWIND_E_NOT_SAMPLED)
		return false;
	t->not_sampled += tick->outcome != 0;
	/* What is not sampled is a stack that was seen 0 times, and so it should be by both. */
	bool ok = profile_of(t, &tick->stack, &profile);
	if (ok)
		tick->number = truth_add(t->truth, profile, 0, tick->outcome == 0);
	pprof_free(profile);
	return ok;
}

static bool take_all(struct taking *t)
{
	const struct binary *b = t->ticks.binary;
	struct unwinder u;
	bool ok = true;

	t->all = calloc(t->ticks.n_samples + 1, sizeof(*t->all));
	if (!t->all)
		return false;
	t->truth = truth_new(t->ticks.theirs, t->ticks.bias);
	unwinder_init(&u, b);
	for (size_t i = 0; ok && i < t->ticks.n_samples; i++)
		ok = take_tick(t, &u, t->ticks.samples[i]);
	unwinder_fini(&u);
	t->counts = truth_count(t->truth, binary_runtime_function(b, "runtime.asyncPreempt"),
				binary_runtime_function(b, "runtime.sigpanic0"));
	return ok;
}

/* ---- the fixture ------------------------------------------------------------------------- */

static void add_function(struct taking *t, const struct binary_function *f)
{
	struct fixture_function function = {
		.entry = f->entry,
		.flags = f->flags,
		.special = f->special,
	};
	struct binary_line lines[BINARY_MAX_LINES];
	size_t n = 0;
	bool cut;

	if (fixture_function(&t->fixture, f->entry))
		return;
	if (binary_lines_at(t->ticks.binary, f->entry, lines, BINARY_MAX_LINES, &n, &cut) == 0)
		snprintf(function.name, sizeof(function.name), "%.*s",
			 (int)lines[n - 1].function.size, (const char *)lines[n - 1].function.data);
	fixture_add_function(&t->fixture, &function);
}

static void add_fact(struct taking *t, uint64_t address)
{
	struct fact fact = { .address = address, .sp_delta = FACTS_NO_DELTA };
	struct binary_function f;

	if (fixture_fact(&t->fixture, address))
		return;
	if (binary_function_at(t->ticks.binary, address, &f) == 0) {
		add_function(t, &f);
		fact.entry = f.entry;
		if (!binary_sp_delta(t->ticks.binary, &f, address, &fact.sp_delta))
			fact.sp_delta = FACTS_NO_DELTA;
	}
	fixture_add_fact(&t->fixture, &fact);
}

/* Of all addresses that the unwinder asks for, and of those in the chains. */
static void add_facts(struct taking *t, const struct sample *s)
{
	const uint64_t *frames = s->data + s->n_words;
	const uint64_t *sched_frames = frames + s->n_frames + s->n_sched_words;
	struct unwinder u;
	struct stack stack;

	unwinder_init(&u, t->ticks.binary);
	if (unwind_sample(&u, s, &stack) >= 0)
		for (uint32_t i = 0; i < u.cache.capacity; i++)
			if (u.cache.infos[i].address)
				add_fact(t, u.cache.infos[i].address);
	unwinder_fini(&u);
	for (uint32_t i = 0; i < s->n_frames; i++)
		add_fact(t, frames[i] - t->ticks.bias);
	for (uint32_t i = 0; i < s->n_sched_frames; i++)
		add_fact(t, sched_frames[i] - t->ticks.bias);
}

static size_t size_of(const struct tick *tick)
{
	return tick->sample->header.size + 64 * tick->stack.n;
}

/* The smallest of each kind, in the order of their kinds. */
static int by_kind(const void *a, const void *b)
{
	const struct tick *x = *(const struct tick *const *)a, *y = *(const struct tick *const *)b;
	int order = strcmp(x->kind, y->kind);

	if (order)
		return order;
	return size_of(x) < size_of(y) ? -1 : size_of(x) > size_of(y);
}

static void add_sample(struct taking *t, const struct tick *tick)
{
	struct fixture_sample s = {
		.sample = malloc(tick->sample->header.size),
		.outcome = tick->outcome,
		.stack = tick->stack,
	};

	if (!s.sample)
		abort();
	memcpy(s.sample, tick->sample, tick->sample->header.size);
	memcpy(s.kind, tick->kind, sizeof(s.kind));
	add_facts(t, s.sample);
	fixture_add_sample(&t->fixture, &s);
}

static bool has_word(const char *kind, const char *word, size_t size)
{
	for (; *kind; kind += strcspn(kind, "+"), kind += *kind == '+')
		if (strcspn(kind, "+") == size && memcmp(kind, word, size) == 0)
			return true;
	return false;
}

/* Has one of the @n fixtures this word, or where @size is 0, this whole kind? */
static bool have(const struct fixture *fixtures, int n, const char *text, size_t size)
{
	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < fixtures[i].n_samples; j++) {
			const char *kind = fixtures[i].samples[j].kind;

			if (size ? has_word(kind, text, size) : strcmp(kind, text) == 0)
				return true;
		}
	return false;
}

static bool is_new(const struct taking *t, const struct fixture *excluded, const char *kind,
		   const struct options *o)
{
	size_t size;

	if (!o->words)
		return !have(&t->fixture, 1, kind, 0) && !have(excluded, o->n_excluded, kind, 0);
	for (; *kind; kind += size, kind += *kind == '+') {
		size = strcspn(kind, "+");
		if (!have(&t->fixture, 1, kind, size) && !have(excluded, o->n_excluded, kind, size))
			return true;
	}
	return false;
}

static void describe_program(struct taking *t)
{
	const struct binary *b = t->ticks.binary;
	const struct binary_build *build = binary_build(b);

	t->fixture.arch = binary_arch(b);
	t->fixture.text = binary_text(b);
	t->fixture.start_code = binary_start_code(b);
	t->fixture.external = binary_runtime_function(b, "runtime._ExternalCode");
	t->fixture.system = binary_runtime_function(b, "runtime._System");
	add_fact(t, t->fixture.external);
	add_fact(t, t->fixture.system);
	snprintf(t->fixture.go, sizeof(t->fixture.go), "%.*s", (int)build->go_version.size,
		 (const char *)build->go_version.data);
}

static void choose(struct taking *t, const struct fixture *excluded, const struct options *o)
{
	const struct tick **order = calloc(t->n + 1, sizeof(*order));

	if (!order)
		abort();
	describe_program(t);
	for (size_t i = 0; i < t->n; i++)
		order[i] = &t->all[i];
	qsort(order, t->n, sizeof(*order), by_kind);
	for (size_t i = 0; i < t->n; i++)
		if (truth_agrees(t->truth, order[i]->number) &&
		    is_new(t, excluded, order[i]->kind, o))
			add_sample(t, order[i]);
	free(order);
}

static void print_counts(const struct taking *t, const char *prefix, FILE *file)
{
	const struct binary_build *build = binary_build(t->ticks.binary);
	const struct truth_counts *c = &t->counts;
	struct utsname host;

	uname(&host);
	fprintf(file, "%s%.*s, %.*s, Linux %s %s\n", prefix, (int)build->main_path.size,
		(const char *)build->main_path.data, (int)build->go_version.size,
		(const char *)build->go_version.data, host.release, host.machine);
	fprintf(file,
		"%sticks: %zu; not runtime/pprof's to record: %llu; stacks of hone: %lld, of "
		"runtime/pprof: %lld\n",
		prefix, t->n, (unsigned long long)t->not_sampled, (long long)c->ours,
		(long long)c->theirs);
	fprintf(file,
		"%sthe same, address by address: %lld; preempted %lld, faulted %lld, restarted "
		"%lld, "
		"merged %lld;\n",
		prefix, (long long)c->same, (long long)c->preempted, (long long)c->faulted,
		(long long)c->restarted, (long long)c->merged);
	fprintf(file, "%ssplit %lld, skipped %lld; only of hone %lld, only of runtime/pprof %lld\n",
		prefix, (long long)c->split, (long long)c->skipped, (long long)c->only_ours,
		(long long)c->only_theirs);
}

static bool write_fixture(struct taking *t, const struct options *o)
{
	struct fixture excluded[MAX_FIXTURES];
	int n = 0;

	while (n < o->n_excluded && fixture_read(o->excluded[n], &excluded[n]))
		n++;
	bool ok = n == o->n_excluded;
	if (ok)
		choose(t, excluded, o);
	while (n > 0)
		fixture_fini(&excluded[--n]);
	if (!ok || !t->fixture.n_samples)
		return ok;
	FILE *file = fopen(o->output, "w");
	if (!file) {
		perror(o->output);
		return false;
	}
	print_counts(t, "# ", file);
	fixture_write(&t->fixture, file);
	return fclose(file) == 0;
}

/* ---- all of it --------------------------------------------------------------------------- */

static bool parse(int argc, char **argv, struct options *ret_options)
{
	int c;

	*ret_options = (struct options){ .ticks = { 3, 1997, NULL }, .limit = -1 };
	while ((c = getopt(argc, argv, "+s:f:o:wx:l:p")) >= 0) {
		if (c == 's')
			ret_options->ticks.seconds = (unsigned int)atoi(optarg);
		else if (c == 'f')
			ret_options->ticks.frequency = (unsigned int)atoi(optarg);
		else if (c == 'o')
			ret_options->output = optarg;
		else if (c == 'x' && ret_options->n_excluded < MAX_FIXTURES)
			ret_options->excluded[ret_options->n_excluded++] = optarg;
		else if (c == 'l')
			ret_options->limit = atof(optarg);
		else if (c == 'w')
			ret_options->words = true;
		else if (c == 'p')
			ret_options->print = true;
		else
			return false;
	}
	ret_options->ticks.command = argv + optind;
	return argv[optind] && ret_options->ticks.seconds;
}

static bool within(const struct truth_counts *c, double limit)
{
	int64_t most = c->only_ours > c->only_theirs ? c->only_ours : c->only_theirs;

	return c->same && (double)(most - HANDFUL) * 100.0 <= limit * (double)c->theirs;
}

int main(int argc, char **argv)
{
	_cleanup_(taking_fini) struct taking t = { 0 };
	struct options o;
	bool skip;

	if (!parse(argc, argv, &o)) {
		fputs("Usage: take [-s SECONDS] [-f HZ] [-o FIXTURE] [-w] [-x FIXTURE]... "
		      "[-l PERCENT] [-p] WORKLOAD [ARGUMENTS]\n",
		      stderr);
		return 2;
	}
	if (!ticks_record(&o.ticks, &t.ticks, &skip))
		return skip ? SKIPPED : 1;
	if (!take_all(&t)) {
		fputs("A sample cannot be unwound or symbolized.\n", stderr);
		return 1;
	}
	print_counts(&t, "", stdout);
	if (o.output && !write_fixture(&t, &o))
		return 1;
	if (o.print)
		truth_print_rest(t.truth, PRINTED);
	return o.limit < 0 || within(&t.counts, o.limit) ? 0 : 1;
}
