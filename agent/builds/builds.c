/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/builds/builds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

static void shut(struct build *build)
{
	if (build->binary)
		unwinder_fini(&build->unwinder);
	build->binary = binary_free(build->binary);
}

static struct build *build_free(struct build *build)
{
	if (!build)
		return NULL;
	shut(build);
	free(build->path);
	free(build);
	return NULL;
}

static void build_freep(struct build **build)
{
	build_free(*build);
}

void builds_fini(struct builds *b)
{
	for (uint32_t id = lru_oldest(&b->lru); b->items && id != LRU_NONE;
	     id = lru_newer(&b->lru, id))
		build_free(b->items[id]);
	free(b->items);
	lru_fini(&b->lru);
	*b = (struct builds)BUILDS_NULL;
}

static uint64_t key_hash(const struct exe_key *key)
{
	return hash_combine(key->inode, (uint64_t)key->generation << 32 | key->device);
}

static bool key_equals(const struct exe_key *a, const struct exe_key *b)
{
	return a->inode == b->inode && a->device == b->device && a->generation == b->generation;
}

static uint32_t id_of(const struct builds *b, const struct exe_key *key)
{
	uint32_t id = LRU_NONE;

	while ((id = lru_next(&b->lru, key_hash(key), id)) != LRU_NONE)
		if (key_equals(&b->items[id]->key, key))
			break;
	return id;
}

struct build *builds_find(struct builds *b, const struct exe_key *key)
{
	uint32_t id = id_of(b, key);

	if (id == LRU_NONE)
		return NULL;
	lru_touch(&b->lru, id);
	return b->items[id];
}

static int build_new(const struct exe_key *key, int exe_fd, const char *path,
		     struct build **ret_build)
{
	_cleanup_(build_freep) struct build *build = calloc(1, sizeof(*build));

	if (!build)
		return -ENOMEM;
	build->key = *key;
	build->path = strdup(path);
	if (!build->path)
		return -ENOMEM;
	/* One file that cannot be read is no reason to stop with all others. */
	if (exe_fd >= 0)
		build->outcome = binary_open(exe_fd, &build->binary);
	if (build->outcome == -ENOMEM)
		return -ENOMEM;
	if (build->binary)
		unwinder_init(&build->unwinder, build->binary);
	*ret_build = TAKE_PTR(build);
	return 0;
}

/* Items appear with the first build: most commands end without one. */
static int make_items(struct builds *b)
{
	if (b->items)
		return 0;
	int r = lru_init(&b->lru, BUILDS_MAX);
	if (r < 0)
		return r;
	b->items = calloc(BUILDS_MAX, sizeof(struct build *));
	return b->items ? 0 : -ENOMEM;
}

int builds_add(struct builds *b, const struct exe_key *key, int exe_fd, const char *path,
	       struct build **ret_build)
{
	_cleanup_(build_freep) struct build *build = NULL;
	int r = make_items(b);

	if (r < 0)
		return r;
	if (lru_is_full(&b->lru) || (exe_fd >= 0 && b->n_open == BUILDS_MAX_OPEN))
		return BUILDS_E_FULL;
	r = build_new(key, exe_fd, path, &build);
	if (r < 0)
		return r;
	b->n_open += build->binary != NULL;
	*ret_build = b->items[lru_add(&b->lru, key_hash(key))] = TAKE_PTR(build);
	return 0;
}

struct build *builds_oldest(const struct builds *b, bool only_open)
{
	for (uint32_t id = lru_oldest(&b->lru); b->items && id != LRU_NONE;
	     id = lru_newer(&b->lru, id))
		if (!b->items[id]->users && (!only_open || b->items[id]->binary))
			return b->items[id];
	return NULL;
}

void builds_remove(struct builds *b, struct build *build)
{
	b->n_open -= build->binary != NULL;
	lru_remove(&b->lru, id_of(b, &build->key));
	build_free(build);
}

void builds_shut(struct builds *b, struct build *build)
{
	b->n_open -= build->binary != NULL;
	shut(build);
}

uint64_t builds_memory(const struct builds *b)
{
	uint64_t bytes = 0;

	for (uint32_t id = lru_oldest(&b->lru); b->items && id != LRU_NONE;
	     id = lru_newer(&b->lru, id)) {
		const struct build *build = b->items[id];

		bytes += sizeof(*build) + strlen(build->path);
		if (build->binary)
			bytes += pc_cache_memory(&build->unwinder.cache);
	}
	return bytes;
}

static struct code_range code_range(const struct binary *binary, uint64_t begin, uint64_t end)
{
	uint64_t start = binary_start_code(binary);

	if (begin >= end || begin < start || end - start > UINT32_MAX)
		return (struct code_range){ 0 };
	return (struct code_range){ (uint32_t)(begin - start), (uint32_t)(end - start) };
}

struct exe_policy build_policy(const struct build *build)
{
	if (!build->binary)
		return (struct exe_policy){ .verdict = EXE_IGNORE };
	const struct binary_runtime *rt = binary_runtime(build->binary);
	if (!rt->known)
		return (struct exe_policy){ .verdict = EXE_PLAIN };
	return (struct exe_policy){
		.verdict = EXE_GO,
		.tls_g = rt->tls_g,
		.g_m = rt->g_m,
		.g_sched_sp = rt->g_sched_sp,
		.g_sched_bp = rt->g_sched_bp,
		.g_syscall_sp = rt->g_syscall_sp,
		.m_gsignal = rt->m_gsignal,
		.m_curg = rt->m_curg,
		.m_vdso_sp = rt->m_vdso_sp,
		.m_ncgo = rt->m_ncgo,
		.cgocallback = code_range(build->binary, rt->cgocallback, rt->cgocallback_end),
		.sigtramp = code_range(build->binary, rt->sigtramp, rt->sigtramp_end),
		.cgocallback_frame = rt->cgocallback_frame,
		.sigtramp_frame = rt->sigtramp_frame,
	};
}
