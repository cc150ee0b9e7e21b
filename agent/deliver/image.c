/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/image.h"

#include <errno.h>
#include <zlib.h>

#define MAGIC	   "hone.spl"
#define MAGIC_SIZE 8u

enum {
	AT_VERSION = 8,
	AT_HEADER_SIZE = 12,
	AT_ID = 16,
	AT_PARENT = 32,
	AT_TIME = 48,
	AT_RAW_SIZE = 56,
	AT_PPROF_SIZE = 64,
	AT_N_SAMPLES = 72,
	AT_SPLITS = 76,
	AT_N_LABELS = 80,
	AT_PPROF_CRC = 84,
	AT_HEADER_CRC = 88,
};

static uint32_t crc_of(struct span s)
{
	return (uint32_t)crc32_z(0, s.data, s.size);
}

static uint32_t header_crc(struct span header)
{
	static const uint8_t zeros[IMAGE_FIXED_SIZE - AT_HEADER_CRC];
	uLong crc = crc32_z(0, header.data, AT_HEADER_CRC);

	crc = crc32_z(crc, zeros, sizeof(zeros));
	return (uint32_t)crc32_z(crc, header.data + IMAGE_FIXED_SIZE,
				 header.size - IMAGE_FIXED_SIZE);
}

static int append_labels(const struct image *image, struct buf *to)
{
	if (image->n_labels > DELIVER_MAX_LABELS)
		return -EINVAL;
	for (uint32_t i = 0; i < image->n_labels; i++) {
		const struct store_label *label = &image->labels[i];

		if (!label->name || !label->name[0] || !label->value)
			return -EINVAL;
		buf_append(to, label->name, strlen(label->name) + 1);
		buf_append(to, label->value, strlen(label->value) + 1);
	}
	return 0;
}

static void put(struct buf *to, size_t at, const void *value, size_t size)
{
	memcpy(to->data + at, value, size);
}

static void put_u32(struct buf *to, size_t at, uint32_t value)
{
	put(to, at, &value, sizeof(value));
}

/* The header at @start, once its labels stand behind it. */
static void fill_header(const struct image *image, struct buf *to, size_t start)
{
	uint64_t size = image->pprof.size;

	put(to, start, MAGIC, MAGIC_SIZE);
	put_u32(to, start + AT_VERSION, IMAGE_VERSION);
	put_u32(to, start + AT_HEADER_SIZE, (uint32_t)(to->size - start));
	put(to, start + AT_ID, &image->id, sizeof(image->id));
	put(to, start + AT_PARENT, &image->parent, sizeof(image->parent));
	put(to, start + AT_TIME, &image->time, sizeof(image->time));
	put(to, start + AT_RAW_SIZE, &image->raw_size, sizeof(image->raw_size));
	put(to, start + AT_PPROF_SIZE, &size, sizeof(size));
	put_u32(to, start + AT_N_SAMPLES, image->n_samples);
	put_u32(to, start + AT_SPLITS, image->splits);
	put_u32(to, start + AT_N_LABELS, image->n_labels);
	put_u32(to, start + AT_PPROF_CRC, crc_of(image->pprof));
	put_u32(to, start + AT_HEADER_CRC, header_crc(span_of(to->data + start, to->size - start)));
}

int image_encode(const struct image *image, struct buf *to)
{
	static const uint8_t blank[IMAGE_FIXED_SIZE];
	size_t start = to->size;

	buf_append(to, blank, sizeof(blank));
	int r = append_labels(image, to);
	if (!r)
		r = buf_error(to);
	if (r)
		return r;
	if (to->size - start > IMAGE_MAX_HEADER ||
	    image->pprof.size > IMAGE_MAX_SIZE - (to->size - start))
		return -E2BIG;
	fill_header(image, to, start);
	buf_append(to, image->pprof.data, image->pprof.size);
	return buf_error(to);
}

/* A file that a power cut left may have its length and no bytes yet. */
static bool all_zeros(struct span s)
{
	for (size_t i = 0; i < s.size; i++) {
		if (s.data[i])
			return false;
	}
	return true;
}

int image_header_size(struct span start, uint32_t *ret_size)
{
	struct span fixed;
	uint32_t version, size;

	if (!span_sub(start, 0, IMAGE_FIXED_SIZE, &fixed))
		return IMAGE_E_TORN;
	if (!span_starts_with(fixed, MAGIC))
		return all_zeros(fixed) ? IMAGE_E_TORN : IMAGE_E_DAMAGED;
	if (!span_u32(fixed, AT_VERSION, &version) || !span_u32(fixed, AT_HEADER_SIZE, &size) ||
	    version != IMAGE_VERSION || size < IMAGE_FIXED_SIZE || size > IMAGE_MAX_HEADER)
		return IMAGE_E_DAMAGED;
	*ret_size = size;
	return 0;
}

static bool parse_fixed(struct span header, struct image *image, uint64_t *ret_pprof_size)
{
	return span_read(header, AT_ID, &image->id, sizeof(image->id)) &&
	       span_read(header, AT_PARENT, &image->parent, sizeof(image->parent)) &&
	       span_u64(header, AT_TIME, &image->time) &&
	       span_u64(header, AT_RAW_SIZE, &image->raw_size) &&
	       span_u64(header, AT_PPROF_SIZE, ret_pprof_size) &&
	       span_u32(header, AT_N_SAMPLES, &image->n_samples) &&
	       span_u32(header, AT_SPLITS, &image->splits) &&
	       span_u32(header, AT_N_LABELS, &image->n_labels);
}

static bool next_text(struct span header, uint64_t *at, const char **ret_text)
{
	struct span text;

	if (!span_cstr(header, *at, &text))
		return false;
	*ret_text = (const char *)text.data;
	*at += text.size + 1;
	return true;
}

/* They fill the header to its end. */
static bool parse_labels(struct span header, struct image *image)
{
	uint64_t at = IMAGE_FIXED_SIZE;

	if (image->n_labels > DELIVER_MAX_LABELS)
		return false;
	for (uint32_t i = 0; i < image->n_labels; i++) {
		struct store_label *label = &image->labels[i];

		if (!next_text(header, &at, &label->name) || !label->name[0] ||
		    !next_text(header, &at, &label->value))
			return false;
	}
	return at == header.size;
}

int image_parse_header(struct span start, uint64_t file_size, struct image *ret_image)
{
	struct span header;
	uint64_t pprof_size;
	uint32_t size, crc;

	*ret_image = (struct image){ .n_labels = 0 };
	int r = image_header_size(start, &size);
	if (r)
		return r;
	if (!span_sub(start, 0, size, &header))
		return IMAGE_E_TORN;
	if (!span_u32(header, AT_HEADER_CRC, &crc) || crc != header_crc(header) ||
	    !parse_fixed(header, ret_image, &pprof_size) || !parse_labels(header, ret_image))
		return IMAGE_E_DAMAGED;
	if (file_size < size || file_size - size < pprof_size)
		return IMAGE_E_TORN;
	return file_size - size == pprof_size ? 0 : IMAGE_E_DAMAGED;
}

int image_parse(struct span file, struct image *ret_image)
{
	uint32_t size, crc;
	int r = image_parse_header(file, file.size, ret_image);

	if (!r)
		r = image_header_size(file, &size);
	if (r)
		return r;
	if (!span_from(file, size, &ret_image->pprof) || !span_u32(file, AT_PPROF_CRC, &crc) ||
	    crc != crc_of(ret_image->pprof))
		return IMAGE_E_DAMAGED;
	return 0;
}
