/* SPDX-License-Identifier: Apache-2.0 */
/* Executables: met while a process runs them, kept while they are of use. */
#include "agent/recorder/inside.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

int recorder_tell_build(struct recorder *r, struct build *build)
{
	struct exe_policy policy = { .verdict = EXE_IGNORE };

	if (!build->ignored)
		policy = build_policy(build);
	int e = capture_set_policy(r->capture, &build->key, &policy);
	build->told = clock_monotonic();
	return e;
}

/* The kernel goes on ignoring what is not Go; of the others it is to tell when one starts again. */
static int forget(struct recorder *r, struct build *build)
{
	bool is_for_good = build->ignored && !build->unwanted;
	int e = is_for_good ? 0 : capture_forget_policy(r->capture, &build->key);

	recorder_rest_pages(r); /* it may be one of those */
	builds_remove(&r->builds, build);
	return e;
}

static int make_room(struct recorder *r)
{
	bool only_open = r->builds.n_open == BUILDS_MAX_OPEN;
	struct build *build = builds_oldest(&r->builds, only_open);

	if (!build)
		return BUILDS_E_FULL;
	r->counters.builds_evicted++;
	return forget(r, build);
}

static int add_build(struct recorder *r, const struct exe_key *key, int fd, const char *path,
		     struct build **ret_build)
{
	int e = builds_add(&r->builds, key, fd, path, ret_build);

	if (e != BUILDS_E_FULL)
		return e;
	e = make_room(r);
	return e == 0 ? builds_add(&r->builds, key, fd, path, ret_build) : e;
}

bool recorder_is_unwanted(const struct recorder *r, const struct build *build, struct group *group)
{
	return r->options.ignores && r->options.ignores(r->options.context, build, group);
}

/* Somebody may wonder where the profiles of such a program are. */
static void count_unreadable(struct recorder *r, const struct build *build)
{
	switch (build->outcome) {
	case BINARY_E_TOO_OLD:
	case BINARY_E_TOO_NEW:
	case BINARY_E_PACKED:
	case BINARY_E_GARBLED:
		r->counters.unreadable++;
		r->unreadable_outcome = build->outcome;
		text_copy(span_of(build->path, strlen(build->path)), r->unreadable,
			  sizeof(r->unreadable));
	}
}

static void prepare(struct recorder *r, struct build *build)
{
	build->seen = r->window;
	build->ignored = !build->binary;
	if (build->ignored) {
		count_unreadable(r, build);
		/* Too many files, a broken disk: that says nothing of it, and may be over soon. */
		build->unwanted = build->outcome < 0;
		return;
	}
	if (r->options.max_pairs)
		binary_allow(build->binary, r->options.max_pairs);
	build->ignored = build->unwanted = recorder_is_unwanted(r, build, NULL);
	if (build->unwanted)
		builds_shut(&r->builds, build);
}

/* A process may be there, and run another program by now. */
static int still_runs(struct recorder *r, struct glance *g, bool *ret_runs)
{
	struct exe_key key;
	int e = glance(r, g, process_open);

	*ret_runs = false;
	if (e < 0 || !g->is_there)
		return e;
	e = capture_file_key(r->capture, g->process.exe, &key);
	*ret_runs = e == 0 && memcmp(&key, &g->header->exe, sizeof(key)) == 0;
	return e;
}

static int open_of_process(struct recorder *r, struct glance *g, struct build **ret_build)
{
	bool runs;
	int e = still_runs(r, g, &runs);

	if (e < 0 || !runs)
		return e;
	return add_build(r, &g->header->exe, g->process.exe, g->process.exe_path, ret_build);
}

static int open_if_wanted(struct recorder *r, const struct exe_key *key, struct build **ret_build)
{
	if (memcmp(key, &r->file, sizeof(*key)) != 0)
		return add_build(r, key, -1, "", ret_build);
	return add_build(r, key, r->options.file, r->options.file_path, ret_build);
}

int recorder_open_build(struct recorder *r, struct glance *g, struct build **ret_build)
{
	*ret_build = NULL;
	int e = r->options.by_file ? open_if_wanted(r, &g->header->exe, ret_build)
				   : open_of_process(r, g, ret_build);
	if (e != 0 || !*ret_build)
		return e;
	prepare(r, *ret_build);
	e = recorder_tell_build(r, *ret_build);
	if ((*ret_build)->binary)
		binary_rest((*ret_build)->binary); /* most are never sampled */
	return e;
}

int recorder_give_up(struct recorder *r, struct build *build)
{
	if (build->ignored)
		return 0;
	build->ignored = true;
	r->counters.exhausted++;
	text_copy(span_of(build->path, strlen(build->path)), r->exhausted, sizeof(r->exhausted));
	return recorder_tell_build(r, build);
}

static uint64_t address_bytes(const struct builds *b)
{
	uint64_t bytes = 0;

	for (uint32_t id = lru_oldest(&b->lru); id != LRU_NONE; id = lru_newer(&b->lru, id))
		if (b->items[id]->binary)
			bytes += pc_cache_memory(&b->items[id]->unwinder.cache);
	return bytes;
}

/* Those of the executable that was not sampled for longest go first. */
void recorder_limit_addresses(struct recorder *r)
{
	uint64_t bytes = address_bytes(&r->builds);
	uint32_t id = lru_oldest(&r->builds.lru);

	for (; bytes > r->options.max_address_bytes; id = lru_newer(&r->builds.lru, id)) {
		struct build *build = r->builds.items[id];

		if (!build->binary)
			continue;
		bytes -= pc_cache_memory(&build->unwinder.cache);
		r->counters.addresses_evicted += build->unwinder.cache.n;
		pc_cache_forget(&build->unwinder.cache);
	}
}

/* Of those that were not seen in the window that ended, what was found in their tables. */
static void forget_addresses(struct recorder *r)
{
	uint32_t id = r->builds.items ? lru_oldest(&r->builds.lru) : LRU_NONE;

	for (; id != LRU_NONE; id = lru_newer(&r->builds.lru, id)) {
		struct build *build = r->builds.items[id];

		if (build->binary && build->seen + 1 < r->window)
			pc_cache_forget(&build->unwinder.cache);
	}
}

int recorder_age_builds(struct recorder *r, uint32_t oldest)
{
	struct build *build;
	int e = 0;

	forget_addresses(r);
	while (e == 0 && (build = builds_oldest(&r->builds, false)) && build->seen < oldest)
		e = forget(r, build);
	return e;
}

/* One that was of no use is met anew when it is seen again. */
static int reconsider_build(struct recorder *r, struct build *build)
{
	if (build->unwanted && !build->users)
		return forget(r, build);
	if (!build->binary || (build->ignored && !build->unwanted))
		return 0;
	bool unwanted = recorder_is_unwanted(r, build, NULL);
	binary_rest(build->binary);
	if (unwanted == build->unwanted)
		return 0;
	build->ignored = build->unwanted = unwanted;
	return recorder_tell_build(r, build);
}

int recorder_reconsider_builds(struct recorder *r)
{
	uint32_t id = r->builds.items ? lru_oldest(&r->builds.lru) : LRU_NONE;
	int e = 0;

	while (e == 0 && id != LRU_NONE) {
		struct build *build = r->builds.items[id];

		id = lru_newer(&r->builds.lru, id);
		e = reconsider_build(r, build);
	}
	return e;
}
