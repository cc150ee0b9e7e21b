/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as headers that say who asks: a line each for Authorization, X-Scope-OrgID, Host and
 * Origin; and all of them as a file of tokens. Nobody gets in who has no token.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collector/access/access.h"

#define MAX_LINE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

/* The SHA-256 of "test". */
static const char file[] =
	"read shop 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 x\n";

static const char *next(struct span *rest, char line[MAX_LINE])
{
	struct span text;

	if (!text_line(rest, &text) || !text.size)
		return NULL;
	text_copy(text, line, MAX_LINE);
	return line;
}

static void ask(struct access *a, struct span rest)
{
	static char lines[4][MAX_LINE];
	struct access_request r = { .need = ACCESS_READ };
	struct access_answer answer;

	r.authorization = next(&rest, lines[0]);
	r.tenant = next(&rest, lines[1]);
	r.host = next(&rest, lines[2]);
	r.origin = next(&rest, lines[3]);
	access_check(a, &r, &answer);
	if (!answer.status)
		expect(r.authorization && !strcmp(answer.tenant, "shop"));
	r.need = ACCESS_ADMIN;
	access_check(a, &r, &answer);
	expect(answer.status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tokens *tokens = NULL;
	struct access *a = NULL;
	size_t line;

	if (tokens_parse(span_of(data, size), &tokens, &line) == 0) {
		expect(tokens->n);
		free(tokens);
	}
	expect(access_new(true, "store.example", &a) == 0);
	expect(tokens_parse(span_of(file, strlen(file)), &tokens, &line) == 0);
	access_set_tokens(a, tokens);
	ask(a, span_of(data, size));
	access_free(a);
	return 0;
}
