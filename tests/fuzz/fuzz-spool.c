/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes as a file of the spool, as they are and with their sums put right, and as the name of
 * one. What is taken for whole must come out the same when it is written again.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/deliver/image.h"
#include "agent/deliver/spool.h"

#define AT_HEADER_SIZE 12u
#define AT_PPROF_CRC   84u
#define AT_HEADER_CRC  88u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void try_file(struct span file)
{
	_cleanup_(buf_fini) struct buf again = BUF_INIT(IMAGE_MAX_SIZE);
	struct image image;

	for (uint64_t cut = 0; cut < 3; cut++)
		image_parse_header(file, file.size + cut, &image);
	if (image_parse(file, &image))
		return;
	expect(image.n_labels <= DELIVER_MAX_LABELS);
	for (uint32_t i = 0; i < image.n_labels; i++)
		expect(strlen(image.labels[i].name) && strlen(image.labels[i].value) < file.size);
	expect(image_encode(&image, &again) == 0);
	expect(again.size == file.size && !memcmp(again.data, file.data, file.size));
}

static void set_crc(uint8_t *at, const uint8_t *bytes, size_t size)
{
	uint32_t crc = (uint32_t)crc32_z(0, bytes, size);

	memcpy(at, &crc, sizeof(crc));
}

/* A fuzzer does not guess sums. */
static void put_right(uint8_t *file, size_t size)
{
	uint32_t header;

	memcpy(&header, file + AT_HEADER_SIZE, sizeof(header));
	if (header < IMAGE_FIXED_SIZE || header > size)
		return;
	set_crc(file + AT_PPROF_CRC, file + header, size - header);
	memset(file + AT_HEADER_CRC, 0, 4);
	set_crc(file + AT_HEADER_CRC, file, header);
}

static void try_name(const uint8_t *data, size_t size)
{
	char text[SPOOL_NAME_SIZE + 2] = "", again[SPOOL_NAME_SIZE], folder[SPOOL_FOLDER_SIZE];
	struct spool_name name;

	memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	spool_folder_name(text, folder);
	expect(!strchr(folder, '/') && folder[0] != '.' && strlen(folder) < sizeof(folder));
	if (!spool_name_parse(text, &name))
		return;
	spool_name_format(&name, again);
	expect(!strcmp(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) uint8_t *copy = malloc(size + 1);

	expect(copy != NULL);
	try_file(span_of(data, size));
	try_name(data, size);
	if (size < IMAGE_FIXED_SIZE)
		return 0;
	memcpy(copy, data, size);
	put_right(copy, size);
	try_file(span_of(copy, size));
	return 0;
}
