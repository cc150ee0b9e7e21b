/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/utf8.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/unit.h"

/* The bounds of each row in RFC 3629, section 4, and what is one beside them. */
static void finds_and_replaces(void **state)
{
	static const struct {
		const char *text, *made;
	} all[] = {
		{ "", "" },
		{ "main.(*T[go.shape.int]).f", "main.(*T[go.shape.int]).f" },
		{ "\x7f\xc2\x80\xdf\xbf", "\x7f\xc2\x80\xdf\xbf" },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
		  "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\x80", "?" },
		{ "\xc1\xbf", "??" },
		{ "\xe0\x9f\xbf", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf0\x8f\xbf\xbf", "????" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "a\xc3", "a?" },
		{ "12345678\xe2\x82|", "12345678??|" },
		{ "\xe2\x82\xacxxxxxxxxxxxx\xff\xc3\xa9", "\xe2\x82\xacxxxxxxxxxxxx?\xc3\xa9" },
	};
	uint8_t text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t size = strlen(all[i].text);
		bool right = !strcmp(all[i].text, all[i].made);

		memcpy(text, all[i].text, size);
		assert_int_equal(pp_find_not_utf8(text, size) == size, right);
		pp_make_utf8(text, size);
		assert_memory_equal(text, all[i].made, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
