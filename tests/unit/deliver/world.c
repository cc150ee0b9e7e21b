/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define GUARD (30 * NSEC_PER_SEC)

static uint64_t boot(void *context)
{
	return ((struct world *)context)->boot;
}

static uint64_t wall(void *context)
{
	return ((struct world *)context)->wall;
}

static void on_event(void *context, const struct deliver_event *event)
{
	struct world *w = context;

	w->n_events[event->kind]++;
	w->event = *event;
	snprintf(w->event_text, sizeof(w->event_text), "%s", event->text);
	snprintf(w->event_store, sizeof(w->event_store), "%s", event->store);
	snprintf(w->event_id, sizeof(w->event_id), "%s", event->id);
}

static int on_guard(struct loop_timer *guard)
{
	(void)guard;
	fail_msg("nothing happened any more");
	return 0;
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	strcpy(w->folder, "/tmp/hone-deliver-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->spool, sizeof(w->spool), "%s/spool", w->folder);
	assert_int_equal(loop_init(&w->loop), 0);
	assert_int_equal(loop_timer_init(&w->guard, &w->loop, on_guard), 0);
	w->boot = 1000 * NSEC_PER_SEC;
	w->wall = WORLD_WALL;
	w->options = (struct deliver_options){
		.spool = w->spool,
		.backoff_min = 1,
		.backoff_max = 2 * NSEC_PER_MSEC,
		.owner = { .event = on_event, .context = w },
		.clock = { .boot = boot, .wall = wall, .context = w },
	};
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	char command[128];

	deliver_close(w->deliver);
	loop_timer_fini(&w->guard);
	loop_fini(&w->loop);
	snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

int world_try_open(struct world *w, uint32_t n)
{
	static const char *const keys[] = { "a", "b", "c" };
	struct deliver_store stores[3];

	for (uint32_t i = 0; i < n; i++) {
		w->stores[i] = fake_store_new(&w->loop);
		stores[i] = (struct deliver_store){ .key = keys[i],
						    .store = w->stores[i],
						    .old = w->old,
						    .max_future = w->max_future };
	}
	w->options.stores = stores;
	w->options.n_stores = n;
	w->n_stores = n;
	return deliver_open(&w->options, &w->loop, &w->deliver);
}

void world_open(struct world *w, uint32_t n)
{
	assert_int_equal(world_try_open(w, n), 0);
}

void world_kill(struct world *w)
{
	w->deliver = deliver_close(w->deliver);
}

const char *world_id(uint32_t n)
{
	static char id[40];

	snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", n, n);
	return id;
}

int world_submit(struct world *w, uint32_t n)
{
	struct store_label labels[] = { { "service_name", "shop" }, { "empty", "" } };
	char text[32];
	int size = snprintf(text, sizeof(text), "profile %u", n);
	struct delivery profile = { .id = world_id(n),
				    .labels = labels,
				    .n_labels = 2,
				    .n_samples = 100,
				    .raw_size = 1000,
				    .pprof = span_of(text, (size_t)size),
				    .time = w->wall };

	return deliver_submit(w->deliver, &profile);
}

/* The loop stops after every event to look. */
static int on_look(struct loop_timer *timer)
{
	struct loop *l = timer->source.loop;

	loop_quit(l);
	return 0;
}

void world_run_until(struct world *w, bool (*holds)(struct world *w))
{
	struct loop_timer look;

	assert_int_equal(loop_timer_set(&w->guard, GUARD, 0), 0);
	assert_int_equal(loop_timer_init(&look, &w->loop, on_look), 0);
	assert_int_equal(loop_timer_set(&look, 1, NSEC_PER_MSEC / 10), 0);
	while (!holds(w))
		assert_int_equal(loop_run(&w->loop), 0);
	loop_timer_fini(&look);
	assert_int_equal(loop_timer_set(&w->guard, 0, 0), 0);
}

struct deliver_counters world_counters(const struct world *w)
{
	struct deliver_counters c;

	deliver_counters(w->deliver, &c);
	return c;
}

struct deliver_store_counters world_store(const struct world *w, const char *key)
{
	struct deliver_store_counters c;
	uint64_t in, out, dropped = 0;

	for (uint32_t i = 0; i < world_counters(w).n_stores; i++) {
		deliver_store_counters(w->deliver, i, &c);
		if (strcmp(c.key, key))
			continue;
		for (int reason = 0; reason < DELIVER_DROP_N; reason++)
			dropped += c.dropped[reason];
		in = c.accepted + c.recovered + c.pieces;
		out = c.delivered + c.split + dropped + c.pending;
		assert_int_equal(in, out);
		return c;
	}
	fail_msg("no store %s", key);
	return c;
}

bool world_is_idle(struct world *w)
{
	struct deliver_store_counters c;

	for (uint32_t i = 0; i < world_counters(w).n_stores; i++) {
		deliver_store_counters(w->deliver, i, &c);
		if (c.pending)
			return false;
	}
	return true;
}

bool world_has_failed(struct world *w)
{
	return world_store(w, "a").failures > 0;
}

static uint32_t look_into(const struct world *w, const char *key, char *ret_path, size_t size)
{
	char folder[128];
	uint32_t n = 0;

	snprintf(folder, sizeof(folder), "%s/%s", w->spool, key);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(ret_path, size, "%s/%s", folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

uint32_t world_files(const struct world *w, const char *key)
{
	char path[512];

	return look_into(w, key, path, sizeof(path));
}

const char *world_file(const struct world *w, const char *key)
{
	static char path[512];

	assert_int_equal(look_into(w, key, path, sizeof(path)), 1);
	return path;
}
