/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"

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

static void test_reserves_no_more(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	buf_reserve(&b, 1001);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.capacity, 0);
	buf_reserve(&b, 999);
	assert_int_equal(b.capacity, 999);
	uint8_t *data = b.data;
	for (int i = 0; i < 999; i++)
		buf_append_u8(&b, 'x');
	assert_ptr_equal(b.data, data);
	buf_append_u8(&b, 'x');
	assert_int_equal(b.size, 1000);
	buf_fini(&b);
}

static void test_uvarint_is_read_back(void **state)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80, 300, UINT32_MAX, UINT64_MAX };
	struct buf b = BUF_INIT(1 << 10);
	uint64_t at = 0, value;

	(void)state;
	buf_append_uvarint(&b, 300);
	assert_int_equal(b.size, 2);
	assert_memory_equal(b.data, "\xac\x02", 2); /* as protobuf's own documentation has it */
	b.size = 0;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		buf_append_uvarint(&b, values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_true(span_uvarint(span_of(b.data, b.size), &at, &value));
		assert_int_equal(value, values[i]);
	}
	assert_int_equal(at, b.size);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_in_order),
		cmocka_unit_test(test_limit_is_remembered),
		cmocka_unit_test(test_reserves_no_more),
		cmocka_unit_test(test_uvarint_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
