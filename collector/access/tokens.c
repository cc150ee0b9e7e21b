/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/access/tokens.h"

#include <assert.h>
#include <errno.h>
#include <nettle/base16.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/text.h"

static_assert(TOKEN_HASH_SIZE == SHA256_DIGEST_SIZE, "a token is kept as its SHA-256");

#define RANDOM_SIZE 32u

static const char *const scopes[TOKEN_N_SCOPES] = { "push", "read", "admin" };

bool token_scope_parse(struct span text, enum token_scope *ret_scope)
{
	for (size_t i = 0; i < TOKEN_N_SCOPES; i++)
		if (span_equals(text, scopes[i])) {
			*ret_scope = (enum token_scope)i;
			return true;
		}
	return false;
}

bool token_tenant_valid(const char *tenant)
{
	size_t n = strlen(tenant);

	if (!n || n >= TOKEN_TENANT_SIZE || !strcmp(tenant, ".") || !strcmp(tenant, ".."))
		return false;
	for (const char *c = tenant; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!letter && !(*c >= '0' && *c <= '9') && !strchr("!-_.*'()", *c))
			return false;
	}
	return true;
}

static void hash_of(struct span text, uint8_t ret_hash[TOKEN_HASH_SIZE])
{
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, text.size, text.data);
	sha256_digest(&h, TOKEN_HASH_SIZE, ret_hash);
}

const struct token *tokens_find(const struct tokens *tokens, struct span text)
{
	const struct token *found = NULL;
	uint8_t hash[TOKEN_HASH_SIZE];

	hash_of(text, hash);
	for (size_t i = 0; i < tokens->n; i++)
		if (memeql_sec(tokens->list[i].hash, hash, sizeof(hash)))
			found = &tokens->list[i];
	return found;
}

/* ---- the file ---------------------------------------------------------------------------- */

static bool parse_hash(struct span text, uint8_t ret_hash[TOKEN_HASH_SIZE])
{
	struct base16_decode_ctx decode;
	size_t n = TOKEN_HASH_SIZE;

	base16_decode_init(&decode);
	return text.size == 2 * TOKEN_HASH_SIZE &&
	       base16_decode_update(&decode, &n, ret_hash, text.size, (const char *)text.data) &&
	       base16_decode_final(&decode) && n == TOKEN_HASH_SIZE;
}

static bool parse_tenant(struct span text, char ret_tenant[TOKEN_TENANT_SIZE])
{
	ret_tenant[0] = '\0';
	if (span_equals(text, "*"))
		return true;
	return text_copy(text, ret_tenant, TOKEN_TENANT_SIZE) && strlen(ret_tenant) == text.size &&
	       token_tenant_valid(ret_tenant);
}

static bool cut_word(struct span *rest, struct span *ret_word)
{
	text_skip_blanks(rest);
	return text_cut(rest, ' ', ret_word);
}

static bool parse_line(struct span line, struct token *ret)
{
	struct span scope, tenant, hash;

	return cut_word(&line, &scope) && token_scope_parse(scope, &ret->scope) &&
	       cut_word(&line, &tenant) && parse_tenant(tenant, ret->tenant) &&
	       cut_word(&line, &hash) && parse_hash(hash, ret->hash);
}

static bool is_empty(struct span line)
{
	text_skip_blanks(&line);
	return !line.size || line.data[0] == '#';
}

static int parse_lines(struct span rest, struct tokens *tokens, size_t *ret_line)
{
	struct span line;

	for (size_t at = 1; text_line(&rest, &line); at++) {
		if (is_empty(line))
			continue;
		*ret_line = at;
		if (tokens->n == TOKENS_MAX || !parse_line(line, &tokens->list[tokens->n]))
			return TOKENS_E_WRONG;
		tokens->n++;
	}
	*ret_line = 0;
	return tokens->n ? 0 : TOKENS_E_WRONG;
}

int tokens_parse(struct span file, struct tokens **ret_tokens, size_t *ret_line)
{
	struct span rest = file, line;
	size_t n = 0;

	*ret_line = 0;
	if (file.size > TOKENS_MAX_FILE)
		return TOKENS_E_WRONG;
	while (n < TOKENS_MAX && text_line(&rest, &line))
		n += !is_empty(line);
	_cleanup_(freep) struct tokens *tokens =
		calloc(1, sizeof(*tokens) + n * sizeof(tokens->list[0]));
	if (!tokens)
		return -ENOMEM;
	int r = parse_lines(file, tokens, ret_line);
	if (r == 0)
		*ret_tokens = TAKE_PTR(tokens);
	return r;
}

/* ---- a new one --------------------------------------------------------------------------- */

int token_make(enum token_scope scope, const char *tenant, const char *name,
	       char ret_token[TOKEN_SIZE], char ret_line[TOKEN_LINE_SIZE])
{
	uint8_t secret[RANDOM_SIZE], hash[TOKEN_HASH_SIZE];
	char text[2 * RANDOM_SIZE], digits[2 * TOKEN_HASH_SIZE];

	static_assert(sizeof("hone_") + sizeof(text) <= TOKEN_SIZE, "a token has room");
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -errno;
	base16_encode_update(text, sizeof(secret), secret);
	snprintf(ret_token, TOKEN_SIZE, "hone_%.*s", (int)sizeof(text), text);
	hash_of(span_of(ret_token, strlen(ret_token)), hash);
	base16_encode_update(digits, sizeof(hash), hash);
	snprintf(ret_line, TOKEN_LINE_SIZE, "%s %s %.*s%s%.200s\n", scopes[scope],
		 tenant ? tenant : "*", (int)sizeof(digits), digits, *name ? " " : "", name);
	return 0;
}
