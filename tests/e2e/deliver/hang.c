/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be preloaded: a disk that hangs. While the file HONE_TEST_HANG is there, fsync(2) does not
 * come back.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int fsync(int fd)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	const char *file = getenv("HONE_TEST_HANG");

	while (file && access(file, F_OK) == 0)
		nanosleep(&moment, NULL);
	return (int)syscall(SYS_fsync, fd);
}
