/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/builds/builds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

static struct build *build_free(struct build *build)
{
	if (!build)
		return NULL;
	if (build->binary)
		unwinder_fini(&build->unwinder);
	binary_free(build->binary);
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
	for (uint32_t i = 0; i < b->n; i++)
		build_free(b->items[i]);
	free(b->items);
	index_fini(&b->index);
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

struct build *builds_find(const struct builds *b, const struct exe_key *key)
{
	uint32_t at = INDEX_START, id;

	while (index_next(&b->index, key_hash(key), &at, &id))
		if (key_equals(&b->items[id]->key, key))
			return b->items[id];
	return NULL;
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
	if (exe_fd >= 0 && binary_open(exe_fd, &build->binary) == -ENOMEM)
		return -ENOMEM;
	if (build->binary)
		unwinder_init(&build->unwinder, build->binary);
	*ret_build = TAKE_PTR(build);
	return 0;
}

int builds_add(struct builds *b, const struct exe_key *key, int exe_fd, const char *path,
	       struct build **ret_build)
{
	_cleanup_(build_freep) struct build *build = NULL;

	if (b->n == BUILDS_MAX)
		return BUILDS_E_FULL;
	struct build **items = reallocarray(b->items, b->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	b->items = items;
	int r = build_new(key, exe_fd, path, &build);
	if (r == 0)
		r = index_add(&b->index, key_hash(key), b->n);
	if (r < 0)
		return r;
	*ret_build = b->items[b->n++] = TAKE_PTR(build);
	return 0;
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
