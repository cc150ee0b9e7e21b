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
	struct pprof_mapping own_mappings[] = {
		{ 0x400000, 0x500000, 0x1000, "/bin/api", "c0ffee", true, true, true, true },
		{ .start = 0x7f0000, .limit = 0x7f1000, .file = "[vdso]" },
		{ .start = 0x7e0000, .limit = 0x7e1000, .file = "/lib/unused.so" },
	};
	struct pprof_label own_labels[] = {
		{ .key = "path", .text = "/x" },
		{ .key = "size", .number = -9, .unit = "bytes" },
		{ .key = "id", .number = INT64_MIN },
	};
	struct pprof_profile *p = cpu_profile();
	uint32_t f[3], l[4], m[3];

	assert_int_equal(pprof_add_comment(p, "first"), 0);
	assert_int_equal(pprof_add_comment(p, "second"), 0);
	assert_int_equal(pprof_add_mapping(p, &own_mappings[0], &m[0]), 0);
	for (int i = 1; i < 3; i++) {
		int at = backwards ? 3 - i : i;

		assert_int_equal(pprof_add_mapping(p, &own_mappings[at], &m[at]), 0);
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
			own[k] = own_labels[backwards ? at % 4 - 1 - k : k];
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
	for (size_t i = 0; i < 3; i++) {
		struct pprof_location l = pprof_location(again, i);

		if (!l.n_lines)
			continue;
		assert_int_equal(l.lines[0].line, -1);
		assert_int_equal(l.lines[1].line, 12 + l.address % 16);
		assert_int_equal(l.lines[1].column, l.address % 16);
	}
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

/* Rows of which each differs from the first one in one thing. */
static const struct pprof_mapping mappings[] = {
	{ 1, 2, 3, "a", "b", false, false, false, false },
	{ 9, 2, 3, "a", "b", false, false, false, false },
	{ 1, 9, 3, "a", "b", false, false, false, false },
	{ 1, 2, 9, "a", "b", false, false, false, false },
	{ 1, 2, 3, "z", "b", false, false, false, false },
	{ 1, 2, 3, "a", "z", false, false, false, false },
	{ 1, 2, 3, "a", "b", true, false, false, false },
	{ 1, 2, 3, "a", "b", false, true, false, false },
	{ 1, 2, 3, "a", "b", false, false, true, false },
	{ 1, 2, 3, "a", "b", false, false, false, true },
};
static const struct pprof_function functions[] = {
	{ "a", "b", "c", 4 }, { "z", "b", "c", 4 }, { "a", "z", "c", 4 },
	{ "a", "b", "z", 4 }, { "a", "b", "c", 9 },
};
static const struct {
	size_t n_lines;
	struct pprof_line lines[2]; /* of functions[] */
	uint32_t mapping;	    /* of mappings[] */
	uint64_t address;
	bool is_folded;
} locations[] = {
	{ 1, { { 0, 1, 2 } }, 0, 5, false }, { 2, { { 0, 1, 2 } }, 0, 5, false },
	{ 0, { { 0, 1, 2 } }, 0, 5, false }, { 1, { { 0, 9, 2 } }, 0, 5, false },
	{ 1, { { 0, 1, 9 } }, 0, 5, false }, { 1, { { 0, 1, 2 } }, PPROF_NONE, 5, false },
	{ 1, { { 0, 1, 2 } }, 0, 9, false }, { 1, { { 0, 1, 2 } }, 0, 5, true },
};
static const struct pprof_label labels[] = {
	{ "a", "b", 0, NULL },	{ "z", "b", 0, NULL },	{ "a", "z", 0, NULL },
	{ "a", NULL, 1, NULL }, { "a", NULL, 2, NULL }, { "a", NULL, 1, "c" },
};

#define N_MAPPINGS  (sizeof(mappings) / sizeof(mappings[0]))
#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))
#define N_LOCATIONS (sizeof(locations) / sizeof(locations[0]) + N_MAPPINGS + N_FUNCTIONS)
#define N_LABELS    (sizeof(labels) / sizeof(labels[0]))
#define N_SAMPLES   (2 * N_LOCATIONS + N_LABELS + 2)
#define N_MAX	    64

/* The numbers below @n in some order. */
static void shuffle(uint32_t *seed, size_t n, uint32_t order[N_MAX])
{
	assert_true(n <= N_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t at;

		*seed = *seed * 1664525 + 1013904223;
		at = (*seed >> 8) % (i + 1);
		order[i] = order[at];
		order[at] = i;
	}
}

/* Location number @at: those of the table, then one for each mapping and each function. */
static void add_one_location(struct pprof_profile *p, uint32_t at, const uint32_t *m,
			     const uint32_t *f, uint32_t *ret_number)
{
	size_t n = sizeof(locations) / sizeof(locations[0]);
	struct pprof_line lines[2] = { { .function = f[0] }, { .function = f[0] } };
	struct pprof_location l = { .mapping = m[0], .lines = lines, .n_lines = 1 };

	if (at < n) {
		memcpy(lines, locations[at].lines, sizeof(lines));
		lines[0].function = lines[1].function = f[0];
		l.n_lines = locations[at].n_lines;
		l.mapping = locations[at].mapping == PPROF_NONE ? PPROF_NONE : m[0];
		l.address = locations[at].address;
		l.is_folded = locations[at].is_folded;
	} else if (at < n + N_MAPPINGS) {
		l.mapping = m[at - n];
	} else {
		lines[0].function = f[at - n - N_MAPPINGS];
		l.address = 77;
	}
	assert_int_equal(pprof_add_location(p, &l, ret_number), 0);
}

/* Sample number @at: each location alone, with another; each label; two labels, none. */
static void add_one_sample(struct pprof_profile *p, uint32_t at, const uint32_t *l)
{
	struct pprof_label two[] = { labels[0], labels[4] };
	struct pprof_sample s = {
		.locations = (uint32_t[]){ l[at % N_LOCATIONS], l[3] },
		.n_locations = 1 + at / N_LOCATIONS,
		.values = (int64_t[]){ at, 1 },
	};

	if (at >= 2 * N_LOCATIONS) {
		s.n_locations = 1;
		s.locations = &l[2];
		s.labels = at - 2 * N_LOCATIONS < N_LABELS ? &labels[at - 2 * N_LOCATIONS] : two;
		s.n_labels = at - 2 * N_LOCATIONS < N_LABELS ? 1 : 2;
		if (at == N_SAMPLES - 1)
			s.n_locations = 0;
	}
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
}

static struct pprof_profile *shuffled(uint32_t seed)
{
	uint32_t order[N_MAX], m[N_MAX], f[N_MAX], l[N_MAX];
	struct pprof_profile *p = cpu_profile();

	assert_int_equal(pprof_add_mapping(p, &mappings[0], &m[0]), 0); /* the main binary */
	shuffle(&seed, N_MAPPINGS, order);
	for (size_t i = 0; i < N_MAPPINGS; i++)
		assert_int_equal(pprof_add_mapping(p, &mappings[order[i]], &m[order[i]]), 0);
	shuffle(&seed, N_FUNCTIONS, order);
	for (size_t i = 0; i < N_FUNCTIONS; i++)
		assert_int_equal(pprof_add_function(p, &functions[order[i]], &f[order[i]]), 0);
	shuffle(&seed, N_LOCATIONS, order);
	for (size_t i = 0; i < N_LOCATIONS; i++)
		add_one_location(p, order[i], m, f, &l[order[i]]);
	shuffle(&seed, N_SAMPLES, order);
	for (size_t i = 0; i < N_SAMPLES; i++)
		add_one_sample(p, order[i], l);
	return p;
}

static void test_every_order(void **state)
{
	struct pprof_profile *p = shuffled(0);
	size_t size, again_size;
	uint8_t *data = encode(p, PPROF_PLAIN, &size);

	(void)state;
	assert_int_equal(pprof_n_samples(p), N_SAMPLES);
	pprof_free(p);
	for (uint32_t seed = 1; seed < 200; seed++) {
		uint8_t *again;

		p = shuffled(seed);
		again = encode(p, PPROF_PLAIN, &again_size);
		assert_int_equal(again_size, size);
		assert_memory_equal(again, data, size);
		free(again);
		pprof_free(p);
	}
	free(data);
}

/* Written even where nothing names it, and first even where another one is met first. */
static void test_main_mapping(void **state)
{
	struct pprof_profile *p = cpu_profile();
	struct pprof_location l = { .mapping = 1 };
	size_t size;
	uint8_t *data;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pprof_add_mapping(p, &mappings[(i + 2) % 3], NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pprof_add_location(p, &l, NULL), 0);
		add_sample(p, 1, (uint32_t[]){ i }, 1);
		l.mapping = 0;
		data = encode(p, PPROF_PLAIN, &size);
		pprof_free(p);
		p = decode(data, size);
		free(data);
		assert_int_equal(pprof_n_mappings(p), 2);
		assert_int_equal(pprof_mapping(p, 0).offset, mappings[2].offset);
		assert_int_equal(pprof_mapping(p, 0).limit, mappings[2].limit);
	}
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
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_every_order),
		cmocka_unit_test(test_main_mapping), cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_gzip),	     cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
