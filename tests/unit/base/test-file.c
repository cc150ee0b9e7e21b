/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define SAME_OWNER (uid_t) - 1, (gid_t)-1

/* Each test works in an empty folder of its own, and leaves it empty. */
static int enter_folder(void **state)
{
	char template[] = "/tmp/test-file-XXXXXX";

	*state = strdup(mkdtemp(template));
	assert_non_null(*state);
	return chdir(*state);
}

static int leave_folder(void **state)
{
	int r = chdir("/");

	if (!r)
		r = rmdir(*state);
	free(*state);
	return r;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_content(const char *path, const char *text)
{
	struct buf b = BUF_INIT(1000);

	assert_int_equal(file_read(path, &b), 0);
	assert_int_equal(b.size, strlen(text));
	assert_memory_equal(b.data, text, b.size);
	buf_fini(&b);
}

static unsigned int n_entries(void)
{
	DIR *d = opendir(".");
	unsigned int n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void read_is_bounded(void **state)
{
	struct buf exact = BUF_INIT(6), small = BUF_INIT(5), proc = BUF_INIT(100000);
	int dir = open(".", O_PATH | O_CLOEXEC);

	(void)state;
	put("a", "abcdef", 0600);
	assert_int_equal(file_read_at(dir, "a", &exact), 0);
	assert_int_equal(exact.size, 6);
	assert_int_equal(file_read("a", &small), -E2BIG);
	assert_int_equal(file_read("b", &proc), -ENOENT);
	assert_int_equal(file_read(".", &proc), -EISDIR);
	/* no size of its own, longer than a chunk */
	assert_int_equal(file_read("/proc/self/smaps", &proc), 0);
	assert_true(proc.size > 4096);
	assert_int_equal(unlink("a"), 0);
	buf_fini(&exact);
	buf_fini(&small);
	buf_fini(&proc);
	close(dir);
}

static void new_file_appears_at_commit(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(file_writer_open(&w, "new", SAME_OWNER), 0);
	assert_int_equal(file_writer_reserve(&w, 100000), 0);
	assert_int_equal(file_writer_write(&w, "one ", 4), 0);
	assert_int_equal(file_writer_write(&w, "two", 3), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(file_writer_commit(&w), 0);
	assert_content("new", "one two");
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	/* what was reserved and not used has been given back */
	assert_true(st.st_blocks * 512 <= 65536);
	assert_int_equal(n_entries(), 1);
	assert_int_equal(unlink("new"), 0);
}

static void old_file_stays_until_commit(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;
	struct stat st;

	(void)state;
	put("old", "precious", 0640);
	assert_int_equal(file_writer_open(&w, "./old", SAME_OWNER), 0);
	assert_int_equal(file_writer_write(&w, "half", 4), 0);
	assert_content("old", "precious");
	/* nothing that a killed process would leave behind */
	assert_int_equal(n_entries(), 1);
	file_writer_fini(&w);
	assert_content("old", "precious");
	assert_int_equal(n_entries(), 1);

	assert_int_equal(file_writer_open(&w, "old", SAME_OWNER), 0);
	assert_int_equal(file_writer_write(&w, "next", 4), 0);
	assert_int_equal(file_writer_commit(&w), 0);
	file_writer_fini(&w);
	assert_content("old", "next");
	assert_int_equal(stat("old", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(n_entries(), 1);
	assert_int_equal(unlink("old"), 0);
}

static void only_regular_files_are_replaced(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;

	(void)state;
	put("victim", "precious", 0600);
	assert_int_equal(symlink("victim", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(file_writer_open(&w, "link", SAME_OWNER), FILE_E_NOT_REGULAR);
	assert_int_equal(file_writer_open(&w, "dangling", SAME_OWNER), FILE_E_NOT_REGULAR);
	assert_int_equal(file_writer_open(&w, "pipe", SAME_OWNER), FILE_E_NOT_REGULAR);
	assert_int_equal(file_writer_open(&w, "folder", SAME_OWNER), -EISDIR);
	assert_int_equal(file_writer_open(&w, "folder/", SAME_OWNER), -EISDIR);
	assert_int_equal(file_writer_open(&w, "victim/x", SAME_OWNER), -ENOTDIR);
	assert_int_equal(file_writer_open(&w, "none/x", SAME_OWNER), -ENOENT);
	assert_int_equal(file_writer_open(&w, "", SAME_OWNER), -ENOENT);
	assert_int_equal(n_entries(), 5);
	assert_int_equal(rmdir("folder"), 0);
	assert_int_equal(unlink("pipe"), 0);
	assert_int_equal(unlink("dangling"), 0);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(unlink("victim"), 0);
}

/* A link put in place after the start is replaced, not followed; the folder stays the one opened.
 */
static void late_links_lead_nowhere(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;

	(void)state;
	put("victim", "precious", 0600);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkdir("trap", 0700), 0);
	assert_int_equal(file_writer_open(&w, "folder/out", SAME_OWNER), 0);
	assert_int_equal(file_writer_write(&w, "new", 3), 0);
	assert_int_equal(symlink("../victim", "folder/out"), 0);
	assert_int_equal(rename("folder", "moved"), 0);
	assert_int_equal(symlink("trap", "folder"), 0);
	assert_int_equal(file_writer_commit(&w), 0);
	assert_content("victim", "precious");
	assert_content("moved/out", "new");
	assert_int_equal(unlink("moved/out"), 0);
	assert_int_equal(rmdir("moved"), 0);
	assert_int_equal(rmdir("trap"), 0);
	assert_int_equal(unlink("folder"), 0);
	assert_int_equal(unlink("victim"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(read_is_bounded, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(new_file_appears_at_commit, enter_folder,
						leave_folder),
		cmocka_unit_test_setup_teardown(old_file_stays_until_commit, enter_folder,
						leave_folder),
		cmocka_unit_test_setup_teardown(only_regular_files_are_replaced, enter_folder,
						leave_folder),
		cmocka_unit_test_setup_teardown(late_links_lead_nowhere, enter_folder,
						leave_folder),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
