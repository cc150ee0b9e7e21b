/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define READ_CHUNK    4096
#define NEW_FILE_MODE 0644
#define NAME_ATTEMPTS 16

int file_read_at(int dir, const char *path, struct buf *b)
{
	_cleanup_(closep) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t chunk[READ_CHUNK];

	if (fd < 0)
		return -errno;
	while (!buf_error(b)) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			buf_append(b, chunk, (size_t)n);
	}
	return buf_error(b);
}

int file_read(const char *path, struct buf *b)
{
	return file_read_at(AT_FDCWD, path, b);
}

int file_write(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Hold the folder of @path, keep the last part as the name. */
static int open_folder(struct file_writer *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(freep) char *folder = NULL;

	if (!*path)
		return -ENOENT;
	if (slash && !slash[1])
		return -EISDIR;
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	w->name = strdup(slash ? slash + 1 : path);
	if (!folder || !w->name)
		return -ENOMEM;
	w->dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->dir < 0 ? -errno : 0;
}

/* What is there now decides whether it may be replaced, and the new file's mode. */
static int look_at_target(struct file_writer *w)
{
	struct stat st;

	w->mode = NEW_FILE_MODE;
	if (fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return FILE_E_NOT_REGULAR;
	w->mode = st.st_mode & 0777;
	return 0;
}

static int make_name(struct file_writer *w)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	snprintf(w->temp, sizeof(w->temp), ".tmp-%016llx", (unsigned long long)random);
	return 0;
}

static int create_named(struct file_writer *w)
{
	w->fd = openat(w->dir, w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return w->fd < 0 ? -errno : 0;
}

/* proc(5): the link of an open file leads to the file itself, name or not. */
static int link_unnamed(struct file_writer *w)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", w->fd);
	return linkat(AT_FDCWD, path, w->dir, w->temp, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* Under a new random name, which w->temp is only if it worked. */
static int with_new_name(struct file_writer *w, int (*create)(struct file_writer *w))
{
	int r = -EEXIST;

	for (int i = 0; i < NAME_ATTEMPTS && r == -EEXIST; i++) {
		r = make_name(w);
		if (!r)
			r = create(w);
	}
	if (r)
		w->temp[0] = '\0';
	return r;
}

/* Where the file system has no files without names, openat() has one of several errors. */
static int create_temp(struct file_writer *w)
{
	w->fd = openat(w->dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	return w->fd < 0 ? with_new_name(w, create_named) : 0;
}

int file_writer_open(struct file_writer *w, const char *path, uid_t uid, gid_t gid)
{
	*w = (struct file_writer)FILE_WRITER_NULL;
	int r = open_folder(w, path);
	if (!r)
		r = look_at_target(w);
	if (!r)
		r = create_temp(w);
	if (!r && fchown(w->fd, uid, gid) < 0)
		r = -errno;
	if (r)
		file_writer_fini(w);
	return r;
}

int file_writer_reserve(struct file_writer *w, uint64_t size)
{
	struct statvfs fs;

	if (!fallocate(w->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	if (fstatvfs(w->fd, &fs) < 0)
		return -errno;
	return fs.f_frsize && size / fs.f_frsize >= fs.f_bavail ? -ENOSPC : 0;
}

int file_writer_write(struct file_writer *w, const void *data, size_t size)
{
	return file_write(w->fd, data, size);
}

/* The reserve that was not used goes back. */
static int finish_temp(struct file_writer *w)
{
	off_t size = lseek(w->fd, 0, SEEK_CUR);

	if (size < 0 || ftruncate(w->fd, size) < 0)
		return -errno;
	if (fchmod(w->fd, w->mode) < 0)
		return -errno;
	return fsync(w->fd) < 0 ? -errno : 0;
}

int file_writer_commit(struct file_writer *w)
{
	int r = finish_temp(w);

	if (!r && !w->temp[0])
		r = with_new_name(w, link_unnamed);
	if (!r && renameat(w->dir, w->temp, w->dir, w->name) < 0)
		r = -errno;
	if (!r)
		w->temp[0] = '\0';
	file_writer_fini(w);
	return r;
}

void file_writer_fini(struct file_writer *w)
{
	if (w->fd >= 0 && w->temp[0])
		unlinkat(w->dir, w->temp, 0);
	closep(&w->fd);
	closep(&w->dir);
	free(w->name);
	*w = (struct file_writer)FILE_WRITER_NULL;
}
