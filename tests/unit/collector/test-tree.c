/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/query/fold.h"
#include "collector/query/tree.h"

/* Names of a stack, root first, each a letter, and a value for each side. */
struct stack {
	const char *names;
	int64_t values[2];
};

static struct pprof_profile *make(const struct stack *stacks, size_t n, size_t sides)
{
	const struct pprof_value_type type = { "cpu", "nanoseconds" };
	uint32_t numbers[16];
	struct pprof_profile *p;

	assert_int_equal(fold_new(&type, &type, sides, &p), 0);
	for (size_t i = 0; i < n; i++) {
		size_t depth = strlen(stacks[i].names);

		for (size_t k = 0; k < depth; k++) {
			char name[2] = { stacks[i].names[depth - 1 - k], '\0' };
			const struct pprof_function f = { .name = name };
			struct pprof_line line = { 0 };
			const struct pprof_location l = { .mapping = PPROF_NONE,
							  .lines = &line,
							  .n_lines = 1 };

			assert_int_equal(pprof_add_function(p, &f, &line.function), 0);
			assert_int_equal(pprof_add_location(p, &l, &numbers[k]), 0);
		}
		const struct pprof_sample s = { .locations = numbers,
						.n_locations = depth,
						.values = stacks[i].values };
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	return p;
}

/* "(name self (child ...) ...)", of one side. */
static void print(const struct tree *t, uint32_t at, size_t side, struct buf *to)
{
	const struct tree_node *node = &t->nodes[at];

	buf_printf(to, "(%s %d", at ? t->names[node->name] : "-", (int)node->self[side]);
	for (uint32_t i = node->first; i != TREE_NONE; i = t->nodes[i].next)
		print(t, i, side, to);
	buf_append_text(to, ")");
}

static void expect(const struct tree *t, size_t side, const char *wanted)
{
	struct buf text = BUF_INIT(10000);

	print(t, 0, side, &text);
	buf_append_u8(&text, 0);
	assert_string_equal((char *)text.data, wanted);
	buf_fini(&text);
}

static const struct stack stacks[] = {
	{ "ab", { 5, 0 } }, { "a", { 1, 2 } },	 { "acd", { 7, 0 } },
	{ "b", { 0, 9 } },  { "abx", { 2, 1 } }, { "ac", { 0, 3 } },
};

static void grows(void **state)
{
	struct pprof_profile *p = make(stacks, ARRAY_SIZE(stacks), 2);
	struct tree t = TREE_NULL;

	(void)state;
	assert_int_equal(tree_make(p, 2, &t), 0);
	pprof_free(p);
	expect(&t, 0, "(- 0(a 1(b 5(x 2))(c 0(d 7)))(b 0))");
	expect(&t, 1, "(- 0(a 2(b 0(x 1))(c 3(d 0)))(b 9))");
	assert_int_equal(t.nodes[0].total[0], 15);
	assert_int_equal(t.nodes[0].total[1], 15);
	tree_fini(&t);
	assert_int_equal(tree_make(NULL, 1, &t), 0);
	expect(&t, 0, "(- 0)");
	assert_int_equal(tree_cut(&t, 1), 0);
	tree_fini(&t);
}

/* By the larger side; what goes is added up where it was. */
static void is_cut(void **state)
{
	struct pprof_profile *p = make(stacks, ARRAY_SIZE(stacks), 2);
	struct tree t = TREE_NULL;

	(void)state;
	assert_int_equal(tree_make(p, 2, &t), 0);
	pprof_free(p);
	/* Totals: a 15, b under the root 9, b and c under a 7, d 7, x 2. */
	assert_int_equal(tree_cut(&t, 5), 0);
	expect(&t, 0, "(- 0(a 1(b 5(other 2))(c 0(d 7)))(b 0))");
	expect(&t, 1, "(- 0(a 2(b 0(other 1))(c 3(d 0)))(b 9))");
	assert_int_equal(tree_cut(&t, 2), 0);
	expect(&t, 0, "(- 0(a 1(other 14))(b 0))");
	expect(&t, 1, "(- 0(a 2(other 4))(b 9))");
	tree_fini(&t);
}

static void is_written(void **state)
{
	static const uint8_t wanted[] = { 0, 0, 2, 1, 'a', 1, 1, 1, 'b', 5, 0, 1, 'q', 0x80, 1, 0 };
	static const struct stack some[] = { { "ab", { 5 } }, { "a", { 1 } }, { "q", { 128 } } };
	struct pprof_profile *p = make(some, ARRAY_SIZE(some), 1);
	struct buf bytes = BUF_INIT(1000);
	struct tree t = TREE_NULL;

	(void)state;
	assert_int_equal(tree_make(p, 1, &t), 0);
	pprof_free(p);
	tree_write(&t, &bytes);
	assert_int_equal(bytes.size, sizeof(wanted));
	assert_memory_equal(bytes.data, wanted, sizeof(wanted));
	bytes.size = 0;
	tree_fini(&t);
	assert_int_equal(tree_make(NULL, 1, &t), 0);
	tree_write(&t, &bytes);
	assert_int_equal(bytes.size, 0);
	tree_fini(&t);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(is_cut),
		cmocka_unit_test(is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
