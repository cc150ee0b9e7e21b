/* SPDX-License-Identifier: Apache-2.0 */
/* Single values: from text to what the table says they are, and back. */
#pragma once

#include "config/parse.h"

/* Memory that lives as long as the configuration. */
struct config_block {
	struct config_block *next;
	_Alignas(16) unsigned char bytes[];
};

/* Zeroed; NULL when there is none. */
void *config_alloc(struct config_block **blocks, size_t size);
const char *config_keep(struct config_block **blocks, const char *text);

/*
 * Make the value at @key of the struct at @base what @text says. 0, -ENOMEM, or CONFIG_E_WRONG with
 * the rest of a sentence that begins with the value's name: "wants ..., not ...".
 */
int config_value_set(const struct config_key *key, void *base, const char *text,
		     struct config_block **blocks, char ret_problem[CONFIG_PROBLEM_SIZE]);

/* What a key of a list with keys of its own may be and what it is mapped to. As above. */
int config_pair_check(const struct config_key *key, const char *name, const char *value,
		      char ret_problem[CONFIG_PROBLEM_SIZE]);

/* As a scalar of YAML that reads back as the same; nothing for what was not given. */
void config_value_print(const struct config_key *key, const void *base, struct buf *to);

/* @text as a scalar of YAML: in double quotes unless it is plain enough in any place. */
void config_scalar_print(const char *text, struct buf *to);

bool config_value_equal(const struct config_key *key, const void *a, const void *b);

static inline bool config_is_list(const struct config_key *key)
{
	return key->type >= CONFIG_LABELS;
}

/* The array and length of a list. */
const void *config_list(const struct config_key *key, const void *base, size_t *ret_n);

/* @text in double quotes for a sentence, escaped and cut. */
#define CONFIG_QUOTE_SIZE 80u
void config_quote(const char *text, char ret_quoted[CONFIG_QUOTE_SIZE]);
