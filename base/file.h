/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole small files in, whole files out.
 *
 * Writing is atomic: the bytes go to a temporary file in the folder of the target, which takes the
 * target's name only when everything is on disk. Until then, and for whatever goes wrong, the old
 * file stays as it was. The temporary file can be opened long before there is anything to write,
 * so that a folder that cannot be written, an owner that cannot be given and a full disk are found
 * out early. It has no name of its own before the end (O_TMPFILE), so that nothing is left behind
 * by a process that is killed, unless the file system cannot do so.
 *
 * A privileged program writing into another user's folder cannot be led astray: the folder is
 * resolved once and then held, the temporary file is created exclusively under a random name, owner
 * and mode are set through its descriptor, and rename(2) never follows a link.
 */
#pragma once

#include <sys/types.h>

#include "base/buf.h"

/*
 * Append the whole file at @path, relative to the folder @dir (or AT_FDCWD), to @b. Works for
 * files without a size, as in /proc. -E2BIG when it does not fit the buffer's limit, -EISDIR for a
 * folder, -errno otherwise. @b may hold a part after a failure.
 */
int file_read_at(int dir, const char *path, struct buf *b);
int file_read(const char *path, struct buf *b);

/* Write all of it to @fd. 0 or -errno. */
int file_write(int fd, const void *data, size_t size);

enum file_outcome {
	FILE_E_NOT_REGULAR = 1, /* the target exists and is a link, a device, a pipe... */
};

struct file_writer {
	int dir, fd;
	char *name;    /* of the target, in dir */
	char temp[32]; /* of the temporary file, in dir; empty while it has none */
	uint32_t mode; /* the target's in the end */
};

#define FILE_WRITER_NULL            \
	{                           \
		.dir = -1, .fd = -1 \
	}

/*
 * Begin to write @path, which is to belong to @uid and @gid, -1 being the process's own. An
 * existing regular file is replaced in the end and its permissions are kept; a new one gets 0644.
 * 0, FILE_E_NOT_REGULAR (replacing /dev/stdout by a file would be a sad surprise), or -errno:
 * -EISDIR for a folder, -EACCES, -EROFS and so on where the folder cannot be written, -EPERM where
 * a file cannot be given to the owner.
 */
int file_writer_open(struct file_writer *w, const char *path, uid_t uid, gid_t gid);

/*
 * Make sure that @size bytes can be written later, by reserving them where the file system can, or
 * else by asking how many are free. 0, -ENOSPC, -EDQUOT or another -errno.
 */
int file_writer_reserve(struct file_writer *w, uint64_t size);

/* Append. 0 or -errno. */
int file_writer_write(struct file_writer *w, const void *data, size_t size);

/* Bring it to disk and give it its name. 0 or -errno; then the old file is as it was. */
int file_writer_commit(struct file_writer *w);

/* Remove what was not committed, let go of everything. Fine to call at any time. */
void file_writer_fini(struct file_writer *w);
