/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/unwind/pc_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define PC_CACHE_MIN_CAPACITY 256u

void pc_cache_fini(struct pc_cache *c)
{
	free(c->infos);
	*c = (struct pc_cache)PC_CACHE_NULL;
}

void pc_cache_forget(struct pc_cache *c)
{
	free(c->infos);
	c->infos = NULL;
	c->capacity = c->n = 0;
}

/*
 * Where the table lies is nothing that a target can know: so it cannot choose addresses that fall
 * together.
 */
static struct pc_info *place_of(struct pc_info *infos, uint32_t capacity, uint64_t address)
{
	uint32_t mask = capacity - 1, i;

	i = (uint32_t)hash_u64(address ^ (uintptr_t)infos) & mask;

	while (infos[i].address && infos[i].address != address)
		i = (i + 1) & mask;
	return &infos[i];
}

static int grow(struct pc_cache *c)
{
	uint32_t capacity = c->capacity ? c->capacity * 2 : PC_CACHE_MIN_CAPACITY;
	struct pc_info *infos = calloc(capacity, sizeof(*infos));

	if (!infos)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->capacity; i++)
		if (c->infos[i].address)
			*place_of(infos, capacity, c->infos[i].address) = c->infos[i];
	free(c->infos);
	c->infos = infos;
	c->capacity = capacity;
	return 0;
}

static int make_room(struct pc_cache *c)
{
	if (c->n < c->capacity / 4 * 3)
		return 0;
	if (c->capacity < PC_CACHE_MAX_CAPACITY)
		return grow(c);
	memset(c->infos, 0, c->capacity * sizeof(*c->infos));
	c->evicted += c->n;
	c->n = 0;
	return 0;
}

static struct pc_info ask(const struct binary *binary, uint64_t address)
{
	struct pc_info info = { .address = address };
	struct binary_function f;

	if (binary_function_at(binary, address, &f) != 0)
		return info;
	info.is_go = true;
	info.entry = (uint32_t)(f.entry - binary_text(binary));
	info.flags = f.flags;
	info.special = f.special;
	info.has_sp_delta = binary_sp_delta(binary, &f, address, &info.sp_delta);
	return info;
}

/*
 * Libraries and the vDSO are elsewhere in each process, so each would add its own; and what is not
 * in the tables need not be looked for there.
 */
static bool is_outside(const struct binary *binary, uint64_t address)
{
	return address < binary_text(binary) || address >= binary_etext(binary);
}

int pc_cache_look(struct pc_cache *c, const struct binary *binary, uint64_t address,
		  struct pc_info *ret_info)
{
	int r = make_room(c);

	if (r < 0)
		return r;
	struct pc_info *place = place_of(c->infos, c->capacity, address);
	if (place->address != address || !address) {
		if (is_outside(binary, address)) {
			*ret_info = (struct pc_info){ .address = address };
			return 0;
		}
		*place = ask(binary, address);
		c->asked++;
		c->n += address != 0;
	}
	*ret_info = *place;
	return 0;
}
