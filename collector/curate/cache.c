/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/cache.h"

#include <errno.h>
#include <string.h>

static void drop(struct cache *c, struct cache_entry *e)
{
	c->bytes -= e->result.pprof.size;
	curate_result_fini(&e->result);
	free(TAKE_PTR(e->key));
}

void cache_fini(struct cache *c)
{
	for (size_t i = 0; i < CACHE_MAX_ENTRIES; i++)
		if (c->entries[i].key)
			drop(c, &c->entries[i]);
}

static int copy(const struct curate_result *from, struct curate_result *to)
{
	struct buf pprof = BUF_INIT(from->pprof.limit);

	buf_append(&pprof, from->pprof.data, from->pprof.size);
	int r = buf_error(&pprof);
	if (r != 0) {
		buf_fini(&pprof);
		return r;
	}
	*to = *from;
	to->pprof = pprof;
	return 0;
}

static struct cache_entry *find(struct cache *c, const char *key)
{
	for (size_t i = 0; i < CACHE_MAX_ENTRIES; i++)
		if (c->entries[i].key && !strcmp(c->entries[i].key, key))
			return &c->entries[i];
	return NULL;
}

int cache_get(struct cache *c, const char *key, const struct depot_state *state,
	      struct curate_result *ret_result)
{
	struct cache_entry *e = find(c, key);

	if (!e || memcmp(&e->state, state, sizeof(*state)) != 0)
		return CACHE_E_NONE;
	e->used = ++c->clock;
	return copy(&e->result, ret_result);
}

/* A free one, or NULL; *ret_oldest is the one used longest ago. */
static struct cache_entry *find_free(struct cache *c, struct cache_entry **ret_oldest)
{
	struct cache_entry *oldest = NULL, *free_one = NULL;

	for (size_t i = 0; i < CACHE_MAX_ENTRIES; i++) {
		struct cache_entry *e = &c->entries[i];

		if (!e->key)
			free_one = e;
		else if (!oldest || e->used < oldest->used)
			oldest = e;
	}
	*ret_oldest = oldest;
	return free_one;
}

int cache_put(struct cache *c, const char *key, const struct depot_state *state,
	      const struct curate_result *result)
{
	struct cache_entry *e = find(c, key), *oldest;

	if (e)
		drop(c, e);
	if (result->pprof.size > CACHE_MAX_BYTES)
		return 0;
	while (!(e = find_free(c, &oldest)) || c->bytes + result->pprof.size > CACHE_MAX_BYTES)
		drop(c, oldest);
	int r = copy(result, &e->result);
	if (r != 0)
		return r;
	e->key = strdup(key);
	if (!e->key) {
		curate_result_fini(&e->result);
		return -ENOMEM;
	}
	c->bytes += e->result.pprof.size;
	e->state = *state;
	e->used = ++c->clock;
	return 0;
}
