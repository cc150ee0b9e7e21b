/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens, by which clients are known. The file holds a line for each:
 *
 *	push * 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 agents of the shop
 *
 * what it may do, the tenant it is bound to or *, its SHA-256 in hexadecimal digits, and a name for
 * people. Empty lines and what begins with # are passed over.
 *
 * A plain hash is enough: a token is 256 random bits that token_make() drew, so there is nothing to
 * guess, and neither salt nor a slow function would make what cannot be tried any harder. (What
 * people invent themselves is no token: they may hash it, but then whoever reads the file can try
 * words.) It is cheap enough to be taken for every request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define TOKENS_MAX	  4096u
#define TOKENS_MAX_FILE	  ((size_t)1 << 20)
#define TOKEN_SIZE	  80u  /* its text with the NUL */
#define TOKEN_LINE_SIZE	  512u /* of the file */
#define TOKEN_TENANT_SIZE 151u
#define TOKEN_HASH_SIZE	  32u

enum token_scope {
	TOKEN_PUSH,  /* may push, and nothing else */
	TOKEN_READ,  /* may read, and nothing else */
	TOKEN_ADMIN, /* may do both, and change what there is */
};

#define TOKEN_N_SCOPES 3u

struct token {
	enum token_scope scope;
	char tenant[TOKEN_TENANT_SIZE]; /* "" for any */
	uint8_t hash[TOKEN_HASH_SIZE];
};

struct tokens {
	size_t n;
	struct token list[];
};

#define TOKENS_E_WRONG 1

/*
 * 0; TOKENS_E_WRONG, and *ret_line says where, 0 being the file as a whole, which is too large or
 * holds no token; or -ENOMEM.
 */
int tokens_parse(struct span file, struct tokens **ret_tokens, size_t *ret_line);

/*
 * The one with this text, or NULL. All are looked at, and each is compared whole: how long it takes
 * tells nothing.
 */
const struct token *tokens_find(const struct tokens *tokens, struct span text);

/* "push", "read" or "admin". */
bool token_scope_parse(struct span text, enum token_scope *ret_scope);

/* Pyroscope's rule: 1 to 150 of [0-9A-Za-z!-_.*'()], and neither "." nor "..". */
bool token_tenant_valid(const char *tenant);

/*
 * A new one, and its line for the file, with a newline at its end. @tenant NULL: any. @name is
 * UTF-8 without control characters. 0, or -errno of getrandom(2).
 */
int token_make(enum token_scope scope, const char *tenant, const char *name,
	       char ret_token[TOKEN_SIZE], char ret_line[TOKEN_LINE_SIZE]);
