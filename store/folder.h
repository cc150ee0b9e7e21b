/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that profiles were pushed to (store/directory.c), to be read again. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#define FOLDER_MAX_FILES 100000u

enum folder_outcome {
	FOLDER_E_CANNOT = 1, /* it cannot be opened or read, the text says why */
};

struct folder_file {
	char *name;
	uint64_t time; /* ns since the epoch, by its name */
};

struct folder {
	int fd;
	struct folder_file *files; /* newest first */
	size_t n, capacity;
	size_t left_out; /* the oldest, beyond FOLDER_MAX_FILES */
};

#define FOLDER_NULL      \
	{                \
		.fd = -1 \
	}

/*
 * List the profiles in @url, file:///DIR, that are from @since (ns) on; files of other names are
 * passed over. 0, FOLDER_E_CANNOT or -errno.
 */
int folder_open(struct folder *f, const char *url, uint64_t since, char *ret_text);
void folder_close(struct folder *f);

/* Append the file; it must be a regular one. 0 or -errno. */
int folder_read(const struct folder *f, const char *name, struct buf *bytes);

/* The time in the name of a file, as filename_make() writes it. False for another name. */
bool folder_time(const char *name, uint64_t *ret_time);
