/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/compact/compact.h"

#include <errno.h>
#include <string.h>

#include "collector/compact/sum.h"
#include "collector/depot/keeping.h"

#define GROUPS	   256u /* looked for at a time */
#define STEP	   64u	/* profiles that leave at a time */
#define KEYS	   4096u
#define MAX_STORED ((size_t)128 << 20)
#define MIN_FREE   ((uint64_t)16 << 20) /* is kept for what comes next, and an eighth of the file */
#define CUT	   ((uint64_t)4 << 20)	/* bytes that are cut off at a time */

struct pass {
	struct depot *depot;
	const struct compact_options *options;
	int64_t now;
	const atomic_bool *stop;
	struct compact_counts *counts;
};

static bool stopped(const struct pass *p)
{
	return p->stop && atomic_load(p->stop);
}

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

/* ---- one group --------------------------------------------------------------------------- */

/* It goes on as it is. Who is gone meanwhile is no trouble. */
static int promote(struct pass *p, enum depot_level level, int64_t id)
{
	const struct depot_merger m = { .ids = &id, .n = 1, .level = level, .now = p->now };
	int r = depot_replace(p->depot, &m);

	return r == DEPOT_E_NONE ? 0 : r;
}

/* As sums_add(); *ret_broken: it cannot be read at all. */
static int add_member(struct depot_reader *reader, int64_t id, struct pprof_profile *from,
		      struct sums *sums, bool *ret_broken)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	int r = depot_read(reader, id, &stored);

	if (r == 0)
		r = pprof_reread(from, stored.data, stored.size, NULL, NULL);
	*ret_broken = r > 0 || r == -E2BIG;
	if (r != 0)
		return *ret_broken ? SUM_E_ALONE : r;
	return sums_add(sums, from, id);
}

static int add_members(struct pass *p, struct depot_reader *reader, enum depot_level level,
		       const struct depot_member *members, size_t n, struct sums *sums)
{
	_cleanup_(profile_freep) struct pprof_profile *from = NULL;
	int r = pprof_new(&from);

	for (size_t i = 0; r == 0 && i < n && !stopped(p); i++) {
		bool broken;

		r = add_member(reader, members[i].id, from, sums, &broken);
		if (r != SUM_E_ALONE)
			continue;
		p->counts->unreadable += broken;
		p->counts->alone += !broken;
		r = members[i].level < level ? promote(p, level, members[i].id) : 0;
	}
	return r;
}

static int put_sum(struct pass *p, enum depot_level level, struct sum *s)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;

	if (s->n_ids == 1)
		return promote(p, level, s->ids[0]);
	int r = sum_encode(s, &data, &size);
	if (r != 0)
		return r;
	const struct depot_merger m = {
		.ids = s->ids,
		.n = s->n_ids,
		.level = level,
		.pprof = span_of(data, size),
		.samples = (int64_t)pprof_n_samples(s->profile),
		.now = p->now,
	};
	r = depot_replace(p->depot, &m);
	if (r == DEPOT_E_NONE)
		return 0; /* removed meanwhile: the next pass finds the others */
	p->counts->merged += r == 0 ? s->n_ids : 0;
	p->counts->made += r == 0;
	return r;
}

/* It would be too large a profile. */
static int leave_alone(struct pass *p, enum depot_level level, const struct depot_member *members,
		       size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		p->counts->alone++;
		r = promote(p, level, members[i].id);
	}
	return r;
}

static int merge_group(struct pass *p, struct depot_reader *reader, enum depot_level level,
		       const struct depot_group *group)
{
	_cleanup_(sums_fini) struct sums sums = { 0 };
	_cleanup_(freep) struct depot_member *members = NULL;
	size_t n = 0;
	int r = depot_members(reader, level, group, &members, &n);

	if (r == 0)
		r = add_members(p, reader, level, members, n, &sums);
	for (size_t i = 0; r == 0 && i < sums.n && !stopped(p); i++)
		r = put_sum(p, level, &sums.sums[i]);
	return r == SUM_E_TOO_LARGE ? leave_alone(p, level, members, n) : r;
}

/* ---- merging ----------------------------------------------------------------------------- */

/* A reader for each group: one that is held long keeps the log from being cleared. */
static int merge_one(struct pass *p, enum depot_level level, const struct depot_group *group)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int r = depot_reader_open(p->depot, &reader);

	return r ? r : merge_group(p, reader, level, group);
}

static int find_groups(struct pass *p, enum depot_level level, struct depot_group *groups,
		       size_t *ret_n)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int r = depot_reader_open(p->depot, &reader);

	if (r != 0)
		return r;
	return depot_groups(reader, level, depot_merged_before(level, p->now), groups, GROUPS,
			    ret_n);
}

/* After a group is merged it is no more found. One that could not be would be for ever. */
static int merge_level(struct pass *p, enum depot_level level)
{
	struct depot_group groups[GROUPS];
	size_t n = 0;
	int r;

	do {
		r = find_groups(p, level, groups, &n);
		for (size_t i = 0; r == 0 && i < n && !stopped(p); i++)
			r = merge_one(p, level, &groups[i]);
	} while (r == 0 && n == GROUPS && !stopped(p));
	return r;
}

/* ---- leaving ----------------------------------------------------------------------------- */

static int expire(struct pass *p)
{
	struct depot_removed removed = { 0 };
	int r = 0;

	if (!p->options->max_age)
		return 0;
	do {
		r = depot_expire(p->depot, p->now - p->options->max_age, STEP, &removed);
		p->counts->too_old.profiles += removed.profiles;
		p->counts->too_old.bytes += removed.bytes;
	} while (r == 0 && removed.profiles && !stopped(p));
	return r;
}

static int measure(struct pass *p, struct depot_size *ret_size)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int r = depot_reader_open(p->depot, &reader);

	return r ? r : depot_measure(reader, ret_size);
}

static int shrink(struct pass *p)
{
	struct depot_removed removed = { 0 };
	struct depot_size size;
	int r = 0;

	if (!p->options->max_bytes)
		return 0;
	do {
		r = measure(p, &size);
		if (r != 0 || size.used <= p->options->max_bytes)
			return r;
		r = depot_expire(p->depot, INT64_MAX, STEP, &removed);
		p->counts->too_much.profiles += removed.profiles;
		p->counts->too_much.bytes += removed.bytes;
	} while (r == 0 && removed.profiles && !stopped(p));
	return r;
}

/* ---- leaving of a tenant ----------------------------------------------------------------- */

struct tenants {
	uint64_t most; /* bytes that each may have */
	struct buf names;
	struct buf over; /* uint64_t each: bytes that have to go */
};

static void tenants_fini(struct tenants *t)
{
	buf_fini(&t->names);
	buf_fini(&t->over);
}

static int note_tenant(void *context, const char *tenant, uint64_t bytes)
{
	struct tenants *t = context;
	const uint64_t over = bytes - t->most;

	if (bytes <= t->most)
		return 0;
	buf_append(&t->names, tenant, strlen(tenant) + 1);
	buf_append(&t->over, &over, sizeof(over));
	return buf_error(&t->names) ? buf_error(&t->names) : buf_error(&t->over);
}

static int find_tenants(struct pass *p, struct tenants *t)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int r = depot_reader_open(p->depot, &reader);

	return r ? r : depot_each_tenant(reader, note_tenant, t);
}

static int shrink_tenant(struct pass *p, const char *tenant, uint64_t over)
{
	struct depot_removed removed = { 0 };
	int64_t from = INT64_MIN;
	int r = 0;

	do {
		r = depot_expire_of(p->depot, tenant, over, STEP, &from, &removed);
		over -= removed.room < over ? removed.room : over;
		p->counts->tenant.profiles += removed.profiles;
		p->counts->tenant.bytes += removed.bytes;
	} while (r == 0 && removed.profiles && over && !stopped(p));
	return r;
}

static int shrink_tenants(struct pass *p)
{
	_cleanup_(tenants_fini) struct tenants t = { .most = p->options->tenant_bytes,
						     .names = BUF_INIT((size_t)16 << 20),
						     .over = BUF_INIT((size_t)16 << 20) };
	size_t at = 0, i = 0;
	uint64_t over;

	if (!p->options->tenant_bytes)
		return 0;
	int r = find_tenants(p, &t);
	for (; r == 0 && at < t.names.size && !stopped(p); i++) {
		const char *tenant = (const char *)t.names.data + at;

		memcpy(&over, t.over.data + i * sizeof(over), sizeof(over));
		r = shrink_tenant(p, tenant, over);
		at += strlen(tenant) + 1;
	}
	return r;
}

/* ---- leaving of what is beside profiles -------------------------------------------------- */

static int forget_editions(struct pass *p)
{
	size_t n = 0;
	int r = 0;

	if (!p->options->max_age)
		return 0;
	do {
		r = depot_forget_editions(p->depot, p->now - p->options->max_age, STEP, &n);
		p->counts->editions += n;
	} while (r == 0 && n && !stopped(p));
	return r;
}

static int forget_keys(struct pass *p)
{
	size_t n = 0;
	int r = 0;

	if (!p->options->key_age)
		return 0;
	do {
		r = depot_forget_keys(p->depot, p->now - p->options->key_age, KEYS, &n);
		p->counts->keys += n;
	} while (r == 0 && n && !stopped(p));
	return r;
}

/* Those that are still being written have their first brief soon after they are begun. */
static int forget_dictionaries(struct pass *p)
{
	size_t n = 0;
	int r = 0;

	do
		r = depot_forget_dictionaries(p->depot, p->now - 2 * DEPOT_HOUR, STEP, &n);
	while (r == 0 && n == STEP && !stopped(p));
	return r;
}

static int vacuum(struct pass *p)
{
	struct depot_size size;
	uint64_t freed = 0;
	int r = 0;

	do {
		r = measure(p, &size);
		if (r != 0 || size.free <= MIN_FREE || size.free <= size.used / 8)
			return r;
		r = depot_vacuum(p->depot, CUT, &freed);
		p->counts->bytes_freed += freed;
	} while (r == 0 && freed && !stopped(p));
	return r;
}

/* The reserve is made again, of what can be given back to the disk if need be. */
static int recover(struct pass *p)
{
	uint64_t freed = 1;
	int r = 0;

	p->counts->relieved += depot_is_relieved(p->depot);
	while (r == 0 && freed && !stopped(p) && !depot_recover(p->depot, false)) {
		r = depot_vacuum(p->depot, CUT, &freed);
		p->counts->bytes_freed += freed;
	}
	depot_recover(p->depot, true);
	return r;
}

/* Before all else that writes: a disk may be full. */
static int remove_old(struct pass *p)
{
	int r = expire(p);

	/* First those who have too much, so that they push nobody else out. */
	if (r == 0)
		r = shrink_tenants(p);
	if (r == 0)
		r = shrink(p);
	if (r == 0)
		r = forget_editions(p);
	int back = recover(p);
	return r ? r : back;
}

int compact_pass(struct depot *d, const struct compact_options *options, int64_t now,
		 const atomic_bool *stop, struct compact_counts *counts)
{
	struct pass p = { d, options, now, stop, counts };
	int r = remove_old(&p);

	/* Whole days first: their hours need not be merged before. */
	if (r == 0)
		r = merge_level(&p, DEPOT_LEVEL_DAY);
	if (r == 0)
		r = merge_level(&p, DEPOT_LEVEL_HOUR);
	if (r == 0)
		r = forget_keys(&p);
	if (r == 0)
		r = forget_dictionaries(&p);
	if (r == 0)
		r = vacuum(&p);
	/* The disk may have filled up since. */
	if (depot_is_relieved(d)) {
		int back = recover(&p);
		r = r ? r : back;
	}
	counts->passes++;
	counts->failed_passes += r != 0;
	return r;
}
