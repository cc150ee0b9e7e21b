/* SPDX-License-Identifier: Apache-2.0 */
/* What delivery asks of its owner: halves, another time, escaped names. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/reshape.h"
#include "libpprof/pprof.h"

#define TIME 1795262400000000000ull

/* A profile of @n stacks, number i of them seen i + 1 times, in a generic function. */
static struct delivery make(size_t n, const char *name)
{
	const struct pprof_header header = {
		.time_nanos = (int64_t)TIME,
		.period = 10,
		.period_type = { "cpu", "nanoseconds" },
		.default_sample_type = "",
		.drop_frames = "",
		.keep_frames = "",
		.doc_url = "",
	};
	const struct pprof_value_type type = { "samples", "count" };
	const struct pprof_function f = { name, name, "f.go", 7 };
	struct pprof_profile *p = NULL;
	uint8_t *data = NULL;
	uint32_t function;
	size_t size = 0;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &type), 0);
	assert_int_equal(pprof_add_comment(p, "hone: go=go1.26.8"), 0);
	assert_int_equal(pprof_add_function(p, &f, &function), 0);
	for (size_t i = 0; i < n; i++) {
		const struct pprof_line line = { .function = function, .line = (int64_t)i + 1 };
		const struct pprof_location l = {
			.mapping = PPROF_NONE,
			.address = 0x1000 + i,
			.lines = &line,
			.n_lines = 1,
		};
		const int64_t value = (int64_t)i + 1;
		uint32_t location;

		assert_int_equal(pprof_add_location(p, &l, &location), 0);
		const struct pprof_sample s = {
			.locations = &location,
			.n_locations = 1,
			.values = &value,
		};
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	assert_int_equal(pprof_encode(p, PPROF_GZIP, &data, &size), 0);
	pprof_free(p);
	return (struct delivery){ .pprof = span_of(data, size), .time = TIME };
}

static void delivery_free(struct delivery *d)
{
	free((void *)d->pprof.data);
}

static struct pprof_profile *decode(const struct deliver_piece *piece)
{
	struct pprof_profile *p = NULL;

	assert_int_equal(pprof_decode(piece->pprof, piece->size, NULL, &p, NULL), 0);
	return p;
}

static int64_t total(struct pprof_profile *p)
{
	int64_t sum = 0;

	for (size_t i = 0; i < pprof_n_samples(p); i++)
		sum += pprof_sample(p, i).values[0];
	return sum;
}

static void test_halves_are_the_whole(void **state)
{
	struct delivery whole = make(101, "main.f");
	struct deliver_piece pieces[DELIVER_MAX_PIECES] = { 0 };
	int64_t sum = 0;

	(void)state;
	assert_int_equal(reshape_split(NULL, &whole, 0, 0, pieces), 2);
	assert_int_equal(pieces[0].n_samples, 51);
	assert_int_equal(pieces[1].n_samples, 50);
	for (int i = 0; i < 2; i++) {
		struct pprof_profile *p = decode(&pieces[i]);

		sum += total(p);
		assert_int_equal(pprof_n_samples(p), pieces[i].n_samples);
		assert_int_equal(pprof_header(p).time_nanos, TIME);
		assert_string_equal(pprof_comment(p, 0), "hone: go=go1.26.8");
		assert_string_equal(pprof_function(p, 0).name, "main.f");
		assert_true(pieces[i].raw_size > pieces[i].size / 2);
		pprof_free(p);
		free(pieces[i].pprof);
	}
	assert_int_equal(sum, 101 * 102 / 2);
	delivery_free(&whole);
}

static void test_what_cannot_be_halved(void **state)
{
	struct delivery one = make(1, "main.f"), none = { .pprof = span_of("no", 2) };
	struct deliver_piece pieces[DELIVER_MAX_PIECES] = { 0 };

	(void)state;
	assert_int_equal(reshape_split(NULL, &one, 0, 0, pieces), 0);
	assert_int_equal(reshape_split(NULL, &none, 0, 0, pieces), 0);
	assert_null(pieces[0].pprof);
	delivery_free(&one);
}

static void test_another_time(void **state)
{
	struct delivery d = make(3, "main.f");
	struct deliver_piece piece = { 0 };

	(void)state;
	assert_int_equal(reshape_adapt(NULL, &d, TIME, false, &piece), DELIVER_UNCHANGED);
	assert_int_equal(reshape_adapt(NULL, &d, TIME + 5, false, &piece), 0);
	struct pprof_profile *p = decode(&piece);
	assert_int_equal(pprof_header(p).time_nanos, TIME + 5);
	assert_int_equal(total(p), 6);
	pprof_free(p);
	free(piece.pprof);
	delivery_free(&d);
}

static void test_escaped_names(void **state)
{
	struct delivery plain = make(3, "main.f"), generic = make(3, "main.g[go.shape.int]");
	struct deliver_piece piece = { 0 };

	(void)state;
	assert_int_equal(reshape_adapt(NULL, &plain, TIME, true, &piece), DELIVER_UNCHANGED);
	for (uint64_t time = TIME; time < TIME + 2; time++) {
		assert_int_equal(reshape_adapt(NULL, &generic, time, true, &piece), 0);
		struct pprof_profile *p = decode(&piece);
		assert_string_equal(pprof_function(p, 0).name, "main.g[go:shape.int]");
		assert_int_equal(pprof_header(p).time_nanos, time);
		pprof_free(p);
		free(piece.pprof);
	}
	assert_int_equal(reshape_adapt(NULL, &plain, TIME + 1, true, &piece), 0);
	free(piece.pprof);
	delivery_free(&plain);
	delivery_free(&generic);
}

static void test_what_is_no_profile(void **state)
{
	const struct delivery d = { .pprof = span_of("no", 2), .time = TIME };
	struct deliver_piece piece = { 0 };

	(void)state;
	assert_int_equal(reshape_adapt(NULL, &d, TIME, true, &piece), -EINVAL);
	assert_int_equal(reshape_adapt(NULL, &d, TIME + 1, false, &piece), -EINVAL);
	assert_null(piece.pprof);
	assert_int_equal(reshape_raw_size(d.pprof), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_halves_are_the_whole),
		cmocka_unit_test(test_what_cannot_be_halved),
		cmocka_unit_test(test_another_time),
		cmocka_unit_test(test_escaped_names),
		cmocka_unit_test(test_what_is_no_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
