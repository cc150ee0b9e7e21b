/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

static void test_appends_in_order(void **state)
{
	struct buf b = BUF_INIT(1 << 20);

	(void)state;
	buf_append_text(&b, "one ");
	buf_printf(&b, "%d", 2);
	buf_append_u8(&b, '!');
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.size, 6);
	assert_memory_equal(b.data, "one 2!", 6);
	buf_fini(&b);
}

static void test_limit_is_remembered(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	buf_append_text(&b, "1234");
	assert_int_equal(buf_error(&b), 0);
	buf_append_text(&b, "5");
	assert_int_equal(buf_error(&b), -E2BIG);
	buf_append(&b, "", 0);
	assert_int_equal(b.size, 4);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_in_order),
		cmocka_unit_test(test_limit_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
