/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ingest/accept.h"
#include "libpprof/gzip.h"
#include "libpprof/pprof.h"

#define NOW 1000000000000000000

struct encoded {
	uint8_t *data;
	size_t size;
};

static struct encoded encode_at(int64_t time, int64_t duration, const char *type, const char *unit,
				const char *name, enum pprof_encoding encoding)
{
	const struct pprof_value_type value_type = { type, unit };
	const struct pprof_header header = { .time_nanos = time,
					     .duration_nanos = duration,
					     .period = 1 };
	const struct pprof_function function = { .name = name, .start_line = 1 };
	const struct pprof_mapping mapping = { .build_id = "b1d" };
	const int64_t value = 1;
	struct pprof_line line = { .line = 2 };
	struct pprof_profile *p;
	struct encoded e;
	uint32_t number;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &value_type), 0);
	assert_int_equal(pprof_add_mapping(p, &mapping, NULL), 0);
	assert_int_equal(pprof_add_function(p, &function, &line.function), 0);
	const struct pprof_location location = { .address = 1, .lines = &line, .n_lines = 1 };
	assert_int_equal(pprof_add_location(p, &location, &number), 0);
	const struct pprof_sample sample = { .locations = &number,
					     .n_locations = 1,
					     .values = &value };
	assert_int_equal(pprof_add_sample(p, &sample, NULL), 0);
	assert_int_equal(pprof_encode(p, encoding, &e.data, &e.size), 0);
	pprof_free(p);
	return e;
}

static struct encoded encode(const char *type, const char *unit, const char *name,
			     enum pprof_encoding encoding)
{
	return encode_at(77, 5, type, unit, name, encoding);
}

struct trial {
	struct turns turns;
	struct turn turn;
	struct label_set labels;
	struct accept_input in;
	struct accepted accepted;
	struct refusal why;
};

static const struct accept_limits most = ACCEPT_LIMITS_MOST;

static void begin(struct trial *t, struct encoded e)
{
	*t = (struct trial){ .labels = LABEL_SET_NULL };
	turns_init(&t->turns);
	t->turn = (struct turn){ .of = &t->turns };
	t->in = (struct accept_input){ .limits = &most,
				       .turn = &t->turn,
				       .tenant = "anonymous",
				       .labels = &t->labels,
				       .name_profile = true,
				       .pprof = span_of(e.data, e.size),
				       .now = NOW };
}

static void end(struct trial *t, struct encoded e)
{
	accepted_fini(&t->accepted);
	turn_end(&t->turn);
	turns_fini(&t->turns);
	label_set_fini(&t->labels);
	free(e.data);
}

static void keeps_bytes(void **state)
{
	struct encoded e = encode("cpu", "nanoseconds", "main.f", PPROF_GZIP);
	struct trial t;

	(void)state;
	begin(&t, e);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	assert_ptr_equal(t.accepted.row.pprof.data, e.data);
	assert_int_equal(t.accepted.row.start, 77);
	assert_int_equal(t.accepted.row.samples, 1);
	assert_true(t.accepted.row.cpu);
	assert_string_equal(t.accepted.row.build, "b1d");
	assert_string_equal(t.accepted.row.service, "unknown_service");
	assert_string_equal(label_set_value(&t.labels, "__name__"), "process_cpu");
	end(&t, e);
}

static void compresses_and_names(void **state)
{
	struct encoded e = encode("inuse_objects", "count", "main.f", PPROF_PLAIN);
	struct trial t;

	(void)state;
	begin(&t, e);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	assert_true(pp_is_gzip(t.accepted.row.pprof.data, t.accepted.row.pprof.size));
	assert_false(t.accepted.row.cpu);
	assert_string_equal(label_set_value(&t.labels, "__name__"), "memory");
	end(&t, e);
}

/* What hone-agent escapes for Pyroscope is kept as the linker wrote it. */
static void puts_shapes_back(void **state)
{
	struct encoded e = encode("cpu", "nanoseconds", "main.f[go:shape.int]", PPROF_GZIP);
	struct pprof_profile *p;
	struct trial t;

	(void)state;
	begin(&t, e);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	assert_int_equal(
		pprof_decode(t.accepted.row.pprof.data, t.accepted.row.pprof.size, NULL, &p, NULL),
		0);
	assert_string_equal(pprof_function(p, 0).name, "main.f[go.shape.int]");
	pprof_free(p);
	end(&t, e);
}

/* google/pprof would take it. Protobuf would refuse each answer that such a name is in. */
static void wants_utf8(void **state)
{
	struct encoded right = encode("cpu", "nanoseconds", "main.\xc3\xa9", PPROF_GZIP);
	struct encoded wrong = encode("cpu", "nanoseconds", "main.\xe9", PPROF_GZIP);
	struct trial t;

	(void)state;
	begin(&t, right);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	end(&t, right);
	begin(&t, wrong);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	assert_int_equal(t.why.code, REFUSAL_INVALID);
	assert_string_equal(t.why.text, "the profile cannot be taken: a string is not UTF-8");
	end(&t, wrong);
}

static void refuses(void **state)
{
	struct encoded e = encode("cpu", "nanoseconds", "main.f", PPROF_GZIP);
	struct trial t;

	(void)state;
	begin(&t, e);
	t.in.name_profile = false;
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	assert_int_equal(t.why.code, REFUSAL_INVALID);
	t.in.name_profile = true;
	t.in.now = 77 - ACCEPT_MAX_FUTURE - 1;
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	t.in.now = NOW;
	t.in.pprof.size--;
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	t.in.pprof = span_of(NULL, 0);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	t.in.pprof = span_of("garbage", 7);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	assert_int_equal(t.why.code, REFUSAL_INVALID);
	end(&t, e);
}

static void refuses_bombs(void **state)
{
	size_t size = ACCEPT_MAX_RAW + 1;
	uint8_t *zeros = calloc(1, size);
	struct pp_gzip *z;
	struct encoded e;
	struct trial t;

	(void)state;
	assert_int_equal(pp_gzip_new(&z), 0);
	assert_int_equal(pp_gzip_write(z, zeros, size), 0);
	assert_int_equal(pp_gzip_finish(z, &e.data, &e.size), 0);
	pp_gzip_free(z);
	free(zeros);
	begin(&t, e);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	assert_int_equal(t.why.code, REFUSAL_TOO_LARGE);
	end(&t, e);
}

static void key_of(struct trial *t, uint8_t ret_key[DEPOT_KEY_SIZE])
{
	assert_int_equal(accept_profile(&t->in, &t->accepted, &t->why), 0);
	memcpy(ret_key, t->accepted.row.key, DEPOT_KEY_SIZE);
	accepted_fini(&t->accepted);
}

static void knows_what_is_the_same(void **state)
{
	struct encoded a = encode("cpu", "nanoseconds", "main.a", PPROF_GZIP);
	struct encoded b = encode("cpu", "nanoseconds", "main.b", PPROF_GZIP);
	uint8_t first[DEPOT_KEY_SIZE], second[DEPOT_KEY_SIZE];
	struct trial t, u;

	(void)state;
	begin(&t, a);
	begin(&u, b);
	key_of(&t, first);
	key_of(&u, second);
	assert_memory_not_equal(first, second, sizeof(first));
	/* The labels that accepting adds are there the second time. */
	label_set_fini(&t.labels);
	key_of(&t, second);
	assert_memory_equal(first, second, sizeof(first));
	t.in.id = "0192F0A0-0000-7000-8000-00000000000A";
	u.in.id = "0192f0a0-0000-7000-8000-00000000000a";
	key_of(&t, first);
	key_of(&u, second);
	assert_memory_equal(first, second, sizeof(first));
	u.in.tenant = "other";
	key_of(&u, second);
	assert_memory_not_equal(first, second, sizeof(first));
	u.in.tenant = "anonymous";
	t.in.id = u.in.id = "always-the-same";
	key_of(&t, first);
	key_of(&u, second);
	assert_memory_not_equal(first, second, sizeof(first));
	end(&u, b);
	end(&t, a);
}

static void ends_no_later_than_it_came(void **state)
{
	static const struct {
		int64_t start, duration, kept;
	} cases[] = {
		{ NOW - 60, 60, 60 },
		{ NOW - 60, -1, 0 },
		{ NOW - 60, INT64_MAX, ACCEPT_MAX_FUTURE + 60 },
		{ NOW + ACCEPT_MAX_FUTURE, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct encoded e = encode_at(cases[i].start, cases[i].duration, "cpu",
					     "nanoseconds", "main.f", PPROF_GZIP);
		struct trial t;

		begin(&t, e);
		assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
		assert_int_equal(t.accepted.row.start, cases[i].start);
		assert_int_equal(t.accepted.row.duration, cases[i].kept);
		end(&t, e);
	}
}

static void refuses_types_that_are_no_text(void **state)
{
	struct encoded e = encode("cp\xff", "nanoseconds", "main.f", PPROF_GZIP);
	struct trial t;

	(void)state;
	begin(&t, e);
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), INGEST_E_REFUSED);
	assert_int_equal(t.why.code, REFUSAL_INVALID);
	end(&t, e);
}

/* @n stacks of @each samples, and of as many ns of CPU time. */
static struct encoded encode_go(uint32_t n, int64_t each, int64_t period)
{
	const struct pprof_value_type types[] = { { "samples", "count" },
						  { "cpu", "nanoseconds" } };
	const struct pprof_header header = { .period = period, .period_type = types[1] };
	const int64_t values[] = { each, each };
	struct pprof_profile *p;
	struct encoded e;
	uint32_t number;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[0]), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[1]), 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct pprof_location l = { .mapping = PPROF_NONE, .address = i + 1 };
		const struct pprof_sample sample = { &number, 1, values, NULL, 0 };

		assert_int_equal(pprof_add_location(p, &l, &number), 0);
		assert_int_equal(pprof_add_sample(p, &sample, NULL), 0);
	}
	assert_int_equal(pprof_encode(p, PPROF_GZIP, &e.data, &e.size), 0);
	pprof_free(p);
	return e;
}

/* *ret_new: stacks of its dictionary that come with it. */
static int64_t dictionary_of(struct briefs *b, const char *tenant, bool stored, uint32_t *ret_new)
{
	struct encoded e = encode_go(1, 10, 10);
	struct trial t;

	begin(&t, e);
	t.in.briefs = b;
	t.in.tenant = tenant;
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	t.accepted.stored = stored;
	const struct depot_brief brief = t.accepted.row.brief;
	*ret_new = brief.n;
	assert_int_equal(brief.stacks.size > 0, brief.n > 0);
	assert_true(brief.counts.size > 0);
	end(&t, e);
	return brief.dictionary;
}

/* What was not stored is in no dictionary, and no tenant's stacks are in another's. */
static void puts_in_brief(void **state)
{
	struct briefs *b;
	uint32_t n;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	int64_t lost = dictionary_of(b, "anonymous", false, &n);
	assert_int_equal(n, 1);
	int64_t kept = dictionary_of(b, "anonymous", true, &n);
	assert_int_equal(n, 1);
	assert_int_not_equal(kept, lost);
	assert_int_equal(dictionary_of(b, "anonymous", true, &n), kept);
	assert_int_equal(n, 0);
	assert_int_not_equal(dictionary_of(b, "other", true, &n), kept);
	briefs_free(b);
}

/* Values that are alike in the profile, and long each in a brief; it is not tried again. */
static void has_no_brief_that_is_longer(void **state)
{
	const struct brief_owner owner = { "anonymous", "unknown_service", "" };
	struct encoded e = encode_go(4000, (int64_t)1 << 29, ((int64_t)1 << 61) + 12345);
	struct briefs *b;
	struct trial t;

	(void)state;
	assert_int_equal(briefs_new(&b), 0);
	begin(&t, e);
	t.in.briefs = b;
	assert_int_equal(accept_profile(&t.in, &t.accepted, &t.why), 0);
	assert_int_equal(t.accepted.row.samples, 4000);
	assert_int_equal(t.accepted.row.brief.dictionary, 0);
	assert_int_equal(t.accepted.row.brief.counts.size, 0);
	assert_false(brief_expects(b, &owner, NOW));
	end(&t, e);
	briefs_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_bytes),
		cmocka_unit_test(compresses_and_names),
		cmocka_unit_test(puts_shapes_back),
		cmocka_unit_test(wants_utf8),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_bombs),
		cmocka_unit_test(ends_no_later_than_it_came),
		cmocka_unit_test(refuses_types_that_are_no_text),
		cmocka_unit_test(knows_what_is_the_same),
		cmocka_unit_test(puts_in_brief),
		cmocka_unit_test(has_no_brief_that_is_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
