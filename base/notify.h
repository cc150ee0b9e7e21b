/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager how it goes: the protocol of sd_notify(3), datagrams of VARIABLE=VALUE
 * lines to the socket that the environment's NOTIFY_SOCKET names.
 *
 * That is all there is to it, so it is written out here, as the manual page suggests: libsystemd
 * would load three compression libraries and a crypto library into a privileged process.
 *
 *	notify_open(getenv("NOTIFY_SOCKET"), &n);	-1 in n: nobody wants to know
 *	notify_ready(n, "watching 12 processes");
 *
 * Sending never blocks, and that a message was not taken is not worth more than a count.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define NOTIFY_STATUS_SIZE 256u /* of a status; more is cut */

enum notify_outcome {
	NOTIFY_E_UNKNOWN = 1, /* an address of another kind (vsock), or too long */
};

/*
 * Open a socket to @address, which is a path, or an abstract name behind an @. NULL or "": nobody
 * listens, and *ret_fd is -1. 0, NOTIFY_E_UNKNOWN or -errno; then *ret_fd is -1, too.
 */
int notify_open(const char *address, int *ret_fd);

/*
 * Each does nothing for -1, and answers 0 or -errno. The status, which may be NULL, is for people;
 * what could break its line is replaced.
 */
int notify_ready(int fd, const char *status);
int notify_reloading(int fd); /* then notify_ready() when it is done: also where it failed */
int notify_stopping(int fd, const char *status);
int notify_status(int fd, const char *status);
int notify_watchdog(int fd);

/*
 * How often notify_watchdog() is to be called, in ns: half of what the environment's WATCHDOG_USEC
 * says (sd_watchdog_enabled(3)). 0: never, when it is not set, is no number, or WATCHDOG_PID names
 * another process than @self.
 */
uint64_t notify_watchdog_interval(const char *watchdog_usec, const char *watchdog_pid, pid_t self);
