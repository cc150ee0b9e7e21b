/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/filename.h"

#define ID   "01234567-89ab-cdef-0123-456789abcdef"
#define TIME (1795264260 * NSEC_PER_SEC + 999)
#define TAIL "_20261121T123100Z_" ID ".pb.gz"

static void named(const struct store_label *labels, uint32_t n_labels, const char *want)
{
	struct store_profile p = { .id = ID, .labels = labels, .n_labels = n_labels, .time = TIME };
	char name[FILENAME_SIZE];

	filename_make(&p, name);
	assert_string_equal(name, want);
}

static void the_name_tells_service_place_time_and_id(void **state)
{
	static const struct store_label all[] = {
		{ "__name__", "process_cpu" }, { "pod", "api-5d8f" },	  { "container", "main" },
		{ "namespace", "shop" },       { "service_name", "api" }, { "x", "y" },
	};

	(void)state;
	named(NULL, 0, "unknown" TAIL);
	named(all, ARRAY_SIZE(all), "api_shop_api-5d8f_main" TAIL);
	named(all, 4, "unknown_shop_api-5d8f_main" TAIL);
}

static void service(const char *value, const char *want)
{
	struct store_label label = { "service_name", value };
	_cleanup_(freep) char *whole = NULL;

	assert_true(asprintf(&whole, "%s" TAIL, want) > 0);
	named(&label, 1, whole);
	assert_true(filename_is_of(whole, value));
	assert_false(filename_is_of(whole, "other"));
	assert_false(filename_is_of(whole + 1, value));
}

static void nothing_leads_out_of_the_directory(void **state)
{
	(void)state;
	service("../../etc/passwd", "etc-passwd");
	service("..", "unknown");
	service("/", "unknown");
	service(".hidden", "hidden");
	service("-rf", "rf");
	service("a/../b", "a-..-b");
	service("a\nb\tc d*?\"'$`\\", "a-b-c-d-------");
	service("caf\xc3\xa9", "caf--");
	service("under_score", "under-score");
	service("v1.2", "v1.2");
	service("", "unknown");
}

static void the_longest_name_fits(void **state)
{
	char text[200], name[FILENAME_SIZE];
	struct store_label labels[] = { { "service_name", text },
					{ "namespace", text },
					{ "pod", text },
					{ "container", text } };
	struct store_profile p = { .labels = labels, .n_labels = 4, .time = UINT64_MAX };
	char id[65];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(id, 'f', 64);
	id[64] = '\0';
	p.id = id;
	filename_make(&p, name);
	assert_true(filename_is_of(name, text));
	assert_int_equal(strlen(name), 4 * 40 + 3 + 18 + 64 + 6);
	assert_non_null(strstr(name, "_25540721T233433Z_"));
	assert_string_equal(name + strlen(name) - 6, ".pb.gz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_tells_service_place_time_and_id),
		cmocka_unit_test(nothing_leads_out_of_the_directory),
		cmocka_unit_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests_name("filename", tests, NULL, NULL);
}
