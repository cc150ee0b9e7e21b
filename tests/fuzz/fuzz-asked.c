/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, arguments and paths of a request: each reader on the same text. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/asked.h"

#define ETAG	  "\"5231bd55ea3584a3dfbd677334fef67b\""
#define ETAG_SIZE 36u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void cut(struct span path)
{
	struct span name, tag;

	if (!asked_tag(path, &name, &tag))
		return;
	const size_t rest = path.size - name.size;
	must(name.data == path.data && name.size && name.size < path.size);
	must(!memcmp(name.data + name.size, "/tags", rest < 5 ? rest : 5));
	if (!tag.data)
		must(rest == 5);
	else
		must(tag.data == name.data + name.size + 6 && tag.size == rest - 6 &&
		     !memchr(tag.data, '/', tag.size));
}

static void read_etags(struct span text)
{
	char etag[ETAG_SIZE];

	if (asked_has_etag(text, ETAG))
		must(memmem(text.data, text.size, ETAG, strlen(ETAG)) ||
		     memchr(text.data, '*', text.size));
	memset(etag, 'x', sizeof(etag));
	asked_etag(text, etag, sizeof(etag));
	must(etag[0] == '"' && memchr(etag, '\0', sizeof(etag)));
}

static void read_times(struct span text)
{
	const int64_t day = 24 * 3600 * INT64_C(1000000000);
	int64_t duration;
	uint64_t ms;

	must(asked_from(text) >= 0);
	if (asked_timeout(text, &ms))
		must(ms < 10000000000);
	if (asked_duration(text, 1, &duration))
		must(duration >= 1 && duration <= 366 * day);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* At the very end of its memory, where reading past it is seen. */
	_cleanup_(freep) uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	struct span text = span_of(copy, size);
	cut(text);
	read_etags(text);
	read_times(text);
	if (asked_takes_gzip(text))
		must(memmem(text.data, text.size, "gzip", 4));
	if (asked_page(text))
		must(memmem(text.data, text.size, "text/html", 9));
	return 0;
}
