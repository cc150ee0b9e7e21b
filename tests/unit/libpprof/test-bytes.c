/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding and decoding: round trips, sameness, and everything that is refused. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/libpprof/sample-profile.h"

static uint8_t *encode(struct pprof_profile *p, enum pprof_encoding encoding, size_t *ret_size)
{
	uint8_t *data;

	assert_int_equal(pprof_encode(p, encoding, &data, ret_size), 0);
	return data;
}

static struct pprof_profile *decode(const uint8_t *data, size_t size)
{
	struct pprof_profile *p;

	assert_int_equal(pprof_decode(data, size, NULL, &p, NULL), 0);
	return p;
}

/* Every field in use; @backwards adds everything in the other order. */
static struct pprof_profile *full(bool backwards)
{
	static const char *const names[] = { "main.main", "main.f", "main.g[go.shape.int]" };
	struct pprof_mapping mappings[] = {
		{ 0x400000, 0x500000, 0x1000, "/bin/api", "c0ffee", true, true, true, true },
		{ .start = 0x7f0000, .limit = 0x7f1000, .file = "[vdso]" },
		{ .start = 0x7e0000, .limit = 0x7e1000, .file = "/lib/unused.so" },
	};
	struct pprof_label labels[] = {
		{ .key = "path", .text = "/x" },
		{ .key = "size", .number = -9, .unit = "bytes" },
		{ .key = "id", .number = INT64_MIN },
	};
	struct pprof_profile *p = cpu_profile();
	uint32_t f[3], l[4], m[3];

	assert_int_equal(pprof_add_comment(p, "first"), 0);
	assert_int_equal(pprof_add_comment(p, "second"), 0);
	assert_int_equal(pprof_add_mapping(p, &mappings[0], &m[0]), 0);
	for (int i = 1; i < 3; i++) {
		int at = backwards ? 3 - i : i;

		assert_int_equal(pprof_add_mapping(p, &mappings[at], &m[at]), 0);
	}
	for (int i = 0; i < 3; i++) {
		int at = backwards ? 2 - i : i;

		f[at] = add_function(p, names[at], 10 * at);
	}
	for (int i = 0; i < 4; i++) {
		int at = backwards ? 3 - i : i;
		struct pprof_line lines[] = { { f[2], -1, 0 }, { f[at % 3], 12 + at, at } };
		struct pprof_location location = {
			.mapping = at == 3 ? PPROF_NONE : m[at % 2],
			.address = at == 3 ? UINT64_MAX : 0x400000 + at,
			.lines = lines,
			.n_lines = at == 2 ? 0 : 2,
			.is_folded = at == 1,
		};

		assert_int_equal(pprof_add_location(p, &location, &l[at]), 0);
	}
	for (int i = 0; i < 6; i++) {
		int at = backwards ? 5 - i : i;
		struct pprof_label own[3];
		struct pprof_sample s = {
			.locations = (uint32_t[]){ l[at % 3], l[1], l[0] },
			.n_locations = at % 4,
			.values = (int64_t[]){ at - 1, 1000000007 * (int64_t)at },
			.labels = own,
			.n_labels = at % 4,
		};

		for (int k = 0; k < at % 4; k++)
			own[k] = labels[backwards ? at % 4 - 1 - k : k];
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	return p;
}

static void test_round_trip(void **state)
{
	struct pprof_profile *p = full(false), *again;
	struct pprof_sample s;
	size_t size, again_size;
	uint8_t *data = encode(p, PPROF_PLAIN, &size), *data_again;
	struct pprof_mapping m;

	(void)state;
	again = decode(data, size);
	assert_int_equal(pprof_n_sample_types(again), 2);
	assert_string_equal(pprof_sample_type(again, 0).unit, "count");
	assert_int_equal(pprof_n_comments(again), 2);
	assert_string_equal(pprof_comment(again, 0), "first");
	assert_int_equal(pprof_header(again).time_nanos, 1700000000000000001);
	assert_string_equal(pprof_header(again).doc_url, "https://example.com/");
	assert_int_equal(pprof_n_samples(again), 5); /* two of the six are equal */
	assert_int_equal(pprof_n_locations(again), 3);
	assert_int_equal(pprof_n_functions(again), 3);
	assert_int_equal(pprof_n_mappings(again), 2);
	m = pprof_mapping(again, 0);
	assert_string_equal(m.file, "/bin/api");
	assert_string_equal(m.build_id, "c0ffee");
	assert_int_equal(m.offset, 0x1000);
	assert_true(m.has_functions && m.has_filenames && m.has_line_numbers &&
		    m.has_inline_frames);
	for (size_t i = 0; i < 5; i++) {
		s = pprof_sample(again, i);
		if (s.n_labels == 3)
			break;
	}
	assert_string_equal(s.labels[0].key, "id");
	assert_int_equal(s.labels[0].number, INT64_MIN);
	assert_string_equal(s.labels[1].text, "/x");
	assert_int_equal(s.labels[2].number, -9);
	assert_string_equal(s.labels[2].unit, "bytes");

	data_again = encode(again, PPROF_PLAIN, &again_size);
	assert_int_equal(again_size, size);
	assert_memory_equal(data_again, data, size);
	free(data);
	free(data_again);
	pprof_free(again);
	pprof_free(p);
}

static void test_same_bytes(void **state)
{
	struct pprof_profile *p = full(false), *q = full(true);
	size_t p_size, q_size;

	(void)state;
	for (int encoding = PPROF_PLAIN; encoding <= PPROF_GZIP; encoding++) {
		uint8_t *p_data = encode(p, encoding, &p_size);
		uint8_t *q_data = encode(q, encoding, &q_size);

		assert_int_equal(p_size, q_size);
		assert_memory_equal(p_data, q_data, p_size);
		free(p_data);
		free(q_data);
	}
	pprof_free(p);
	pprof_free(q);
}

/* Large enough for several steps of the compressor and of the growing buffers. */
static void test_gzip(void **state)
{
	struct pprof_profile *p = cpu_profile(), *q;
	uint8_t *plain, *data, *again;
	size_t plain_size, size, again_size;
	uint32_t rank = 1;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t f = add_function(p, i % 2 ? "main.f" : "main.g", rank = rank * 69621 + 1);

		add_sample(p, 1, (uint32_t[]){ add_location(p, rank, f, i) }, rank % 1000);
	}
	plain = encode(p, PPROF_PLAIN, &plain_size);
	data = encode(p, PPROF_GZIP, &size);
	assert_in_range(size, 100 * 1000, plain_size - 1);
	/* RFC 1952: deflate, no flags, no time. */
	assert_memory_equal(data, ((uint8_t[]){ 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 }), 8);
	q = decode(data, size);
	again = encode(q, PPROF_PLAIN, &again_size);
	assert_int_equal(again_size, plain_size);
	assert_memory_equal(again, plain, plain_size);
	free(again);
	pprof_free(q);

	free(data);
	pprof_free(p);
	free(plain);
}

static void test_empty(void **state)
{
	struct pprof_profile *p, *q;
	const char *reason = NULL;
	uint8_t *data;
	size_t size;

	(void)state;
	assert_int_equal(pprof_new(&p), 0);
	data = encode(p, PPROF_GZIP, &size);
	q = decode(data, size);
	assert_int_equal(pprof_n_samples(q), 0);
	assert_string_equal(pprof_header(q).period_type.unit, "");
	free(data);
	pprof_free(p);
	pprof_free(q);
	assert_int_equal(pprof_decode("", 0, NULL, &p, &reason), PPROF_E_MALFORMED);
	assert_string_equal(reason, "empty file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
