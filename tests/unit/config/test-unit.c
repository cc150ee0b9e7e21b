/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/address.h"
#include "base/cleanup.h"
#include "config/unit.h"

static void numbers_with_units(void **state)
{
	static const struct {
		enum unit unit;
		const char *text;
		uint64_t value;
	} good[] = {
		{ UNIT_NONE, "0", 0 },
		{ UNIT_NONE, "99", 99 },
		{ UNIT_TIME, "0", 0 },
		{ UNIT_TIME, "1ns", 1 },
		{ UNIT_TIME, "5us", 5000 },
		{ UNIT_TIME, "500ms", 500000000 },
		{ UNIT_TIME, "60s", 60000000000 },
		{ UNIT_TIME, "5m", 300000000000 },
		{ UNIT_TIME, "1h30m", 5400000000000 },
		{ UNIT_TIME, "2d", 172800000000000 },
		{ UNIT_BYTES, "0", 0 },
		{ UNIT_BYTES, "4096", 4096 },
		{ UNIT_BYTES, "1B", 1 },
		{ UNIT_BYTES, "2kB", 2000 },
		{ UNIT_BYTES, "2KiB", 2048 },
		{ UNIT_BYTES, "2Ki", 2048 },
		{ UNIT_BYTES, "512MiB", 512 << 20 },
		{ UNIT_BYTES, "3GB", 3000000000 },
		{ UNIT_BYTES, "1TiB", 1ull << 40 },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		value = 77;
		assert_true(unit_parse(good[i].unit, good[i].text, &value));
		assert_int_equal(value, good[i].value);
	}
}

static void what_is_no_number(void **state)
{
	static const struct {
		enum unit unit;
		const char *text;
	} bad[] = {
		{ UNIT_NONE, "" },
		{ UNIT_NONE, "1s" },
		{ UNIT_NONE, "-1" },
		{ UNIT_NONE, "1.5" },
		{ UNIT_NONE, " 1" },
		{ UNIT_NONE, "0x10" },
		{ UNIT_TIME, "60" },
		{ UNIT_TIME, "s" },
		{ UNIT_TIME, "1h30" },
		{ UNIT_TIME, "60 s" },
		{ UNIT_TIME, "60sec" },
		{ UNIT_TIME, "1.5h" },
		{ UNIT_TIME, "600000d" },
		{ UNIT_TIME, "200000d200000d" },
		{ UNIT_BYTES, "1MiB1" },
		{ UNIT_BYTES, "1K" },
		{ UNIT_BYTES, "1MiB 2" },
		{ UNIT_BYTES, "1KiB1KiB" },
		{ UNIT_BYTES, "16777216TiB" },
		{ UNIT_BYTES, "18446744073709551616" },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(unit_parse(bad[i].unit, bad[i].text, &value));
}

/* Exact, and read back as the same. */
static void printed_in_the_largest_exact_unit(void **state)
{
	static const uint64_t values[] = { 0,	       1,	    999,	 1000,
					   1024,       60000000000, 90000000000, 86400000000000,
					   UINT64_MAX, 1ull << 40,  512ull << 20 };
	char text[UNIT_SIZE];
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (enum unit unit = UNIT_NONE; unit <= UNIT_BYTES; unit++) {
			unit_print(unit, values[i], text);
			assert_true(unit_parse(unit, text, &value));
			assert_int_equal(value, values[i]);
		}
	unit_print(UNIT_TIME, 90000000000, text);
	assert_string_equal(text, "90s");
	unit_print(UNIT_TIME, 86400000000000, text);
	assert_string_equal(text, "1d");
	unit_print(UNIT_BYTES, 512 << 20, text);
	assert_string_equal(text, "512MiB");
	unit_print(UNIT_BYTES, 1001, text);
	assert_string_equal(text, "1001");
}

static void addresses(void **state)
{
	static const char *const good[] = { "127.0.0.1:7071", "0.0.0.0:0", "[::1]:65535",
					    "[::]:1" };
	static const char *const bad[] = {
		"",	  "127.0.0.1",	 "127.0.0.1:",	   "127.0.0.1:65536",
		":7071",  "::1:7071",	 "[127.0.0.1]:1",  "localhost:7071",
		"[::1]7", "[::1]:7071 ", "127.0.0.1:7071x"
	};
	struct sockaddr_storage address;
	socklen_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(address_parse(good[i], &address, &size));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(address_parse(bad[i], &address, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_with_units),
		cmocka_unit_test(what_is_no_number),
		cmocka_unit_test(printed_in_the_largest_exact_unit),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
