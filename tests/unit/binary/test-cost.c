/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file made to that end may cost: no more than its size. The first of these takes minutes,
 * and so fails, where the end of a name is looked for as far as the file goes.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <stdlib.h>

#include "agent/binary/binary.h"
#include "agent/binary/elf.h"
#include "agent/binary/pclntab.h"
#include "tests/unit/binary/fake.h"

static const struct fake_function functions[] = {
	{ .name = "runtime.goexit", .size = 16, .func_id = 8, .flags = 5 },
	{ .name = "main.main", .size = 16 },
};

/* As many sections as may be, each with a name that has no end. */
static void test_section_names(void **state)
{
	const size_t headers = 256, names = headers + ELF_MAX_SECTIONS * sizeof(Elf64_Shdr);
	const size_t size = names + (64u << 20);
	uint8_t *file = malloc(size);
	Elf64_Ehdr e = { .e_machine = EM_X86_64,
			 .e_phoff = sizeof(e),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1,
			 .e_shoff = headers,
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = ELF_MAX_SECTIONS };
	const Elf64_Phdr p = { .p_type = PT_LOAD, .p_flags = PF_X, .p_filesz = 1, .p_memsz = 1 };
	const Elf64_Shdr h = { .sh_type = SHT_STRTAB, .sh_offset = names, .sh_size = size - names };
	struct binary *b;
	(void)state;

	assert_non_null(file);
	memset(file, 'x', size);
	memcpy(e.e_ident, ELFMAG, SELFMAG);
	e.e_ident[EI_CLASS] = ELFCLASS64;
	e.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(file, &e, sizeof(e));
	memcpy(file + sizeof(e), &p, sizeof(p));
	for (unsigned int i = 0; i < ELF_MAX_SECTIONS; i++)
		memcpy(file + headers + i * sizeof(h), &h, sizeof(h));
	assert_int_equal(binary_parse(span_of(file, size), &b), BINARY_E_NOT_GO);
	free(file);
}

/* Of notes that go on and on, all of them at the same place, no more than the beginning counts. */
static void test_notes(void **state)
{
	const size_t begin = sizeof(Elf64_Ehdr) + ELF_MAX_SEGMENTS * sizeof(Elf64_Phdr);
	const size_t size = begin + ELF_MAX_NOTE + 64;
	const struct {
		Elf64_Nhdr header;
		char name[4];
	} note = { { .n_namesz = 4, .n_type = 4 }, "Go" };
	Elf64_Ehdr h = { .e_machine = EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = ELF_MAX_SEGMENTS };
	const Elf64_Phdr load = { .p_type = PT_LOAD, .p_flags = PF_X, .p_memsz = 1 };
	const Elf64_Phdr p = { .p_type = PT_NOTE, .p_offset = begin, .p_filesz = size - begin };
	uint8_t *file = calloc(1, size);
	struct span found;
	struct elf e;
	(void)state;

	assert_non_null(file);
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), &load, sizeof(load));
	for (unsigned int i = 1; i < ELF_MAX_SEGMENTS; i++)
		memcpy(file + sizeof(h) + i * sizeof(p), &p, sizeof(p));
	/* Notes of nothing up to there: 12 bytes each. */
	memcpy(file + begin + ELF_MAX_NOTE / 12 * 12, &note, sizeof(note));
	assert_int_equal(elf_parse(span_of(file, size), &e), 0);
	assert_int_equal(e.n_notes, ELF_MAX_SEGMENTS - 1);
	for (unsigned int i = 0; i < e.n_notes; i++)
		assert_int_equal(e.notes[i].size, ELF_MAX_NOTE);
	assert_false(elf_note(&e, "Go", 4, &found));
	memcpy(file + begin + ELF_MAX_NOTE / 12 * 12 - 12, &note, sizeof(note));
	assert_true(elf_note(&e, "Go", 4, &found));
	free(file);
}

/* The longest name there is, and one more byte: none. */
static void test_function_names(void **state)
{
	static char name[PCLNTAB_MAX_NAME + 1];
	struct fake_function with_long[ARRAY_SIZE(functions)];
	struct fake fake = { .functions = with_long, .n_functions = ARRAY_SIZE(functions) };
	struct binary_line line;
	struct binary *b;
	size_t n;
	bool cut;
	(void)state;

	memcpy(with_long, functions, sizeof(functions));
	with_long[1].name = name;
	memset(name, 'x', PCLNTAB_MAX_NAME);
	for (size_t length = PCLNTAB_MAX_NAME; length >= PCLNTAB_MAX_NAME - 1; length--) {
		_cleanup_(buf_fini) struct buf file = BUF_INIT(1 << 20);

		name[length] = 0;
		fake_build(&fake, &file);
		assert_int_equal(binary_parse(span_of(file.data, file.size), &b), 0);
		assert_int_equal(binary_lines_at(b, fake_text() + 16, &line, 1, &n, &cut), 0);
		assert_int_equal(line.function.size, length < PCLNTAB_MAX_NAME ? length : 0);
		binary_free(b);
	}
}

/* What is looked through without a header's help is counted over all of it. */
static void test_scan_is_bounded(void **state)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(1 << 20);
	struct fake fake = { .functions = functions, .n_functions = ARRAY_SIZE(functions) };
	struct pclntab_search search = { 0 };
	uint64_t vaddr;
	struct elf e;
	(void)state;

	fake_build(&fake, &file);
	assert_int_equal(elf_parse(span_of(file.data, file.size), &e), 0);
	assert_true(pclntab_search_next(&e, &search, &vaddr));
	assert_true(e.scan_left < ELF_MAX_SCAN);
	search = (struct pclntab_search){ 0 };
	e.scan_left = 16;
	assert_false(pclntab_search_next(&e, &search, &vaddr));
	assert_int_equal(e.scan_left, 16);
	assert_true(elf_may_scan(&e, 16));
	assert_false(elf_may_scan(&e, 1));
}

#define LONG_PAIRS 4000

/* A value program that changes at every byte: reading it is paid for, and then it says nothing. */
static void test_value_programs_are_paid_for(void **state)
{
	static struct fake_value program[LONG_PAIRS + 1];
	struct fake_function costly[] = {
		functions[0],
		{ .name = "main.main", .size = LONG_PAIRS, .sp = program },
	};
	struct fake fake = { .functions = costly, .n_functions = ARRAY_SIZE(costly) };
	_cleanup_(buf_fini) struct buf file = BUF_INIT(1 << 20);
	uint64_t last = fake_text() + 16 + LONG_PAIRS - 1;
	struct binary_function f;
	struct binary *b;
	int32_t delta;

	(void)state;
	for (uint32_t i = 0; i < LONG_PAIRS; i++)
		program[i] = (struct fake_value){ .bytes = 1, .value = (int32_t)(i % 2) * 8 };
	fake_build(&fake, &file);
	assert_int_equal(binary_parse(span_of(file.data, file.size), &b), 0);
	assert_int_equal(binary_function_at(b, last, &f), 0);
	assert_true(binary_sp_delta(b, &f, last, &delta));
	assert_false(binary_is_exhausted(b));
	binary_allow(b, 2 * LONG_PAIRS + 1);
	for (int i = 0; i < 2; i++)
		assert_true(binary_sp_delta(b, &f, last, &delta) && delta == 8);
	assert_false(binary_is_exhausted(b));
	assert_false(binary_sp_delta(b, &f, last, &delta));
	assert_true(binary_is_exhausted(b));
	assert_false(binary_sp_delta(b, &f, fake_text() + 16, &delta));
	binary_allow(b, 1);
	assert_true(binary_sp_delta(b, &f, fake_text() + 16, &delta));
	assert_true(binary_is_exhausted(b));
	binary_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section_names),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_function_names),
		cmocka_unit_test(test_scan_is_bounded),
		cmocka_unit_test(test_value_programs_are_paid_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
