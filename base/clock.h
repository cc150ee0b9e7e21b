/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

static inline uint64_t clock_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Since boot without suspend, as bpf_ktime_get_ns() counts. */
static inline uint64_t clock_monotonic(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

/* Since the epoch. */
static inline uint64_t clock_realtime(void)
{
	return clock_now(CLOCK_REALTIME);
}

/* Or until a signal comes. */
static inline void clock_sleep(uint64_t ns)
{
	const struct timespec time = { .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				       .tv_nsec = (long)(ns % NSEC_PER_SEC) };

	nanosleep(&time, NULL);
}
