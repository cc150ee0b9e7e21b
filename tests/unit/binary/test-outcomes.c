/* SPDX-License-Identifier: Apache-2.0 */
/* What is no Go executable that can be used, and what is one all the same. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/binary/binary.h"
#include "tests/unit/binary/fake.h"

static const struct fake_function functions[] = {
	{ .name = "runtime.goexit", .size = 16, .func_id = 8, .flags = 5 },
	{ .name = "main.main", .size = 16 },
};
static const struct fake_function hashed[] = { { .name = "a1b2.c3d4", .size = 32 } };

#define USUAL .functions = functions, .n_functions = 2

static int parse(struct span file, int *ret_minor)
{
	struct binary *b = NULL;
	int r = binary_parse(file, &b);

	if (r == 0 && ret_minor)
		*ret_minor = binary_build(b)->minor;
	binary_free(b);
	return r;
}

static int outcome(struct fake fake, int *ret_minor)
{
	struct buf b = BUF_INIT(1 << 20);
	int r;

	fake_build(&fake, &b);
	r = parse(span_of(b.data, b.size), ret_minor);
	buf_fini(&b);
	return r;
}

static void test_usable(void **state)
{
	int minor = 0;
	(void)state;

	assert_int_equal(outcome((struct fake){ USUAL }, &minor), 0);
	assert_int_equal(minor, 26);
	assert_int_equal(
		outcome((struct fake){ USUAL, .version = "go1.27.1", .gofunc = 344 }, &minor), 0);
	assert_int_equal(minor, 27);
	assert_int_equal(outcome((struct fake){ USUAL, .version = "go1.20" }, &minor), 0);
	assert_int_equal(minor, 20);
	/* arm64, and pointers only in relocations */
	assert_int_equal(outcome((struct fake){ USUAL, .machine = EM_AARCH64 }, NULL), 0);
	assert_int_equal(outcome((struct fake){ USUAL, .no_values = true }, NULL), 0);
}

static void test_without_build_info(void **state)
{
	int minor = 0;
	(void)state;

	assert_int_equal(outcome((struct fake){ USUAL, .no_build_info = true }, &minor), 0);
	assert_int_equal(minor, 26);
	assert_int_equal(
		outcome((struct fake){ USUAL, .no_build_info = true, .gofunc = 344 }, &minor), 0);
	assert_int_equal(minor, 27);
}

static void test_versions(void **state)
{
	(void)state;
	assert_int_equal(outcome((struct fake){ USUAL, .magic = 0xfffffff0 }, NULL),
			 BINARY_E_TOO_OLD);
	assert_int_equal(outcome((struct fake){ USUAL, .magic = 0xfffffffa }, NULL),
			 BINARY_E_TOO_OLD);
	assert_int_equal(outcome((struct fake){ USUAL, .magic = 0xfffffffb }, NULL),
			 BINARY_E_TOO_OLD);
	/* A Go to come that moved gofunc, and one that only has another number. */
	assert_int_equal(outcome((struct fake){ USUAL, .version = "go1.31", .gofunc = 400 }, NULL),
			 BINARY_E_TOO_NEW);
	assert_int_equal(outcome((struct fake){ USUAL, .version = "go1.31", .gofunc = 344 }, NULL),
			 0);
}

static void test_not_usable(void **state)
{
	struct fake no_go = { USUAL, .no_build_info = true, .magic = 1, .no_moduledata = true };
	(void)state;

	assert_int_equal(outcome(no_go, NULL), BINARY_E_NOT_GO);
	/* With the sections of C programs nobody looks whether there is more. */
	assert_int_equal(outcome((struct fake){ USUAL, .c_sections = true }, NULL),
			 BINARY_E_NOT_GO);
	no_go.tail_mark = true;
	assert_int_equal(outcome(no_go, NULL), BINARY_E_PACKED);
	assert_int_equal(outcome((struct fake){ USUAL, .magic = 1 }, NULL), BINARY_E_PACKED);
	assert_int_equal(outcome((struct fake){ USUAL, .machine = EM_RISCV }, NULL), BINARY_E_ARCH);
	assert_int_equal(outcome((struct fake){ .no_build_info = true,
						.functions = hashed,
						.n_functions = 1 },
				 NULL),
			 BINARY_E_GARBLED);
}

static void test_not_elf(void **state)
{
	(void)state;
	assert_int_equal(parse(span_of("#!/bin/sh\n", 10), NULL), BINARY_E_NOT_ELF);
	assert_int_equal(parse(span_of(NULL, 0), NULL), BINARY_E_NOT_ELF);
	assert_int_equal(parse(span_of("\177ELF\2\1", 6), NULL), BINARY_E_BROKEN);
}

/* A magic number that nothing of a header follows. */
static void test_header(void **state)
{
	static const uint8_t begin[] = { 0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8 };
	struct buf b = BUF_INIT(1 << 20);
	struct fake fake = { USUAL };
	uint8_t *header;
	(void)state;

	fake_build(&fake, &b);
	header = memmem(b.data, b.size, begin, sizeof(begin));
	assert_non_null(header);
	for (unsigned int i = 0; i < sizeof(begin); i++) {
		header[i] ^= 2;
		assert_int_equal(parse(span_of(b.data, b.size), NULL), BINARY_E_PACKED);
		header[i] ^= 2;
	}
	assert_int_equal(parse(span_of(b.data, b.size), NULL), 0);
	buf_fini(&b);
}

/* Cut short anywhere: an outcome, and never a usable binary before its last segment is whole. */
static void test_cut_short(void **state)
{
	struct fake fake = { USUAL };
	struct buf b = BUF_INIT(1 << 20);
	(void)state;

	fake_build(&fake, &b);
	for (size_t size = 4; size < b.size; size++) {
		/* A copy of its own, so that a read past its end is seen. */
		uint8_t *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, b.data, size);
		assert_int_equal(parse(span_of(copy, size), NULL), BINARY_E_BROKEN);
		free(copy);
	}
	buf_fini(&b);
}

/* In memory, and full of holes: not a thing that was linked, and dear to read. */
static void test_full_of_holes(void **state)
{
	int fd = memfd_create("holes", MFD_CLOEXEC);
	struct binary *b;
	(void)state;

	for (int i = 0; i < 100; i++)
		assert_int_equal(pwrite(fd, ELFMAG, SELFMAG, (off_t)i << 20), SELFMAG);
	assert_int_equal(binary_open(fd, &b), BINARY_E_BROKEN);
	close(fd);
}

static void test_sentences(void **state)
{
	(void)state;
	for (int i = BINARY_E_NOT_ELF; i <= BINARY_E_NO_FUNCTION; i++)
		assert_string_not_equal(binary_outcome_text(i), binary_outcome_text(0));
}

/* Any single byte of the file changed in any of three ways: it may be refused, but it ends. */
static void test_any_byte_wrong(void **state)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	struct fake fake = { USUAL };
	struct buf b = BUF_INIT(1 << 20);
	struct binary_line lines[BINARY_MAX_LINES];
	struct binary *binary;
	uint64_t text = fake_text();
	size_t n;
	bool cut;
	(void)state;

	fake_build(&fake, &b);
	for (size_t i = 0; i < b.size * ARRAY_SIZE(changes); i++) {
		uint8_t change = changes[i % ARRAY_SIZE(changes)];

		b.data[i / ARRAY_SIZE(changes)] ^= change;
		if (binary_parse(span_of(b.data, b.size), &binary) == 0) {
			for (uint64_t pc = text; pc < text + 32; pc++)
				(void)binary_lines_at(binary, pc, lines, ARRAY_SIZE(lines), &n,
						      &cut);
			binary_free(binary);
		}
		b.data[i / ARRAY_SIZE(changes)] ^= change;
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usable),	  cmocka_unit_test(test_without_build_info),
		cmocka_unit_test(test_versions),  cmocka_unit_test(test_not_usable),
		cmocka_unit_test(test_not_elf),	  cmocka_unit_test(test_header),
		cmocka_unit_test(test_cut_short), cmocka_unit_test(test_full_of_holes),
		cmocka_unit_test(test_sentences), cmocka_unit_test(test_any_byte_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
