/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder takes and what it refuses, from messages made field by field. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "libpprof/wire.h"
#include "tests/unit/libpprof/sample-profile.h"

/* A message under construction; sub-messages are made in a second one. */
static void put_text(struct pp_writer *w, const char *text)
{
	pp_put_block(w, 6, text, strlen(text));
}

/* Fields 1, 2, ... of a sub-message, all varints, zeros left out; @n of them. */
static void put_row(struct pp_writer *w, unsigned int field, size_t n, const uint64_t *values)
{
	struct pp_writer row = { 0 };

	for (size_t i = 0; i < n; i++)
		pp_put_uint(&row, i + 1, values[i]);
	pp_put_block(w, field, row.bytes.data, row.bytes.n);
	pp_array_fini(&row.bytes);
}

#define ROW(w, field, ...)                                                        \
	put_row(w, field, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), \
		(uint64_t[]){ __VA_ARGS__ })

enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING };

/* Strings "", a, b; sample type a/b; mapping 5; function 7; location 9 with a line; one sample. */
static void put_base(struct pp_writer *w)
{
	struct pp_writer location = { 0 };

	put_text(w, "");
	put_text(w, "a");
	put_text(w, "b");
	ROW(w, SAMPLE_TYPE, 1, 2);
	ROW(w, MAPPING, 5);
	ROW(w, FUNCTION, 7, 1);
	pp_put_uint(&location, 1, 9);
	pp_put_uint(&location, 2, 5);
	ROW(&location, 4, 7, 33);
	pp_put_block(w, LOCATION, location.bytes.data, location.bytes.n);
	pp_array_fini(&location.bytes);
	ROW(w, SAMPLE, 9, 100);
}

/* Who only peeks is told the same. */
static void check_peek(const uint8_t *data, size_t size, const struct pprof_limits *limits,
		       int wanted, const char *wanted_reason)
{
	struct pprof_profile *p = NULL;
	const char *reason = NULL;

	assert_int_equal(pprof_peek(data, size, limits, &p, &reason), wanted);
	assert_true(!p == (wanted != 0));
	if (wanted)
		assert_string_equal(reason, wanted_reason);
	pprof_free(p);
}

static int decode_limited(struct pp_writer *w, const struct pprof_limits *limits,
			  struct pprof_profile **ret_profile, const char **ret_reason)
{
	/* A copy of exactly its size, so that ASan sees the first byte read beyond it. */
	uint8_t *data = malloc(w->bytes.n ? w->bytes.n : 1);
	const char *reason = NULL;
	int r;

	assert_int_equal(w->error, 0);
	if (w->bytes.n)
		memcpy(data, w->bytes.data, w->bytes.n);
	r = pprof_decode(data, w->bytes.n, limits, ret_profile, &reason);
	check_peek(data, w->bytes.n, limits, r, reason);
	if (r && ret_reason)
		*ret_reason = reason;
	free(data);
	pp_array_fini(&w->bytes);
	return r;
}

static struct pprof_profile *taken(struct pp_writer *w)
{
	struct pprof_profile *p = NULL;
	const char *reason = "";
	int r = decode_limited(w, NULL, &p, &reason);

	if (r)
		fail_msg("refused: %s", reason);
	return p;
}

static void refused(struct pp_writer *w, const char *wanted)
{
	struct pprof_profile *p = NULL;
	const char *reason = NULL;

	assert_int_equal(decode_limited(w, NULL, &p, &reason), PPROF_E_MALFORMED);
	assert_string_equal(reason, wanted);
	assert_null(p);
}

static const char damaged[] = "not a protocol buffers message, or damaged";

static void test_base(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p;
	struct pprof_location l;

	(void)state;
	put_base(&w);
	p = taken(&w);
	assert_int_equal(pprof_n_samples(p), 1);
	assert_int_equal(pprof_sample(p, 0).values[0], 100);
	l = pprof_location(p, 0);
	assert_int_equal(l.mapping, 0);
	assert_int_equal(l.lines[0].line, 33);
	assert_string_equal(pprof_function(p, l.lines[0].function).name, "a");
	pprof_free(p);
}

/* Any ids in any order; tables after what names them; the same row under two ids. */
static void test_ids(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p;

	(void)state;
	ROW(&w, SAMPLE, UINT64_MAX, 1);
	ROW(&w, SAMPLE, 1, 2);
	ROW(&w, SAMPLE, 1ULL << 40, 4);
	ROW(&w, LOCATION, 1ULL << 40, 0, 0xaa);
	ROW(&w, LOCATION, 1, 0, 0xaa);
	ROW(&w, LOCATION, UINT64_MAX, 0, 0xbb);
	ROW(&w, SAMPLE_TYPE, 1, 1);
	put_text(&w, "");
	put_text(&w, "a");
	p = taken(&w);
	assert_int_equal(pprof_n_locations(p), 2);
	assert_int_equal(pprof_n_samples(p), 2);
	assert_int_equal(pprof_location(p, pprof_sample(p, 0).locations[0]).address, 0xbb);
	assert_int_equal(pprof_sample(p, 0).values[0], 1);
	assert_int_equal(pprof_sample(p, 1).values[0], 6);
	pprof_free(p);
}

/* Small ids that are not where a count from 1 would have them. */
static void test_small_ids(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_text(&w, "");
	ROW(&w, SAMPLE_TYPE, 0);
	ROW(&w, LOCATION, 2, 0, 0xaa);
	ROW(&w, LOCATION, 3, 0, 0xbb);
	ROW(&w, SAMPLE, 2, 1);
	ROW(&w, SAMPLE, 3, 1);
	p = taken(&w);
	assert_int_equal(pprof_location(p, pprof_sample(p, 0).locations[0]).address, 0xaa);
	assert_int_equal(pprof_location(p, pprof_sample(p, 1).locations[0]).address, 0xbb);
	pprof_free(p);
}

/* Counted up from 1, and then not any more. */
static void test_counted_ids(void **state)
{
	static const uint64_t ids[] = { 1, 2, 5, 4, 7 };
	struct pp_writer w = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_text(&w, "");
	ROW(&w, SAMPLE_TYPE, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		ROW(&w, LOCATION, ids[i], 0, 0xa0 + ids[i]);
		ROW(&w, SAMPLE, ids[i], 1);
	}
	p = taken(&w);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(pprof_location(p, pprof_sample(p, i).locations[0]).address,
				 0xa0 + ids[i]);
	pprof_free(p);
	for (uint64_t unknown = 3; unknown <= 9; unknown += 3) {
		put_text(&w, "");
		ROW(&w, SAMPLE_TYPE, 0);
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
			ROW(&w, LOCATION, ids[i]);
		ROW(&w, SAMPLE, unknown, 1);
		refused(&w, "a sample has an unknown location");
	}
	/* Doubles of one that was counted, of the last counted one, and of one that was not. */
	for (uint64_t id = 1; id <= 4; id = id < 2 ? id + 1 : id + 2) {
		put_text(&w, "");
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
			ROW(&w, LOCATION, ids[i]);
		ROW(&w, LOCATION, id);
		refused(&w, "two locations have the same id");
	}
	put_text(&w, "");
	ROW(&w, LOCATION, 1);
	ROW(&w, LOCATION, 1);
	refused(&w, "two locations have the same id");
}

static void test_bad_ids(void **state)
{
	struct {
		unsigned int field;
		uint64_t id;
		const char *reason;
	} all[] = {
		{ MAPPING, 0, "a mapping has the id 0" },
		{ FUNCTION, 0, "a function has the id 0" },
		{ LOCATION, 0, "a location has the id 0" },
		{ MAPPING, 5, "two mappings or two functions have the same id" },
		{ FUNCTION, 7, "two mappings or two functions have the same id" },
		{ LOCATION, 9, "two locations have the same id" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct pp_writer w = { 0 };

		put_base(&w);
		ROW(&w, all[i].field, 3);
		ROW(&w, all[i].field, all[i].id);
		refused(&w, all[i].reason);
	}
}

static void test_unknown_ids(void **state)
{
	struct pp_writer w = { 0 }, line = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_base(&w);
	ROW(&w, SAMPLE, 8, 1);
	refused(&w, "a sample has an unknown location");
	put_base(&w);
	ROW(&w, SAMPLE, 0, 1);
	p = taken(&w); /* no location at all */
	pprof_free(p);

	pp_put_uint(&line, 1, 4);
	ROW(&line, 4, 6, 1);
	put_base(&w);
	pp_put_block(&w, LOCATION, line.bytes.data, line.bytes.n);
	refused(&w, "a location has a line without a function");
	line.bytes.n = 0;
	pp_put_uint(&line, 1, 4);
	ROW(&line, 4, 0, 1);
	put_base(&w);
	pp_put_block(&w, LOCATION, line.bytes.data, line.bytes.n);
	refused(&w, "a location has a line without a function");
	pp_array_fini(&line.bytes);

	put_base(&w);
	ROW(&w, LOCATION, 4, 6);
	p = taken(&w);
	assert_int_equal(pprof_location(p, 1).mapping, PPROF_NONE);
	pprof_free(p);
}

/* Each field that names a string. */
static void test_bad_strings(void **state)
{
	static const struct {
		unsigned int field, inner;
	} all[] = {
		{ SAMPLE_TYPE, 1 }, { SAMPLE_TYPE, 2 }, { MAPPING, 5 },	 { MAPPING, 6 },
		{ FUNCTION, 2 },    { FUNCTION, 3 },	{ FUNCTION, 4 }, { 7, 0 },
		{ 8, 0 },	    { 11, 1 },		{ 11, 2 },	 { 13, 0 },
		{ 14, 0 },	    { 15, 0 },
	};
	const uint64_t indices[] = { 3, UINT32_MAX + 2ULL, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(all) / sizeof(all[0]); i++) {
		uint64_t at = indices[i % 3], values[6] = { 99 };
		struct pp_writer w = { 0 };

		put_base(&w);
		if (all[i / 3].inner) {
			values[all[i / 3].inner - 1] = at;
			put_row(&w, all[i / 3].field, 6, values);
		} else {
			pp_put_uint(&w, all[i / 3].field, at);
		}
		/* The first field of mapping and function is the id. */
		refused(&w, "a string's index is out of range");
	}
}

static void test_string_table(void **state)
{
	struct pp_writer w = { 0 };

	(void)state;
	put_text(&w, "a");
	refused(&w, "the first string is not empty");
	pp_put_uint(&w, 12, 1);
	refused(&w, "a string's index is out of range"); /* no string at all */
	put_base(&w);
	pp_put_block(&w, STRING, "a\0b", 3);
	refused(&w, "a string holds a NUL byte");
	refused(&w, "empty file");
}

static void test_values(void **state)
{
	struct pp_writer w = { 0 };

	(void)state;
	put_base(&w);
	ROW(&w, SAMPLE_TYPE, 2, 1);
	refused(&w, "a sample has not one value for each sample type");
	put_text(&w, "");
	ROW(&w, SAMPLE, 0, 3);
	refused(&w, "there are samples but no sample types");
	put_base(&w);
	pp_put_block(&w, SAMPLE, "\x12\x02\x01\x01", 4); /* two values, one type */
	refused(&w, "a sample has not one value for each sample type");
	put_base(&w);
	pp_put_block(&w, SAMPLE, "", 0);
	refused(&w, "a sample has not one value for each sample type");
}

static void test_labels(void **state)
{
	struct pp_writer w = { 0 }, s = { 0 };
	struct pprof_profile *p;
	struct pprof_sample sample;

	(void)state;
	put_base(&w);
	pp_put_uint(&s, 2, 5);
	ROW(&s, 3, 1, 2, 77, 99); /* a text wins, even over a unit out of range */
	ROW(&s, 3, 2, 0, 8, 1);
	ROW(&s, 3, 1); /* says nothing */
	pp_put_block(&w, SAMPLE, s.bytes.data, s.bytes.n);
	p = taken(&w);
	sample = pprof_sample(p, 1);
	assert_int_equal(sample.n_labels, 2);
	assert_string_equal(sample.labels[0].key, "a");
	assert_string_equal(sample.labels[0].text, "b");
	assert_int_equal(sample.labels[0].number, 0);
	assert_null(sample.labels[1].text);
	assert_int_equal(sample.labels[1].number, 8);
	assert_string_equal(sample.labels[1].unit, "a");
	pprof_free(p);
	for (int i = 0; i < 3; i++) {
		s.bytes.n = 0;
		pp_put_uint(&s, 2, 5);
		put_row(&s, 3, 4, (uint64_t[3][4]){ { 9, 1 }, { 1, 9 }, { 1, 0, 1, 9 } }[i]);
		put_base(&w);
		pp_put_block(&w, SAMPLE, s.bytes.data, s.bytes.n);
		refused(&w, "a string's index is out of range");
	}
	pp_array_fini(&s.bytes);
}

/* Packed, single, and both in one sample; an empty packed field. */
static void test_repeated(void **state)
{
	struct pp_writer w = { 0 }, s = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_base(&w);
	ROW(&w, LOCATION, 300);
	pp_put_uint(&s, 1, 9);
	pp_put_block(&s, 1, "\xac\x02\x09", 3);
	pp_put_block(&s, 1, "", 0);
	pp_put_uint(&s, 1, 300);
	pp_put_block(&s, 2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
	pp_put_block(&w, SAMPLE, s.bytes.data, s.bytes.n);
	p = taken(&w);
	assert_int_equal(pprof_sample(p, 1).n_locations, 4);
	assert_memory_equal(pprof_sample(p, 1).locations, ((uint32_t[]){ 0, 1, 0, 1 }), 16);
	assert_int_equal(pprof_sample(p, 1).values[0], -1);
	pprof_free(p);

	s.bytes.n = 0;
	pp_put_block(&s, 2, "\x01\x80", 2); /* the second one is cut short */
	put_base(&w);
	pp_put_block(&w, SAMPLE, s.bytes.data, s.bytes.n);
	refused(&w, damaged);
	pp_array_fini(&s.bytes);
}

static void test_header(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_base(&w);
	pp_put_uint(&w, 9, 11);
	pp_put_uint(&w, 10, 12);
	ROW(&w, 11, 99, 99); /* replaced by the next one */
	ROW(&w, 11, 1);
	pp_put_uint(&w, 12, (uint64_t)-13);
	pp_put_uint(&w, 13, 2);
	pp_put_block(&w, 13, "\x01\x02", 2);
	pp_put_uint(&w, 15, 2);
	p = taken(&w);
	assert_int_equal(pprof_header(p).time_nanos, 11);
	assert_int_equal(pprof_header(p).duration_nanos, 12);
	assert_int_equal(pprof_header(p).period, -13);
	assert_string_equal(pprof_header(p).period_type.type, "a");
	assert_string_equal(pprof_header(p).period_type.unit, "");
	assert_string_equal(pprof_header(p).doc_url, "b");
	assert_int_equal(pprof_n_comments(p), 2);
	assert_string_equal(pprof_comment(p, 0), "b");
	pprof_free(p);

	put_base(&w);
	pp_put_uint(&w, 9, 11);
	pp_put_uint(&w, 9, 11);
	refused(&w, "two profiles in one file");
}

/* Fields that nobody knows are passed over, whatever they are; groups are not. */
static void test_unknown_fields(void **state)
{
	static const char fixed[] = "\xa1\x01"
				    "12345678"
				    "\xa5\x01"
				    "1234"
				    "\xaa\x01\x02"
				    "??"
				    "\xa0\x01\x00";
	struct pp_writer w = { 0 }, f = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_base(&w);
	pp_put_bytes(&w, fixed, sizeof(fixed) - 1);
	pp_put_bytes(&f, fixed, sizeof(fixed) - 1);
	pp_put_uint(&f, 1, 77);
	pp_put_block(&w, FUNCTION, f.bytes.data, f.bytes.n);
	pp_array_fini(&f.bytes);
	p = taken(&w);
	assert_int_equal(pprof_n_functions(p), 2);
	pprof_free(p);
	for (int type = 3; type < 8; type++) {
		if (type == 5)
			continue;
		put_base(&w);
		pp_put_varint(&w, 20 << 3 | type);
		refused(&w, damaged);
	}
}

static void test_wrong_types(void **state)
{
	(void)state;
	for (unsigned int field = 1; field <= 15; field++) {
		bool bytes = field <= 6 || field == 11;
		struct pp_writer w = { 0 };

		put_base(&w);
		if (field == 13)
			pp_put_bytes(&w,
				     "\x69"
				     "12345678",
				     9); /* as fixed64 */
		else if (bytes)
			pp_put_uint(&w, field, 1);
		else
			pp_put_block(&w, field, "", 0);
		refused(&w, damaged);
	}
}

/* Every message cut at every byte: refused, or (between two fields) fewer fields. */
static void test_cut(void **state)
{
	struct pp_writer whole = { 0 };
	size_t n_refused = 0;

	(void)state;
	put_base(&whole);
	for (size_t size = 0; size < whole.bytes.n; size++) {
		struct pprof_profile *p = NULL;
		struct pp_writer w = { 0 };

		pp_put_bytes(&w, whole.bytes.data, size);
		n_refused += decode_limited(&w, NULL, &p, NULL) == PPROF_E_MALFORMED;
		pprof_free(p);
	}
	assert_int_equal(n_refused, whole.bytes.n - 7);
	pp_array_fini(&whole.bytes);
}

static void test_varints(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p;

	(void)state;
	/* Ten bytes hold 64 bits; what is above them is dropped. */
	put_base(&w);
	pp_put_bytes(&w, "\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11);
	p = taken(&w);
	assert_int_equal(pprof_header(p).period, -1);
	pprof_free(p);
	put_base(&w);
	pp_put_bytes(&w, "\x60\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12);
	refused(&w, damaged);
	put_base(&w);
	pp_put_bytes(&w, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); /* a huge length */
	refused(&w, damaged);
}

/* ---- limits ------------------------------------------------------------------------------ */

static void over(const struct pprof_limits *limits, const char *wanted)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p = NULL;
	const char *reason = NULL;

	put_base(&w);
	ROW(&w, MAPPING, 6);
	ROW(&w, FUNCTION, 8);
	ROW(&w, LOCATION, 10);
	ROW(&w, SAMPLE, 10, 1);
	pp_put_uint(&w, 13, 1);
	if (!wanted) {
		assert_int_equal(decode_limited(&w, limits, &p, &reason), 0);
		pprof_free(p);
		return;
	}
	assert_int_equal(decode_limited(&w, limits, &p, &reason), PPROF_E_TOO_LARGE);
	assert_string_equal(reason, wanted);
	assert_null(p);
}

#define LIMITS(...) (&(struct pprof_limits){ .size = sizeof(struct pprof_limits), __VA_ARGS__ })

static void test_limits(void **state)
{
	(void)state;
	over(LIMITS(.samples = 2, .locations = 2, .functions = 2, .mappings = 2, .strings = 3,
		    .depth = 1, .uncompressed = 1000),
	     NULL);
	over(LIMITS(.samples = 1), "too many samples");
	over(LIMITS(.locations = 1), "too many locations");
	over(LIMITS(.functions = 1), "too many functions");
	over(LIMITS(.mappings = 1), "too many mappings");
	over(LIMITS(.strings = 2), "too many strings");
	over(LIMITS(.uncompressed = 20), "larger than allowed");
	/* Members that the caller's header did not have yet are not read. */
	over(&(struct pprof_limits){ .size = offsetof(struct pprof_limits, functions),
				     .functions = 1 },
	     NULL);
}

static void over_depth(struct pp_writer *inner, unsigned int field, const char *wanted)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p = NULL;
	const char *reason = NULL;

	put_base(&w);
	pp_put_block(&w, field, inner->bytes.data, inner->bytes.n);
	inner->bytes.n = 0;
	assert_int_equal(decode_limited(&w, LIMITS(.depth = 2), &p, &reason), PPROF_E_TOO_LARGE);
	assert_string_equal(reason, wanted);
}

static void test_depth(void **state)
{
	struct pp_writer inner = { 0 };

	(void)state;
	pp_put_block(&inner, 1, "\x09\x09\x09", 3);
	over_depth(&inner, SAMPLE, "a sample has too many locations or values");
	pp_put_block(&inner, 2, "\x09\x09\x09", 3);
	over_depth(&inner, SAMPLE, "a sample has too many locations or values");
	for (int i = 0; i < 3; i++)
		ROW(&inner, 3, 1, 0, i + 1);
	over_depth(&inner, SAMPLE, "a sample has too many labels");
	for (int i = 0; i < 3; i++)
		ROW(&inner, 4, 7, i);
	over_depth(&inner, LOCATION, "a location has too many lines");
	pp_array_fini(&inner.bytes);
}

static int decode_key(size_t length, const char **ret_reason)
{
	struct pp_writer w = { 0 }, s = { 0 };
	struct pprof_profile *p = NULL;
	char key[2048] = "";
	int r;

	memset(key, 'x', length);
	put_base(&w);
	put_text(&w, key);
	pp_put_uint(&s, 2, 5);
	ROW(&s, 3, 3, 0, 1);
	pp_put_block(&w, SAMPLE, s.bytes.data, s.bytes.n);
	pp_array_fini(&s.bytes);
	r = decode_limited(&w, NULL, &p, ret_reason);
	pprof_free(p);
	return r;
}

static void test_key_of_label(void **state)
{
	const char *reason = NULL;

	(void)state;
	assert_int_equal(decode_key(1024, &reason), 0);
	assert_int_equal(decode_key(1025, &reason), PPROF_E_TOO_LARGE);
	assert_string_equal(reason, "a label's key is too long");
}

/*
 * Two names of a MiB that differ at their ends, in many rows: to compare them anew for each pair of
 * rows would take minutes.
 */
static void test_long_names_alike(void **state)
{
	const size_t size = 1 << 20, rows = 100000;
	struct pp_writer w = { 0 };
	struct pprof_profile *p;
	char *name = malloc(size + 1);
	uint8_t *data;
	size_t n;

	(void)state;
	assert_non_null(name);
	memset(name, 'x', size);
	name[size] = 0;
	put_base(&w);
	put_text(&w, name);
	name[size - 1] = 'y';
	put_text(&w, name);
	free(name);
	for (uint64_t i = 0; i < rows; i++)
		ROW(&w, FUNCTION, 100 + i, 3 + i % 2, 0, 0, i);
	p = taken(&w);
	assert_int_equal(pprof_n_functions(p), rows + 1);
	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &data, &n), 0);
	free(data);
	pprof_free(p);
}

static void test_sample_types(void **state)
{
	struct pp_writer w = { 0 };
	struct pprof_profile *p = NULL;
	const char *reason = NULL;

	(void)state;
	put_text(&w, "");
	for (int i = 0; i < 65; i++)
		ROW(&w, SAMPLE_TYPE, 0);
	assert_int_equal(decode_limited(&w, NULL, &p, &reason), PPROF_E_TOO_LARGE);
	assert_string_equal(reason, "too many sample types");
}

/* ---- gzip -------------------------------------------------------------------------------- */

static void gzip(struct pp_writer *to, const void *data, size_t size)
{
	uint8_t out[4096];
	z_stream z = { .next_in = (Bytef *)data,
		       .avail_in = size,
		       .next_out = out,
		       .avail_out = sizeof(out) };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	pp_put_bytes(to, out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
}

static void test_gzip_members(void **state)
{
	struct pp_writer plain = { 0 }, w = { 0 };
	struct pprof_profile *p;

	(void)state;
	put_base(&plain);
	gzip(&w, plain.bytes.data, 20);
	gzip(&w, "", 0);
	gzip(&w, plain.bytes.data + 20, plain.bytes.n - 20);
	p = taken(&w);
	assert_int_equal(pprof_n_samples(p), 1);
	pprof_free(p);
	pp_array_fini(&plain.bytes);
}

static void test_gzip_damage(void **state)
{
	struct pp_writer plain = { 0 }, whole = { 0 };
	static const char reason[] = "damaged gzip data";

	(void)state;
	put_base(&plain);
	gzip(&whole, plain.bytes.data, plain.bytes.n);
	for (size_t size = 2; size < whole.bytes.n; size++) {
		struct pp_writer w = { 0 };

		pp_put_bytes(&w, whole.bytes.data, size);
		refused(&w, reason);
	}
	for (size_t at = whole.bytes.n - 8; at < whole.bytes.n; at++) {
		struct pp_writer w = { 0 };

		pp_put_bytes(&w, whole.bytes.data, whole.bytes.n);
		*pp_array_at(&w.bytes, uint8_t, at) ^= 1; /* checksum and size */
		refused(&w, reason);
	}
	for (int zero = 0; zero < 2; zero++) {
		struct pp_writer w = { 0 };

		pp_put_bytes(&w, whole.bytes.data, whole.bytes.n);
		pp_put_bytes(&w, zero ? "\0" : "x", 1); /* no member, and not the end */
		refused(&w, reason);
	}
	pp_array_fini(&plain.bytes);
	pp_array_fini(&whole.bytes);
}

/* A limit holds for what comes out, over all members. */
static void test_gzip_limit(void **state)
{
	struct pp_writer plain = { 0 };
	const char *reason = NULL;
	struct pprof_profile *p;
	uint8_t *text;

	(void)state;
	put_base(&plain);
	text = calloc(1, 1 << 20);
	memset(text, 'x', 1 << 20);
	pp_put_block(&plain, STRING, text, 1 << 20);
	free(text);
	for (int less = 0; less < 2; less++) {
		struct pp_writer w = { 0 };
		int r;

		gzip(&w, plain.bytes.data, 10);
		gzip(&w, plain.bytes.data + 10, plain.bytes.n - 10);
		r = decode_limited(&w, LIMITS(.uncompressed = plain.bytes.n - less), &p, &reason);
		assert_int_equal(r, less ? PPROF_E_TOO_LARGE : 0);
		if (!r)
			pprof_free(p);
	}
	assert_string_equal(reason, "larger than allowed when uncompressed");
	pp_array_fini(&plain.bytes);
}

/* ---- peeking ----------------------------------------------------------------------------- */

/* Equal texts; a label whose text is another "" than the first string, and one that says much. */
static void put_doubles(struct pp_writer *w)
{
	struct pp_writer sample = { 0 };

	put_base(w);
	put_text(w, "a");
	put_text(w, "");
	ROW(w, FUNCTION, 8, 3);
	pp_put_uint(&sample, 1, 9);
	pp_put_uint(&sample, 2, 11);
	ROW(&sample, 3, 1, 4);
	pp_put_block(w, SAMPLE, sample.bytes.data, sample.bytes.n);
	ROW(&sample, 3, 1, 3);
	pp_put_block(w, SAMPLE, sample.bytes.data, sample.bytes.n);
	pp_array_fini(&sample.bytes);
}

static void test_peek(void **state)
{
	struct pprof_profile *p, *merged;
	struct pp_writer w = { 0 };
	uint8_t *data;
	size_t size;

	(void)state;
	put_doubles(&w);
	assert_int_equal(pprof_peek(w.bytes.data, w.bytes.n, NULL, &p, NULL), 0);
	assert_int_equal(pprof_n_functions(p), 0);
	assert_int_equal(pprof_n_locations(p), 0);
	assert_string_equal(pprof_sample_type(p, 0).type, "a");
	assert_string_equal(pprof_sample_type(p, 0).unit, "b");
	assert_int_equal(pprof_main_mapping(p), 0);
	/* Samples are added up all the same. */
	assert_int_equal(pprof_n_samples(p), 2);
	assert_int_equal(pprof_sample(p, 0).values[0], 111);
	assert_int_equal(pprof_sample(p, 0).n_labels, 0);
	assert_int_equal(pprof_sample(p, 0).locations[0], 0);
	assert_string_equal(pprof_sample(p, 1).labels[0].key, "a");
	assert_string_equal(pprof_sample(p, 1).labels[0].text, "a");
	/* What it lacks is not asked for. */
	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &data, &size), -EINVAL);
	assert_int_equal(pprof_new(&merged), 0);
	assert_int_equal(pprof_merge(merged, p), -EINVAL);
	assert_int_equal(pprof_n_samples(merged), 0);
	pprof_free(merged);
	/* Nothing of the one before is left. */
	assert_int_equal(pprof_reread(p, w.bytes.data, w.bytes.n, NULL, NULL), 0);
	assert_int_equal(pprof_n_samples(p), 2);
	assert_int_equal(pprof_n_locations(p), 0);
	pprof_free(taken(&w));
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),	     cmocka_unit_test(test_ids),
		cmocka_unit_test(test_bad_ids),	     cmocka_unit_test(test_small_ids),
		cmocka_unit_test(test_unknown_ids),  cmocka_unit_test(test_bad_strings),
		cmocka_unit_test(test_string_table), cmocka_unit_test(test_values),
		cmocka_unit_test(test_key_of_label), cmocka_unit_test(test_long_names_alike),
		cmocka_unit_test(test_labels),	     cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_header),	     cmocka_unit_test(test_unknown_fields),
		cmocka_unit_test(test_wrong_types),  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_varints),	     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth),	     cmocka_unit_test(test_sample_types),
		cmocka_unit_test(test_gzip_members), cmocka_unit_test(test_gzip_damage),
		cmocka_unit_test(test_gzip_limit),   cmocka_unit_test(test_peek),
		cmocka_unit_test(test_counted_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
