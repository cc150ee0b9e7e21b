/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "agent/target/service.h"

static void assert_of_package(const char *path, const char *name)
{
	assert_true(span_equals(service_of_package(span_of(path, strlen(path))), name));
}

static void names_of_executables(void **state)
{
	(void)state;
	assert_of_package("example.com/shop/cmd/api", "api");
	assert_of_package("example.com/shop", "shop");
	assert_of_package("shop", "shop");
	assert_of_package("example.com/shop/v2", "shop");
	assert_of_package("example.com/shop/v12", "shop");
	assert_of_package("example.com/shop/v2/cmd/api", "api");
	assert_of_package("example.com/shop/v1", "v1");
	assert_of_package("example.com/shop/v0", "v0");
	assert_of_package("example.com/shop/v02", "v02");
	assert_of_package("example.com/shop/v2x", "v2x");
	assert_of_package("example.com/shop/v", "v");
	assert_of_package("v2", "v2");
	assert_of_package("/v2", "v2");
	assert_of_package("command-line-arguments", "");
	assert_of_package("", "");
}

static void assert_of_unit(const char *unit, const char *name)
{
	char text[32];

	assert_true(service_of_unit(unit, text, sizeof(text)));
	assert_string_equal(text, name);
}

static void names_of_units(void **state)
{
	char text[8];

	(void)state;
	assert_of_unit("web.service", "web");
	assert_of_unit("web@eu.service", "web");
	assert_of_unit("web@.service", "web");
	assert_of_unit("org.example.web.service", "org.example.web");
	assert_of_unit("my\\x2dapp.service", "my-app");
	assert_of_unit("my\\x2dapp@a\\x2db.service", "my-app");
	assert_of_unit("odd\\x2.service", "odd\\x2");
	assert_of_unit("odd\\x00.service", "odd\\x00");
	assert_of_unit("odd\\", "odd\\");
	assert_of_unit("caf\\xc3\\xa9.service", "caf\xc3\xa9");
	assert_false(service_of_unit("", text, sizeof(text)));
	assert_false(service_of_unit("@.service", text, sizeof(text)));
	assert_true(service_of_unit("1234567.service", text, sizeof(text)));
	assert_false(service_of_unit("12345678.service", text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_executables),
		cmocka_unit_test(names_of_units),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
