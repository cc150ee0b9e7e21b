/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/courier_thread.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

void courier_ring(const struct loop_source *bell)
{
	const uint64_t one = 1;

	(void)!write(bell->fd, &one, sizeof(one));
}

void courier_silence(const struct loop_source *bell)
{
	uint64_t n;

	(void)!read(bell->fd, &n, sizeof(n));
}

void courier_take_count(struct courier *c)
{
	struct deliver_store_counters *stores;
	struct deliver_counters deliver;

	deliver_counters(c->outbox.deliver, &deliver);
	stores = calloc(deliver.n_stores, sizeof(*stores));
	for (uint32_t i = 0; stores && i < deliver.n_stores; i++)
		deliver_store_counters(c->outbox.deliver, i, &stores[i]);
	if (!stores)
		deliver.n_stores = 0;
	pthread_mutex_lock(&c->lock);
	free(c->stores);
	c->stores = stores;
	c->deliver = deliver;
	c->log_dropped = c->log.dropped;
	c->count_wanted = false;
	pthread_cond_signal(&c->counted);
	pthread_mutex_unlock(&c->lock);
}

static int submit(struct courier *c, struct parcel *p)
{
	int r = outbox_submit(&c->outbox, &p->profile);

	pthread_mutex_lock(&c->lock);
	STAILQ_REMOVE_HEAD(&c->parcels, next);
	c->n_parcels--;
	c->bytes -= parcel_bytes(p);
	pthread_mutex_unlock(&c->lock);
	parcel_free(p);
	return r;
}

static int reload(struct courier *c)
{
	c->log.format = c->config_log.format;
	c->log.level = c->config_log.level;
	int r = outbox_reload(&c->outbox, c->config, &c->loop);

	pthread_mutex_lock(&c->lock);
	c->reload_outcome = r;
	c->reload = WISH_DONE;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->answers);
	return 0;
}

static void on_deliver_flushed(void *context, uint64_t left, uint64_t lost)
{
	struct courier *c = context;

	pthread_mutex_lock(&c->lock);
	c->rest = (struct courier_rest){ .spooled = left, .lost = lost };
	c->flush = WISH_DONE;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->answers);
}

static int flush(struct courier *c)
{
	uint64_t now = clock_monotonic();

	return deliver_flush(c->outbox.deliver, c->flush_until > now ? c->flush_until - now : 1,
			     on_deliver_flushed, c);
}

struct order {
	bool end, count, reload, flush;
	struct parcel *parcel;
};

/* What is to be done next. The bell rings on until nothing is left. */
static struct order next_order(struct courier *c)
{
	struct order o = { 0 };

	pthread_mutex_lock(&c->lock);
	o.end = c->end;
	o.count = c->count_wanted;
	o.parcel = STAILQ_FIRST(&c->parcels);
	if (!o.parcel && c->reload == WISH_WANTED) {
		c->reload = WISH_UNDER_WAY;
		o.reload = true;
	} else if (!o.parcel && c->flush == WISH_WANTED) {
		c->flush = WISH_UNDER_WAY;
		o.flush = true;
	} else if (!o.parcel) {
		courier_silence(&c->orders);
	}
	pthread_mutex_unlock(&c->lock);
	return o;
}

int courier_on_order(struct loop_source *source, uint32_t events)
{
	struct courier *c = container_of(source, struct courier, orders);
	struct order o = next_order(c);

	(void)events;
	if (o.count)
		courier_take_count(c);
	if (o.end)
		loop_quit(&c->loop);
	else if (o.parcel)
		return submit(c, o.parcel);
	else if (o.reload)
		return reload(c);
	else if (o.flush)
		return flush(c);
	return 0;
}

void *courier_run(void *context)
{
	struct courier *c = context;
	int r = loop_run(&c->loop);

	if (r == 0)
		return NULL;
	pthread_mutex_lock(&c->lock);
	c->failure = r;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->answers);
	return NULL;
}
