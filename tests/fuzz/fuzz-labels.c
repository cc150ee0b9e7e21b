/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the name of /ingest, and each line of them as a label of /profiles. What is taken is
 * sorted, each name once, and within the limits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collector/ingest/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void check(const struct label_set *l)
{
	expect(l->n <= LABEL_SET_MAX);
	for (size_t i = 0; i < l->n; i++) {
		size_t name = strlen(l->list[i].name), value = strlen(l->list[i].value);

		expect(name && name <= LABEL_SET_MAX_NAME);
		expect(value && value <= LABEL_SET_MAX_VALUE);
		expect(!i || strcmp(l->list[i - 1].name, l->list[i].name) < 0);
		expect(label_set_value(l, l->list[i].name) == l->list[i].value);
	}
}

static void check_refusal(const struct refusal *why)
{
	expect(*why->text && memchr(why->text, '\0', sizeof(why->text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct label_set name = LABEL_SET_NULL, pairs = LABEL_SET_NULL;
	struct span rest = span_of(data, size), line;
	struct refusal why;
	int r = label_set_parse_name(&name, rest, &why);

	if (r == 0)
		r = label_set_finish(&name, &why);
	if (r == 0)
		check(&name);
	else
		check_refusal(&why);
	for (r = 0; r == 0 && text_line(&rest, &line);)
		r = label_set_parse_pair(&pairs, line, &why);
	if (r == 0)
		r = label_set_finish(&pairs, &why);
	if (r == 0)
		check(&pairs);
	else
		check_refusal(&why);
	label_set_fini(&name);
	label_set_fini(&pairs);
	return 0;
}
