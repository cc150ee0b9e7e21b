/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file beside the database that does nothing but take room, so that there is some on a full disk
 * for what removes: SQLite writes to its log before it gives anything back. Let go, its room is
 * that of the log; made again once there is as much (depot.c says when).
 *
 * It is four times the log that SQLite is told to keep, RESERVE_SIZE at most, and no more than a
 * twentieth of the file system; on a disk that holds less, a half of it, or a quarter, and so on.
 * Nothing is in it, and whatever is there of it after kill -9 is as good.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RESERVE_SIZE	 ((uint64_t)64 << 20)
#define RESERVE_MIN	 ((uint64_t)16 << 10)
#define RESERVE_FRACTION 20u /* of the file system */
#define RESERVE_LOGS	 4u  /* logs that it has room for */

struct reserve {
	int fd; /* -1: none can be made */
	uint64_t wanted;
	_Atomic uint64_t size; /* bytes of the disk that it has */
};

#define RESERVE_NULL     \
	{                \
		.fd = -1 \
	}

/* Find what there is of it in @folder; where there is no file, an empty one is made. 0 or -ENOMEM.
 */
int reserve_open(struct reserve *r, const char *folder);
void reserve_close(struct reserve *r);

/* False: there was none. */
bool reserve_release(struct reserve *r);

/* Make it, as large as wanted; @less: or as large as there is room for. True: as wanted. */
bool reserve_fill(struct reserve *r, bool less);

/* Room on the disk of an open file, for who is not root. UINT64_MAX where that is not known. */
uint64_t reserve_room(int fd);
