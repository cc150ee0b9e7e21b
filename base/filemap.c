/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filemap.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

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
	}
	*ret_map = map;
	return 0;
}

void filemap_close(struct filemap *map)
{
	if (map->bytes.size) {
		sigbus_unwatch(map->range);
		munmap((void *)map->bytes.data, map->bytes.size);
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
