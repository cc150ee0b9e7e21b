/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

int notify_open(const char *address, int *ret_fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = address ? strlen(address) : 0;

	*ret_fd = -1;
	if (!n)
		return 0;
	if ((*address != '/' && *address != '@') || n < 2 || n >= sizeof(to.sun_path))
		return NOTIFY_E_UNKNOWN;
	memcpy(to.sun_path, address, n);
	if (*address == '@')
		to.sun_path[0] = '\0';
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* An abstract name ends where the address does, and not at a zero. */
	if (fd < 0 || connect(fd, (struct sockaddr *)&to,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int send_text(int fd, const char *text)
{
	if (fd < 0)
		return 0;
	return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* @begin and a line with the status. */
static int send_with_status(int fd, const char *begin, const char *status)
{
	char text[64 + NOTIFY_STATUS_SIZE];
	size_t n = (size_t)snprintf(text, 64, "%s%s", begin, status ? "STATUS=" : "");

	if (status)
		snprintf(text + n, NOTIFY_STATUS_SIZE, "%s", status);
	for (char *c = text + n; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return send_text(fd, text);
}

int notify_ready(int fd, const char *status)
{
	return send_with_status(fd, "READY=1\n", status);
}

int notify_reloading(int fd)
{
	char text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)(clock_monotonic() / 1000));
	return send_text(fd, text);
}

int notify_stopping(int fd, const char *status)
{
	return send_with_status(fd, "STOPPING=1\n", status);
}

int notify_status(int fd, const char *status)
{
	return send_with_status(fd, "", status ? status : "");
}

int notify_watchdog(int fd)
{
	return send_text(fd, "WATCHDOG=1");
}

static bool parse(const char *text, uint64_t *ret_value)
{
	struct span rest = span_of(text, text ? strlen(text) : 0);

	return text_number(&rest, 10, ret_value) && !rest.size;
}

uint64_t notify_watchdog_interval(const char *watchdog_usec, const char *watchdog_pid, pid_t self)
{
	uint64_t usec, pid, ns;

	if (!parse(watchdog_usec, &usec) || __builtin_mul_overflow(usec, 1000 / 2, &ns))
		return 0;
	if (watchdog_pid && (!parse(watchdog_pid, &pid) || pid != (uint64_t)self))
		return 0;
	return ns;
}
