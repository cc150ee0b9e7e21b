/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/brief/brief.h"
#include "pgo/random.h"

#define HOUR	  (3600 * (int64_t)1000000000)
#define NOW	  (400000 * HOUR)
#define LOCATIONS 64u
#define PROFILES  40u
#define MOST	  ((size_t)1 << 20)

static const struct brief_owner api = { "anonymous", "api", "example.com/api" };

/* ---- profiles ---------------------------------------------------------------------------- */

static struct pprof_profile *empty(const struct pprof_value_type types[2], const char *build)
{
	const struct pprof_header header = { .period = 10,
					     .period_type = { "cpu", "nanoseconds" },
					     .time_nanos = NOW,
					     .duration_nanos = 7 };
	const struct pprof_mapping mapping = { .limit = 0x1000, .file = "/api", .build_id = build };
	struct pprof_profile *p;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[0]), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[1]), 0);
	assert_int_equal(pprof_add_mapping(p, &mapping, NULL), 0);
	return p;
}

static struct pprof_profile *empty_cpu(void)
{
	const struct pprof_value_type types[] = { { "samples", "count" },
						  { "cpu", "nanoseconds" } };

	return empty(types, "b1");
}

/* Each inlined into the next one. */
static uint32_t location(struct pprof_profile *p, uint32_t number)
{
	struct pprof_line lines[2] = { { .line = number + 3 },
				       { .line = number + 5, .column = 1 } };
	uint32_t ret;

	for (uint32_t i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "main.f%u", number + i);
		const struct pprof_function f = {
			.name = name, .system_name = name, .file = "main.go", .start_line = number
		};
		assert_int_equal(pprof_add_function(p, &f, &lines[i].function), 0);
	}
	const struct pprof_location l = { .address = 0x1000 + number,
					  .lines = lines,
					  .n_lines = number % 2 + 1 };
	assert_int_equal(pprof_add_location(p, &l, &ret), 0);
	return ret;
}

/* Stack @number of LOCATIONS^3, and some longer ones. */
static void add(struct pprof_profile *p, uint32_t number, int64_t samples, int64_t cpu)
{
	uint32_t stack[90];
	size_t n = number % 70 ? 3 : 90;

	for (size_t i = 0, rest = number; i < n; i++, rest /= LOCATIONS)
		stack[i] = location(p, (uint32_t)(rest % LOCATIONS));
	const struct pprof_sample s = { .locations = stack,
					.n_locations = n,
					.values = (int64_t[]){ samples, cpu } };
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
}

/* Of 300 stacks; every other one is not as long as its samples say. */
static struct pprof_profile *cpu_profile(uint64_t seed)
{
	struct pprof_profile *p = empty_cpu();
	struct pprof_header h = pprof_header(p);
	struct pgo_random rng;

	pgo_random_init(&rng, seed);
	for (unsigned int i = 0; i < 100; i++) {
		const int64_t n = (int64_t)(pgo_random_u64(&rng) % 9) + 1;
		const uint32_t number = (uint32_t)(pgo_random_u64(&rng) % 300);

		add(p, number * 7, n, i % 2 ? n * 10 : (int64_t)(pgo_random_u64(&rng) % 1000) + 1);
	}
	h.time_nanos += (int64_t)(pgo_random_u64(&rng) % 1000);
	assert_int_equal(pprof_set_header(p, &h), 0);
	return p;
}

/* As it is pushed. */
static struct pprof_profile *push(struct pprof_profile *p)
{
	struct pprof_profile *pushed;
	uint8_t *data;
	size_t size;

	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &data, &size), 0);
	assert_int_equal(pprof_decode(data, size, NULL, &pushed, NULL), 0);
	free(data);
	return pushed;
}

static int make(struct briefs *b, const struct brief_owner *owner, struct pprof_profile *p,
		int64_t now, struct brief *ret)
{
	struct pprof_profile *pushed = push(p);
	int r = brief_make(b, owner, pushed, MOST, now, ret);

	pprof_free(pushed);
	return r;
}

/* ---- adding up --------------------------------------------------------------------------- */

static struct span stacks_of(const struct brief *b)
{
	return span_of(b->stacks, b->stacks_size);
}

static struct span counts_of(const struct brief *b)
{
	return span_of(b->counts, b->counts_size);
}

static void expect_equal(struct pprof_profile *a, struct pprof_profile *b)
{
	uint8_t *x, *y;
	size_t n, m;

	assert_int_equal(pprof_encode(a, PPROF_PLAIN, &x, &n), 0);
	assert_int_equal(pprof_encode(b, PPROF_PLAIN, &y, &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(x, y, n);
	free(x);
	free(y);
}

static struct pprof_profile *sum_of(const struct brief_book *book)
{
	struct pprof_profile *sum, *part;

	assert_int_equal(pprof_new(&sum), 0);
	assert_int_equal(pprof_new(&part), 0);
	for (size_t i = 0; i < brief_book_parts(book); i++) {
		assert_int_equal(brief_book_read(book, i, part), 0);
		assert_int_equal(pprof_merge(sum, part), 0);
	}
	pprof_free(part);
	return sum;
}

/* Byte for byte what merging the profiles makes of them, in whatever order they are read. */
static void adds_up_as_profiles_do(void **state)
{
	struct brief made[PROFILES] = { 0 };
	struct pprof_profile *sum, *wanted;
	struct brief_book *book;
	struct briefs *b;
	size_t parts = 0;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	assert_int_equal(brief_book_new(&book), 0);
	assert_int_equal(pprof_new(&wanted), 0);
	for (size_t i = 0; i < PROFILES; i++) {
		struct pprof_profile *p = cpu_profile(i);

		assert_int_equal(make(b, &api, p, NOW, &made[i]), 0);
		assert_int_equal(made[i].dictionary, made[0].dictionary);
		assert_int_equal(pprof_merge(wanted, p), 0);
		pprof_free(p);
	}
	for (size_t i = 0; i < PROFILES; i++) {
		parts += made[i].n > 0;
		if (made[i].n)
			assert_int_equal(brief_book_add_stacks(book, made[i].first, made[i].n,
							       stacks_of(&made[i])),
					 0);
	}
	assert_in_range(parts, 2, PROFILES - 1);
	assert_int_equal(brief_book_parts(book), parts);
	for (size_t i = PROFILES; i-- > 0;) {
		assert_int_equal(brief_book_add(book, counts_of(&made[i])), 0);
		brief_end(b, &made[i], true);
	}
	sum = sum_of(book);
	expect_equal(sum, wanted);
	pprof_free(sum);
	pprof_free(wanted);
	brief_book_free(book);
	briefs_free(b);
}

/* Neither the brief nor the stacks: nothing is added of what is damaged. */
static void finds_damage(void **state)
{
	struct pprof_profile *p = cpu_profile(1), *sum;
	struct brief_book *book;
	struct brief made;
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	assert_int_equal(make(b, &api, p, NOW, &made), 0);
	assert_int_equal(brief_book_new(&book), 0);
	for (size_t i = 0; i < made.stacks_size; i += 97) {
		made.stacks[i] ^= 0x10;
		int r = brief_book_add_stacks(book, made.first, made.n, stacks_of(&made));
		/* Time, name and system in gzip's header tell nothing: RFC 1952, section 2.3. */
		assert_true(r == BRIEF_E_NONE || (i >= 4 && i < 10));
		made.stacks[i] ^= 0x10;
	}
	assert_int_equal(brief_book_add(book, counts_of(&made)), BRIEF_E_NONE); /* unknown */
	assert_int_equal(brief_book_add_stacks(book, UINT32_MAX, made.n, stacks_of(&made)),
			 BRIEF_E_NONE);
	assert_int_equal(brief_book_add_stacks(book, 1, UINT32_MAX, stacks_of(&made)),
			 BRIEF_E_NONE);
	assert_int_equal(brief_book_add_stacks(book, made.first, made.n, stacks_of(&made)), 0);
	for (size_t i = 0; i < made.counts_size; i++) {
		made.counts[i] ^= 0x10;
		assert_int_equal(brief_book_add(book, counts_of(&made)), BRIEF_E_NONE);
		made.counts[i] ^= 0x10;
		assert_int_equal(brief_book_add(book, span_of(made.counts, i)), BRIEF_E_NONE);
	}
	sum = sum_of(book);
	for (size_t i = 0; i < pprof_n_samples(sum); i++)
		assert_int_equal(pprof_sample(sum, i).values[1], 0);
	assert_int_equal(pprof_header(sum).duration_nanos, 0);
	brief_end(b, &made, true);
	pprof_free(sum);
	pprof_free(p);
	brief_book_free(book);
	briefs_free(b);
}

/* A part that says of more stacks than it has. */
static void reads_no_other_stacks(void **state)
{
	struct pprof_profile *p = cpu_profile(1), *part;
	struct brief_book *book;
	struct brief made;
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	assert_int_equal(make(b, &api, p, NOW, &made), 0);
	assert_int_equal(brief_book_new(&book), 0);
	assert_int_equal(pprof_new(&part), 0);
	assert_int_equal(brief_book_add_stacks(book, 0, made.n + 1, stacks_of(&made)), 0);
	assert_int_equal(brief_book_read(book, 0, part), BRIEF_E_NONE);
	brief_end(b, &made, true);
	pprof_free(part);
	pprof_free(p);
	brief_book_free(book);
	briefs_free(b);
}

/* ---- what has a brief -------------------------------------------------------------------- */

/* The stacks of @owner's that are new, or -1: there is no brief. */
static int n_new_of(struct briefs *b, const struct brief_owner *owner, int64_t now)
{
	struct pprof_profile *p = cpu_profile(1);
	struct brief made = BRIEF_NULL;
	int r = make(b, owner, p, now, &made);
	const int n = r ? -1 : (int)made.n;

	brief_end(b, &made, true);
	pprof_free(p);
	return n;
}

static void expect_none(struct briefs *b, struct pprof_profile *p)
{
	struct brief made = BRIEF_NULL;

	assert_int_equal(make(b, &api, p, NOW, &made), BRIEF_E_NONE);
	assert_null(made.counts);
	pprof_free(p);
}

static struct pprof_profile *with(int64_t samples, int64_t cpu)
{
	struct pprof_profile *p = cpu_profile(1);

	add(p, 5, samples, cpu);
	return p;
}

static struct pprof_profile *with_label(void)
{
	const struct pprof_label label = { .key = "k", .text = "v" };
	struct pprof_profile *p = cpu_profile(1);
	const struct pprof_sample s = { .locations = (uint32_t[]){ 0 },
					.n_locations = 1,
					.values = (int64_t[]){ 1, 10 },
					.labels = &label,
					.n_labels = 1 };

	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	return p;
}

static void leaves_out_what_does_not_add_up(void **state)
{
	const struct pprof_value_type heap[] = { { "objects", "count" }, { "space", "bytes" } };
	const struct pprof_value_type swapped[] = { { "cpu", "nanoseconds" },
						    { "samples", "count" } };
	struct pprof_profile *p;
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	/* Enough that have one, or the program is given up. */
	for (int i = 0; i < 20; i++)
		assert_in_range(n_new_of(b, &api, NOW), 0, 100);
	expect_none(b, empty_cpu());
	expect_none(b, with(-1, 10));
	expect_none(b, with(1, -10));
	expect_none(b, with(1, 0));
	expect_none(b, with(1, BRIEF_MAX_VALUE));
	expect_none(b, with_label());
	p = empty(heap, "b1");
	add(p, 1, 1, 1);
	expect_none(b, p);
	p = empty(swapped, "b1");
	add(p, 1, 1, 1);
	expect_none(b, p);
	struct brief made;
	p = with(0, 0);
	assert_int_equal(make(b, &api, p, NOW, &made), 0);
	brief_end(b, &made, true);
	pprof_free(p);
	briefs_free(b);
}

/* ---- dictionaries ------------------------------------------------------------------------ */

static int64_t dictionary_of(struct briefs *b, const struct brief_owner *owner, int64_t now,
			     bool stored, uint32_t *ret_new)
{
	struct pprof_profile *p = cpu_profile(1);
	struct brief made;

	assert_int_equal(make(b, owner, p, now, &made), 0);
	const int64_t id = made.dictionary;
	*ret_new = made.n;
	brief_end(b, &made, stored);
	assert_null(made.counts);
	pprof_free(p);
	return id;
}

/* One stack, of one location. */
static struct pprof_profile *one_stack(const struct pprof_function *f, struct pprof_line line,
				       struct pprof_location l, uint32_t times)
{
	struct pprof_profile *p = empty_cpu();
	uint32_t stack[2];

	assert_int_equal(pprof_add_function(p, f, &line.function), 0);
	l.lines = &line;
	l.n_lines = 1;
	assert_int_equal(pprof_add_location(p, &l, &stack[0]), 0);
	stack[1] = stack[0];
	const struct pprof_sample s = { stack, times, (int64_t[]){ 1, 10 }, NULL, 0 };
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	return p;
}

/* How many stacks of @p are new. */
static uint32_t n_new(struct briefs *b, struct pprof_profile *p)
{
	struct brief brief = BRIEF_NULL;

	assert_int_equal(make(b, &api, p, NOW, &brief), 0);
	const uint32_t n = brief.n;
	brief_end(b, &brief, true);
	pprof_free(p);
	return n;
}

/* By whatever a location says. */
static void tells_stacks_apart(void **state)
{
	const struct pprof_function f = { "a", "a", "a.go", 1 }, functions[] = {
		{ "b", "a", "a.go", 1 },
		{ "a", "b", "a.go", 1 },
		{ "a", "a", "b.go", 1 },
		{ "a", "a", "a.go", 2 },
	};
	const struct pprof_line line = { .line = 1 }, other_line = { .line = 2 },
				column = { .line = 1, .column = 1 };
	const struct pprof_location l = { .address = 1 }, address = { .address = 2 },
				    nowhere = { .address = 1, .mapping = PPROF_NONE },
				    folded = { .address = 1, .is_folded = true };
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	assert_int_equal(n_new(b, one_stack(&f, line, l, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, line, l, 1)), 0);
	assert_int_equal(n_new(b, one_stack(&f, line, l, 2)), 1);
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		assert_int_equal(n_new(b, one_stack(&functions[i], line, l, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, other_line, l, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, column, l, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, line, address, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, line, nowhere, 1)), 1);
	assert_int_equal(n_new(b, one_stack(&f, line, folded, 1)), 1);
	briefs_free(b);
}

static void begins_anew(void **state)
{
	const struct brief_owner tenant = { "other", "api", "example.com/api" };
	const struct brief_owner service = { "anonymous", "a", "piexample.com/api" };
	struct briefs *b;
	uint32_t n;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	int64_t first = dictionary_of(b, &api, NOW, true, &n);
	assert_in_range(n, 50, 100);
	assert_int_equal(dictionary_of(b, &api, NOW + HOUR, true, &n), first);
	assert_int_equal(n, 0);
	/* Whoever else it is has one of its own. */
	assert_int_not_equal(dictionary_of(b, &tenant, NOW, true, &n), first);
	assert_in_range(n, 50, 100);
	assert_int_not_equal(dictionary_of(b, &service, NOW, true, &n), first);
	/* Old; or the clock was set. */
	int64_t later = dictionary_of(b, &api, NOW + HOUR + 1, true, &n);
	assert_true(later > first);
	assert_in_range(n, 50, 100);
	assert_true(dictionary_of(b, &api, NOW - HOUR, true, &n) > later);
	briefs_free(b);
}

/* Not on disk, so nobody may name its stacks; what named no new ones takes nothing along. */
static void gives_up_what_was_lost(void **state)
{
	struct briefs *b;
	uint32_t n;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	int64_t first = dictionary_of(b, &api, NOW, false, &n);
	int64_t second = dictionary_of(b, &api, NOW, true, &n);
	assert_int_not_equal(first, second);
	assert_in_range(n, 50, 100);
	assert_int_equal(dictionary_of(b, &api, NOW, false, &n), second);
	assert_int_equal(dictionary_of(b, &api, NOW, true, &n), second);
	assert_int_equal(n, 0);
	briefs_free(b);
}

/* More than there is room for, in turn: those that have a dictionary keep it. */
static void many_owners(void **state)
{
	struct brief_owner owner = api;
	struct briefs *b;
	char name[16];

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	owner.service = name;
	for (int64_t round = 0; round < 3; round++) {
		for (unsigned int i = 0; i <= BRIEF_MAX_DICTIONARIES; i++) {
			const int64_t now = NOW + round * HOUR / 10 + i;
			const bool has = i < BRIEF_MAX_DICTIONARIES;

			snprintf(name, sizeof(name), "s%u", i);
			assert_int_equal(brief_expects(b, &owner, now), has);
			int n = n_new_of(b, &owner, now);
			if (has && round == 0)
				assert_in_range(n, 50, 100);
			else
				assert_int_equal(n, has ? 0 : -1);
		}
	}
	/* Who was not seen for long makes room. */
	const int64_t later = NOW + HOUR / 2;
	assert_true(brief_expects(b, &owner, later));
	assert_in_range(n_new_of(b, &owner, later), 50, 100);
	assert_int_equal(n_new_of(b, &owner, later), 0);
	briefs_free(b);
}

/* @fresh of 5 000 stacks were in no profile before. */
static int make_large(struct briefs *b, uint32_t number, uint32_t fresh, struct brief *ret)
{
	struct pprof_profile *p = empty_cpu();

	for (uint32_t i = 0; i < 5000; i++)
		add(p, number * fresh + i, 1, 10);
	int r = make(b, &api, p, NOW, ret);
	pprof_free(p);
	return r;
}

static void begins_anew_when_full(void **state)
{
	struct brief made;
	struct briefs *b;
	int64_t first = 0;
	uint32_t i = 0;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	for (bool same = true; same; i++) {
		assert_int_equal(make_large(b, i, 1600, &made), 0);
		first = first ? first : made.dictionary;
		same = made.dictionary == first;
		assert_in_range(made.first + made.n, 5000, BRIEF_MAX_STACKS);
		if (!same)
			assert_int_equal(made.n, 5000);
		brief_end(b, &made, true);
	}
	assert_in_range(i, 20, BRIEF_MAX_STACKS / 1600);
	briefs_free(b);
}

/* Programs of many stacks: those that came too late go without, and keep the others from nothing.
 */
static void many_stacks(void **state)
{
	struct pprof_profile *p = empty_cpu(), *pushed;
	struct brief_owner owner = api;
	struct briefs *b;
	char name[16];
	int had = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		add(p, i, 1, 10);
	pushed = push(p);
	assert_int_equal(briefs_new(&b), 0);
	owner.service = name;
	for (int round = 0; round < 3; round++) {
		int have = 0;

		for (unsigned int i = 0; i < 20; i++) {
			struct brief made = BRIEF_NULL;

			snprintf(name, sizeof(name), "s%u", i);
			if (round == 2)
				assert_int_equal(brief_expects(b, &owner, NOW), (int)i < had);
			int r = brief_make(b, &owner, pushed, MOST, NOW, &made);
			assert_int_equal(made.n, round || r ? 0 : 20000);
			have += r == 0;
			brief_end(b, &made, true);
		}
		had = round ? had : have;
		assert_in_range(have, 5, 19);
	}
	pprof_free(pushed);
	pprof_free(p);
	briefs_free(b);
}

/* How many profiles of @n stacks, none of them in two, it takes. */
static uint32_t tries(uint32_t n)
{
	struct brief made = BRIEF_NULL;
	struct briefs *b;
	uint32_t i = 0;
	int r = 0;

	assert_int_equal(briefs_new(&b), 0);
	for (; r == 0 && i < 20; i++) {
		struct pprof_profile *p = empty_cpu();

		assert_true(brief_expects(b, &api, NOW) || i);
		for (uint32_t k = 0; k < n; k++)
			add(p, i * n + k, 1, 10);
		r = make(b, &api, p, NOW, &made);
		pprof_free(p);
		brief_end(b, &made, true);
	}
	assert_int_equal(r, BRIEF_E_NONE);
	/* Sooner anew where it is less certain. */
	const int64_t again = i - 1 < 16 ? HOUR / 6 : HOUR;
	assert_false(brief_expects(b, &api, NOW + again));
	assert_true(brief_expects(b, &api, NOW + again + 1));
	briefs_free(b);
	return i - 1;
}

/* Labels in each of its profiles; or in some. */
static void learns_of_labels(void **state)
{
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	expect_none(b, empty_cpu());
	assert_true(brief_expects(b, &api, NOW));
	expect_none(b, with_label());
	assert_false(brief_expects(b, &api, NOW + HOUR / 6));
	assert_true(brief_expects(b, &api, NOW + HOUR / 6 + 1));
	briefs_free(b);

	assert_int_equal(briefs_new(&b), 0);
	assert_in_range(n_new_of(b, &api, NOW), 50, 100);
	expect_none(b, with_label());
	assert_true(brief_expects(b, &api, NOW));
	assert_int_equal(n_new_of(b, &api, NOW), 0);
	briefs_free(b);
}

static void does_nothing_in_vain(void **state)
{
	(void)state;
	assert_int_equal(tries(10), 16);
	assert_int_equal(tries(300), 2);
}

/* 300 of 2 500 in each: most are new at first, and hardly any later. */
static void has_patience(void **state)
{
	struct brief made = BRIEF_NULL;
	struct pgo_random rng;
	struct briefs *b;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	pgo_random_init(&rng, 1);
	for (uint32_t i = 0; i < 40; i++) {
		struct pprof_profile *p = empty_cpu();

		for (uint32_t k = 0; k < 300; k++)
			add(p, (uint32_t)(pgo_random_u64(&rng) % 2500), 1, 10);
		assert_int_equal(make(b, &api, p, NOW, &made), 0);
		pprof_free(p);
		brief_end(b, &made, true);
	}
	briefs_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_as_profiles_do),
		cmocka_unit_test(finds_damage),
		cmocka_unit_test(reads_no_other_stacks),
		cmocka_unit_test(leaves_out_what_does_not_add_up),
		cmocka_unit_test(tells_stacks_apart),
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(gives_up_what_was_lost),
		cmocka_unit_test(many_owners),
		cmocka_unit_test(begins_anew_when_full),
		cmocka_unit_test(many_stacks),
		cmocka_unit_test(learns_of_labels),
		cmocka_unit_test(does_nothing_in_vain),
		cmocka_unit_test(has_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
