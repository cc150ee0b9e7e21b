/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static int answer(struct store *s, struct fake_push *push)
{
	struct store_result result = { .outcome = STORE_OK, .http_status = 200 };
	store_done done = push->done;

	if (s->answer)
		s->answer(s->context, push, &result);
	push->outcome = result.outcome;
	push->done = NULL;
	if (--s->under_way)
		assert_int_equal(loop_timer_set(&s->timer, 1, 0), 0);
	return done(push->context, &result);
}

/* Of those under way the one that began first. */
static int on_timer(struct loop_timer *timer)
{
	struct store *s = container_of(timer, struct store, timer);

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->pushes[i].done)
			return answer(s, &s->pushes[i]);
	}
	return 0;
}

struct store *fake_store_new(struct loop *loop)
{
	struct store *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->loop = loop;
	assert_int_equal(loop_timer_init(&s->timer, loop, on_timer), 0);
	return s;
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	if (s->closed)
		*s->closed = true;
	loop_timer_fini(&s->timer);
	free(s);
	return NULL;
}

int store_push(struct store *s, const struct store_profile *profile, store_done done, void *context)
{
	struct fake_push *push = &s->pushes[s->n];

	assert_true(store_room(s) > 0);
	assert_true(s->n < FAKE_MAX_PUSHES);
	s->n++;
	snprintf(push->id, sizeof(push->id), "%s", profile->id);
	snprintf(push->text, sizeof(push->text), "%.*s", (int)profile->pprof.size,
		 (const char *)profile->pprof.data);
	if (profile->n_labels)
		snprintf(push->service, sizeof(push->service), "%s", profile->labels[0].value);
	push->time = profile->time;
	push->outcome = -1;
	push->done = done;
	push->context = context;
	s->under_way++;
	if (s->under_way > s->most_under_way)
		s->most_under_way = s->under_way;
	return s->silent ? 0 : loop_timer_set(&s->timer, 1, 0);
}

void store_cancel(struct store *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		s->pushes[i].done = NULL;
	s->under_way = 0;
	loop_timer_set(&s->timer, 0, 0);
}

uint32_t store_room(const struct store *s)
{
	return (s->room ? s->room : 1) - s->under_way;
}

const struct store_limits *store_limits(const struct store *s)
{
	return &s->limits;
}

uint32_t fake_store_taken(const struct store *s, const char *text)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += s->pushes[i].outcome == STORE_OK &&
		     (!text || !strcmp(s->pushes[i].text, text));
	return n;
}
