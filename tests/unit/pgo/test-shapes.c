/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libpprof/pprof.h"
#include "pgo/shapes.h"

/* Names as the linker makes them; what is in the middle is where Pyroscope would cut. */
static const char *const names[] = {
	"slices.Sort[go.shape.int]",
	"main.(*Tree[go.shape.string,go.shape.struct { main.a int }]).Insert",
	"main.F[go.shape.[]go.shape.int].func1",
	"main.F[...]",
	"main.go.shape.x",
	"[go.shape.[go.shape.[go.shape.",
};
static const char *const escaped[] = {
	"slices.Sort[go:shape.int]",
	"main.(*Tree[go:shape.string,go.shape.struct { main.a int }]).Insert",
	"main.F[go:shape.[]go.shape.int].func1",
	"main.F[...]",
	"main.go.shape.x",
	"[go:shape.[go:shape.[go:shape.",
};

static struct pprof_profile *profile_of(const char *const *texts, size_t n)
{
	struct pprof_profile *p;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_add_sample_type(p, &(struct pprof_value_type){ "samples", "count" }),
			 0);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t function, location;
		int64_t value = 1 + i;

		assert_int_equal(pprof_add_function(p,
						    &(struct pprof_function){ .name = texts[i],
									      .file = "f.go" },
						    &function),
				 0);
		struct pprof_line line = { .function = function, .line = i };
		assert_int_equal(pprof_add_location(p,
						    &(struct pprof_location){ .mapping = PPROF_NONE,
									      .address = i + 1,
									      .lines = &line,
									      .n_lines = 1 },
						    &location),
				 0);
		struct pprof_sample sample = { .locations = &location,
					       .n_locations = 1,
					       .values = &value };
		assert_int_equal(pprof_add_sample(p, &sample, NULL), 0);
	}
	return p;
}

static void encoded(const char *const *texts, size_t n, enum pprof_encoding encoding,
		    uint8_t **ret_data, size_t *ret_size)
{
	struct pprof_profile *p = profile_of(texts, n);

	assert_int_equal(pprof_encode(p, encoding, ret_data, ret_size), 0);
	pprof_free(p);
}

static void has_function(struct pprof_profile *p, const char *name)
{
	for (size_t i = 0; i < pprof_n_functions(p); i++)
		if (!strcmp(pprof_function(p, i).name, name))
			return;
	fail_msg("no function %s", name);
}

static void names_are_hidden_and_come_back(void **state)
{
	_cleanup_(freep) uint8_t *gzip = NULL, *hidden = NULL, *back = NULL;
	size_t size, hidden_size, back_size;
	struct pprof_profile *p;

	(void)state;
	encoded(names, ARRAY_SIZE(names), PPROF_GZIP, &gzip, &size);
	assert_int_equal(pgo_shapes_escape(gzip, size, &hidden, &hidden_size), 0);
	assert_int_equal(pprof_decode(hidden, hidden_size, NULL, &p, NULL), 0);
	assert_int_equal(pprof_n_functions(p), ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(escaped); i++)
		has_function(p, escaped[i]);
	pprof_free(p);

	assert_int_equal(pgo_shapes_unescape(hidden, hidden_size, &back, &back_size), 0);
	assert_int_equal(pprof_decode(back, back_size, NULL, &p, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		has_function(p, names[i]);
	pprof_free(p);
}

static void nothing_else_is_touched(void **state)
{
	_cleanup_(freep) uint8_t *plain = NULL, *copy = NULL;
	size_t size, n_changed = 0;

	(void)state;
	encoded(names, ARRAY_SIZE(names), PPROF_PLAIN, &plain, &size);
	copy = malloc(size);
	memcpy(copy, plain, size);
	assert_int_equal(pgo_shapes_escape_plain(plain, size), 0);
	for (size_t i = 0; i < size; i++) {
		if (plain[i] == copy[i])
			continue;
		assert_int_equal(copy[i], '.');
		assert_int_equal(plain[i], ':');
		n_changed++;
	}
	assert_int_equal(n_changed, 6);
	assert_int_equal(pgo_shapes_escape_plain(plain, size), PGO_SHAPES_E_NONE);
	assert_int_equal(pgo_shapes_unescape_plain(plain, size), 0);
	assert_memory_equal(plain, copy, size);
	assert_int_equal(pgo_shapes_unescape_plain(plain, size), PGO_SHAPES_E_NONE);
}

/* The same bytes elsewhere: in another field, or across the end of a string. */
static void only_strings_are_looked_at(void **state)
{
	char other[] = "\x52\x0a[go.shape.\x32\x05[go.sh\x2a\x05"
		       "ape.x";
	char copy[sizeof(other)];

	(void)state;
	memcpy(copy, other, sizeof(other));
	/* "\x32\x05" says 5 bytes, so the message is not one: and nothing is done */
	assert_int_equal(pgo_shapes_escape_plain((uint8_t *)other, sizeof(other) - 1),
			 PGO_SHAPES_E_MALFORMED);
	assert_memory_equal(other, copy, sizeof(other));
	other[13] = copy[13] = 6;
	assert_int_equal(pgo_shapes_escape_plain((uint8_t *)other, sizeof(other) - 1),
			 PGO_SHAPES_E_NONE);
	assert_memory_equal(other, copy, sizeof(other));
}

static void without_shapes_there_is_nothing_to_do(void **state)
{
	static const char *const plain[] = { "main.main", "main.F[...]" };
	_cleanup_(freep) uint8_t *gzip = NULL;
	uint8_t *out = NULL;
	size_t size;

	(void)state;
	encoded(plain, ARRAY_SIZE(plain), PPROF_GZIP, &gzip, &size);
	assert_int_equal(pgo_shapes_escape(gzip, size, &out, &size), PGO_SHAPES_E_NONE);
	assert_null(out);
	assert_int_equal(pgo_shapes_escape("", 0, &out, &size), PGO_SHAPES_E_NONE);
}

static void what_is_cut_short_stays_as_it_is(void **state)
{
	_cleanup_(freep) uint8_t *plain = NULL, *gzip = NULL;
	uint8_t *out = NULL;
	size_t size, gzip_size, out_size, n_malformed = 0;

	(void)state;
	encoded(names, ARRAY_SIZE(names), PPROF_PLAIN, &plain, &size);
	encoded(names, ARRAY_SIZE(names), PPROF_GZIP, &gzip, &gzip_size);
	for (size_t cut = 0; cut < size; cut++) {
		_cleanup_(freep) uint8_t *part = malloc(cut + 1);

		memcpy(part, plain, cut);
		if (pgo_shapes_escape(part, cut, &out, &out_size) != PGO_SHAPES_E_MALFORMED) {
			free(TAKE_PTR(out));
			continue;
		}
		assert_int_not_equal(pgo_shapes_escape_plain(part, cut), 0);
		assert_memory_equal(part, plain, cut);
		n_malformed++;
	}
	assert_true(n_malformed > size / 2);
	for (size_t cut = 2; cut < gzip_size; cut++)
		assert_int_equal(pgo_shapes_escape(gzip, cut, &out, &out_size),
				 PGO_SHAPES_E_MALFORMED);
	assert_null(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_hidden_and_come_back),
		cmocka_unit_test(nothing_else_is_touched),
		cmocka_unit_test(only_strings_are_looked_at),
		cmocka_unit_test(without_shapes_there_is_nothing_to_do),
		cmocka_unit_test(what_is_cut_short_stays_as_it_is),
	};

	return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
