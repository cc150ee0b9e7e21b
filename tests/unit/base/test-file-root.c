/* SPDX-License-Identifier: Apache-2.0 */
/* The part of base/file that only root can try: giving files away, and a disk that is full. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"

#define SKIPPED	   77
#define SAME_OWNER (uid_t) - 1, (gid_t)-1

static void root_gives_the_file_away(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;
	struct stat st;

	(void)state;
	assert_int_equal(file_writer_open(&w, "gift", 12345, 54321), 0);
	assert_int_equal(file_writer_commit(&w), 0);
	assert_int_equal(stat("gift", &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 54321);
	assert_int_equal(unlink("gift"), 0);
}

static void full_disk_is_found_out(void **state)
{
	struct file_writer w = FILE_WRITER_NULL;
	static const char page[4096];
	int r = 0;

	(void)state;
	assert_int_equal(mkdir("disk", 0700), 0);
	assert_int_equal(mount("none", "disk", "tmpfs", 0, "size=64k"), 0);
	assert_int_equal(file_writer_open(&w, "disk/out", SAME_OWNER), 0);
	assert_int_equal(file_writer_reserve(&w, 1 << 20), -ENOSPC);
	assert_int_equal(file_writer_reserve(&w, 1 << 12), 0);
	for (int i = 0; !r && i < 100; i++)
		r = file_writer_write(&w, page, sizeof(page));
	assert_int_equal(r, -ENOSPC);
	file_writer_fini(&w);
	assert_int_equal(rmdir("disk"), -1);
	assert_int_equal(umount("disk"), 0);
	assert_int_equal(rmdir("disk"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_gives_the_file_away),
		cmocka_unit_test(full_disk_is_found_out),
	};
	char folder[] = "/tmp/test-file-XXXXXX";

	if (geteuid() != 0 || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("needs root and mount namespaces\n");
		return SKIPPED;
	}
	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	int r = cmocka_run_group_tests_name("file-root", tests, NULL, NULL);
	return chdir("/") || rmdir(folder) ? 1 : r;
}
