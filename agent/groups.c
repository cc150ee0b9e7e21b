/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

int groups_init(struct groups *g, bool read_environment)
{
	*g = (struct groups){ .lru = LRU_NULL, .read_environment = read_environment };
	g->items = calloc(GROUPS_MAX, sizeof(struct agent_group *));
	return g->items ? lru_init(&g->lru, GROUPS_MAX) : -ENOMEM;
}

void groups_fini(struct groups *g)
{
	free(g->items);
	lru_fini(&g->lru);
	*g = (struct groups){ .lru = LRU_NULL };
}

static void group_end(struct group *base)
{
	struct agent_group *group = container_of(base, struct agent_group, base);

	lru_remove(&group->owner->lru, group->id);
	free(group);
}

static uint64_t hash_of(const struct place *place, const char *service)
{
	return hash_combine(place_hash(place), hash_bytes(service, strlen(service)));
}

static struct agent_group *find(struct groups *g, uint64_t hash, const struct place *place,
				const char *service)
{
	uint32_t id = LRU_NONE;

	while ((id = lru_next(&g->lru, hash, id)) != LRU_NONE)
		if (place_equal(&g->items[id]->place, place) &&
		    strcmp(g->items[id]->service, service) == 0)
			return g->items[id];
	return NULL;
}

/* A container or a pod has its cgroup for itself; a unit's processes may be of other names. */
static bool is_contained(const struct place *place)
{
	return place->container.text[0] || place->pod_uid[0] || place->lxc[0];
}

static int add(struct groups *g, uint64_t hash, const struct place *place, const char *service,
	       struct group **ret_group)
{
	if (lru_is_full(&g->lru)) {
		g->refused++;
		return 0;
	}
	struct agent_group *group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->base = (struct group){
		.references = 1,
		.has_cgroup = is_contained(place),
		.end = group_end,
	};
	group->owner = g;
	group->place = *place;
	strcpy(group->service, service);
	group->id = lru_add(&g->lru, hash);
	g->items[group->id] = group;
	*ret_group = &group->base;
	return 0;
}

int groups_of(void *context, const struct process *process, struct group **ret_group)
{
	char service[SERVICE_NAME_SIZE] = "";
	struct groups *g = context;

	*ret_group = NULL;
	if (g->read_environment) {
		int r = environ_service_name(process->dir, service);

		if (r < 0)
			return r;
	}
	uint64_t hash = hash_of(&process->place, service);
	struct agent_group *group = find(g, hash, &process->place, service);
	if (!group)
		return add(g, hash, &process->place, service, ret_group);
	*ret_group = group_ref(&group->base);
	return 0;
}

uint64_t groups_memory(const struct groups *g)
{
	return lru_memory(&g->lru) + (uint64_t)g->lru.n * sizeof(struct agent_group);
}
