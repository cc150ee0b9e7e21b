/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/deliver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/deliver/sender.h"

#define DEFAULT_MAX_BYTES    (512ULL << 20)
#define DEFAULT_MAX_AGE	     (24 * 3600 * NSEC_PER_SEC)
#define DEFAULT_MAX_MEMORY   (8ULL << 20)
#define DEFAULT_MAX_PROFILES 32768u
#define DEFAULT_MAX_TRIES    10u
#define DEFAULT_BACKOFF_MIN  (500 * NSEC_PER_MSEC)
#define DEFAULT_BACKOFF_MAX  (300 * NSEC_PER_SEC)

#define TEND_EVERY (10 * NSEC_PER_SEC)
#define TEND_SOON  (1 * NSEC_PER_SEC)
#define TEND_NOW   (1 * NSEC_PER_MSEC)

#define SETTLE_SHARE 4u /* of the time for a flush: the part for bringing things to disk */

TAILQ_HEAD(sender_list, sender);

struct deliver {
	struct loop *loop;
	struct report report;
	struct shelf shelf;
	struct sender_rules rules;
	struct sender_list senders;
	uint32_t n_senders;
	struct loop_timer tend_timer;

	struct loop_timer flush_timer;
	deliver_flushed flushed; /* NULL: no flush under way */
	void *flushed_context;
	bool stopped;
};

void deliver_key(const char *url, const char *tenant, char ret_key[DELIVER_KEY_SIZE])
{
	const char *const parts[] = { url, tenant ? "#" : "", tenant ? tenant : "" };
	char ending[] = "-01234567";
	uLong sum = crc32(0, NULL, 0);
	int n = snprintf(ret_key, DELIVER_KEY_SIZE, "%s%s%s", parts[0], parts[1], parts[2]);

	if (n < (int)DELIVER_KEY_SIZE)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		sum = crc32(sum, (const Bytef *)parts[i], (uInt)strlen(parts[i]));
	snprintf(ending, sizeof(ending), "-%08lx", sum & 0xffffffff);
	strcpy(ret_key + DELIVER_KEY_SIZE - sizeof(ending), ending);
}

static struct sender *sender_of_folder(const struct deliver *d, const char *folder)
{
	struct sender *s;

	TAILQ_FOREACH(s, &d->senders, in_list)
	{
		if (!strcmp(s->lane.folder, folder))
			return s;
	}
	return NULL;
}

static struct sender *sender_of_key(const struct deliver *d, const char *key)
{
	char folder[SPOOL_FOLDER_SIZE];

	spool_folder_name(key, folder);
	return sender_of_folder(d, folder);
}

static void remove_sender(struct deliver *d, struct sender *s)
{
	TAILQ_REMOVE(&d->senders, s, in_list);
	d->n_senders--;
	shelf_detach(&d->shelf, &s->lane);
	sender_fini(s);
	free(s);
}

static int add_sender(struct deliver *d, const char *key)
{
	struct sender *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = sender_init(s, key, &d->shelf, &d->rules, d->loop);
	if (!r && shelf_attach(&d->shelf, &s->lane))
		r = -ENOSPC;
	if (r) {
		sender_fini(s);
		free(s);
		return r;
	}
	TAILQ_INSERT_TAIL(&d->senders, s, in_list);
	d->n_senders++;
	return 0;
}

static bool stores_are_valid(const struct deliver_store *stores, uint32_t n)
{
	if (n < 1 || n > DELIVER_MAX_STORES)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const char *key = stores[i].key;

		if (!key || !key[0] || strlen(key) >= DELIVER_KEY_SIZE || !stores[i].store)
			return false;
		for (uint32_t j = 0; j < i; j++) {
			if (!strcmp(key, stores[j].key))
				return false;
		}
	}
	return true;
}

static void close_stores(const struct deliver_store *stores, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		store_close(stores[i].store);
}

/* Senders that have neither a store nor anything to send. */
static void remove_unused(struct deliver *d)
{
	struct sender *s = TAILQ_FIRST(&d->senders), *next;

	for (; s; s = next) {
		next = TAILQ_NEXT(s, in_list);
		if (!s->store && TAILQ_EMPTY(&s->lane.copies))
			remove_sender(d, s);
	}
}

static int add_missing(struct deliver *d, const struct deliver_store *stores, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; i < n && !r; i++) {
		if (!sender_of_key(d, stores[i].key))
			r = add_sender(d, stores[i].key);
	}
	return r;
}

static const struct deliver_store *store_of(const struct sender *s,
					    const struct deliver_store *stores, uint32_t n)
{
	char folder[SPOOL_FOLDER_SIZE];

	for (uint32_t i = 0; i < n; i++) {
		spool_folder_name(stores[i].key, folder);
		if (!strcmp(folder, s->lane.folder))
			return &stores[i];
	}
	return NULL;
}

static void set_stores(struct deliver *d, const struct deliver_store *stores, uint32_t n)
{
	struct sender *s;

	TAILQ_FOREACH(s, &d->senders, in_list)
	{
		const struct deliver_store *to = store_of(s, stores, n);

		/* One found in the spool is known by its folder's name only. */
		if (to)
			strcpy(s->lane.counters.key, to->key);
		sender_set_store(s, to);
	}
}

int deliver_reload(struct deliver *d, const struct deliver_store *stores, uint32_t n_stores)
{
	int r = stores_are_valid(stores, n_stores) ? 0 : -EINVAL;

	if (!r) {
		remove_unused(d);
		r = add_missing(d, stores, n_stores);
	}
	if (r)
		close_stores(stores, n_stores);
	else
		set_stores(d, stores, n_stores);
	remove_unused(d);
	return r;
}

static int tend(struct deliver *d)
{
	uint64_t next = TEND_EVERY;

	if (shelf_tend(&d->shelf))
		next = TEND_NOW;
	else if (d->shelf.path && d->shelf.queue.in_memory)
		next = TEND_SOON;
	else if (d->shelf.max_age / 4 < next)
		next = d->shelf.max_age / 4 + TEND_NOW;
	return loop_timer_set(&d->tend_timer, next, 0);
}

static int on_tend(struct loop_timer *timer)
{
	return tend(container_of(timer, struct deliver, tend_timer));
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

static void set_options(struct deliver *d, const struct deliver_options *o)
{
	d->report = (struct report){ .owner = o->owner, .clock = o->clock };
	d->rules = (struct sender_rules){
		.backoff = { .min = or_default(o->backoff_min, DEFAULT_BACKOFF_MIN),
			     .max = or_default(o->backoff_max, DEFAULT_BACKOFF_MAX) },
		.max_tries = o->max_tries ? o->max_tries : DEFAULT_MAX_TRIES,
	};
	d->shelf = (struct shelf){
		.max_bytes = or_default(o->max_bytes, DEFAULT_MAX_BYTES),
		.max_memory = or_default(o->max_memory, DEFAULT_MAX_MEMORY),
		.max_age = or_default(o->max_age, DEFAULT_MAX_AGE),
		.max_items = o->max_profiles ? o->max_profiles : DEFAULT_MAX_PROFILES,
	};
}

/* Another store's folder in the spool, from before. */
static int on_folder(void *context, const char *name)
{
	struct deliver *d = context;

	if (sender_of_folder(d, name))
		return 0;
	int r = add_sender(d, name);
	return r == -ENOSPC ? 0 : r;
}

static int take_up(struct deliver *d)
{
	int r = 0;

	if (d->shelf.spool.dir >= 0)
		r = spool_folders(&d->shelf.spool, on_folder, d);
	if (!r)
		r = shelf_recover(&d->shelf);
	return r;
}

static int on_flush_timer(struct loop_timer *timer);

static int open_all(struct deliver *d, const struct deliver_options *o)
{
	int r = loop_timer_init(&d->tend_timer, d->loop, on_tend);

	if (!r)
		r = loop_timer_init(&d->flush_timer, d->loop, on_flush_timer);
	if (!r)
		r = shelf_open(&d->shelf, o->spool, &d->report);
	if (r > 0)
		return r == SPOOL_E_LOCKED    ? DELIVER_E_LOCKED
		       : r == SPOOL_E_VERSION ? DELIVER_E_VERSION
					      : DELIVER_E_FOREIGN;
	if (!r)
		r = add_missing(d, o->stores, o->n_stores);
	if (!r)
		r = take_up(d);
	return r ? r : tend(d);
}

int deliver_open(const struct deliver_options *options, struct loop *loop, struct deliver **ret)
{
	struct deliver *d = calloc(1, sizeof(*d));
	int r = d ? 0 : -ENOMEM;

	if (!r) {
		d->loop = loop;
		TAILQ_INIT(&d->senders);
		set_options(d, options);
		queue_init(&d->shelf.queue);
		d->shelf.spool = (struct spool)SPOOL_NULL;
		r = stores_are_valid(options->stores, options->n_stores) ? open_all(d, options)
									 : -EINVAL;
	}
	if (r) {
		close_stores(options->stores, options->n_stores);
		deliver_close(d);
		return r;
	}
	set_stores(d, options->stores, options->n_stores);
	remove_unused(d);
	*ret = d;
	return 0;
}

struct deliver *deliver_close(struct deliver *d)
{
	struct sender *s;

	if (!d)
		return NULL;
	loop_timer_fini(&d->tend_timer);
	loop_timer_fini(&d->flush_timer);
	TAILQ_FOREACH(s, &d->senders, in_list)
	sender_fini(s);
	shelf_close(&d->shelf);
	while ((s = TAILQ_FIRST(&d->senders))) {
		TAILQ_REMOVE(&d->senders, s, in_list);
		free(s);
	}
	free(d);
	return NULL;
}

static int image_of(const struct delivery *profile, struct image *ret)
{
	*ret = (struct image){ .time = profile->time,
			       .raw_size = profile->raw_size,
			       .n_samples = profile->n_samples,
			       .n_labels = profile->n_labels,
			       .pprof = profile->pprof };
	if (!uuid_parse(span_of(profile->id, strlen(profile->id)), &ret->id) ||
	    profile->n_labels > DELIVER_MAX_LABELS)
		return -EINVAL;
	for (uint32_t i = 0; i < profile->n_labels; i++)
		ret->labels[i] = profile->labels[i];
	return 0;
}

static int put_on_shelf(struct deliver *d, const struct image *image)
{
	struct lane *lanes[SHELF_MAX_LANES];
	struct sender *s;
	uint32_t n = 0;

	TAILQ_FOREACH(s, &d->senders, in_list)
	{
		if (s->store)
			lanes[n++] = &s->lane;
	}
	int r = shelf_add(&d->shelf, image, 0, lanes, n);
	for (uint32_t i = 0; i < n && (!r || r == SHELF_E_MEMORY); i++)
		lanes[i]->counters.accepted++;
	return r;
}

static void wake_all(struct deliver *d)
{
	struct sender *s;

	TAILQ_FOREACH(s, &d->senders, in_list)
	{
		if (s->store)
			sender_wake(s);
	}
}

int deliver_submit(struct deliver *d, const struct delivery *profile)
{
	struct deliver_counters *c = &d->shelf.counters;
	struct image image;
	int r = image_of(profile, &image);

	if (!r)
		r = put_on_shelf(d, &image);
	if (r == SHELF_E_NO_ROOM || r == -E2BIG) {
		c->no_room++;
		return DELIVER_E_NO_ROOM;
	}
	if (r < 0)
		return r;
	c->accepted++;
	c->accepted_bytes += profile->pprof.size;
	c->accepted_memory += r == SHELF_E_MEMORY;
	wake_all(d);
	if (r == SHELF_E_MEMORY && !d->stopped)
		loop_timer_set(&d->tend_timer, TEND_SOON, 0);
	return r == SHELF_E_MEMORY ? DELIVER_E_MEMORY : 0;
}

/* What no start will find again. */
static uint64_t drop_memory(struct deliver *d)
{
	uint64_t n = 0;
	struct item *item;

	for (; (item = queue_oldest(&d->shelf.queue, QUEUE_IN_MEMORY)); n++)
		shelf_drop_item(&d->shelf, item, DELIVER_DROP_SHUTDOWN);
	return n;
}

static int on_flush_timer(struct loop_timer *timer)
{
	struct deliver *d = container_of(timer, struct deliver, flush_timer);
	deliver_flushed flushed = d->flushed;
	struct sender *s;

	d->stopped = true;
	d->flushed = NULL;
	loop_timer_set(&d->flush_timer, 0, 0);
	loop_timer_set(&d->tend_timer, 0, 0);
	TAILQ_FOREACH(s, &d->senders, in_list)
	sender_stop(s);
	uint64_t lost = drop_memory(d);
	if (flushed)
		flushed(d->flushed_context, d->shelf.queue.n_items, lost);
	return 0;
}

static bool all_at_rest(const struct deliver *d)
{
	const struct sender *s;

	TAILQ_FOREACH(s, &d->senders, in_list)
	{
		if (!s->at_rest)
			return false;
	}
	return true;
}

/* Not from here: a sender is still at work. */
static void on_rest(void *context)
{
	struct deliver *d = context;

	if (all_at_rest(d))
		loop_timer_set(&d->flush_timer, 1, 0);
}

int deliver_flush(struct deliver *d, uint64_t timeout, deliver_flushed done, void *context)
{
	struct sender *s;

	d->flushed = done;
	d->flushed_context = context;
	int r = loop_timer_set(&d->flush_timer, timeout ? timeout : 1, 0);
	if (r)
		return r;
	shelf_settle(&d->shelf, timeout / SETTLE_SHARE);
	TAILQ_FOREACH(s, &d->senders, in_list)
	sender_flush(s, on_rest, d);
	on_rest(d);
	return 0;
}

void deliver_counters(const struct deliver *d, struct deliver_counters *ret)
{
	const struct queue *q = &d->shelf.queue;
	const struct item *item;

	*ret = d->shelf.counters;
	ret->files = q->files;
	ret->files_bytes = q->files_bytes;
	ret->in_memory = q->in_memory;
	ret->memory_bytes = q->memory_bytes;
	ret->table_bytes = q->n_items * sizeof(struct item) + q->n_copies * sizeof(struct copy);
	ret->spool_failing = d->shelf.failing;
	ret->n_stores = d->n_senders;
	TAILQ_FOREACH(item, &q->items, in_queue)
	{
		uint64_t age = shelf_age(&d->shelf, item);

		ret->oldest = age > ret->oldest ? age : ret->oldest;
	}
}

void deliver_store_counters(const struct deliver *d, uint32_t i, struct deliver_store_counters *ret)
{
	const struct sender *s = TAILQ_FIRST(&d->senders);

	while (i--)
		s = TAILQ_NEXT(s, in_list);
	sender_counters(s, ret);
}

const char *deliver_reason_name(enum deliver_reason reason)
{
	static const char *const names[DELIVER_DROP_N] = {
		[DELIVER_DROP_SPACE] = "space",	      [DELIVER_DROP_AGE] = "age",
		[DELIVER_DROP_REFUSED] = "refused",   [DELIVER_DROP_TRIES] = "tries",
		[DELIVER_DROP_TOO_BIG] = "too_big",   [DELIVER_DROP_WINDOW] = "window",
		[DELIVER_DROP_DAMAGED] = "damaged",   [DELIVER_DROP_LOST] = "lost",
		[DELIVER_DROP_SHUTDOWN] = "shutdown",
	};

	return names[reason];
}
