/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filemap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sigbus.h"

/* The next hole from @at on; at @size: none. */
static int next_hole(int fd, uint64_t at, uint64_t size, uint64_t *ret_begin, uint64_t *ret_end)
{
	off_t begin = lseek(fd, (off_t)at, SEEK_HOLE), end = -1;

	if (begin >= 0)
		end = lseek(fd, begin, SEEK_DATA);
	if (end < 0 && errno != ENXIO) /* no such place (any more), or no data behind it */
		return -errno;
	*ret_begin = begin < 0 || (uint64_t)begin > size ? size : (uint64_t)begin;
	*ret_end = end < 0 || (uint64_t)end > size ? size : (uint64_t)end;
	return 0;
}

/* Whole pages: one with a byte that is no hole is there already. */
static int cover(uint8_t *data, uint64_t begin, uint64_t end, uint64_t size)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);

	begin = (begin + page - 1) & -page;
	end = end == size ? (end + page - 1) & -page : end & -page;
	if (begin < end && mmap(data + begin, end - begin, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

static int cover_holes(int fd, uint8_t *data, uint64_t size)
{
	uint64_t begin = 0, end = 0;

	for (unsigned int n = 0; end < size; n++) {
		int r = next_hole(fd, end, size, &begin, &end);

		if (r == 0 && begin < size && n == FILEMAP_MAX_HOLES)
			return FILEMAP_E_HOLES;
		if (r == 0)
			r = cover(data, begin, end, size);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * What is in an overlay may be in memory as well: there is no telling. ramfs and hugetlbfs do not
 * say where their holes are.
 */
static int guard_holes(int fd, const struct stat *st, uint8_t *data)
{
	const bool has_all = (uint64_t)st->st_blocks * 512 >= (uint64_t)st->st_size;
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	switch (fs.f_type) {
	case TMPFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return cover_holes(fd, data, (uint64_t)st->st_size);
	case RAMFS_MAGIC:
	case HUGETLBFS_MAGIC:
		return has_all ? 0 : FILEMAP_E_HOLES;
	}
	return 0;
}

int filemap_open(int fd, struct filemap *ret_map)
{
	struct filemap map = FILEMAP_NULL;
	struct stat st;
	void *data;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > FILEMAP_MAX)
		return -EFBIG;
	if (st.st_size > 0) {
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			return -errno;
		r = sigbus_watch(data, st.st_size, &map.range);
		if (r < 0) {
			munmap(data, st.st_size);
			return r;
		}
		map.bytes = span_of(data, st.st_size);
		map.written = st.st_mtim;
		map.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r = map.fd < 0 ? -errno : guard_holes(fd, &st, data);
		if (r) {
			filemap_close(&map);
			return r;
		}
	}
	*ret_map = map;
	return 0;
}

void filemap_close(struct filemap *map)
{
	if (map->bytes.size) {
		sigbus_unwatch(map->range);
		munmap((void *)map->bytes.data, map->bytes.size);
		closep(&map->fd);
	}
	*map = (struct filemap)FILEMAP_NULL;
}

void filemap_rest(const struct filemap *map)
{
	if (map->bytes.size)
		(void)madvise((void *)map->bytes.data, map->bytes.size, MADV_DONTNEED);
}

bool filemap_torn(const struct filemap *map)
{
	return map->bytes.size && sigbus_torn(map->range);
}

bool filemap_rewritten(const struct filemap *map)
{
	struct stat st;

	return map->bytes.size &&
	       (fstat(map->fd, &st) < 0 || st.st_mtim.tv_sec != map->written.tv_sec ||
		st.st_mtim.tv_nsec != map->written.tv_nsec);
}

bool filemap_renew(struct filemap *map)
{
	struct stat st;

	if (!map->bytes.size || fstat(map->fd, &st) < 0 || (uint64_t)st.st_size != map->bytes.size)
		return false;
	map->written = st.st_mtim;
	return true;
}
