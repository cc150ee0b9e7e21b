/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the answers to a pull are made of: names of files in a directory, fields of a header, values
 * of a label, and names that become a URL or a selector.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/curated.h"
#include "store/folder.h"
#include "store/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void try_header(const char *text, size_t size)
{
	const struct fetch f = { .header = { .data = (uint8_t *)text, .size = size } };
	struct curated_facts facts;
	char tiny[2];

	curated_read(&f, &facts);
	expect(strnlen(facts.builds, sizeof(facts.builds)) < sizeof(facts.builds));
	if (fetch_header(&f, "a", tiny, sizeof(tiny)))
		expect(strlen(tiny) < sizeof(tiny));
}

/* Nothing in a path leads out of /pgo, or ends it. */
static void try_path(const char *name)
{
	_cleanup_(buf_fini) struct buf path = BUF_INIT(8192), query = BUF_INIT(256);
	const struct curated_question q = { .name = name, .tag = name };

	if (curated_ask(&q, &path, &query) != 0)
		return;
	const char *text = (const char *)path.data;
	expect(strncmp(text, "/pgo/", 5) == 0 && !strstr(text, "//") && !strstr(text, "/../") &&
	       !strstr(text, "/./") &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-._~%/")]);
}

/* The only quotes that are not escaped are the first and the last. */
static void try_selector(const char *value)
{
	_cleanup_(buf_fini) struct buf body = BUF_INIT(16384);
	const struct store_label label = { "a", value };
	const struct query_question q = { .labels = &label, .n_labels = 1 };

	if (query_ask(&q, &body) != 0)
		return;
	const uint8_t *at = memmem(body.data, body.size, "{a=\"", 4);
	expect(at);
	for (at += 4; *at != '"'; at++) {
		at += *at == '\\';
		expect(*at);
	}
	expect(at[1] == '}');
}

/* Each once, and none that was never seen; adding the same again adds nothing. */
static void try_values(struct span answer)
{
	_cleanup_(query_values_fini) struct query_values v = { 0 };

	if (query_read_values(answer, &v) != 0)
		return;
	const size_t n = v.n;
	expect(query_read_values(answer, &v) == 0 && v.n == n && n <= QUERY_MAX_VALUES);
	for (size_t i = 0; i < n; i++) {
		expect(v.list[i].first <= v.list[i].last);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(v.list[i].text, v.list[k].text) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	uint64_t time;

	if (!text)
		return 0;
	try_header((const char *)data, size);
	if (folder_time(text, &time))
		expect(time % 1000000000 == 0);
	try_path(text);
	try_selector(text);
	try_values(span_of(data, size));
	return 0;
}
