/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/binary/binary.h"
#include "tests/unit/binary/fake.h"

static const struct fake_function functions[] = {
	{ .name = "runtime.goexit", .size = 16, .func_id = 8, .flags = 5 },
};

struct opened {
	struct buf file;
	struct binary *binary;
};

static const struct binary_build *open_build(struct opened *o, const char *version,
					     const char *modinfo)
{
	struct fake fake = { .functions = functions, .n_functions = 1 };

	fake.version = version;
	fake.modinfo = modinfo;
	*o = (struct opened){ .file = BUF_INIT(1 << 20) };
	fake_build(&fake, &o->file);
	assert_int_equal(binary_parse(span_of(o->file.data, o->file.size), &o->binary), 0);
	return binary_build(o->binary);
}

static void close_build(struct opened *o)
{
	binary_free(o->binary);
	buf_fini(&o->file);
}

static void test_all_keys(void **state)
{
	struct opened o;
	const struct binary_build *b = open_build(&o, "go1.26.8",
						  "path\texample.com/shop/cmd/api\n"
						  "mod\texample.com/shop\tv1.2.3\th1:sum=\n"
						  "dep\texample.com/mod\tv0.1.0\th1:other=\n"
						  "build\t-buildmode=exe\n"
						  "build\t-pgo=\"with space/default.pgo\"\n"
						  "build\tCGO_ENABLED=1\n"
						  "build\tvcs.revision=0123abcd\n"
						  "build\tvcs.time=2026-01-02T03:04:05Z\n"
						  "build\tvcs.modified=true");
	(void)state;

	assert_true(span_equals(b->go_version, "go1.26.8"));
	assert_int_equal(b->minor, 26);
	assert_true(span_equals(b->main_path, "example.com/shop/cmd/api"));
	assert_true(span_equals(b->main_module, "example.com/shop"));
	assert_true(span_equals(b->main_version, "v1.2.3"));
	assert_true(span_equals(b->buildmode, "exe"));
	assert_true(span_equals(b->pgo, "with space/default.pgo"));
	assert_true(span_equals(b->cgo_enabled, "1"));
	assert_true(span_equals(b->vcs_revision, "0123abcd"));
	assert_true(span_equals(b->vcs_time, "2026-01-02T03:04:05Z"));
	assert_true(span_equals(b->vcs_modified, "true"));
	close_build(&o);
}

static void test_little_said(void **state)
{
	struct opened o;
	const struct binary_build *b = open_build(&o, "go1.20", "path\n\nmod\nbuild\nbuild\t\t=\n");
	(void)state;

	assert_int_equal(b->minor, 20);
	assert_int_equal(b->main_path.size, 0);
	assert_int_equal(b->main_module.size, 0);
	assert_int_equal(b->pgo.size, 0);
	close_build(&o);
}

static void test_versions(void **state)
{
	static const struct {
		const char *version;
		int minor;
	} cases[] = {
		{ "go1.26", 26 },
		{ "go1.26rc1", 26 },
		{ "go1.26.1 X:boringcrypto", 26 },
		{ "go1.25-custom", 25 },
		{ "devel go1.27-0123456789 Thu Jan 1 00:00:00 2026 +0000", 27 },
		{ "devel +0123456789", 26 }, /* by the layout */
	};
	struct opened o;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct binary_build *b = open_build(&o, cases[i].version, NULL);

		assert_int_equal(b->minor, cases[i].minor);
		close_build(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_little_said),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
