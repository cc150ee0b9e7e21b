/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filemap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/sigbus.h"

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
		if (map.fd < 0) {
			r = -errno;
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
