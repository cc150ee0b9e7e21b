/* SPDX-License-Identifier: Apache-2.0 */
/* Briefs and dictionaries in the depot: bytes, whatever they say. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/depot/briefs.h"
#include "collector/depot/keeping.h"
#include "tests/unit/collector/place.h"

struct fixture {
	struct place place;
	struct depot *depot; /* the place's */
	struct depot_reader *reader;
	char seen[256]; /* what was called for, one after the other */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	place_init(&f->place, "briefs");
	place_open(&f->place, f->place.data);
	f->depot = f->place.depot;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	depot_reader_close(f->reader);
	place_fini(&f->place);
	free(f);
	return 0;
}

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

/* Profile @number; answers whether it is new. */
static bool push(struct fixture *f, unsigned int number, const struct depot_brief *brief)
{
	const struct depot_label label = { "service_name", "a" };
	struct depot_profile row = { .tenant = "anonymous",
				     .labels = &label,
				     .n_labels = 1,
				     .service = "a",
				     .package = "",
				     .build = "b1",
				     .start = number,
				     .duration = 1,
				     .samples = 1,
				     .cpu = true,
				     .pprof = text("profile"),
				     .brief = *brief };
	size_t added;

	snprintf((char *)row.key, sizeof(row.key), "%u", number);
	assert_int_equal(depot_add(f->depot, &row, 1, &added), 0);
	return added;
}

static struct depot_brief brief(int64_t dictionary, uint32_t first, uint32_t n, const char *stacks,
				const char *counts)
{
	return (struct depot_brief){ dictionary, first, n, text(stacks), text(counts) };
}

/* Dictionary 1000 in two parts, and 2000 in one; profiles 1 to 5, of which 4 is not in brief. */
static void fill(struct fixture *f)
{
	const struct depot_brief briefs[] = { brief(1000, 0, 2, "AB", "one"),
					      brief(1000, 2, 1, "C", "two"),
					      brief(2000, 0, 1, "X", "three"),
					      { 0 },
					      brief(1000, 3, 0, "", "five") };

	for (unsigned int i = 0; i < ARRAY_SIZE(briefs); i++)
		assert_true(push(f, i + 1, &briefs[i]));
}

static void look(struct fixture *f)
{
	f->reader = depot_reader_close(f->reader);
	assert_int_equal(depot_reader_open(f->depot, &f->reader), 0);
}

static int on_brief(void *context, size_t number, struct span counts)
{
	struct fixture *f = context;
	const size_t n = strlen(f->seen);

	snprintf(f->seen + n, sizeof(f->seen) - n, "%zu=%.*s ", number, (int)counts.size,
		 (const char *)counts.data);
	return counts.size == 4 ? 77 : 0;
}

static int on_stacks(void *context, uint32_t first, uint32_t n, struct span stacks)
{
	struct fixture *f = context;
	const size_t at = strlen(f->seen);

	snprintf(f->seen + at, sizeof(f->seen) - at, "%u+%u=%.*s ", first, n, (int)stacks.size,
		 (const char *)stacks.data);
	return 0;
}

static const char *stacks_of(struct fixture *f, int64_t dictionary)
{
	look(f);
	f->seen[0] = '\0';
	assert_int_equal(depot_each_stacks(f->reader, dictionary, on_stacks, f), 0);
	return f->seen;
}

static void keeps_briefs(void **state)
{
	static const int64_t ids[] = { 3, 4, 1, 99 };
	struct fixture *f = *state;
	int64_t dictionaries[4];

	fill(f);
	assert_string_equal(stacks_of(f, 1000), "0+2=AB 2+1=C ");
	assert_string_equal(stacks_of(f, 2000), "0+1=X ");
	assert_string_equal(stacks_of(f, 3000), "");
	assert_int_equal(depot_find_briefs(f->reader, ids, 4, dictionaries), 0);
	assert_int_equal(dictionaries[0], 2000);
	assert_int_equal(dictionaries[1], 0);
	assert_int_equal(dictionaries[2], 1000);
	assert_int_equal(dictionaries[3], 0);
	f->seen[0] = '\0';
	assert_int_equal(depot_each_brief(f->reader, ids, 4, on_brief, f), 0);
	assert_string_equal(f->seen, "0=three 2=one ");
	f->seen[0] = '\0';
	assert_int_equal(depot_each_brief(f->reader, (const int64_t[]){ 2, 5, 1 }, 3, on_brief, f),
			 77);
	assert_string_equal(f->seen, "0=two 1=five ");
}

/* A push that is tried again adds no profile; but others may name the stacks that came with it. */
static void keeps_stacks_of_what_is_there(void **state)
{
	const struct depot_brief again = brief(3000, 0, 1, "Y", "again");
	struct fixture *f = *state;
	int64_t dictionary;

	fill(f);
	assert_false(push(f, 1, &again));
	assert_string_equal(stacks_of(f, 3000), "0+1=Y ");
	assert_int_equal(depot_find_briefs(f->reader, (const int64_t[]){ 1 }, 1, &dictionary), 0);
	assert_int_equal(dictionary, 1000);
}

static size_t forget(struct fixture *f, int64_t before, size_t max)
{
	size_t n;

	assert_int_equal(depot_forget_dictionaries(f->depot, before, max, &n), 0);
	return n;
}

/* A brief leaves with its profile, a dictionary after the last one, when it is old. */
static void leave_with_profiles(void **state)
{
	static const int64_t merged[] = { 1, 2 };
	const struct depot_merger m = { .ids = merged,
					.n = 2,
					.level = DEPOT_LEVEL_HOUR,
					.pprof = text("both"),
					.samples = 1 };
	struct depot_removed removed;
	struct fixture *f = *state;
	int64_t dictionaries[6];

	fill(f);
	assert_int_equal(forget(f, INT64_MAX, 10), 0);
	assert_int_equal(depot_replace(f->depot, &m), 0);
	look(f);
	assert_int_equal(depot_find_briefs(f->reader, (const int64_t[]){ 1, 2, 3, 4, 5, 6 }, 6,
					   dictionaries),
			 0);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(dictionaries[i] != 0, i == 2 || i == 4);
	assert_int_equal(forget(f, INT64_MAX, 10), 0);
	assert_int_equal(depot_expire(f->depot, INT64_MAX, 10, &removed), 0);
	assert_int_equal(removed.profiles, 5);
	assert_int_equal(forget(f, 1000, 10), 0);
	assert_int_equal(forget(f, 1001, 1), 1);
	assert_int_equal(forget(f, 1001, 10), 1);
	assert_string_equal(stacks_of(f, 1000), "");
	assert_string_equal(stacks_of(f, 2000), "0+1=X ");
	assert_int_equal(forget(f, 2001, 10), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(keeps_briefs),
		TEST(keeps_stacks_of_what_is_there),
		TEST(leave_with_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
