/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/curate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collector/curate/cache.h"
#include "collector/curate/gather.h"
#include "collector/curate/publish.h"
#include "collector/depot/sums.h"

#define AHEAD_EVERY (DEPOT_HOUR / 6)

struct curate {
	struct depot *depot;
	struct cold_list *cold;
	struct curate_rules *rules;
	pthread_mutex_t making; /* held by the one who makes */
	struct blocks blocks;	/* the maker's */
	pthread_mutex_t mutex;	/* of what follows */
	struct cache cache;
	unsigned int waiting; /* and making */
	struct curate_counts counts;
	bool look_again;  /* at all, ahead: a sum was broken */
	int64_t added_up; /* when, by the one thread that does */
	int64_t seen;	  /* id; likewise, of all up to it */
};

void curate_result_fini(struct curate_result *r)
{
	buf_fini(&r->pprof);
}

int curate_new(struct depot *d, struct cold_list *cold, struct curate_rules *rules,
	       struct curate **ret_curate)
{
	struct curate *c = calloc(1, sizeof(*c));

	if (!c) {
		cold_free(cold);
		curate_rules_free(rules);
		return -ENOMEM;
	}
	c->depot = d;
	c->cold = cold;
	c->rules = rules;
	pthread_mutex_init(&c->making, NULL);
	pthread_mutex_init(&c->mutex, NULL);
	*ret_curate = c;
	return 0;
}

struct curate *curate_free(struct curate *c)
{
	if (!c)
		return NULL;
	cache_fini(&c->cache);
	blocks_fini(&c->blocks);
	cold_free(c->cold);
	curate_rules_free(c->rules);
	pthread_mutex_destroy(&c->mutex);
	pthread_mutex_destroy(&c->making);
	free(c);
	return NULL;
}

void curate_policy_of(const struct curate *c, const char *name, struct curate_policy *ret_policy)
{
	*ret_policy = (struct curate_policy)CURATE_POLICY_DEFAULT;
	curate_rules_apply(c->rules, name, ret_policy);
}

/* One view for the state and all that is made of it. */
static int look(struct curate *c, const struct curate_request *request, const char *key,
		struct depot_reader **ret_reader, struct depot_state *ret_state,
		struct curate_result *ret_result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	const struct depot_query query = gather_query(request);
	int r = depot_reader_open(c->depot, &reader);

	if (r == 0)
		r = depot_state(reader, &query, ret_state);
	if (r != 0)
		return r < 0 ? r : CURATE_E_DAMAGED;
	*ret_reader = TAKE_PTR(reader);
	pthread_mutex_lock(&c->mutex);
	r = cache_get(&c->cache, key, ret_state, ret_result);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

/* They were dropped: what is added up ahead next makes them anew. */
static void count_broken(struct curate *c, size_t n)
{
	pthread_mutex_lock(&c->mutex);
	c->counts.broken_sums += n;
	c->look_again |= n > 0;
	pthread_mutex_unlock(&c->mutex);
}

static int make(struct curate *c, const struct curate_request *request, const char *key,
		struct curate_result *ret_result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	struct depot_state state;
	/* Somebody may have made it while this one waited. */
	int r = look(c, request, key, &reader, &state, ret_result);

	if (r != CACHE_E_NONE)
		return r;
	r = gather(c->depot, reader, request, c->cold, &c->blocks, ret_result);
	count_broken(c, ret_result->broken_sums);
	if (r == 0 && request->standing && ret_result->explain.good)
		r = publish_settle(c->depot, request, c->cold, ret_result);
	/* Without room on the disk it is given all the same, and published another time. */
	if (r == CURATE_E_FULL)
		return 0;
	if (r != 0)
		return r;
	pthread_mutex_lock(&c->mutex);
	r = cache_put(&c->cache, key, &state, ret_result);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

static bool wait_in_line(struct curate *c)
{
	pthread_mutex_lock(&c->mutex);
	bool room = c->waiting < CURATE_MAX_WAITING;
	c->waiting += room;
	pthread_mutex_unlock(&c->mutex);
	if (room)
		pthread_mutex_lock(&c->making);
	return room;
}

static void leave_line(struct curate *c)
{
	pthread_mutex_unlock(&c->making);
	pthread_mutex_lock(&c->mutex);
	c->waiting--;
	pthread_mutex_unlock(&c->mutex);
}

/* All that an answer hangs on but for the profiles. Lengths part what clients wrote. */
static int make_key(const struct curate_request *request, char **ret_key)
{
	struct buf key = BUF_INIT((size_t)1 << 20);

	curate_policy_print(&request->policy, &key);
	buf_printf(&key, " %s %zu:%s", request->tenant, strlen(request->name), request->name);
	if (request->standing)
		buf_append_text(&key, " standing");
	if (request->mode)
		buf_printf(&key, " mode %zu:%s", strlen(request->mode), request->mode);
	for (size_t i = 0; i < request->n_builds; i++)
		buf_printf(&key, " build %zu:%s", strlen(request->builds[i]), request->builds[i]);
	for (size_t i = 0; i < request->n_labels; i++) {
		const struct depot_label *l = &request->labels[i];

		buf_printf(&key, " label %zu:%s %zu:%s", strlen(l->name), l->name, strlen(l->value),
			   l->value);
	}
	buf_append_u8(&key, 0);
	if (buf_error(&key)) {
		buf_fini(&key);
		return -ENOMEM;
	}
	*ret_key = (char *)key.data;
	return 0;
}

/* @begin: when it was begun; 0 where nothing was made. */
static void count(struct curate *c, int r, uint64_t begin)
{
	struct curate_counts *n = &c->counts;
	bool none = r == CURATE_E_NONE || r == CURATE_E_AMBIGUOUS;

	pthread_mutex_lock(&c->mutex);
	n->busy += r == CURATE_E_BUSY;
	n->none += none;
	n->cached += r == 0 && !begin;
	n->made += r == 0 && begin;
	if (begin && (r == 0 || none))
		n->make_time += clock_monotonic() - begin;
	pthread_mutex_unlock(&c->mutex);
}

void curate_read(struct curate *c, struct curate_counts *ret_counts)
{
	pthread_mutex_lock(&c->mutex);
	*ret_counts = c->counts;
	ret_counts->cache_bytes = c->cache.bytes;
	pthread_mutex_unlock(&c->mutex);
}

int curate_make(struct curate *c, const struct curate_request *request,
		struct curate_result *ret_result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	_cleanup_(freep) char *key = NULL;
	struct depot_state state;
	int r = make_key(request, &key);

	if (r == 0)
		r = look(c, request, key, &reader, &state, ret_result);
	if (r != CACHE_E_NONE) {
		count(c, r, 0);
		return r;
	}
	reader = depot_reader_close(reader);
	if (!wait_in_line(c)) {
		count(c, CURATE_E_BUSY, 0);
		return CURATE_E_BUSY;
	}
	uint64_t begin = clock_monotonic();
	r = make(c, request, key, ret_result);
	count(c, r, begin);
	leave_line(c);
	return r;
}

/* ---- ahead ------------------------------------------------------------------------------- */

/* Tenant NUL name NUL, over and over. */
static int add_name(void *context, const char *tenant, const char *name)
{
	struct buf *text = context;

	buf_append(text, tenant, strlen(tenant) + 1);
	buf_append(text, name, strlen(name) + 1);
	return buf_error(text);
}

static int list_names(struct curate *c, int64_t after, int64_t *ret_last, struct buf *names)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int r = depot_reader_open(c->depot, &reader);

	return r ? r : depot_each_name(reader, after, ret_last, add_name, names);
}

static void count_ahead(struct curate *c, size_t broken)
{
	pthread_mutex_lock(&c->mutex);
	c->counts.added_up++;
	c->counts.broken_sums += broken;
	pthread_mutex_unlock(&c->mutex);
}

/* A reader for each: one that is held long keeps the log from being cleared. */
static int add_up(struct curate *c, const char *tenant, const char *name, int64_t now,
		  const atomic_bool *stop)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	struct curate_request request = { .tenant = tenant, .name = name, .now = now };
	size_t broken = 0;
	int r = depot_reader_open(c->depot, &reader);

	if (r != 0)
		return r;
	curate_policy_of(c, name, &request.policy);
	r = gather_ahead(c->depot, reader, &request, stop, &broken);
	count_ahead(c, broken);
	return r == CURATE_E_AMBIGUOUS || r == CURATE_E_NONE || r == -ECANCELED ? 0 : r;
}

static int add_all_up(struct curate *c, const struct buf *names, int64_t now,
		      const atomic_bool *stop)
{
	const char *at = (const char *)names->data, *end = at ? at + names->size : at;
	int r = 0;

	while (at < end && !atomic_load(stop)) {
		const char *name = at + strlen(at) + 1;
		int one = add_up(c, at, name, now, stop);

		r = r ? r : one;
		at = name + strlen(name) + 1;
	}
	return r;
}

/* From which id on; it is taken. */
static int64_t take_seen(struct curate *c)
{
	pthread_mutex_lock(&c->mutex);
	int64_t seen = c->look_again ? 0 : c->seen;
	c->look_again = false;
	pthread_mutex_unlock(&c->mutex);
	c->seen = 0;
	return seen;
}

int curate_add_up(struct curate *c, int64_t now, const atomic_bool *stop)
{
	_cleanup_(buf_fini) struct buf names = BUF_INIT((size_t)64 << 20);
	int64_t last = 0;

	if (c->added_up && now - c->added_up < AHEAD_EVERY && now >= c->added_up)
		return 0;
	c->added_up = now;
	int r = list_names(c, take_seen(c), &last, &names);
	if (r == 0)
		r = add_all_up(c, &names, now, stop);
	if (r == 0 && !atomic_load(stop))
		c->seen = last;
	return r > 0 ? CURATE_E_DAMAGED : r;
}

int curate_peek(struct curate *c, const struct curate_request *request,
		struct curate_result *ret_result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	_cleanup_(freep) char *key = NULL;
	struct depot_state state;
	int r = make_key(request, &key);

	if (r == 0)
		r = look(c, request, key, &reader, &state, ret_result);
	return r == CACHE_E_NONE ? CURATE_E_BUSY : r;
}
