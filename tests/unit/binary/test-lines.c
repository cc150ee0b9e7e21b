/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, stack depths and lines of one hand-made executable. */
#include "tests/unit/unit.h"

#include "agent/binary/binary.h"
#include "tests/unit/binary/fake.h"

#define V(...)                      \
	(const struct fake_value[]) \
	{                           \
		__VA_ARGS__,        \
		{                   \
			.bytes = 0  \
		}                   \
	}

enum { ID_WRAPPER = 22, ID_GOEXIT = 8 };

/* main.inner in main.middle in main.outer; then padding that no table covers. */
static const struct fake_inlined outer_tree[] = {
	{ 0, "main.middle", 4, 40 },
	{ ID_WRAPPER, "main.inner", 12, 60 },
};
/* The parent of each is itself: a circle. */
static const struct fake_inlined circle_tree[] = { { 0, "main.circle", 3, 7 } };

static const struct fake_function functions[] = {
	{ .name = "", .size = 16, .start_line = 3, .line = V({ 5, 16 }), .file = V({ 0, 16 }) },
	{ .name = "runtime.goexit",
	  .size = 16,
	  .func_id = ID_GOEXIT,
	  .flags = 5,
	  .sp = V({ 0, 16 }) },
	{ .name = "runtime.deferreturn", .size = 16, .func_id = ID_WRAPPER, .sp = V({ 0, 16 }) },
	{ .name = "main.outer",
	  .size = 64,
	  .start_line = 10,
	  .sp = V({ 0, 1 }, { 8, 3 }, { 24, 40 }, { 0, 4 }),
	  .line = V({ 11, 8 }, { 41, 8 }, { 61, 8 }, { 70, 24 }),
	  .file = V({ FAKE_MAIN_GO, 16 }, { FAKE_OTHER_GO, 8 }, { FAKE_MAIN_GO, 24 }),
	  .inlined_index = V({ -1, 8 }, { 0, 8 }, { 1, 8 }, { -1, 24 }),
	  .inlined = outer_tree,
	  .n_inlined = 2 },
	{ .name = "main.circular",
	  .size = 16,
	  .line = V({ 9, 16 }),
	  .file = V({ FAKE_NO_FILE, 16 }),
	  .inlined_index = V({ 0, 16 }),
	  .inlined = circle_tree,
	  .n_inlined = 1 },
	/* A first pair without a difference is data: -1 for four bytes. */
	{ .name = "main.zero", .size = 16, .sp = V({ -1, 4 }, { 8, 12 }) },
};
enum { FIRST = 0, OUTER = 48, CIRCULAR = 112, ZERO = 128, END = 144 };

struct opened {
	struct buf file;
	struct binary *binary;
	uint64_t text;
};

static int set_up(void **state)
{
	static struct opened o;
	struct fake fake = { .functions = functions, .n_functions = 6 };

	o = (struct opened){ .file = BUF_INIT(1 << 20), .text = fake_text() };
	fake_build(&fake, &o.file);
	*state = &o;
	return binary_parse(span_of(o.file.data, o.file.size), &o.binary);
}

static int tear_down(void **state)
{
	struct opened *o = *state;

	o->binary = binary_free(o->binary);
	buf_fini(&o->file);
	return 0;
}

static void assert_text(struct span s, const char *text)
{
	assert_true(span_equals(s, text));
}

static void test_text(void **state)
{
	struct opened *o = *state;

	assert_int_equal(binary_text(o->binary), o->text);
	assert_int_equal(binary_etext(o->binary), o->text + END);
	assert_int_equal(binary_start_code(o->binary), FAKE_BASE);
	assert_int_equal(binary_arch(o->binary), BINARY_AMD64);
}

static void test_function_bounds(void **state)
{
	struct opened *o = *state;
	struct binary_function f;

	for (uint64_t pc = OUTER; pc < CIRCULAR; pc++) {
		assert_int_equal(binary_function_at(o->binary, o->text + pc, &f), 0);
		assert_int_equal(f.entry, o->text + OUTER);
		assert_int_equal(f.end, o->text + CIRCULAR);
		assert_int_equal(f.special, BINARY_ORDINARY);
	}
	assert_int_equal(binary_function_at(o->binary, o->text - 1, &f), BINARY_E_NO_FUNCTION);
	assert_int_equal(binary_function_at(o->binary, o->text + END, &f), BINARY_E_NO_FUNCTION);
	assert_int_equal(binary_function_at(o->binary, o->text + END - 1, &f), 0);
	assert_int_equal(binary_function_at(o->binary, 0, &f), BINARY_E_NO_FUNCTION);
	assert_int_equal(binary_function_at(o->binary, UINT64_MAX, &f), BINARY_E_NO_FUNCTION);
}

static void test_sp_delta(void **state)
{
	static const struct {
		uint64_t pc;
		bool known;
		int32_t delta;
	} cases[] = {
		{ OUTER, true, 0 },	  { OUTER + 1, true, 8 },   { OUTER + 3, true, 8 },
		{ OUTER + 4, true, 24 },  { OUTER + 43, true, 24 }, { OUTER + 44, true, 0 },
		{ OUTER + 48, false, 0 }, { FIRST, false, 0 },	    { FIRST + 15, false, 0 },
		{ ZERO + 3, false, 0 },	  { ZERO + 4, true, 8 },    { ZERO + 15, true, 8 },
	};
	struct opened *o = *state;
	struct binary_function f;
	int32_t delta;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(binary_function_at(o->binary, o->text + cases[i].pc, &f), 0);
		assert_int_equal(binary_sp_delta(o->binary, &f, o->text + cases[i].pc, &delta),
				 cases[i].known);
		if (cases[i].known)
			assert_int_equal(delta, cases[i].delta);
	}
}

static void test_inlined_twice(void **state)
{
	struct binary_line lines[BINARY_MAX_LINES];
	struct opened *o = *state;
	size_t n;
	bool cut;

	assert_int_equal(
		binary_lines_at(o->binary, o->text + OUTER + 20, lines, BINARY_MAX_LINES, &n, &cut),
		0);
	assert_int_equal(n, 3);
	assert_false(cut);
	assert_text(lines[0].function, "main.inner");
	assert_text(lines[0].file, "other.go");
	assert_int_equal(lines[0].line, 61);
	assert_int_equal(lines[0].start_line, 60);
	assert_int_equal(lines[0].pc, o->text + OUTER + 20);
	assert_int_equal(lines[0].special, BINARY_WRAPPER);
	assert_text(lines[1].function, "main.middle");
	assert_text(lines[1].file, "main.go");
	assert_int_equal(lines[1].line, 41);
	assert_int_equal(lines[1].start_line, 40);
	assert_int_equal(lines[1].pc, o->text + OUTER + 12);
	assert_text(lines[2].function, "main.outer");
	assert_int_equal(lines[2].line, 11);
	assert_int_equal(lines[2].start_line, 10);
	assert_int_equal(lines[2].pc, o->text + OUTER + 4);
}

static void test_room_for_fewer(void **state)
{
	struct binary_line lines[2];
	struct opened *o = *state;
	size_t n;
	bool cut;

	assert_int_equal(binary_lines_at(o->binary, o->text + OUTER + 20, lines, 2, &n, &cut), 0);
	assert_int_equal(n, 2);
	assert_true(cut);
	assert_text(lines[1].function, "main.middle");
}

static void test_circle_ends(void **state)
{
	struct binary_line lines[2 * BINARY_MAX_LINES];
	struct opened *o = *state;
	size_t n;
	bool cut;

	assert_int_equal(
		binary_lines_at(o->binary, o->text + CIRCULAR, lines, ARRAY_SIZE(lines), &n, &cut),
		0);
	assert_int_equal(n, BINARY_MAX_LINES);
	assert_true(cut);
	/* A file that is not there leaves the line. */
	assert_int_equal(lines[0].file.size, 0);
	assert_int_equal(lines[0].line, 9);
}

static void test_without_tables(void **state)
{
	struct binary_line line;
	struct opened *o = *state;
	size_t n;
	bool cut;

	/* Padding after the code, and the function whose name offset is 0. */
	assert_int_equal(binary_lines_at(o->binary, o->text + OUTER + 60, &line, 1, &n, &cut), 0);
	assert_text(line.function, "main.outer");
	assert_int_equal(line.file.size, 0);
	assert_int_equal(line.line, 0);
	assert_int_equal(line.start_line, 10);
	assert_int_equal(binary_lines_at(o->binary, o->text + FIRST, &line, 1, &n, &cut), 0);
	assert_int_equal(line.function.size, 0);
	assert_text(line.file, "main.go");
	assert_int_equal(line.line, 5);
	assert_int_equal(binary_lines_at(o->binary, o->text + END, &line, 1, &n, &cut),
			 BINARY_E_NO_FUNCTION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_function_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sp_delta, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_inlined_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room_for_fewer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circle_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_tables, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
