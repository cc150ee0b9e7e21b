/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as it lies in the spool: a header, its labels, its pprof. In memory profiles lie in the
 * same form. Little-endian.
 *
 *	 0	8 bytes		"hone.spl"
 *	 8	u32		version, 1
 *	12	u32		bytes of header and labels
 *	16	16 bytes	id
 *	32	16 bytes	id of the profile that this is a piece of, or zeros
 *	48	u64		time of the profile, ns since the epoch
 *	56	u64		bytes of the pprof before gzip, or 0
 *	64	u64		bytes of the pprof
 *	72	u32		samples, or 0
 *	76	u32		how many times it was split
 *	80	u32		number of labels
 *	84	u32		CRC-32 of the pprof
 *	88	u32		CRC-32 of the header and the labels, this field taken as zeros
 *	92			labels: name, NUL, value, NUL, and so on
 *				pprof, gzip
 *
 * CRC-32 is zlib's, which is linked anyway, and enough here: it does not guard against forgers
 *(root alone writes here) but against disks and half-written files. Those are found by their
 *length; a damaged one passes with a chance of 2^-32, and then its pprof must still pass the CRC-32
 *of gzip's own, which is over other bytes. A 64-bit sum would need one more library.
 */
#pragma once

#include "agent/deliver/deliver.h"
#include "agent/deliver/uuid.h"
#include "base/buf.h"
#include "base/span.h"
#include "store/store.h"

#define IMAGE_VERSION	 1u
#define IMAGE_FIXED_SIZE 92u
/* 32 labels of 1 KiB and 2 KiB: what Grafana Pyroscope takes at most. */
#define IMAGE_MAX_HEADER (IMAGE_FIXED_SIZE + DELIVER_MAX_LABELS * (1024u + 2048u + 2u))
#define IMAGE_MAX_SIZE	 (64u << 20)

struct image {
	struct uuid id, parent;
	uint64_t time, raw_size;
	uint32_t n_samples, splits, n_labels;
	struct store_label labels[DELIVER_MAX_LABELS];
	struct span pprof;
};

enum image_outcome {
	IMAGE_E_TORN = 1, /* cut short: half-written */
	IMAGE_E_DAMAGED,
};

/* Append @image to @to. 0; -E2BIG for labels over IMAGE_MAX_HEADER, an image over IMAGE_MAX_SIZE or
 * the buffer's limit; -EINVAL for too many labels or one without a name; -ENOMEM. */
int image_encode(const struct image *image, struct buf *to);

/* How many bytes of the file's start image_parse_header() must have, given at least the first
 * IMAGE_FIXED_SIZE. 0, or an outcome. */
int image_header_size(struct span start, uint32_t *ret_size);

/*
 * All but the pprof, from the first bytes of a file that is @file_size long. @start begins with the
 * whole header, the labels included, which @ret_image points into. .pprof stays empty.
 */
int image_parse_header(struct span start, uint64_t file_size, struct image *ret_image);

/* All of it. @ret_image points into @file. */
int image_parse(struct span file, struct image *ret_image);
