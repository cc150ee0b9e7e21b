/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BLOCK 4096u

static uint64_t wanted_on(int fd)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0 || !fs.f_blocks)
		return RESERVE_SIZE;
	uint64_t part = (uint64_t)fs.f_blocks * fs.f_frsize / RESERVE_FRACTION;
	return part < RESERVE_SIZE ? part - part % BLOCK : RESERVE_SIZE;
}

/* One with holes is none. */
static uint64_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size)
		return 0;
	return (uint64_t)st.st_size;
}

int reserve_open(struct reserve *r, const char *folder)
{
	_cleanup_(freep) char *path = NULL;

	*r = (struct reserve)RESERVE_NULL;
	if (asprintf(&path, "%s/reserve", folder) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r->wanted = RESERVE_SIZE;
	r->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return 0;
	r->wanted = wanted_on(r->fd);
	r->size = size_of(r->fd);
	if (r->size > r->wanted && ftruncate(r->fd, (off_t)r->wanted) == 0)
		r->size = r->wanted;
	return 0;
}

void reserve_close(struct reserve *r)
{
	closep(&r->fd);
	r->fd = -1;
}

/* Synced, because journalled file systems give room away only when what freed it is on disk. */
bool reserve_release(struct reserve *r)
{
	if (r->fd < 0 || !r->size || ftruncate(r->fd, 0) < 0)
		return false;
	fsync(r->fd);
	r->size = 0;
	return true;
}

uint64_t reserve_room(int fd)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0 || !fs.f_blocks)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* What is known not to fit is not tried: for a moment nobody else would have room. */
static bool grow(struct reserve *r, uint64_t size)
{
	if (reserve_room(r->fd) < size - r->size)
		return false;
	if (posix_fallocate(r->fd, 0, (off_t)size) != 0)
		return ftruncate(r->fd, (off_t)r->size) < 0; /* then there is no use in trying on */
	r->size = size;
	return true;
}

bool reserve_fill(struct reserve *r, bool less)
{
	if (r->fd < 0)
		return false;
	for (uint64_t size = r->wanted; size > r->size && size >= RESERVE_MIN; size /= 2)
		if (grow(r, size) || !less)
			break;
	return r->size >= r->wanted;
}
