/* SPDX-License-Identifier: Apache-2.0 */
/* What go list prints. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "cli/packages.h"

static int parse(const char *text, struct packages *p)
{
	return packages_parse(span_of(text, strlen(text)), p);
}

static void main_packages_of_ours_are_found(void **state)
{
	static const char text[] =
		"{\"Dir\":\"/m/cmd/a\",\"ImportPath\":\"x.com/m/cmd/a\",\"Name\":\"main\","
		"\"Module\":{\"Path\":\"x.com/m\",\"Main\":true}}\n"
		"{\"Dir\":\"/m/lib\",\"ImportPath\":\"x.com/m/lib\",\"Name\":\"lib\","
		"\"Module\":{\"Main\":true}}\n"
		"{\"Dir\":\"/mod/y\",\"ImportPath\":\"y.com/tool\",\"Name\":\"main\","
		"\"Module\":{\"Path\":\"y.com\"}}\n"
		"{\"Dir\":\"/go/src/cmd/go\",\"ImportPath\":\"cmd/go\",\"Name\":\"main\","
		"\"Standard\":true}\n"
		"{\"Dir\":\"/gopath/z\",\"ImportPath\":\"z\",\"Name\":\"main\"}\n"
		"{\"Dir\":\"relative\",\"ImportPath\":\"w\",\"Name\":\"main\"}\n"
		"{\"ImportPath\":\"./nope\",\"Error\":{\"Err\":\"directory not found\"}}\n"
		"{\"ImportPath\":\"./nor\",\"Error\":{\"Err\":\"second\"}}\n \n";
	struct packages p;

	(void)state;
	assert_int_equal(parse(text, &p), 0);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.list[0].path, "x.com/m/cmd/a");
	assert_string_equal(p.list[0].folder, "/m/cmd/a");
	assert_string_equal(p.list[1].path, "z");
	assert_string_equal(p.complaint, "./nope: directory not found");
	packages_fini(&p);
}

static void nothing_is_no_package(void **state)
{
	struct packages p;

	(void)state;
	assert_int_equal(parse("", &p), 0);
	assert_int_equal(p.n, 0);
	packages_fini(&p);
	assert_int_equal(parse(" \n\t", &p), 0);
	packages_fini(&p);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const bad[] = { "x", "[]",	    "{",      "{} x", "{\"Name\":",
					   "1", "\"main\"", "{}\n[]", "{}}" };
	struct packages p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &p), PACKAGES_E_MALFORMED);
	/* Of another kind than they should be. */
	assert_int_equal(parse("{\"Name\":1,\"Dir\":[],\"Module\":5,\"Error\":true}", &p), 0);
	assert_int_equal(p.n, 0);
	packages_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_packages_of_ours_are_found),
		cmocka_unit_test(nothing_is_no_package),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
