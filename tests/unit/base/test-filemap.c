/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/filemap.h"
#include "base/sigbus.h"

static void closefilep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define PAGE 4096
#define SIZE (3 * PAGE)

static int new_file(void)
{
	uint8_t bytes[SIZE];
	int fd = memfd_create("file", MFD_CLOEXEC);

	memset(bytes, 'x', sizeof(bytes));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	return fd;
}

static void test_map_outlives_descriptor(void **state)
{
	struct filemap map;
	int fd = new_file();
	(void)state;

	assert_int_equal(filemap_open(fd, &map), 0);
	close(fd);
	assert_int_equal(map.bytes.size, SIZE);
	assert_int_equal(map.bytes.data[SIZE - 1], 'x');
	assert_false(filemap_torn(&map));
	filemap_rest(&map);
	assert_int_equal(map.bytes.data[0], 'x');
	filemap_close(&map);
	assert_int_equal(map.bytes.size, 0);
	filemap_close(&map);
}

/* mincore() tells of the page cache, so the kernel is asked for this process: smaps' Rss. */
static long resident_kb(const void *address)
{
	_cleanup_(closefilep) FILE *f = fopen("/proc/self/smaps", "re");
	uintptr_t start, end;
	bool here = false;
	char line[512];
	long kb;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			here = (uintptr_t)address >= start && (uintptr_t)address < end;
		if (here && sscanf(line, "Rss: %ld kB", &kb) == 1)
			return kb;
	}
	fail_msg("no such mapping");
	return -1;
}

static void test_rest_gives_memory_back(void **state)
{
	_cleanup_(closep) int fd = new_file();
	struct filemap map;
	(void)state;

	assert_int_equal(filemap_open(fd, &map), 0);
	assert_int_equal(map.bytes.data[0], 'x');
	assert_true(resident_kb(map.bytes.data) > 0);
	filemap_rest(&map);
	assert_int_equal(resident_kb(map.bytes.data), 0);
	filemap_close(&map);
}

static void test_written_again(void **state)
{
	_cleanup_(closep) int fd = new_file();
	const struct timespec times[] = { { .tv_sec = 1 }, { .tv_sec = 2 } };
	struct filemap map;
	(void)state;

	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(filemap_open(fd, &map), 0);
	assert_false(filemap_rewritten(&map));
	assert_int_equal(pwrite(fd, "y", 1, 0), 1);
	assert_true(filemap_rewritten(&map));
	filemap_close(&map);
	assert_false(filemap_rewritten(&map));
}

static void test_what_is_no_file(void **state)
{
	_cleanup_(closep) int empty = memfd_create("empty", MFD_CLOEXEC);
	_cleanup_(closep) int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct filemap map;
	(void)state;

	assert_int_equal(filemap_open(-1, &map), -EBADF);
	assert_int_equal(filemap_open(directory, &map), -EINVAL);
	assert_int_equal(filemap_open(empty, &map), 0);
	assert_int_equal(map.bytes.size, 0);
	assert_false(filemap_torn(&map));
	filemap_close(&map);
}

static blkcnt_t blocks_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_blocks;
}

/* A page of data, then so many of none, as often as asked for. */
static int patchy_file(unsigned int n_holes, off_t hole)
{
	int fd = new_file();

	for (unsigned int i = 1; i <= n_holes; i++)
		assert_int_equal(pwrite(fd, "y", 1, SIZE + i * (hole + PAGE) - PAGE), 1);
	return fd;
}

/* Reading the holes of a file in memory takes none of it. */
static void test_holes_stay(void **state)
{
	const unsigned int n = FILEMAP_MAX_HOLES - 1;
	const off_t hole = 16 * PAGE;
	_cleanup_(closep) int fd = patchy_file(n, hole);
	blkcnt_t blocks;
	struct filemap map;
	size_t sum = 0;
	(void)state;

	/* And one at the end, in the midst of whose last page the file ends. */
	assert_int_equal(ftruncate(fd, SIZE + (off_t)(n + 4) * (hole + PAGE) + 5), 0);
	blocks = blocks_of(fd);
	assert_int_equal(blocks, (SIZE + n * PAGE) / 512);
	assert_int_equal(filemap_open(fd, &map), 0);
	for (size_t i = 0; i < map.bytes.size; i++)
		sum += map.bytes.data[i];
	assert_int_equal(sum, SIZE * 'x' + n * 'y');
	filemap_rest(&map);
	assert_int_equal(map.bytes.data[SIZE + hole], 'y');
	assert_int_equal(map.bytes.data[SIZE + hole - 1], 0);
	assert_int_equal(map.bytes.data[map.bytes.size - 1], 0);
	assert_int_equal(blocks_of(fd), blocks);
	assert_false(filemap_torn(&map));
	filemap_close(&map);
}

static void test_too_many_holes(void **state)
{
	_cleanup_(closep) int fd = patchy_file(FILEMAP_MAX_HOLES, PAGE);
	_cleanup_(closep) int more = patchy_file(FILEMAP_MAX_HOLES + 1, PAGE);
	struct filemap map;
	(void)state;

	assert_int_equal(filemap_open(fd, &map), 0);
	filemap_close(&map);
	assert_int_equal(filemap_open(more, &map), FILEMAP_E_HOLES);
}

/* A file of holes takes no disk, but more addresses than there are. */
static void test_too_large(void **state)
{
	_cleanup_(closep) int fd = memfd_create("holes", MFD_CLOEXEC);
	struct filemap map;
	(void)state;

	assert_int_equal(ftruncate(fd, FILEMAP_MAX), 0);
	assert_int_equal(filemap_open(fd, &map), 0);
	filemap_close(&map);
	assert_int_equal(ftruncate(fd, FILEMAP_MAX + 1), 0);
	assert_int_equal(filemap_open(fd, &map), -EFBIG);
	assert_int_equal(ftruncate(fd, (off_t)1 << 62), 0);
	assert_int_equal(filemap_open(fd, &map), -EFBIG);
}

/*
 * cmocka has a SIGBUS handler of its own in every test, so what needs ours is done in a child that
 * has none. CHECK: leave it with a status that tells the line.
 */
#define CHECK(what)                                \
	do {                                       \
		if (!(what))                       \
			_exit(__LINE__ % 255 + 1); \
	} while (0)

static int in_child(void (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGBUS, SIG_DFL);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void truncate_and_read(void)
{
	int fd = new_file(), other_fd = new_file();
	struct filemap map, other;

	CHECK(filemap_open(fd, &map) == 0);
	CHECK(filemap_open(other_fd, &other) == 0);
	CHECK(ftruncate(fd, PAGE) == 0);
	CHECK(map.bytes.data[0] == 'x' && !filemap_torn(&map));
	CHECK(map.bytes.data[PAGE] == 0 && map.bytes.data[SIZE - 1] == 0);
	CHECK(filemap_torn(&map) && !filemap_torn(&other));
	CHECK(map.bytes.data[0] == 'x' && other.bytes.data[SIZE - 1] == 'x');
	filemap_close(&map);
	/* The place in the table is free again, and clean. */
	CHECK(filemap_open(other_fd, &map) == 0 && !filemap_torn(&map));
	filemap_close(&map);
	filemap_close(&other);
}

static void test_truncated_reads_zeros(void **state)
{
	(void)state;
	assert_int_equal(in_child(truncate_and_read), 0);
}

/* Every other page of a file that is gone: more places than a process may have mappings (65530). */
static void read_here_and_there(void)
{
	const size_t size = 2 * 70000 * (size_t)PAGE;
	int fd = memfd_create("file", MFD_CLOEXEC);
	volatile uint8_t *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned int range;

	CHECK(p != MAP_FAILED && sigbus_watch((void *)p, size, &range) == 0);
	for (size_t at = 0; at < size; at += 2 * PAGE)
		CHECK(p[at] == 0);
	CHECK(sigbus_torn(range));
	sigbus_unwatch(range);
	munmap((void *)p, size);
}

static void test_truncated_and_read_here_and_there(void **state)
{
	(void)state;
	assert_int_equal(in_child(read_here_and_there), 0);
}

static void fault_elsewhere(void)
{
	struct filemap map;
	int fd = new_file();
	volatile uint8_t *p = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

	CHECK(p != MAP_FAILED && filemap_open(fd, &map) == 0 && ftruncate(fd, PAGE) == 0);
	(void)p[2 * PAGE];
}

/* Not ours: it must not be made good. */
static void test_fault_elsewhere_kills(void **state)
{
	int status = in_child(fault_elsewhere);
	(void)state;

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static unsigned int passed_on;

static void count_and_stop(int signal)
{
	(void)signal;
	passed_on++;
	_exit(passed_on == 1 ? 77 : 78);
}

static void fault_elsewhere_with_handler(void)
{
	(void)signal(SIGBUS, count_and_stop);
	fault_elsewhere();
}

static void test_earlier_handler_is_called(void **state)
{
	int status = in_child(fault_elsewhere_with_handler);
	(void)state;

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 77);
}

static void test_table_is_bounded(void **state)
{
	static uint8_t bytes[SIGBUS_MAX_RANGES];
	unsigned int ranges[SIGBUS_MAX_RANGES], one;
	unsigned int n = 0;
	(void)state;

	while (n < SIGBUS_MAX_RANGES && sigbus_watch(bytes + n, 1, &ranges[n]) == 0)
		n++;
	assert_int_equal(n, SIGBUS_MAX_RANGES);
	assert_int_equal(sigbus_watch(bytes, 1, &one), -ENOSPC);
	sigbus_unwatch(ranges[7]);
	assert_int_equal(sigbus_watch(bytes, 1, &one), 0);
	assert_int_equal(one, ranges[7]);
	while (n)
		sigbus_unwatch(ranges[--n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* Those with a child come before this process has a handler. */
		cmocka_unit_test(test_truncated_reads_zeros),
		cmocka_unit_test(test_truncated_and_read_here_and_there),
		cmocka_unit_test(test_fault_elsewhere_kills),
		cmocka_unit_test(test_earlier_handler_is_called),
		cmocka_unit_test(test_map_outlives_descriptor),
		cmocka_unit_test(test_rest_gives_memory_back),
		cmocka_unit_test(test_written_again),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_holes_stay),
		cmocka_unit_test(test_too_many_holes),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
