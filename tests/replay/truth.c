/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/index.h"

struct seen {
	uint64_t *addresses; /* leaf first */
	size_t n;
	char *lines; /* function:line, innermost first, parted by newlines */
	int64_t ours, theirs;
	int64_t ours_left, theirs_left; /* not explained yet */
};

struct truth {
	struct seen *seen;
	size_t n;
	struct index index;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- stacks ------------------------------------------------------------------------------ */

static char *lines_of(struct pprof_profile *p, const struct pprof_sample *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = must(open_memstream(&text, &size));

	for (size_t i = 0; i < s->n_locations; i++) {
		const struct pprof_location l = pprof_location(p, s->locations[i]);

		for (size_t j = 0; j < l.n_lines; j++)
			fprintf(file, "\t%s:%lld\n", pprof_function(p, l.lines[j].function).name,
				(long long)l.lines[j].line);
	}
	fclose(file);
	return must(text);
}

static struct seen *find(struct truth *t, const uint64_t *addresses, size_t n)
{
	uint64_t hash = hash_bytes(addresses, n * sizeof(*addresses));
	uint32_t at = INDEX_START, id;

	while (index_next(&t->index, hash, &at, &id))
		if (t->seen[id].n == n &&
		    memcmp(t->seen[id].addresses, addresses, n * sizeof(*addresses)) == 0)
			return &t->seen[id];
	return NULL;
}

static struct seen *find_or_add(struct truth *t, struct pprof_profile *p, size_t number,
				uint64_t bias)
{
	const struct pprof_sample s = pprof_sample(p, number);
	uint64_t *addresses = must(calloc(s.n_locations + 1, sizeof(*addresses)));

	for (size_t i = 0; i < s.n_locations; i++)
		addresses[i] = pprof_location(p, s.locations[i]).address - bias;
	struct seen *seen = find(t, addresses, s.n_locations);
	if (seen) {
		free(addresses);
		return seen;
	}
	t->seen = must(reallocarray(t->seen, t->n + 1, sizeof(*t->seen)));
	if (index_add(&t->index, hash_bytes(addresses, s.n_locations * sizeof(*addresses)),
		      (uint32_t)t->n) != 0)
		abort();
	t->seen[t->n] = (struct seen){
		.addresses = addresses,
		.n = s.n_locations,
		.lines = lines_of(p, &s),
	};
	return &t->seen[t->n++];
}

struct truth *truth_new(struct pprof_profile *theirs, uint64_t bias)
{
	struct truth *t = must(calloc(1, sizeof(*t)));

	t->index = (struct index)INDEX_NULL;
	for (size_t i = 0; i < pprof_n_samples(theirs); i++)
		find_or_add(t, theirs, i, bias)->theirs += pprof_sample(theirs, i).values[0];
	return t;
}

struct truth *truth_free(struct truth *t)
{
	for (size_t i = 0; t && i < t->n; i++) {
		free(t->seen[i].addresses);
		free(t->seen[i].lines);
	}
	if (t) {
		free(t->seen);
		index_fini(&t->index);
	}
	free(t);
	return NULL;
}

size_t truth_add(struct truth *t, struct pprof_profile *ours, size_t number, int64_t count)
{
	struct seen *seen = find_or_add(t, ours, number, 0);

	seen->ours += count;
	return (size_t)(seen - t->seen);
}

bool truth_agrees(const struct truth *t, size_t number)
{
	return t->seen[number].ours == t->seen[number].theirs;
}

/* ---- differences ------------------------------------------------------------------------- */

struct comparison {
	uint64_t asyncpreempt, sigpanic0;
};

typedef bool (*explanation)(const struct comparison *c, const struct seen *ours,
			    const struct seen *theirs);

/* Are these the same but for the innermost @o and @t addresses? */
static bool same_callers(const struct seen *ours, size_t o, const struct seen *theirs, size_t t)
{
	return ours->n >= o && theirs->n >= t && ours->n - o == theirs->n - t &&
	       memcmp(ours->addresses + o, theirs->addresses + t, 8 * (ours->n - o)) == 0;
}

static bool is_preempted(const struct comparison *c, const struct seen *ours,
			 const struct seen *theirs)
{
	return theirs->n && theirs->addresses[0] == c->asyncpreempt &&
	       same_callers(ours, 0, theirs, 1);
}

/* The runtime has made it look as if the faulting instruction had called: it is shown less one. */
static bool is_faulted(const struct comparison *c, const struct seen *ours,
		       const struct seen *theirs)
{
	return ours->n && theirs->n > 1 && theirs->addresses[0] == c->sigpanic0 &&
	       ours->addresses[0] - theirs->addresses[1] <= 1;
}

static bool is_restarted(const struct comparison *c, const struct seen *ours,
			 const struct seen *theirs)
{
	(void)c;
	return ours->n && theirs->n && ours->addresses[0] == theirs->addresses[0] + 2 &&
	       same_callers(ours, 1, theirs, 1);
}

static bool is_split(const struct comparison *c, const struct seen *ours, const struct seen *theirs)
{
	(void)c;
	return strcmp(ours->lines, theirs->lines) == 0;
}

static bool is_skipped(const struct comparison *c, const struct seen *ours,
		       const struct seen *theirs)
{
	size_t i = 0;

	(void)c;
	if (ours->n + 1 != theirs->n || !strstr(theirs->lines, "\truntime.sigpanic"))
		return false;
	while (i < ours->n && ours->addresses[i] == theirs->addresses[i])
		i++;
	return i > 1 && same_callers(ours, i, theirs, i + 1);
}

static int64_t explain(struct truth *t, const struct comparison *c, explanation explains)
{
	int64_t total = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct seen *theirs = &t->seen[i];

		for (size_t j = 0; j < t->n && theirs->theirs_left; j++) {
			struct seen *ours = &t->seen[j];

			if (!ours->ours_left || !explains(c, ours, theirs))
				continue;
			int64_t n = ours->ours_left < theirs->theirs_left ? ours->ours_left
									  : theirs->theirs_left;
			ours->ours_left -= n;
			theirs->theirs_left -= n;
			total += n;
		}
	}
	return total;
}

struct truth_counts truth_count(struct truth *t, uint64_t asyncpreempt, uint64_t sigpanic0)
{
	const struct comparison c = { asyncpreempt, sigpanic0 };
	struct truth_counts counts = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct seen *s = &t->seen[i];
		int64_t same = s->ours < s->theirs ? s->ours : s->theirs;

		counts.ours += s->ours;
		counts.theirs += s->theirs;
		counts.same += same;
		s->ours_left = s->ours - same;
		s->theirs_left = s->theirs - same;
	}
	counts.preempted = explain(t, &c, is_preempted);
	counts.faulted = explain(t, &c, is_faulted);
	counts.restarted = explain(t, &c, is_restarted);
	counts.split = explain(t, &c, is_split);
	counts.skipped = explain(t, &c, is_skipped);
	for (size_t i = 0; i < t->n; i++) {
		if (t->seen[i].theirs) {
			counts.merged += t->seen[i].ours_left;
			t->seen[i].ours_left = 0;
		}
		counts.only_ours += t->seen[i].ours_left;
		counts.only_theirs += t->seen[i].theirs_left;
	}
	return counts;
}

static int by_what_is_left(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int64_t nx = x->ours_left + x->theirs_left, ny = y->ours_left + y->theirs_left;

	return nx < ny ? 1 : nx > ny ? -1 : 0;
}

void truth_print_rest(struct truth *t, size_t n)
{
	qsort(t->seen, t->n, sizeof(*t->seen), by_what_is_left);
	for (size_t i = 0; i < t->n && i < n; i++) {
		const struct seen *s = &t->seen[i];

		if (!s->ours_left && !s->theirs_left)
			return;
		printf("%s %lld of %lld, %lld\n%s", s->ours_left ? "only ours" : "only theirs",
		       (long long)(s->ours_left + s->theirs_left), (long long)s->ours,
		       (long long)s->theirs, s->lines);
	}
}
