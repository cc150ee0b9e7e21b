/* SPDX-License-Identifier: Apache-2.0 */
/* A server's answer: status and type from the first bytes, the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/answer.h"
#include "store/labels.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void expect_line(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	expect(n < size);
	for (size_t i = 0; i < n; i++)
		expect(text[i] >= ' ' && text[i] <= '~');
}

static void try_answer(const struct answer *a)
{
	struct store_result result;

	answer_judge(a, &result);
	expect(result.outcome >= STORE_OK && result.outcome <= STORE_E_TOO_BIG);
	expect((result.outcome == STORE_OK) == !*result.text);
	expect(result.outcome != STORE_OK || a->status == 200);
	expect_line(result.text, sizeof(result.text));
}

/* A label's value as well: whatever it is, what is sent is UTF-8. */
static void try_label(struct span value)
{
	_cleanup_(clean_labels_fini) struct clean_labels l = CLEAN_LABELS_NULL;
	_cleanup_(freep) char *text = strndup((const char *)value.data, value.size);
	struct store_label label = { text, text };

	if (!text || clean_labels_make(&l, &label, 1) || !l.n)
		return;
	struct span rest = span_of(clean_labels_text(&l, l.of[0].value),
				   strlen(clean_labels_text(&l, l.of[0].value)));
	while (rest.size) {
		size_t n = text_utf8(rest);

		expect(n && span_from(rest, n, &rest));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "application/proto", "application/json",
					     "text/plain; charset=utf-8", "text/html", NULL };
	struct span input = span_of(data, size), body;
	uint16_t status;
	uint8_t type;

	if (!span_read(input, 0, &status, sizeof(status)) || !span_u8(input, 2, &type) ||
	    !span_from(input, 3, &body))
		return 0;
	struct answer a = { .status = 100 + status % 500,
			    .content_type = types[type % ARRAY_SIZE(types)],
			    .body = body,
			    .raw_size = status,
			    .raw_limit = 30000 };
	try_answer(&a);
	try_label(body);
	return 0;
}
