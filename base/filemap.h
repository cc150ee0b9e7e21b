/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file mapped for reading. The mapping keeps the file (deleted or not), and
 * only pages that are read become resident. If the file shrinks under us, what is gone reads as
 * zeros and filemap_torn() says so (base/sigbus.h).
 *
 * To read a hole of a file in memory (tmpfs, memfd) gives it a page there, which nobody can take
 * back and the reader's cgroup pays for: its holes are zeros of our own here, that cost nothing.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/span.h"

/*
 * No executable is larger. A file of holes may be as large as its owner likes, and mmap(2) then
 * tells of no memory, which would be nobody's fault but ours.
 */
#define FILEMAP_MAX (4ull << 30)

/* No file in memory that a linker or a copy made has more holes: most have none. */
#define FILEMAP_MAX_HOLES 16

enum filemap_outcome {
	FILEMAP_E_HOLES = 1, /* in memory, and more holes than that, or of unknown places */
};

struct filemap {
	struct span bytes;
	unsigned int range;	 /* of base/sigbus.h; like the rest only while bytes.size != 0 */
	int fd;			 /* of the file */
	struct timespec written; /* when it was */
};

#define FILEMAP_NULL \
	{            \
		0    \
	}

/* Map the regular file @fd, which stays the caller's; an empty one gives an empty span. 0,
 * FILEMAP_E_HOLES, -EFBIG above FILEMAP_MAX, or another -errno. Moves the file's position. */
int filemap_open(int fd, struct filemap *ret_map);

void filemap_close(struct filemap *map);

/* Give back the memory of pages that were read; what is read again comes from the page cache. */
void filemap_rest(const struct filemap *map);

/* Whether bytes that were read may have been zeros instead of the file's. */
bool filemap_torn(const struct filemap *map);

/* Whether the file was written to since, so that what is read is not what was there. */
bool filemap_rewritten(const struct filemap *map);

/*
 * From now on what the file holds at this moment counts as what was mapped. False where that cannot
 * be: it has another size, or is not to be had.
 */
bool filemap_renew(struct filemap *map);
