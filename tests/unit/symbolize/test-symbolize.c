/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counted stacks to a profile, on a binary made of lines. Each function has an address of its own;
 * what is inlined where stands in the table.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agent/symbolize/symbolize.h"
#include "agent/unwind/unwind.h"
#include "base/cleanup.h"
#include "tests/unit/symbolize/fake.h"

enum {
	LEAF = 0x401010,
	CALLER = 0x401020,
	CALLER_ELSEWHERE = 0x401028, /* the same function and the same line, another address */
	INLINED = 0x401030,	     /* main.inner in main.middle in main.outer */
	WRAPPER = 0x401040,
	BODY_IN_WRAPPER = 0x401050,	/* main.T.Val inlined into its wrapper main.(*T).Val */
	PANIC_IN_WRAPPER = 0x401060,	/* runtime.panicwrap inlined into main.(*T).Val */
	WRAPPER_IN_FUNCTION = 0x401070, /* a wrapper inlined into main.user */
	DEEP = 0x401080,		/* four logical frames in one */
	GENERIC = 0x401090,
	NO_FILE = 0x4010a0,
	UNKNOWN = 0x4010b0,
	NAMELESS = 0x4010c0,
};

#define NAMED(name, line_, start_, special_)                                      \
	{                                                                         \
		.function = { (const uint8_t *)(name), sizeof(name) - 1 },        \
		.file = { (const uint8_t *)"/src/main.go", 12 }, .line = (line_), \
		.start_line = (start_), .special = (special_)                     \
	}

static const struct fake_lines table[] = {
	{ LEAF, { NAMED("main.leaf", 12, 10, 0) }, 1 },
	{ CALLER, { NAMED("main.caller", 25, 20, 0) }, 1 },
	{ CALLER_ELSEWHERE, { NAMED("main.caller", 25, 20, 0) }, 1 },
	{ INLINED,
	  { NAMED("main.inner", 31, 30, 0), NAMED("main.middle", 42, 40, 0),
	    NAMED("main.outer", 53, 50, 0) },
	  3 },
	{ WRAPPER, { NAMED("main.(*T).Get", 1, 1, BINARY_WRAPPER) }, 1 },
	{ BODY_IN_WRAPPER,
	  { NAMED("main.T.Val", 61, 60, 0), NAMED("main.(*T).Val", 1, 1, BINARY_WRAPPER) },
	  2 },
	{ PANIC_IN_WRAPPER,
	  { NAMED("runtime.panicwrap", 71, 70, BINARY_PANICWRAP),
	    NAMED("main.(*T).Val", 1, 1, BINARY_WRAPPER) },
	  2 },
	{ WRAPPER_IN_FUNCTION,
	  { NAMED("main.run-fm", 1, 1, BINARY_WRAPPER), NAMED("main.user", 82, 80, 0) },
	  2 },
	{ DEEP,
	  { NAMED("main.a", 91, 90, 0), NAMED("main.b", 92, 90, 0), NAMED("main.c", 93, 90, 0),
	    NAMED("main.d", 94, 90, 0) },
	  4 },
	{ GENERIC, { NAMED("example.com/v%2e2.(*Set[go.shape.string]).Add", 7, 5, 0) }, 1 },
	{ NAMELESS, { { .line = 1, .start_line = 1 } }, 1 },
	{ NO_FILE, { { .function = { (const uint8_t *)"main.init", 9 } } }, 1 },
};

static const struct binary binary = {
	.table = table,
	.n = ARRAY_SIZE(table),
	.build.gnu_build_id = { (const uint8_t *)"\x01\xab\xff", 3 },
};

/* ---- making and judging ------------------------------------------------------------------ */

struct made {
	struct stacks stacks;
	struct pprof_profile *profile;
	struct symbolize_counts counts;
};

static void made_init(struct made *m)
{
	stacks_init(&m->stacks, 1 << 20);
	assert_int_equal(pprof_new(&m->profile), 0);
	assert_int_equal(
		pprof_add_sample_type(m->profile, &(struct pprof_value_type){ "samples", "count" }),
		0);
	assert_int_equal(pprof_add_sample_type(m->profile,
					       &(struct pprof_value_type){ "cpu", "nanoseconds" }),
			 0);
}

static void made_fini(struct made *m)
{
	stacks_fini(&m->stacks);
	m->profile = pprof_free(m->profile);
}

/* Frames are file addresses; FRAME_SHOW_WRAPPERS may be set in them. */
static void add(struct made *m, const uint32_t *frames, uint32_t n, uint64_t count)
{
	uint32_t from_text[256];

	for (uint32_t i = 0; i < n; i++)
		from_text[i] = frames[i] - (uint32_t)FAKE_TEXT;
	assert_int_equal(stacks_add(&m->stacks, from_text, n, count), 0);
}

#define ADD(m, count, ...)                                                                         \
	add(m, (const uint32_t[]){ __VA_ARGS__ }, ARRAY_SIZE(((const uint32_t[]){ __VA_ARGS__ })), \
	    count)

static void symbolize(struct made *m, uint32_t physical_frames)
{
	const struct symbolize_options options = {
		.mapping_file = "/usr/bin/\xff\xc3\xa9\xc3",
		.period = 1000,
		.physical_frames = physical_frames,
	};

	assert_int_equal(symbolize_stacks(&binary, &m->stacks, &options, m->profile, &m->counts),
			 0);
}

/* "function:line" of each line, physical frames parted by " < ", leaf first. */
static const char *stack_text(struct made *m, size_t number)
{
	static char text[8192];
	const struct pprof_sample s = pprof_sample(m->profile, number);
	size_t at = 0;

	text[0] = 0;
	for (size_t i = 0; i < s.n_locations; i++) {
		const struct pprof_location l = pprof_location(m->profile, s.locations[i]);

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s", i ? " < " : "");
		for (size_t j = 0; j < l.n_lines; j++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s:%d",
					       j ? " " : "",
					       pprof_function(m->profile, l.lines[j].function).name,
					       (int)l.lines[j].line);
		if (!l.n_lines)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "?");
		assert_true(at < sizeof(text));
	}
	return text;
}

static void expect_stack(struct made *m, const char *text)
{
	assert_int_equal(pprof_n_samples(m->profile), 1);
	assert_string_equal(stack_text(m, 0), text);
}

#define ONE(physical_frames, text, ...)         \
	do {                                    \
		struct made m;                  \
                                                \
		made_init(&m);                  \
		ADD(&m, 1, __VA_ARGS__);        \
		symbolize(&m, physical_frames); \
		expect_stack(&m, text);         \
		made_fini(&m);                  \
	} while (0)

/* ---- lines ------------------------------------------------------------------------------- */

static void test_inlined_calls_are_lines_innermost_first(void **state)
{
	(void)state;
	ONE(0, "main.leaf:12 < main.inner:31 main.middle:42 main.outer:53 < main.caller:25", LEAF,
	    INLINED, CALLER);
}

static void test_functions_have_names_files_and_start_lines(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 1, GENERIC, INLINED);
	symbolize(&m, 0);
	assert_int_equal(pprof_n_functions(m.profile), 4);
	const struct pprof_function generic = pprof_function(m.profile, 0),
				    inner = pprof_function(m.profile, 1),
				    outer = pprof_function(m.profile, 3);
	assert_string_equal(generic.name, "example.com/v%2e2.(*Set[go.shape.string]).Add");
	assert_string_equal(generic.system_name, generic.name);
	assert_string_equal(generic.file, "/src/main.go");
	assert_int_equal(generic.start_line, 5);
	assert_int_equal(inner.start_line, 30);
	assert_int_equal(outer.start_line, 50);
	made_fini(&m);
}

static void test_function_without_file_or_line(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 1, NO_FILE);
	symbolize(&m, 0);
	expect_stack(&m, "main.init:0");
	assert_string_equal(pprof_function(m.profile, 0).file, "");
	made_fini(&m);
}

/* ---- wrappers ---------------------------------------------------------------------------- */

static void test_wrappers_are_left_out_with_their_location(void **state)
{
	(void)state;
	ONE(0, "main.leaf:12 < main.caller:25", LEAF, WRAPPER, CALLER);
}

static void test_wrapper_at_the_leaf_is_left_out(void **state)
{
	(void)state;
	ONE(0, "main.caller:25", WRAPPER, CALLER);
}

static void test_wrapper_below_the_panic_machinery_is_shown(void **state)
{
	(void)state;
	ONE(0, "main.leaf:12 < main.(*T).Get:1 < main.caller:25", LEAF,
	    WRAPPER | FRAME_SHOW_WRAPPERS, CALLER);
}

static void test_wrapper_with_an_inlined_body_shows_the_body(void **state)
{
	(void)state;
	ONE(0, "main.T.Val:61 < main.caller:25", BODY_IN_WRAPPER, CALLER);
}

static void test_wrapper_around_inlined_panic_machinery_is_shown(void **state)
{
	(void)state;
	ONE(0, "runtime.panicwrap:71 main.(*T).Val:1 < main.caller:25", PANIC_IN_WRAPPER, CALLER);
}

static void test_wrapper_inlined_into_a_function_is_left_out(void **state)
{
	(void)state;
	ONE(0, "main.user:82 < main.caller:25", WRAPPER_IN_FUNCTION, CALLER);
}

static void test_flag_to_show_wrappers_is_of_the_innermost_line(void **state)
{
	(void)state;
	ONE(0, "main.run-fm:1 main.user:82", WRAPPER_IN_FUNCTION | FRAME_SHOW_WRAPPERS);
	ONE(0, "main.T.Val:61", BODY_IN_WRAPPER | FRAME_SHOW_WRAPPERS);
}

/* The compiler looks at two: a wrapper between them must not take the place of one. */
static void test_wrappers_do_not_count_as_physical_frames(void **state)
{
	(void)state;
	ONE(2, "main.leaf:12 < main.caller:25", LEAF, WRAPPER, CALLER, INLINED);
}

/* ---- how many ---------------------------------------------------------------------------- */

static void test_physical_frames_are_cut_from_the_root(void **state)
{
	(void)state;
	ONE(2, "main.leaf:12 < main.inner:31 main.middle:42 main.outer:53", LEAF, INLINED, CALLER);
}

static size_t count_locations(const uint32_t *frames, uint32_t n, const char **ret_last)
{
	struct made m;

	made_init(&m);
	add(&m, frames, n, 1);
	symbolize(&m, 0);
	const struct pprof_sample s = pprof_sample(m.profile, 0);
	const struct pprof_location l = pprof_location(m.profile, s.locations[s.n_locations - 1]);

	*ret_last = l.lines[l.n_lines - 1].line == 94 ? "main.d" : "main.leaf";
	size_t n_locations = s.n_locations;

	made_fini(&m);
	return n_locations;
}

static void test_64_logical_frames_are_kept(void **state)
{
	uint32_t frames[100];
	const char *last;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		frames[i] = LEAF;
	assert_int_equal(count_locations(frames, 100, &last), 64);
	assert_int_equal(count_locations(frames, 64, &last), 64);
	assert_int_equal(count_locations(frames, 63, &last), 63);
}

static void test_inlined_frames_count_and_the_last_physical_frame_is_whole(void **state)
{
	uint32_t frames[100];
	const char *last;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		frames[i] = DEEP; /* 4 each: 16 of them are 64 */
	assert_int_equal(count_locations(frames, 100, &last), 16);
	frames[0] = LEAF; /* 1 + 15 * 4 = 61; one more would be 65: it is kept whole */
	assert_int_equal(count_locations(frames, 100, &last), 17);
	assert_string_equal(last, "main.d");
}

static void test_wrappers_do_not_count_as_logical_frames(void **state)
{
	uint32_t frames[128];
	const char *last;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		frames[i] = i % 2 ? WRAPPER : LEAF;
	assert_int_equal(count_locations(frames, 128, &last), 64);
}

/* ---- locations and samples --------------------------------------------------------------- */

static void test_locations_are_keyed_by_address(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 1, LEAF, CALLER);
	ADD(&m, 1, LEAF, CALLER_ELSEWHERE);
	ADD(&m, 1, CALLER, CALLER_ELSEWHERE);
	symbolize(&m, 0);
	assert_int_equal(pprof_n_functions(m.profile), 2);
	assert_int_equal(pprof_n_locations(m.profile), 3);
	assert_int_equal(pprof_location(m.profile, 0).address, LEAF);
	assert_int_equal(pprof_location(m.profile, 1).address, CALLER);
	assert_int_equal(pprof_location(m.profile, 2).address, CALLER_ELSEWHERE);
	assert_int_equal(pprof_n_samples(m.profile), 3);
	made_fini(&m);
}

static void test_both_sample_types_are_written(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 7, LEAF, CALLER);
	symbolize(&m, 0);
	const struct pprof_sample s = pprof_sample(m.profile, 0);
	assert_int_equal(s.values[0], 7);
	assert_int_equal(s.values[1], 7000);
	assert_int_equal(m.counts.samples, 7);
	assert_int_equal(m.counts.unsymbolized, 0);
	made_fini(&m);
}

static void test_stacks_that_differ_only_in_what_is_left_out_add_up(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 2, LEAF, WRAPPER, CALLER);
	ADD(&m, 3, LEAF, CALLER);
	symbolize(&m, 0);
	expect_stack(&m, "main.leaf:12 < main.caller:25");
	assert_int_equal(pprof_sample(m.profile, 0).values[0], 5);
	assert_int_equal(m.counts.samples, 5);
	made_fini(&m);
}

static void test_sample_of_nothing_is_a_sample(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 4, WRAPPER);
	symbolize(&m, 0);
	expect_stack(&m, "");
	assert_int_equal(m.counts.samples, 4);
	made_fini(&m);
}

static void test_unnamed_frames_are_kept_and_counted(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 1, UNKNOWN, CALLER);
	ADD(&m, 2, LEAF, UNKNOWN, CALLER);
	ADD(&m, 4, LEAF, CALLER, UNKNOWN);  /* no matter to the compiler */
	ADD(&m, 8, LEAF, WRAPPER, UNKNOWN); /* UNKNOWN is the caller shown */
	symbolize(&m, 0);
	assert_string_equal(stack_text(&m, 0), "? < main.caller:25");
	assert_string_equal(stack_text(&m, 1), "main.leaf:12 < ? < main.caller:25");
	assert_int_equal(pprof_location(m.profile, 0).address, UNKNOWN);
	assert_int_equal(m.counts.samples, 15);
	assert_int_equal(m.counts.unsymbolized, 11);
	made_fini(&m);
}

/* A line whose function has no name is not one with a name. */
static void test_empty_name_is_no_name(void **state)
{
	struct made m;
	(void)state;

	made_init(&m);
	ADD(&m, 3, LEAF, CALLER);
	ADD(&m, 4, NAMELESS, CALLER);
	symbolize(&m, 0);
	assert_int_equal(m.counts.samples, 7);
	assert_int_equal(m.counts.unsymbolized, 4);
	made_fini(&m);
}

/* Names that overlap: all of them together are far larger than the table they stand in. */
static void test_text_is_bounded(void **state)
{
	enum { SIZE = 64 << 10, FRAMES = 1024 };
	static struct fake_lines lines[FRAMES];
	static uint8_t names[SIZE + FRAMES];
	const struct binary hostile = { .table = lines, .n = FRAMES };
	const struct symbolize_options options = { .mapping_file = "", .period = 1 };
	size_t text = 0;
	struct made m;
	(void)state;

	memset(names, 'x', sizeof(names));
	made_init(&m);
	for (uint32_t i = 0; i < FRAMES; i++) {
		names[i] = 'a' + i % 23;
		lines[i] = (struct fake_lines){ .address = LEAF + i,
						.lines = { { .function = { names + i, SIZE } } },
						.n = 1 };
		ADD(&m, 1, LEAF + i);
	}
	assert_int_equal(symbolize_stacks(&hostile, &m.stacks, &options, m.profile, &m.counts), 0);
	for (size_t i = 0; i < pprof_n_functions(m.profile); i++)
		text += strlen(pprof_function(m.profile, i).name);
	assert_true(text > SYMBOLIZE_MAX_TEXT);
	assert_true(text <= SYMBOLIZE_MAX_TEXT + SIZE);
	/* The others are there, without names, and said to be so. */
	assert_int_equal(m.counts.samples, FRAMES);
	assert_int_equal(m.counts.unsymbolized, FRAMES - text / SIZE);
	made_fini(&m);
}

/* Bit by bit, while old stacks are seen again and new ones come: as if at once. */
static void test_an_update_adds_what_is_new(void **state)
{
	const struct symbolize_options options = { .mapping_file = "", .period = 10 };
	struct symbolizer *z = NULL;
	struct made m;
	(void)state;

	made_init(&m);
	assert_int_equal(symbolizer_new(&binary, &options, m.profile, &z), 0);
	assert_int_equal(symbolizer_update(z, &m.stacks), 0);
	assert_int_equal(pprof_n_samples(m.profile), 0);
	ADD(&m, 1, LEAF, CALLER);
	ADD(&m, 2, INLINED, CALLER);
	assert_int_equal(symbolizer_update(z, &m.stacks), 0);
	ADD(&m, 4, LEAF, CALLER);
	ADD(&m, 8, LEAF);
	assert_int_equal(symbolizer_update(z, &m.stacks), 0);
	assert_int_equal(symbolizer_update(z, &m.stacks), 0);
	assert_null(symbolizer_free(z));
	assert_int_equal(pprof_n_samples(m.profile), 3);
	assert_string_equal(stack_text(&m, 0), "main.leaf:12 < main.caller:25");
	assert_int_equal(pprof_sample(m.profile, 0).values[0], 5);
	assert_int_equal(pprof_sample(m.profile, 0).values[1], 50);
	assert_int_equal(pprof_sample(m.profile, 1).values[0], 2);
	assert_int_equal(pprof_sample(m.profile, 2).values[0], 8);
	made_fini(&m);
}

static void test_mapping_is_the_text_segment_with_the_build_id(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	ADD(&m, 1, LEAF);
	symbolize(&m, 0);
	assert_int_equal(pprof_n_mappings(m.profile), 1);
	const struct pprof_mapping mapping = pprof_mapping(m.profile, 0);
	assert_int_equal(mapping.start, 0x401000);
	assert_int_equal(mapping.limit, 0x406000);
	assert_int_equal(mapping.offset, 0x1000);
	assert_string_equal(mapping.file, "/usr/bin/?\xc3\xa9?");
	assert_string_equal(mapping.build_id, "01abff");
	assert_true(mapping.has_functions);
	assert_false(mapping.has_inline_frames);
	assert_int_equal(pprof_location(m.profile, 0).mapping, 0);
	made_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_calls_are_lines_innermost_first),
		cmocka_unit_test(test_functions_have_names_files_and_start_lines),
		cmocka_unit_test(test_function_without_file_or_line),
		cmocka_unit_test(test_wrappers_are_left_out_with_their_location),
		cmocka_unit_test(test_wrapper_at_the_leaf_is_left_out),
		cmocka_unit_test(test_wrapper_below_the_panic_machinery_is_shown),
		cmocka_unit_test(test_wrapper_with_an_inlined_body_shows_the_body),
		cmocka_unit_test(test_wrapper_around_inlined_panic_machinery_is_shown),
		cmocka_unit_test(test_wrapper_inlined_into_a_function_is_left_out),
		cmocka_unit_test(test_flag_to_show_wrappers_is_of_the_innermost_line),
		cmocka_unit_test(test_wrappers_do_not_count_as_physical_frames),
		cmocka_unit_test(test_physical_frames_are_cut_from_the_root),
		cmocka_unit_test(test_64_logical_frames_are_kept),
		cmocka_unit_test(test_inlined_frames_count_and_the_last_physical_frame_is_whole),
		cmocka_unit_test(test_wrappers_do_not_count_as_logical_frames),
		cmocka_unit_test(test_locations_are_keyed_by_address),
		cmocka_unit_test(test_both_sample_types_are_written),
		cmocka_unit_test(test_stacks_that_differ_only_in_what_is_left_out_add_up),
		cmocka_unit_test(test_sample_of_nothing_is_a_sample),
		cmocka_unit_test(test_unnamed_frames_are_kept_and_counted),
		cmocka_unit_test(test_empty_name_is_no_name),
		cmocka_unit_test(test_text_is_bounded),
		cmocka_unit_test(test_an_update_adds_what_is_new),
		cmocka_unit_test(test_mapping_is_the_text_segment_with_the_build_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
