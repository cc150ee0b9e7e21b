/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One moment recorded twice: by the sampling program, and by the Go program that it samples.
 *
 * A Go program is started in which the timers of runtime/pprof cannot be made (seccomp), so that it
 * gets no SIGPROF of its own. Each time the sampling program has taken a sample, and in the same
 * tick, the thread is sent SIGPROF, which it takes before it executes another instruction. Its own
 * sigprof() then records the very stack that was sampled. What runtime/pprof writes is the truth
 * about each sample, address by address, and not only about their shares.
 *
 * Where timers cannot be made per thread, the runtime takes SIGPROF for one of the process-wide
 * timer, which has the same origin as ours (validSIGPROF, runtime/signal_unix.go).
 *
 * Root, and a kernel with BPF trampolines (amd64: 5.5) are needed. For tests only.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "agent/capture/capture.h"

struct twin_program {
	pid_t pid;
	int output; /* its standard output */
};

/* Start @command as said above. 0 or -errno. */
int twin_start(char *const *command, struct twin_program *ret_program);

/* With the twin's program: signals sent, and those that the kernel would not send. */
void twin_counts(const struct capture *c, uint64_t *ret_sent, uint64_t *ret_failed);
