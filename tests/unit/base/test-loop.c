/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/loop.h"

struct owner {
	struct loop_source source;
	struct loop_timer timer;
	struct loop_signals signals;
	int pipe[2];
	struct owner *other; /* to be freed by this one's handler */
	unsigned int n_events;
	int last_signal;
	int answer;
};

static struct owner *owner_new(void)
{
	struct owner *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	assert_int_equal(pipe2(o->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	return o;
}

static void owner_free(struct owner *o)
{
	loop_remove(&o->source);
	loop_timer_fini(&o->timer);
	loop_signals_fini(&o->signals);
	close(o->pipe[0]);
	close(o->pipe[1]);
	free(o);
}

static int on_readable(struct loop_source *source, uint32_t events)
{
	struct owner *o = container_of(source, struct owner, source);
	char byte;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(source->fd, &byte, 1), 1);
	o->n_events++;
	if (o->other)
		owner_free(TAKE_PTR(o->other));
	if (byte == 'q')
		loop_quit(source->loop);
	return o->answer;
}

static void source_is_called_until_quit(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *o = owner_new();

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_add(&l, &o->source, o->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(write(o->pipe[1], "abqd", 4), 4);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(o->n_events, 3);
	/* and again: quit is forgotten, level-triggered */
	o->answer = -ENODATA;
	assert_int_equal(loop_run(&l), -ENODATA);
	assert_int_equal(o->n_events, 4);
	owner_free(o);
	loop_fini(&l);
}

static void add_forwards_the_error(void **state)
{
	struct loop l = LOOP_NULL;
	struct loop_source source = LOOP_SOURCE_NULL;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	/* what is always ready cannot be waited for */
	assert_int_equal(loop_add(&l, &source, file, EPOLLIN, on_readable), -EPERM);
	assert_null(source.loop);
	loop_remove(&source);
	close(file);
	loop_fini(&l);
}

/* Both are ready at once, and whichever comes first frees the other one. */
static void handler_may_free_another_owner(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *a = owner_new(), *b = owner_new();

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_add(&l, &a->source, a->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(loop_add(&l, &b->source, b->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(write(a->pipe[1], "aq", 2), 2);
	assert_int_equal(write(b->pipe[1], "bq", 2), 2);
	a->other = b;
	/* b's handler, should it come first, leaves a alone */
	assert_int_equal(loop_run(&l), 0);
	assert_true(a->n_events >= 1);
	assert_null(a->other);
	owner_free(a);
	loop_fini(&l);
}

static void removed_sources_are_not_called(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *gone = owner_new(), *o = owner_new();

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_add(&l, &gone->source, gone->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(write(gone->pipe[1], "x", 1), 1);
	loop_remove(&gone->source);
	loop_remove(&gone->source);
	assert_int_equal(loop_add(&l, &o->source, o->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(write(o->pipe[1], "q", 1), 1);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(gone->n_events, 0);
	owner_free(gone);
	owner_free(o);
	loop_fini(&l);
}

static int on_timer(struct loop_timer *timer)
{
	struct owner *o = container_of(timer, struct owner, timer);

	if (++o->n_events == 3)
		loop_quit(timer->source.loop);
	return o->answer;
}

static void timer_repeats_and_stops(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *o = owner_new();

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_timer_init(&o->timer, &l, on_timer), 0);
	assert_int_equal(loop_timer_set(&o->timer, NSEC_PER_MSEC, NSEC_PER_MSEC), 0);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(o->n_events, 3);

	/* Stopped with an expiration pending: it is not seen any more. */
	usleep(3000);
	assert_int_equal(loop_timer_set(&o->timer, 0, 0), 0);
	assert_int_equal(loop_add(&l, &o->source, o->pipe[0], EPOLLIN, on_readable), 0);
	assert_int_equal(write(o->pipe[1], "q", 1), 1);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(o->n_events, 4);
	owner_free(o);
	loop_fini(&l);
}

static void timer_forwards_the_error(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *o = owner_new();

	(void)state;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_timer_init(&o->timer, &l, on_timer), 0);
	o->answer = -ENOLINK;
	assert_int_equal(loop_timer_set(&o->timer, 1, 0), 0);
	assert_int_equal(loop_run(&l), -ENOLINK);
	owner_free(o);
	loop_fini(&l);
}

static int on_signal(struct loop_signals *signals, int number)
{
	struct owner *o = container_of(signals, struct owner, signals);

	o->last_signal = number;
	loop_quit(signals->source.loop);
	return 0;
}

static void signals_are_events_and_the_mask_comes_back(void **state)
{
	struct loop l = LOOP_NULL;
	struct owner *o = owner_new();
	sigset_t set, before, after;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(loop_signals_init(&o->signals, &l, &set, on_signal), 0);
	raise(SIGTERM);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(o->last_signal, SIGTERM);
	raise(SIGUSR1);
	assert_int_equal(loop_run(&l), 0);
	assert_int_equal(o->last_signal, SIGUSR1);
	loop_signals_fini(&o->signals);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGTERM), 0);
	assert_int_equal(sigismember(&after, SIGTERM), 0);
	assert_int_equal(sigismember(&after, SIGUSR1), 0);
	owner_free(o);
	loop_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_is_called_until_quit),
		cmocka_unit_test(add_forwards_the_error),
		cmocka_unit_test(handler_may_free_another_owner),
		cmocka_unit_test(removed_sources_are_not_called),
		cmocka_unit_test(timer_repeats_and_stops),
		cmocka_unit_test(timer_forwards_the_error),
		cmocka_unit_test(signals_are_events_and_the_mask_comes_back),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
