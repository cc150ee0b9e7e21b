/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a header, names and values in turns, a line each. What is taken has one end. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "collector/http/framing.h"

#define FIELDS 16u
#define ROOM   ((size_t)12 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Read once more, in another way. */
static void check(char *const texts[2 * FIELDS], size_t n, uint64_t announced)
{
	size_t ends = 0, kept = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		bool length = !strcasecmp(texts[i], "content-length");

		ends += length || !strcasecmp(texts[i], "transfer-encoding");
		kept += strlen(texts[i]) + strlen(texts[i + 1]);
		must(*texts[i] == '\0' || !strpbrk(texts[i], " \t:\r\x7f\""));
		if (length)
			must(strspn(texts[i + 1], "0123456789") == strlen(texts[i + 1]) &&
			     strtoull(texts[i + 1], NULL, 10) == announced);
	}
	must(ends <= 1 && kept <= ROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), line;
	char *texts[2 * FIELDS];
	struct framing f = { 0 };
	unsigned int status;
	uint64_t announced;
	size_t n = 0;

	while (n < 2 * FIELDS && text_line(&rest, &line)) {
		texts[n] = strndup((const char *)line.data, line.size);
		if (!texts[n++])
			abort();
	}
	for (size_t i = 0; i + 1 < n; i += 2)
		framing_add(&f, texts[i], texts[i + 1]);
	if (framing_refusal(&f, ROOM, &status, &announced))
		must(status == 400 || status == 431);
	else
		check(texts, n, announced);
	while (n)
		free(texts[--n]);
	return 0;
}
