/* SPDX-License-Identifier: Apache-2.0 */
/* What every table of keys promises, whichever program's it is. */
#pragma once

#include "tests/unit/unit.h"

#include <string.h>

#include "config/parse.h"

static inline void check_names(const struct config_schema *schema, size_t at)
{
	char one[CONFIG_NAME_SIZE], other[CONFIG_NAME_SIZE];

	config_variable(schema, &schema->table->keys[at], one);
	for (size_t i = 0; i < at; i++) {
		config_variable(schema, &schema->table->keys[i], other);
		assert_string_not_equal(one, other);
	}
}

static inline void check_key(const struct config_key *key)
{
	assert_non_null(key->help);
	assert_non_null(key->value);
	assert_true(key->help[strlen(key->help) - 1] != '.');
	assert_int_equal(key->type == CONFIG_CHOICE, key->choices != NULL);
	assert_int_equal(key->type == CONFIG_LIST, key->list != NULL);
	if (key->type >= CONFIG_DURATION && key->type <= CONFIG_CHOICE)
		assert_non_null(key->fallback);
}

/* Every key can be found under a name of its own, and has a value. */
static inline void check_promises(const struct config_schema *schema)
{
	const struct config_table *table = schema->table;

	for (size_t i = 0; i < table->n; i++) {
		const struct config_list *list = table->keys[i].list;

		check_key(&table->keys[i]);
		assert_non_null(table->keys[i].flag);
		check_names(schema, i);
		for (size_t k = 0; list && k < list->table->n; k++) {
			check_key(&list->table->keys[k]);
			assert_null(list->table->keys[k].flag);
		}
	}
}
