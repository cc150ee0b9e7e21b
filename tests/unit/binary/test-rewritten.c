/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written to while it is open: with something else, or with the same again. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/binary/binary.h"
#include "base/cleanup.h"
#include "tests/unit/binary/fake.h"

#define ACTION	 "aaaa"
#define CONTENTS "aaaa/cccc"

static const struct fake_function functions[] = {
	{ .name = "runtime.goexit", .size = 16, .func_id = 8, .flags = 5 },
	{ .name = "main.main", .size = 16 },
};

struct opened {
	int fd;
	off_t id; /* where its build id is in the file */
	struct binary *binary;
};

/* The last program header, PT_DYNAMIC, is not needed: in its place a note behind all. */
static void put_note(struct buf *file, const char *build_id, off_t *ret_id)
{
	const Elf64_Nhdr h = { .n_namesz = 4, .n_descsz = (uint32_t)strlen(build_id), .n_type = 4 };
	const Elf64_Phdr p = { .p_type = PT_NOTE,
			       .p_offset = file->size,
			       .p_filesz = sizeof(h) + 4 + h.n_descsz };

	memcpy(file->data + sizeof(Elf64_Ehdr) + 3 * sizeof(p), &p, sizeof(p));
	buf_append(file, &h, sizeof(h));
	buf_append(file, "Go\0", 4);
	*ret_id = (off_t)file->size;
	buf_append(file, build_id, h.n_descsz);
}

static void set_time(int fd, time_t second)
{
	const struct timespec times[] = { { .tv_sec = second }, { .tv_sec = second } };

	assert_int_equal(futimens(fd, times), 0);
}

static struct opened open_with(const char *build_id)
{
	const struct fake fake = { .functions = functions, .n_functions = ARRAY_SIZE(functions) };
	_cleanup_(buf_fini) struct buf file = BUF_INIT(1 << 20);
	struct opened o = { .fd = memfd_create("program", MFD_CLOEXEC) };

	fake_build(&fake, &file);
	put_note(&file, build_id, &o.id);
	assert_int_equal(write(o.fd, file.data, file.size), file.size);
	set_time(o.fd, 1);
	assert_int_equal(binary_open(o.fd, &o.binary), 0);
	assert_true(span_equals(binary_build(o.binary)->go_build_id, build_id));
	assert_false(binary_rewritten(o.binary));
	return o;
}

static void end(struct opened *o)
{
	binary_free(o->binary);
	close(o->fd);
}

static void test_touched(void **state)
{
	struct opened o = open_with(CONTENTS);
	(void)state;

	for (time_t t = 2; t < 5; t++) {
		set_time(o.fd, t);
		assert_false(binary_rewritten(o.binary));
	}
	end(&o);
}

/* Also if what was there before is back by then: who knows what was read meanwhile. */
static void test_another_build(void **state)
{
	struct opened o = open_with(CONTENTS);
	(void)state;

	assert_int_equal(pwrite(o.fd, "d", 1, o.id + 5), 1);
	set_time(o.fd, 2);
	assert_true(binary_rewritten(o.binary));
	assert_int_equal(pwrite(o.fd, "c", 1, o.id + 5), 1);
	set_time(o.fd, 1);
	assert_true(binary_rewritten(o.binary));
	end(&o);
}

static void test_another_size(void **state)
{
	struct opened o = open_with(CONTENTS);
	struct stat st;
	(void)state;

	assert_int_equal(fstat(o.fd, &st), 0);
	assert_int_equal(ftruncate(o.fd, st.st_size + 1), 0);
	set_time(o.fd, 2);
	assert_true(binary_rewritten(o.binary));
	end(&o);
}

static void test_no_content_id(void **state)
{
	struct opened o = open_with(ACTION);
	(void)state;

	set_time(o.fd, 2);
	assert_true(binary_rewritten(o.binary));
	end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_touched),
		cmocka_unit_test(test_another_build),
		cmocka_unit_test(test_another_size),
		cmocka_unit_test(test_no_content_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
