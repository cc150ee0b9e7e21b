/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip (RFC 1952) in memory: read by libdeflate, which takes it whole, and written by zlib, whose
 * bytes are part of what pprof_encode() promises.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libpprof/array.h"

bool pp_is_gzip(const uint8_t *data, size_t size);

/*
 * All members of @data end to end, as Go's compress/gzip reads them, into @ret_bytes (of uint8_t,
 * the caller's to fini, whatever is returned). 0, -ENOMEM, PPROF_E_MALFORMED, or PPROF_E_TOO_LARGE
 * when more than @limit bytes come out.
 */
int pp_gunzip(const uint8_t *data, size_t size, size_t limit, struct pp_array *ret_bytes);

/*
 * In a hurry, and by libdeflate: half of the time of zlib's fastest level, and smaller. *ret_data
 * is malloc'd and the caller's. 0 or -ENOMEM.
 */
int pp_gzip_fast(const uint8_t *data, size_t size, uint8_t **ret_data, size_t *ret_size);

/* Compresses what it is given piece by piece. */
struct pp_gzip;

int pp_gzip_new(struct pp_gzip **ret_gzip);
struct pp_gzip *pp_gzip_free(struct pp_gzip *z);
int pp_gzip_write(struct pp_gzip *z, const void *data, size_t size);
/* No more follows: the whole file, malloc'd, is the caller's. */
int pp_gzip_finish(struct pp_gzip *z, uint8_t **ret_data, size_t *ret_size);
