/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of the spool: files in, files out, no knowledge of what is in them. What its names
 * mean: deliver.h.
 *
 * A file gets its names only when all its bytes were written, and is promised (spool_write()
 * answers 0) when bytes and names are on disk. Both are brought there after the names were given:
 * with the usual file systems that is one commit of their journal instead of two. Should the power
 * fail in between, the names lead to a file that is too short, and that was not promised.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/deliver/uuid.h"
#include "base/buf.h"
#include "base/span.h"

struct spool {
	int dir;
	int lock; /* the file ".format" */
};

#define SPOOL_NULL                    \
	{                             \
		.dir = -1, .lock = -1 \
	}

enum spool_outcome {
	SPOOL_E_LOCKED = 1, /* another process has it */
	SPOOL_E_VERSION,    /* another version's */
	SPOOL_E_FOREIGN,    /* no spool, and not empty */
};

/*
 * Make or open the folder @path, and the one that it is in, and lock it. Nothing is done to a
 * folder of something else; but the top of a file system, with nothing but lost+found in it,
 * becomes a spool. 0, an outcome, or -errno.
 */
int spool_open(struct spool *s, const char *path);
void spool_close(struct spool *s);

/* A store's folder. */
#define SPOOL_FOLDER_SIZE 224u

/*
 * Its name: the key of the store with all but letters, digits, '-', '_' and dots that are not the
 * first written as %XX. A long one is cut and ends in the CRC-32 of the key.
 */
void spool_folder_name(const char *key, char ret_name[SPOOL_FOLDER_SIZE]);

/* Made if need be. 0 or -errno. */
int spool_folder_open(const struct spool *s, const char *name, int *ret_dir);

/* If it is empty. */
void spool_folder_remove(const struct spool *s, const char *name);

/* Call @found for each store's folder. What it answers other than 0 ends it and is the answer. */
int spool_folders(const struct spool *s, int (*found)(void *context, const char *name),
		  void *context);

/* The name of a file. */
struct spool_name {
	uint64_t sequence;
	struct uuid id;
};

#define SPOOL_NAME_SIZE (16u + 1u + UUID_TEXT_SIZE)

void spool_name_format(const struct spool_name *name, char ret_text[SPOOL_NAME_SIZE]);
bool spool_name_parse(const char *text, struct spool_name *ret_name);

/* Call @found for each profile in a store's folder, in no order, and remove temporary files. What
 * @found answers other than 0 ends it and is the answer. */
int spool_scan(int dir, int (*found)(void *context, const struct spool_name *name), void *context);

/* Write @bytes once and name them in each of the folders; in none of them after a failure. */
int spool_write(const int *dirs, uint32_t n_dirs, const struct spool_name *name, struct span bytes);

/* 0, also when it is not there, or -errno. */
int spool_remove(int dir, const struct spool_name *name);

/* Bring names that were added and removed to disk. 0 or -errno. */
int spool_sync(int dir);

/* What is known of a file before it is read. */
struct spool_file {
	uint64_t size;
	uint64_t written; /* ns since the epoch */
};

/* Append the first @most bytes of the file, or all there are, to @b. -ENOENT; -EINVAL for what is
 * no regular file; -E2BIG; or another -errno. */
int spool_read(int dir, const struct spool_name *name, uint64_t most, struct buf *b,
	       struct spool_file *ret_file);

/* Make the file's time of writing @written. 0 or -errno. */
int spool_redate(int dir, const struct spool_name *name, uint64_t written);
