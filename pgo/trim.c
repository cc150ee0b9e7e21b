/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/trim.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "libpprof/map.h"

#define LEAF_ADDRESS   1
#define CALLER_ADDRESS 2
#define MANY_LINES     64 /* no compiler inlines so deep; then nothing is looked for */

enum role { LEAF, CALLER, SELF /* both the leaf and its caller */, N_ROLES };

struct trim {
	struct pprof_profile *to, *from;
	size_t depth;
	double factor;
	uint64_t generation;		  /* of from */
	struct pp_map functions;	  /* of from to those of to */
	struct pp_map locations[N_ROLES]; /* likewise */
	size_t samples, cpu;		  /* numbers of the sample types; SIZE_MAX: none */
	int64_t period;
	struct pprof_line *lines;
	size_t n_lines; /* there is room for */
	uint32_t *stack;
	size_t n_stack; /* likewise */
};

int trim_new(struct pprof_profile **ret_profile)
{
	const struct pprof_value_type samples = { "samples", "count" };
	const struct pprof_value_type cpu = { "cpu", "nanoseconds" };
	const struct pprof_header header = { .period_type = cpu };
	struct pprof_profile *p;
	int r = pprof_new(&p);

	if (r != 0)
		return r;
	r = pprof_set_header(p, &header);
	if (r == 0)
		r = pprof_add_sample_type(p, &cpu);
	if (r == 0)
		r = pprof_add_sample_type(p, &samples);
	if (r != 0)
		pprof_free(p);
	else
		*ret_profile = p;
	return r;
}

static void fini(struct trim *t)
{
	for (size_t i = 0; i < N_ROLES; i++)
		pp_map_fini(&t->locations[i]);
	pp_map_fini(&t->functions);
	free(t->lines);
	free(t->stack);
}

static int find_types(struct trim *t)
{
	t->samples = t->cpu = SIZE_MAX;
	for (size_t i = 0; i < pprof_n_sample_types(t->from); i++) {
		const struct pprof_value_type v = pprof_sample_type(t->from, i);

		if (t->samples == SIZE_MAX && !strcmp(v.type, "samples") &&
		    !strcmp(v.unit, "count"))
			t->samples = i;
		if (t->cpu == SIZE_MAX && !strcmp(v.type, "cpu") && !strcmp(v.unit, "nanoseconds"))
			t->cpu = i;
	}
	t->period = pprof_header(t->from).period;
	if (t->period <= 0)
		t->period = 10000000; /* runtime/pprof's 100 Hz */
	return t->samples == SIZE_MAX && t->cpu == SIZE_MAX ? TRIM_E_NO_VALUES : 0;
}

static void forget(struct trim *t)
{
	for (size_t i = 0; i < N_ROLES; i++)
		pp_map_forget(&t->locations[i]);
	pp_map_forget(&t->functions);
	t->generation = pprof_generation(t->from);
}

static int begin(struct trim *t)
{
	int r;

	if (t->generation != pprof_generation(t->from))
		forget(t);
	r = pp_map_grow(&t->functions, pprof_n_functions(t->from));
	for (size_t i = 0; r == 0 && i < N_ROLES; i++)
		r = pp_map_grow(&t->locations[i], pprof_n_locations(t->from));
	return r ? r : find_types(t);
}

static int copy_function(struct trim *t, uint32_t number, uint32_t *ret_number)
{
	if (t->functions.numbers[number] == PPROF_NONE) {
		struct pprof_function f = pprof_function(t->from, number);

		if (t->depth)
			f.file = f.system_name = NULL;
		int r = pprof_add_function(t->to, &f, &t->functions.numbers[number]);
		if (r != 0)
			return r;
	}
	*ret_number = t->functions.numbers[number];
	return 0;
}

/* @array with room for @wanted items, of which *@n is kept. NULL: no memory. */
static void *room(void *array, size_t *n, size_t wanted, size_t item)
{
	if (array && *n >= wanted)
		return array;
	void *larger = reallocarray(array, wanted + 1, item);
	if (larger)
		*n = wanted + 1;
	return larger;
}

static bool same_name(const struct trim *t, const struct pprof_line *a, const struct pprof_line *b)
{
	return a->function == b->function || !strcmp(pprof_function(t->from, a->function).name,
						     pprof_function(t->from, b->function).name);
}

/* Is the innermost function in the location once only? Otherwise its line tells calls apart. */
static bool ends_alone(const struct trim *t, const struct pprof_location *l)
{
	for (size_t i = 1; i < l->n_lines; i++)
		if (same_name(t, &l->lines[0], &l->lines[i]))
			return false;
	return l->n_lines > 0;
}

static int copy_location(struct trim *t, uint32_t number, enum role role, uint32_t *ret_number)
{
	uint32_t *copy = &t->locations[role].numbers[number];
	int r = 0;

	*ret_number = *copy;
	if (*copy != PPROF_NONE)
		return 0;
	const struct pprof_location l = pprof_location(t->from, number);
	struct pprof_line *lines = room(t->lines, &t->n_lines, l.n_lines, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	t->lines = lines;
	for (size_t i = 0; r == 0 && i < l.n_lines; i++) {
		t->lines[i] = (struct pprof_line){ .line = l.lines[i].line };
		r = copy_function(t, l.lines[i].function, &t->lines[i].function);
	}
	if (r != 0)
		return r;
	if (role == LEAF && t->depth && ends_alone(t, &l))
		t->lines[0].line = 0;
	const struct pprof_location trimmed = {
		.mapping = PPROF_NONE,
		.address = role == LEAF ? LEAF_ADDRESS : CALLER_ADDRESS,
		.lines = t->lines,
		.n_lines = l.n_lines,
	};
	r = pprof_add_location(t->to, &trimmed, copy);
	*ret_number = *copy;
	return r;
}

static bool share_a_name(const struct trim *t, const struct pprof_location *a,
			 const struct pprof_location *b)
{
	if (a->n_lines > MANY_LINES || b->n_lines > MANY_LINES)
		return true;
	for (size_t i = 0; i < a->n_lines; i++)
		for (size_t k = 0; k < b->n_lines; k++)
			if (same_name(t, &a->lines[i], &b->lines[k]))
				return true;
	return !a->n_lines && !b->n_lines;
}

/* A leaf and a caller of one address: where they share a function, they may share nodes. */
static bool is_self(const struct trim *t, const struct pprof_sample *s)
{
	if (s->n_locations < 2)
		return false;
	const struct pprof_location leaf = pprof_location(t->from, s->locations[0]);
	const struct pprof_location caller = pprof_location(t->from, s->locations[1]);

	return leaf.address == caller.address && share_a_name(t, &leaf, &caller);
}

static enum role role_of(size_t at, bool self)
{
	if (at > 1 || (at == 1 && !self))
		return CALLER;
	return self ? SELF : LEAF;
}

/* What cannot be is no larger than what is refused. */
static int64_t times(int64_t value, int64_t by)
{
	int64_t product;

	return __builtin_mul_overflow(value, by, &product) ? INT64_MAX : product;
}

static void read_values(const struct trim *t, const struct pprof_sample *s, struct trim_sum *ret)
{
	int64_t samples = t->samples == SIZE_MAX ? 0 : s->values[t->samples];
	int64_t cpu = t->cpu == SIZE_MAX ? 0 : s->values[t->cpu];

	/* Less than a period is a sample all the same. */
	if (t->samples == SIZE_MAX)
		samples = cpu > 0 && cpu < t->period ? 1 : cpu / t->period;
	if (!cpu)
		cpu = times(samples, t->period);
	*ret = (struct trim_sum){ .cpu = cpu, .samples = samples };
}

static int64_t scaled(const struct trim *t, int64_t cpu)
{
	if (t->factor == 1 || !cpu)
		return cpu;
	double value = nearbyint((double)cpu * t->factor);
	return value < 1 ? 1 : value > (double)TRIM_MAX_CPU ? TRIM_MAX_CPU : (int64_t)value;
}

static int measure(const struct trim *t, struct trim_sum *ret_sum)
{
	struct trim_sum sum = { 0 }, one;

	for (size_t i = 0; i < pprof_n_samples(t->from); i++) {
		const struct pprof_sample s = pprof_sample(t->from, i);

		read_values(t, &s, &one);
		if (one.cpu < 0 || one.samples < 0)
			return TRIM_E_NEGATIVE;
		if (one.cpu > TRIM_MAX_CPU - sum.cpu || one.samples > TRIM_MAX_CPU - sum.samples)
			return TRIM_E_OVERFLOW;
		sum.cpu += one.cpu;
		sum.samples += one.samples;
	}
	*ret_sum = sum;
	return 0;
}

int trim_measure(struct pprof_profile *from, struct trim_sum *ret_sum)
{
	struct trim t = { .from = from };
	int r = find_types(&t);

	return r ? r : measure(&t, ret_sum);
}

static int add_sample(struct trim *t, size_t number)
{
	const struct pprof_sample s = pprof_sample(t->from, number);
	size_t n = t->depth && t->depth < s.n_locations ? t->depth : s.n_locations;
	bool self = is_self(t, &s);
	struct trim_sum sum;
	uint32_t *stack = room(t->stack, &t->n_stack, n, sizeof(*stack));
	int r = 0;

	if (!stack)
		return -ENOMEM;
	t->stack = stack;
	read_values(t, &s, &sum);
	if (!sum.cpu && !sum.samples)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = copy_location(t, s.locations[i], role_of(i, self), &t->stack[i]);
	if (r != 0)
		return r;
	const int64_t values[] = { scaled(t, sum.cpu), sum.samples };
	const struct pprof_sample trimmed = { .locations = t->stack,
					      .n_locations = n,
					      .values = values };
	return pprof_add_sample(t->to, &trimmed, NULL);
}

static int add(struct trim *t)
{
	struct trim_sum sum;
	int r = begin(t);

	if (r == 0)
		r = measure(t, &sum);
	for (size_t i = 0; r == 0 && i < pprof_n_samples(t->from); i++)
		r = add_sample(t, i);
	if (r == PPROF_E_TOO_LARGE)
		return TRIM_E_TOO_LARGE;
	return r;
}

int trim_add_scaled(struct pprof_profile *to, struct pprof_profile *from, size_t depth,
		    double factor)
{
	_cleanup_(
		fini) struct trim t = { .to = to, .from = from, .depth = depth, .factor = factor };

	return add(&t);
}

int trim_add(struct pprof_profile *to, struct pprof_profile *from, size_t depth)
{
	return trim_add_scaled(to, from, depth, 1);
}

double trim_fit(double cpu)
{
	double factor = 1;

	while (cpu * factor > (double)TRIM_MAX_WEIGHT)
		factor /= 2;
	return factor;
}

int trim_scale(struct pprof_profile **profile, size_t depth, double factor)
{
	struct pprof_profile *scaled = NULL;
	int r = trim_new(&scaled);

	if (r == 0)
		r = trim_add_scaled(scaled, *profile, depth, factor);
	pprof_free(r == 0 ? *profile : scaled);
	if (r == 0)
		*profile = scaled;
	return r;
}

int trim_open(struct pprof_profile *to, size_t depth, struct trim **ret_trim)
{
	struct trim *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct trim){ .to = to, .depth = depth, .factor = 1 };
	*ret_trim = t;
	return 0;
}

struct trim *trim_close(struct trim *t)
{
	if (t)
		fini(t);
	free(t);
	return NULL;
}

int trim_next(struct trim *t, struct pprof_profile *from)
{
	t->from = from;
	return add(t);
}
