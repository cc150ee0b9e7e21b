/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "base/clock.h"

int loop_init(struct loop *l)
{
	*l = (struct loop){ .fd = epoll_create1(EPOLL_CLOEXEC) };
	return l->fd < 0 ? -errno : 0;
}

void loop_fini(struct loop *l)
{
	closep(&l->fd);
	*l = (struct loop)LOOP_NULL;
}

int loop_add(struct loop *l, struct loop_source *source, int fd, uint32_t events,
	     loop_handler handler)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(l->fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	*source = (struct loop_source){ .loop = l, .fd = fd, .handler = handler };
	return 0;
}

void loop_remove(struct loop_source *source)
{
	if (!source->loop)
		return;
	epoll_ctl(source->loop->fd, EPOLL_CTL_DEL, source->fd, NULL);
	*source = (struct loop_source)LOOP_SOURCE_NULL;
}

int loop_run(struct loop *l)
{
	l->quit = false;
	while (!l->quit) {
		struct epoll_event event;
		int n = epoll_wait(l->fd, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 1)
			continue;
		struct loop_source *source = event.data.ptr;
		int r = source->handler(source, event.events);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Stop watching and close a descriptor that the loop opened itself. */
static void close_source(struct loop_source *source)
{
	int fd = source->fd;

	if (!source->loop)
		return;
	loop_remove(source);
	close(fd);
}

static int on_timer(struct loop_source *source, uint32_t events)
{
	struct loop_timer *timer = container_of(source, struct loop_timer, source);
	uint64_t expirations;

	(void)events;
	/* epoll(7): be ready for a wake-up with nothing to read. */
	if (read(source->fd, &expirations, sizeof(expirations)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return timer->handler(timer);
}

int loop_timer_init(struct loop_timer *timer, struct loop *l, loop_timer_handler handler)
{
	_cleanup_(closep) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	*timer = (struct loop_timer)LOOP_TIMER_NULL;
	if (fd < 0)
		return -errno;
	int r = loop_add(l, &timer->source, fd, EPOLLIN, on_timer);
	if (r < 0)
		return r;
	timer->handler = handler;
	take_fd(&fd);
	return 0;
}

void loop_timer_fini(struct loop_timer *timer)
{
	close_source(&timer->source);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(ns % NSEC_PER_SEC) };
}

int loop_timer_set(struct loop_timer *timer, uint64_t first, uint64_t interval)
{
	struct itimerspec spec = { .it_value = timespec_of(first),
				   .it_interval = timespec_of(interval) };

	return timerfd_settime(timer->source.fd, 0, &spec, NULL) < 0 ? -errno : 0;
}

static int on_signal(struct loop_source *source, uint32_t events)
{
	struct loop_signals *signals = container_of(source, struct loop_signals, source);
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return signals->handler(signals, (int)info.ssi_signo);
}

int loop_signals_init(struct loop_signals *signals, struct loop *l, const sigset_t *set,
		      loop_signals_handler handler)
{
	_cleanup_(closep) int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	*signals = (struct loop_signals)LOOP_SIGNALS_NULL;
	if (fd < 0)
		return -errno;
	int r = loop_add(l, &signals->source, fd, EPOLLIN, on_signal);
	if (r < 0)
		return r;
	signals->handler = handler;
	pthread_sigmask(SIG_BLOCK, set, &signals->before);
	take_fd(&fd);
	return 0;
}

void loop_signals_fini(struct loop_signals *signals)
{
	if (!signals->source.loop)
		return;
	close_source(&signals->source);
	pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
}
