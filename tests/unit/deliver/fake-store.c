/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static int on_timer(struct loop_timer *timer)
{
	struct store *s = container_of(timer, struct store, timer);
	struct store_result result = { .outcome = STORE_OK, .http_status = 200 };
	struct fake_push *push = &s->pushes[s->n - 1];
	store_done done = s->done;

	if (s->answer)
		s->answer(s->context, push, &result);
	push->outcome = result.outcome;
	s->done = NULL;
	return done(s->done_context, &result);
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

	assert_null(s->done);
	assert_true(s->n < FAKE_MAX_PUSHES);
	s->n++;
	snprintf(push->id, sizeof(push->id), "%s", profile->id);
	snprintf(push->text, sizeof(push->text), "%.*s", (int)profile->pprof.size,
		 (const char *)profile->pprof.data);
	if (profile->n_labels)
		snprintf(push->service, sizeof(push->service), "%s", profile->labels[0].value);
	push->time = profile->time;
	push->outcome = -1;
	s->done = done;
	s->done_context = context;
	return s->silent ? 0 : loop_timer_set(&s->timer, 1, 0);
}

void store_cancel(struct store *s)
{
	s->done = NULL;
	loop_timer_set(&s->timer, 0, 0);
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
