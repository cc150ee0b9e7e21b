/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unwind/facts.h"

#include <string.h>

static const struct fact *fact_at(const struct binary *b, uint64_t address)
{
	for (size_t i = 0; i < b->n_facts; i++)
		if (b->facts[i].address == address)
			return &b->facts[i];
	return NULL;
}

int binary_function_at(const struct binary *b, uint64_t pc, struct binary_function *ret_function)
{
	const struct fact *f = fact_at(b, pc);

	if (!f || !f->entry)
		return BINARY_E_NO_FUNCTION;
	*ret_function = (struct binary_function){
		.entry = f->entry,
		.flags = f->flags,
		.special = f->special,
	};
	return 0;
}

bool binary_sp_delta(const struct binary *b, const struct binary_function *f, uint64_t pc,
		     int32_t *ret_delta)
{
	(void)f;
	*ret_delta = fact_at(b, pc)->sp_delta;
	return *ret_delta != FACTS_NO_DELTA;
}

uint64_t binary_runtime_function(const struct binary *b, const char *name)
{
	if (strcmp(name, "runtime._ExternalCode") == 0)
		return b->external;
	return strcmp(name, "runtime._System") == 0 ? b->system : 0;
}

const struct binary_runtime *binary_runtime(const struct binary *b)
{
	return &b->runtime;
}

enum binary_arch binary_arch(const struct binary *b)
{
	return b->arch;
}

uint64_t binary_text(const struct binary *b)
{
	return b->text;
}

/* As early as it can be. */
uint64_t binary_etext(const struct binary *b)
{
	uint64_t etext = b->text;

	for (size_t i = 0; i < b->n_facts; i++)
		if (b->facts[i].entry && b->facts[i].address >= etext)
			etext = b->facts[i].address + 1;
	return etext;
}

uint64_t binary_start_code(const struct binary *b)
{
	return b->start_code;
}
