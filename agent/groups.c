/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

int groups_init(struct groups *g, bool read_environment)
{
	*g = (struct groups){ .lru = LRU_NULL,
			      .tree = CGROUP_TREE_NULL,
			      .read_environment = read_environment };
	g->items = calloc(GROUPS_MAX, sizeof(struct agent_group *));
	return g->items ? lru_init(&g->lru, GROUPS_MAX) : -ENOMEM;
}

void groups_fini(struct groups *g)
{
	free(g->items);
	lru_fini(&g->lru);
	cgroup_tree_close(&g->tree);
	*g = (struct groups){ .lru = LRU_NULL, .tree = CGROUP_TREE_NULL };
}

/* The folder of a controller of cgroup v1 is its hierarchy. */
static int open_v1(struct cgroup_tree *tree, const char *path, const char *controller)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/%s", path, controller);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return cgroup_tree_init(tree, fd);
}

int groups_open_cgroups(struct groups *g, enum cgroup_hierarchy hierarchy, const char *path)
{
	g->unified = hierarchy == CGROUP_V2;
	switch (hierarchy) {
	case CGROUP_V1_MEMORY:
		return open_v1(&g->tree, path, "memory");
	case CGROUP_V1_PIDS:
		return open_v1(&g->tree, path, "pids");
	case CGROUP_V1_CPU:
		return open_v1(&g->tree, path, "cpu");
	case CGROUP_V1_DEVICES:
		return open_v1(&g->tree, path, "devices");
	case CGROUP_V2:
		break;
	}
	return cgroup_tree_open(&g->tree, path);
}

static void group_end(struct group *base)
{
	struct agent_group *group = container_of(base, struct agent_group, base);

	lru_remove(&group->owner->lru, group->id);
	group->owner->n_contained -= base->has_cgroup;
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
		.shares_cgroup = !is_contained(place) && place->unit[0] && g->unified,
		.end = group_end,
	};
	group->owner = g;
	g->n_contained += group->base.has_cgroup;
	group->place = *place;
	strcpy(group->service, service);
	group->id = lru_add(&g->lru, hash);
	g->items[group->id] = group;
	*ret_group = &group->base;
	return 0;
}

static int get(struct groups *g, const struct place *place, const char *service,
	       struct group **ret_group)
{
	uint64_t hash = hash_of(place, service);
	struct agent_group *group = find(g, hash, place, service);

	if (!group)
		return add(g, hash, place, service, ret_group);
	*ret_group = group_ref(&group->base);
	return 0;
}

int groups_of_cgroup(void *context, uint64_t cgroup, struct group **ret_group)
{
	struct groups *g = context;
	struct place place;
	int r = cgroup_tree_find(&g->tree, cgroup, &place);

	*ret_group = NULL;
	if (r != 0)
		return r < 0 ? r : 0;
	return get(g, &place, "", ret_group);
}

static bool is_same_container(const struct place *a, const struct place *b)
{
	return strcmp(a->container.text, b->container.text) == 0 &&
	       strcmp(a->pod_uid, b->pod_uid) == 0 && strcmp(a->lxc, b->lxc) == 0;
}

/* A container need not be in the unit that it was begun by. */
static bool is_same(const struct place *wanted, const struct place *place)
{
	return is_contained(wanted) ? is_same_container(wanted, place) : place_equal(wanted, place);
}

int groups_is_cgroup_of(void *context, struct group *group, uint64_t cgroup, bool *ret_is)
{
	struct groups *g = context;
	struct place place;

	*ret_is = g->tree.fd < 0 && group->has_cgroup;
	if (g->tree.fd < 0)
		return 0;
	int r = cgroup_tree_find(&g->tree, cgroup, &place);
	*ret_is = r == 0 && is_same(&agent_group_of(group)->place, &place);
	return r < 0 ? r : 0;
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
	return get(g, &process->place, service, ret_group);
}

uint64_t groups_memory(const struct groups *g)
{
	return cgroup_tree_memory(&g->tree) + lru_memory(&g->lru) +
	       (uint64_t)g->lru.n * sizeof(struct agent_group);
}
