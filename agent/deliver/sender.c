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

/* ---- pushes under way ---------------------------------------------------------------------- */

static uint32_t under_way(const struct sender *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SENDER_PUSHES; i++)
		n += s->pushes[i].copy != NULL;
	return n;
}

/* There is one: more than SENDER_PUSHES are never begun. */
static struct push *take_place(struct sender *s, struct copy *copy)
{
	struct push *push = s->pushes;

	while (push->copy)
		push++;
	copy->busy = true;
	push->copy = copy;
	push->round = s->round;
	return push;
}

/* Its copy may be gone by now. */
static void end_push(struct push *push)
{
	push->copy = NULL;
	free(TAKE_PTR(push->adapted));
	buf_fini(&push->file);
}

static void put_back(struct push *push)
{
	push->copy->busy = false;
	end_push(push);
}

static void put_all_back(struct sender *s)
{
	for (uint32_t i = 0; i < SENDER_PUSHES; i++) {
		if (s->pushes[i].copy)
			put_back(&s->pushes[i]);
	}
}

/* A store that fails is tried with one at a time until it takes one. */
static bool may_push(const struct sender *s)
{
	uint32_t most = s->lane.counters.failures ? 1 : SENDER_PUSHES;

	return under_way(s) < most && store_room(s->store) > 0;
}

/* ---- what comes next ----------------------------------------------------------------------- */

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

/* The next push, unless it must wait. */
static int go_on(struct sender *s)
{
	if (!s->waiting)
		return schedule(s, AT_ONCE);
	return under_way(s) ? 0 : rest(s);
}

static int wait(struct sender *s, uint64_t retry_after)
{
	uint64_t delay = backoff_delay(&s->rules->backoff, s->lane.counters.failures, retry_after,
				       next_random(s));
	uint64_t until = report_boot(reporter(s)) + delay;

	if (s->waiting && until <= s->wait_until)
		return 0;
	s->waiting = true;
	s->asked = retry_after != 0;
	s->wait_until = until;
	return schedule(s, delay);
}

/* It could not be pushed now, for a reason that may pass. Of several that were under way together
 * the first failure counts; the others may but ask for more patience. */
static int failed(struct push *push, const char *text, uint32_t http_status, uint64_t retry_after)
{
	struct sender *s = push->sender;
	struct deliver_store_counters *c = &s->lane.counters;

	c->retried++;
	snprintf(c->last_failure, sizeof(c->last_failure), "%s", text);
	if (push->round != s->round && c->failures)
		return retry_after ? wait(s, retry_after) : 0;
	s->round++;
	if (++c->failures == 1)
		report(reporter(s), &s->lane.limits,
		       (struct deliver_event){ .kind = DELIVER_STORE_FAILS,
					       .store = c->key,
					       .http_status = http_status,
					       .text = c->last_failure });
	return wait(s, retry_after);
}

/* The store answered, and not that it is in trouble. */
static void answered(struct sender *s)
{
	struct deliver_store_counters *c = &s->lane.counters;

	if (c->failures)
		report(reporter(s), &s->lane.limits,
		       (struct deliver_event){ .kind = DELIVER_STORE_WORKS, .store = c->key });
	c->failures = 0;
}

/* ---- answers ------------------------------------------------------------------------------- */

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

static void count_answer(const struct push *push, uint32_t status)
{
	struct deliver_store_counters *c = &push->sender->lane.counters;
	uint64_t took = report_boot(reporter(push->sender)) - push->started;
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

static void delivered(const struct push *push, const struct store_result *result)
{
	struct sender *s = push->sender;
	struct deliver_store_counters *c = &s->lane.counters;

	c->delivered++;
	c->delivered_bytes += push->image.pprof.size;
	c->relabelled += result->labels_changed ? 1 : 0;
	c->last_success = report_wall(reporter(s));
	shelf_done(s->shelf, push->copy);
}

static int on_retry(struct push *push, const struct store_result *result)
{
	struct sender *s = push->sender;

	if (chokes(s, push->copy, result->http_status)) {
		shelf_drop(s->shelf, push->copy, DELIVER_DROP_TRIES, result);
		end_push(push);
		answered(s);
		return 0;
	}
	put_back(push);
	return failed(push, result->text, result->http_status, result->retry_after);
}

static int on_done(void *context, const struct store_result *result)
{
	struct push *push = context;
	struct sender *s = push->sender;

	count_answer(push, result->http_status);
	if (result->outcome == STORE_E_RETRY) {
		int r = on_retry(push, result);
		return r ? r : go_on(s);
	}
	if (result->outcome == STORE_OK)
		delivered(push, result);
	else if (result->outcome == STORE_E_TOO_BIG)
		split_copy(s->shelf, push->copy, &push->image, store_limits(s->store), result);
	else
		shelf_drop(s->shelf, push->copy, DELIVER_DROP_REFUSED, result);
	end_push(push);
	answered(s);
	return go_on(s);
}

/* ---- pushing ------------------------------------------------------------------------------- */

static struct copy *in_memory_only(const struct sender *s)
{
	struct copy *copy;

	TAILQ_FOREACH(copy, &s->lane.copies, in_lane)
	{
		if (copy->item->memory && !copy->busy)
			return copy;
	}
	return NULL;
}

/* From one end of the lane, the first that the store failed at least often: what it chokes on does
 * not stand in the way of the others. */
static struct copy *next_from(const struct sender *s, bool oldest)
{
	struct copy *copy =
		oldest ? TAILQ_FIRST(&s->lane.copies) : TAILQ_LAST(&s->lane.copies, copy_list);
	struct copy *best = NULL;

	while (copy && (!best || best->tries)) {
		if (!copy->busy && (!best || copy->tries < best->tries))
			best = copy;
		copy = oldest ? TAILQ_NEXT(copy, in_lane) : TAILQ_PREV(copy, copy_list, in_lane);
	}
	return best;
}

/* NULL: none is left. */
static struct copy *choose(struct sender *s)
{
	struct copy *copy = s->flushing ? in_memory_only(s) : NULL;

	return copy ? copy : next_from(s, ++s->turn % NEW_EVERY != 0);
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
static int adapt(struct push *push, struct store_profile *profile)
{
	struct sender *s = push->sender;
	const struct deliver_owner *owner = &reporter(s)->owner;
	bool escape = store_limits(s->store)->escape_shapes;
	uint64_t now = report_wall(reporter(s));
	bool restamp = s->old != DELIVER_OLD_SEND && !in_window(s, profile->time, now);
	struct delivery delivery = split_delivery(&push->image, push->id);
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
	push->adapted = made.pprof;
	if (r)
		return r;
	profile->pprof = span_of(made.pprof, made.size);
	s->lane.counters.restamped += restamp;
	return 0;
}

static int drop(struct push *push, enum deliver_reason reason, const struct store_result *answer)
{
	shelf_drop(push->sender->shelf, push->copy, reason, answer);
	end_push(push);
	return 0;
}

static int give_up(struct push *push, const char *why)
{
	put_back(push);
	return failed(push, why, 0, 0);
}

static int start(struct push *push)
{
	struct store_profile profile = { .id = push->id,
					 .labels = push->image.labels,
					 .n_labels = push->image.n_labels,
					 .pprof = push->image.pprof,
					 .time = push->image.time };
	struct store_result refused = { .outcome = STORE_E_REFUSED,
					.text = "the profile cannot be pushed" };
	struct sender *s = push->sender;

	uuid_format(&push->image.id, push->id);
	if (adapt(push, &profile))
		return drop(push, DELIVER_DROP_WINDOW, NULL);
	push->started = report_boot(reporter(s));
	int r = store_push(s->store, &profile, on_done, push);
	if (r == -EINVAL)
		return drop(push, DELIVER_DROP_REFUSED, &refused);
	return r ? give_up(push, r < 0 ? strerrordesc_np(-r) : "the store is busy") : 0;
}

static int push_one(struct push *push)
{
	struct sender *s = push->sender;
	const struct store_limits *limits = store_limits(s->store);
	int r = shelf_load(s->shelf, push->copy, &push->file, &push->image);

	if (r < 0)
		return give_up(push, strerrordesc_np(-r));
	if (r)
		return drop(push, r == SHELF_E_LOST ? DELIVER_DROP_LOST : DELIVER_DROP_DAMAGED,
			    NULL);
	if (reporter(s)->owner.split && split_is_needed(&push->image, limits)) {
		split_copy(s->shelf, push->copy, &push->image, limits, NULL);
		end_push(push);
		return 0;
	}
	return start(push);
}

static int on_timer(struct loop_timer *timer)
{
	struct sender *s = container_of(timer, struct sender, timer);
	struct copy *copy = NULL;

	s->waiting = false;
	if (s->stopped)
		return 0;
	if (s->store && !may_push(s))
		return 0; /* on_done() goes on */
	if (s->store)
		copy = choose(s);
	if (!copy)
		return under_way(s) ? 0 : rest(s);
	int r = push_one(take_place(s, copy));
	return r ? r : go_on(s);
}

/* ---- beginning and end --------------------------------------------------------------------- */

int sender_init(struct sender *s, const char *key, struct shelf *shelf,
		const struct sender_rules *rules, struct loop *loop)
{
	*s = (struct sender){ .shelf = shelf, .rules = rules, .timer = LOOP_TIMER_NULL };
	for (uint32_t i = 0; i < SENDER_PUSHES; i++)
		s->pushes[i] = (struct push){ .sender = s, .file = BUF_INIT(IMAGE_MAX_SIZE) };
	lane_init(&s->lane, key);
	if (getrandom(&s->random, sizeof(s->random), 0) != sizeof(s->random))
		return -EIO;
	s->random |= 1;
	return loop_timer_init(&s->timer, loop, on_timer);
}

void sender_fini(struct sender *s)
{
	s->store = store_close(s->store);
	put_all_back(s);
	loop_timer_fini(&s->timer);
}

void sender_set_store(struct sender *s, const struct deliver_store *to)
{
	s->store = store_close(s->store);
	put_all_back(s);
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
	if (!s->waiting)
		schedule(s, AT_ONCE);
}

void sender_flush(struct sender *s, void (*on_rest)(void *context), void *context)
{
	s->on_rest = on_rest;
	s->context = context;
	s->flushing = true;
	bool must_wait = s->waiting && s->asked;
	s->at_rest = !s->store || (must_wait && !under_way(s));
	if (!s->at_rest && !must_wait)
		schedule(s, AT_ONCE);
}

void sender_stop(struct sender *s)
{
	s->stopped = true;
	if (s->store)
		store_cancel(s->store);
	put_all_back(s);
	loop_timer_set(&s->timer, 0, 0);
}

static enum deliver_state state_of(const struct sender *s)
{
	if (!s->store)
		return DELIVER_ABSENT;
	if (under_way(s))
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
