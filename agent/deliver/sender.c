/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "agent/deliver/split.h"

#define NEW_EVERY     4u /* pushes: three of the oldest, one of the newest */
#define AT_ONCE	      1u /* ns */
#define STATUS_BROKEN 500u

const uint64_t deliver_latency_bounds[DELIVER_N_LATENCIES - 1] = {
	10 * NSEC_PER_MSEC, 50 * NSEC_PER_MSEC, 100 * NSEC_PER_MSEC, 500 * NSEC_PER_MSEC,
	NSEC_PER_SEC,	    5 * NSEC_PER_SEC,	10 * NSEC_PER_SEC,
};

static uint64_t next_random(struct sender *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static const struct report *reporter(const struct sender *s)
{
	return s->shelf->report;
}

static void let_go(struct sender *s)
{
	s->lane.busy = s->pushed = NULL;
	free(s->adapted);
	s->adapted = NULL;
	buf_fini(&s->file);
}

static int schedule(struct sender *s, uint64_t delay)
{
	return s->stopped ? 0 : loop_timer_set(&s->timer, delay ? delay : AT_ONCE, 0);
}

static int rest(struct sender *s)
{
	if (s->flushing && !s->at_rest) {
		s->at_rest = true;
		s->on_rest(s->context);
	}
	return 0;
}

static int wait(struct sender *s, uint64_t retry_after)
{
	uint64_t delay = backoff_delay(&s->rules->backoff, s->lane.counters.failures, retry_after,
				       next_random(s));

	s->waiting = true;
	s->asked = retry_after != 0;
	s->wait_until = report_boot(reporter(s)) + delay;
	int r = schedule(s, delay);
	return r ? r : rest(s);
}

/* It could not be pushed now, for a reason that may pass. */
static int failed(struct sender *s, const char *text, uint32_t http_status, uint64_t retry_after)
{
	struct deliver_store_counters *c = &s->lane.counters;

	c->retried++;
	snprintf(c->last_failure, sizeof(c->last_failure), "%s", text);
	if (++c->failures == 1)
		report(reporter(s), &s->lane.limits,
		       (struct deliver_event){ .kind = DELIVER_STORE_FAILS,
					       .store = c->key,
					       .http_status = http_status,
					       .text = c->last_failure });
	return wait(s, retry_after);
}

/* The store answered, and not that it is in trouble. */
static int answered(struct sender *s)
{
	struct deliver_store_counters *c = &s->lane.counters;

	if (c->failures)
		report(reporter(s), &s->lane.limits,
		       (struct deliver_event){ .kind = DELIVER_STORE_WORKS, .store = c->key });
	c->failures = 0;
	return schedule(s, AT_ONCE);
}

/* Whether the store fails at this profile, and not in general. */
static bool chokes(struct sender *s, struct copy *copy, uint32_t http_status)
{
	uint64_t delivered = s->lane.counters.delivered;

	if (http_status != STATUS_BROKEN)
		return false;
	if (!copy->tries++)
		copy->delivered_before = delivered;
	return copy->tries >= s->rules->max_tries &&
	       delivered - copy->delivered_before >= s->rules->max_tries;
}

static void count_answer(struct sender *s, uint32_t status)
{
	struct deliver_store_counters *c = &s->lane.counters;
	uint64_t took = report_boot(reporter(s)) - s->started;
	uint32_t i = 0;

	while (i < DELIVER_N_LATENCIES - 1 && took > deliver_latency_bounds[i])
		i++;
	c->latency[i]++;
	c->latency_sum += took;
	for (i = 0; i < DELIVER_N_CODES && c->codes[i].n; i++) {
		if (c->codes[i].status == status)
			break;
	}
	if (i == DELIVER_N_CODES) {
		c->codes_other++;
		return;
	}
	c->codes[i].status = status;
	c->codes[i].n++;
}

static void delivered(struct sender *s, struct copy *copy, const struct store_result *result)
{
	struct deliver_store_counters *c = &s->lane.counters;

	c->delivered++;
	c->delivered_bytes += s->image.pprof.size;
	c->relabelled += result->labels_changed ? 1 : 0;
	c->last_success = report_wall(reporter(s));
	shelf_done(s->shelf, copy);
}

static int on_retry(struct sender *s, struct copy *copy, const struct store_result *result)
{
	if (chokes(s, copy, result->http_status)) {
		shelf_drop(s->shelf, copy, DELIVER_DROP_TRIES, result);
		return answered(s);
	}
	return failed(s, result->text, result->http_status, result->retry_after);
}

static int on_done(void *context, const struct store_result *result)
{
	struct sender *s = context;
	struct copy *copy = s->pushed;
	int r;

	count_answer(s, result->http_status);
	if (result->outcome == STORE_E_TOO_BIG) {
		split_copy(s->shelf, copy, &s->image, store_limits(s->store), result);
		let_go(s);
		return answered(s);
	}
	s->lane.busy = NULL;
	if (result->outcome == STORE_OK) {
		delivered(s, copy, result);
		r = answered(s);
	} else if (result->outcome == STORE_E_REFUSED) {
		shelf_drop(s->shelf, copy, DELIVER_DROP_REFUSED, result);
		r = answered(s);
	} else {
		r = on_retry(s, copy, result);
	}
	let_go(s);
	return r;
}

static struct copy *in_memory_only(const struct sender *s)
{
	struct copy *copy;

	TAILQ_FOREACH(copy, &s->lane.copies, in_lane)
	{
		if (copy->item->memory)
			return copy;
	}
	return NULL;
}

static struct copy *choose(struct sender *s)
{
	struct copy *copy = s->flushing ? in_memory_only(s) : NULL;

	if (copy)
		return copy;
	return ++s->turn % NEW_EVERY ? TAILQ_FIRST(&s->lane.copies)
				     : TAILQ_LAST(&s->lane.copies, copy_list);
}

/* Whether the store takes profiles of that time, by our clock. */
static bool in_window(const struct sender *s, uint64_t time, uint64_t now)
{
	uint64_t past = store_limits(s->store)->age;

	if (time > now)
		return !s->max_future || time - now <= s->max_future;
	return !past || now - time <= past;
}

/* Its time and its names as the store wants them. 0, or nonzero when that cannot be. */
static int adapt(struct sender *s, struct store_profile *profile)
{
	const struct deliver_owner *owner = &reporter(s)->owner;
	bool escape = store_limits(s->store)->escape_shapes;
	uint64_t now = report_wall(reporter(s));
	bool restamp = !in_window(s, profile->time, now);
	struct delivery delivery = split_delivery(&s->image, s->id);
	struct deliver_piece made = { NULL };

	if (restamp && (s->old == DELIVER_OLD_DROP || !owner->adapt))
		return -ERANGE;
	if (!owner->adapt || (!restamp && !escape))
		return 0;
	profile->time = restamp ? now : profile->time;
	int r = owner->adapt(owner->context, &delivery, profile->time, escape, &made);
	if (r == DELIVER_UNCHANGED || (r && !restamp)) {
		free(made.pprof);
		return 0;
	}
	s->adapted = made.pprof;
	if (r)
		return r;
	profile->pprof = span_of(made.pprof, made.size);
	s->lane.counters.restamped += restamp;
	return 0;
}

static int drop(struct sender *s, struct copy *copy, enum deliver_reason reason,
		const struct store_result *answer)
{
	s->lane.busy = NULL;
	shelf_drop(s->shelf, copy, reason, answer);
	let_go(s);
	return schedule(s, AT_ONCE);
}

static int start(struct sender *s, struct copy *copy)
{
	struct store_profile profile = { .id = s->id,
					 .labels = s->image.labels,
					 .n_labels = s->image.n_labels,
					 .pprof = s->image.pprof,
					 .time = s->image.time };
	struct store_result refused = { .outcome = STORE_E_REFUSED,
					.text = "the profile cannot be pushed" };

	uuid_format(&s->image.id, s->id);
	if (adapt(s, &profile))
		return drop(s, copy, DELIVER_DROP_WINDOW, NULL);
	s->started = report_boot(reporter(s));
	int r = store_push(s->store, &profile, on_done, s);
	if (r == -EINVAL)
		return drop(s, copy, DELIVER_DROP_REFUSED, &refused);
	if (r) {
		let_go(s);
		return failed(s, r < 0 ? strerrordesc_np(-r) : "the store is busy", 0, 0);
	}
	s->pushed = copy;
	return 0;
}

static int push_one(struct sender *s, struct copy *copy)
{
	s->lane.busy = copy;
	int r = shelf_load(s->shelf, copy, &s->file, &s->image);
	if (r < 0) {
		let_go(s);
		return failed(s, strerrordesc_np(-r), 0, 0);
	}
	if (r)
		return drop(s, copy, r == SHELF_E_LOST ? DELIVER_DROP_LOST : DELIVER_DROP_DAMAGED,
			    NULL);
	if (reporter(s)->owner.split && split_is_needed(&s->image, store_limits(s->store))) {
		split_copy(s->shelf, copy, &s->image, store_limits(s->store), NULL);
		let_go(s);
		return schedule(s, AT_ONCE);
	}
	return start(s, copy);
}

static int on_timer(struct loop_timer *timer)
{
	struct sender *s = container_of(timer, struct sender, timer);

	s->waiting = false;
	if (s->stopped || s->pushed)
		return 0;
	if (!s->store || TAILQ_EMPTY(&s->lane.copies))
		return rest(s);
	return push_one(s, choose(s));
}

int sender_init(struct sender *s, const char *key, struct shelf *shelf,
		const struct sender_rules *rules, struct loop *loop)
{
	*s = (struct sender){ .shelf = shelf,
			      .rules = rules,
			      .timer = LOOP_TIMER_NULL,
			      .file = BUF_INIT(IMAGE_MAX_SIZE) };
	lane_init(&s->lane, key);
	if (getrandom(&s->random, sizeof(s->random), 0) != sizeof(s->random))
		return -EIO;
	s->random |= 1;
	return loop_timer_init(&s->timer, loop, on_timer);
}

void sender_fini(struct sender *s)
{
	s->store = store_close(s->store);
	let_go(s);
	loop_timer_fini(&s->timer);
}

void sender_set_store(struct sender *s, const struct deliver_store *to)
{
	s->store = store_close(s->store);
	let_go(s);
	s->waiting = s->asked = false;
	s->lane.counters.failures = 0;
	if (!to)
		return;
	s->store = to->store;
	s->old = to->old;
	s->max_future = to->max_future;
	sender_wake(s);
}

void sender_wake(struct sender *s)
{
	/* A timer that cannot be set here will fail in the loop, where somebody is told. */
	if (!s->waiting && !s->pushed)
		schedule(s, AT_ONCE);
}

void sender_flush(struct sender *s, void (*on_rest)(void *context), void *context)
{
	s->on_rest = on_rest;
	s->context = context;
	s->flushing = true;
	s->at_rest = !s->store || (s->waiting && s->asked);
	if (!s->at_rest && !s->pushed)
		schedule(s, AT_ONCE);
}

void sender_stop(struct sender *s)
{
	s->stopped = true;
	if (s->store)
		store_cancel(s->store);
	let_go(s);
	loop_timer_set(&s->timer, 0, 0);
}

static enum deliver_state state_of(const struct sender *s)
{
	if (!s->store)
		return DELIVER_ABSENT;
	if (s->pushed)
		return DELIVER_PUSHING;
	if (s->waiting)
		return DELIVER_WAITING;
	return TAILQ_EMPTY(&s->lane.copies) ? DELIVER_IDLE : DELIVER_PUSHING;
}

void sender_counters(const struct sender *s, struct deliver_store_counters *ret)
{
	uint64_t now = report_boot(reporter(s));
	const struct copy *copy;

	*ret = s->lane.counters;
	ret->state = state_of(s);
	ret->next_try = s->waiting && s->wait_until > now ? s->wait_until - now : 0;
	TAILQ_FOREACH(copy, &s->lane.copies, in_lane)
	{
		uint64_t age = shelf_age(s->shelf, copy->item);

		ret->oldest = age > ret->oldest ? age : ret->oldest;
	}
}
