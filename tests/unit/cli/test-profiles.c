/* SPDX-License-Identifier: Apache-2.0 */
/* hone check and hone compare, as they are called: exit codes, what they say, JSON. */
#include "tests/unit/cli/hone.h"

#include <jansson.h>
#include <string.h>

#include "tests/unit/pgo/made.h"

/* Encode @p, which is freed, into a file of its own under the name given. */
static void write_profile(struct pprof_profile *p, const char *path)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(pprof_encode(p, PPROF_GZIP, &data, &size), 0);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	pprof_free(p);
}

static void write_text(const char *text, const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct pprof_profile *calls(unsigned int n, int64_t times)
{
	struct pprof_profile *p = made_count_profile();

	for (unsigned int i = 0; i < n; i++)
		made_call(p, i, times);
	return p;
}

/* All in a folder of this run's own, which is the current one. */
#define USABLE	"usable.pprof"
#define OTHER	"other.pprof"
#define HEAP	"heap.pprof"
#define EVIL	"evil.pprof"
#define TEXT	"text"
#define NOTHING "nothing"
#define NOWHERE "nowhere"

static char folder[] = "/tmp/test-hone-profiles-XXXXXX";

static int write_profiles(void **state)
{
	struct pprof_profile *heap = made_profile("inuse_space", "bytes");
	struct pprof_profile *evil = made_count_profile();

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	write_profile(calls(50, 100), USABLE);
	write_profile(calls(40, 20), OTHER);
	made_call(heap, 1, 1);
	write_profile(heap, HEAP);
	made_sample(evil, made_location(evil, "main.\033[2Jg\xff", 11, 1),
		    made_location(evil, "main.f", 12, 2), 7);
	write_profile(evil, EVIL);
	write_text("GO PREPROFILE V1\nmain.f\nmain.g\n1 2\n", TEXT);
	write_text("", NOTHING);
	return 0;
}

static int remove_profiles(void **state)
{
	const char *const paths[] = { USABLE, OTHER, HEAP, EVIL, TEXT, NOTHING };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		unlink(paths[i]);
	return rmdir(folder);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static void check_tells_what_the_compiler_sees(void **state)
{
	struct run r = hone(state, "check --edges 2 " USABLE);

	assert_int_equal(r.code, 0);
	assert_string_equal(r.err, "");
	assert_int_equal(strncmp(r.out, "Fair: usable; 5000 samples", 26), 0);
	assert_says(r.out, "  sample type    samples/count\n");
	assert_says(r.out, "  call edges     50, of which 50 are hot");
	assert_says(r.out, "no stack shows an inlined call");
	assert_says(r.out, " 2.00 %        100  yes  main.caller:+0 -> main.callee0\n");
	assert_says(r.out, "main.caller:+1 -> main.callee1\n");
	assert_null(strstr(r.out, "main.callee2"));
}

static void check_reads_standard_input(void **state)
{
	assert_int_equal(hone(state, "check - <" USABLE).code, 0);
	assert_int_equal(hone(state, "check - <" HEAP).code, 3);
	struct run r = hone(state, "check -- -nope");
	assert_says(r.err, "hone check: cannot read -nope: No such file or directory.");
}

static void check_refuses_what_the_compiler_refuses(void **state)
{
	struct run r = hone(state, "check " HEAP);

	assert_int_equal(r.code, 3);
	assert_int_equal(strncmp(r.out, "Refused: the Go compiler rejects this profile: ", 47), 0);
	r = hone(state, "check " TEXT);
	assert_int_equal(r.code, 3);
	assert_says(r.out, "rejects this profile");
	assert_says(r.out, "output of go tool preprofile");
	r = hone(state, "check " NOTHING);
	assert_int_equal(r.code, 3);
	assert_says(r.out, "would do nothing with this profile: it holds no samples");
}

static void errors_are_one_line(void **state)
{
	struct run r = hone(state, "check " NOWHERE);

	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "hone check: cannot read " NOWHERE
				   ": No such file or directory. Check the path.\n");
	r = hone(state, "check .");
	assert_int_equal(r.code, 1);
	assert_says(r.err, "Is a directory");
	r = hone(state, "compare " USABLE " " NOWHERE);
	assert_int_equal(r.code, 1);
	r = hone(state, "compare " USABLE " " HEAP);
	assert_int_equal(r.code, 3);
	assert_says(r.err, "hone compare: cannot compare " HEAP ": it has neither samples/count");
	r = hone(state, "compare " TEXT " " USABLE);
	assert_int_equal(r.code, 3);
}

static void usage_errors_say_how(void **state)
{
	const char *const wrong[] = {
		"check",
		"check " USABLE " " OTHER,
		"check --edges " USABLE,
		"check --edges x " USABLE,
		"check --edges -1 " USABLE,
		"check --bogus " USABLE,
		"compare " USABLE,
		"compare --seed 1x " USABLE " " OTHER,
		"compare --top " USABLE " " OTHER,
		"compare - -",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct run r = hone(state, wrong[i]);

		assert_int_equal(r.code, 2);
		assert_string_equal(r.out, "");
		assert_says(r.err, " --help.\n");
	}
	assert_int_equal(hone(state, "check --help").code, 0);
	assert_says(hone(state, "compare --help").out, "Usage: hone compare");
}

static void names_cannot_steer_the_terminal(void **state)
{
	struct run r = hone(state, "check --edges 9 " EVIL);

	assert_int_equal(r.code, 0);
	assert_says(r.out, "main.f:+2 -> main.?[2Jg");
	assert_null(strchr(r.out, '\033'));
}

static json_t *parse(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

static double number(json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	assert_true(json_is_number(value));
	return json_number_value(value);
}

static void check_prints_json(void **state)
{
	struct run r = hone(state, "check --json --edges 1 " USABLE);
	json_t *o = parse(r.out);

	assert_int_equal(r.code, 0);
	assert_string_equal(json_string_value(json_object_get(o, "verdict")), "fair");
	assert_true(json_is_true(json_object_get(o, "accepted")));
	assert_true(json_is_true(json_object_get(o, "enough")));
	assert_int_equal(number(o, "samples"), 5000);
	assert_int_equal(number(o, "hot_edges"), 50);
	assert_true(number(o, "coverage") == 1);
	assert_true(json_is_null(json_object_get(o, "truncated")));
	json_t *reason = json_array_get(json_object_get(o, "reasons"), 0);
	assert_string_equal(json_string_value(json_object_get(reason, "reason")), "no-inlining");
	json_t *edges = json_object_get(o, "call_edges");
	assert_int_equal(json_array_size(edges), 1);
	assert_int_equal(number(json_array_get(edges, 0), "weight"), 100);
	json_decref(o);

	r = hone(state, "check --json " HEAP);
	assert_int_equal(r.code, 3);
	o = parse(r.out);
	assert_true(json_is_false(json_object_get(o, "accepted")));
	assert_true(json_is_null(json_object_get(o, "sample_type")));
	json_decref(o);

	r = hone(state, "check --json --edges 1 " EVIL);
	o = parse(r.out);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(o, "call_edges"), 0), "callee")),
			    "main.\033[2Jg?");
	json_decref(o);
}

static void compare_tells_both_ways(void **state)
{
	struct run r = hone(state, "compare --top 2 " USABLE " " OTHER);

	assert_int_equal(r.code, 0);
	assert_string_equal(r.err, "");
	assert_says(r.out, "A  " USABLE ": 5000 samples, 50 call edges (50 hot)\n");
	assert_says(r.out, "  edges     0.8000");
	assert_says(r.out, "the larger profile's samples, dealt");
	assert_says(r.out, "Heavier in A:\n        A         B  call\n  2.000 %   0.000 %");
	assert_says(r.out, "Heavier in B:\n        A         B  call\n  2.000 %   2.500 %");
	r = hone(state, "compare " USABLE " " USABLE);
	assert_says(r.out, "were pooled");
	assert_null(strstr(r.out, "Heavier"));
}

static void compare_prints_json(void **state)
{
	struct run r = hone(state, "compare --json --seed 3 " USABLE " - <" OTHER);
	json_t *o = parse(r.out);

	assert_int_equal(r.code, 0);
	assert_true(number(json_object_get(o, "edges"), "overlap") == 0.8);
	assert_true(number(json_object_get(o, "form"), "overlap") == 1);
	assert_true(number(o, "ratio") > 0.8 && number(o, "ratio") < 0.95);
	assert_string_equal(json_string_value(json_object_get(o, "ceiling")), "split");
	assert_int_equal(number(o, "seed"), 3);
	assert_true(number(json_object_get(o, "a"), "only_here") == 0.2);
	assert_int_equal(json_array_size(json_object_get(o, "heavier_in_a")), 10);
	assert_int_equal(json_array_size(json_object_get(o, "heavier_in_b")), 10);
	json_decref(o);
	assert_string_equal(hone(state, "compare --json --seed 3 " USABLE " - <" OTHER).out, r.out);
}

int main(int argc, char **argv)
{
	_cleanup_(freep) char *program = argc > 1 ? realpath(argv[1], NULL) : NULL;
	struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(check_tells_what_the_compiler_sees, program),
		cmocka_unit_test_prestate(check_reads_standard_input, program),
		cmocka_unit_test_prestate(check_refuses_what_the_compiler_refuses, program),
		cmocka_unit_test_prestate(errors_are_one_line, program),
		cmocka_unit_test_prestate(usage_errors_say_how, program),
		cmocka_unit_test_prestate(names_cannot_steer_the_terminal, program),
		cmocka_unit_test_prestate(check_prints_json, program),
		cmocka_unit_test_prestate(compare_tells_both_ways, program),
		cmocka_unit_test_prestate(compare_prints_json, program),
	};

	return cmocka_run_group_tests(tests, write_profiles, remove_profiles);
}
