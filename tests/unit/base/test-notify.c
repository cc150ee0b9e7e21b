/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/notify.h"

/* A service manager's end. */
static int listen_at(const char *name, bool abstract)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	memcpy(at.sun_path, name, strlen(name));
	if (abstract)
		at.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	return fd;
}

static const char *take(int fd)
{
	static char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void all_messages(int at, const char *address)
{
	unsigned long long usec = 0;
	char longer[600];
	int fd, n = 0;

	assert_int_equal(notify_open(address, &fd), 0);
	assert_int_equal(notify_ready(fd, "watching 12 processes"), 0);
	assert_string_equal(take(at), "READY=1\nSTATUS=watching 12 processes");
	assert_int_equal(notify_ready(fd, NULL), 0);
	assert_string_equal(take(at), "READY=1\n");
	uint64_t before = clock_monotonic();
	assert_int_equal(notify_reloading(fd), 0);
	sscanf(take(at), "RELOADING=1\nMONOTONIC_USEC=%llu%n", &usec, &n);
	assert_true(n > 0);
	assert_in_range(usec, before / 1000, clock_monotonic() / 1000);
	assert_int_equal(notify_status(fd, "a\nREADY=1\x1b"), 0);
	assert_string_equal(take(at), "STATUS=a READY=1 ");
	assert_int_equal(notify_stopping(fd, "flushing"), 0);
	assert_string_equal(take(at), "STOPPING=1\nSTATUS=flushing");
	assert_int_equal(notify_watchdog(fd), 0);
	assert_string_equal(take(at), "WATCHDOG=1");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(notify_status(fd, longer), 0);
	assert_int_equal(strlen(take(at)), strlen("STATUS=") + NOTIFY_STATUS_SIZE - 1);
	close(fd);
}

static void to_a_path(void **state)
{
	char folder[] = "/tmp/notify-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	int at = listen_at(path, false);
	all_messages(at, path);
	close(at);
	unlink(path);
	rmdir(folder);
}

static void to_an_abstract_name(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@hone-test-%d", getpid());
	int at = listen_at(name, true);
	all_messages(at, name);
	close(at);
}

static void nobody_listens(void **state)
{
	char longer[200];
	int fd = 7;

	(void)state;
	assert_int_equal(notify_open(NULL, &fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(notify_open("", &fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(notify_ready(-1, "x"), 0);
	assert_int_equal(notify_watchdog(-1), 0);
	assert_int_equal(notify_open("vsock:2:1234", &fd), NOTIFY_E_UNKNOWN);
	assert_int_equal(notify_open("@", &fd), NOTIFY_E_UNKNOWN);
	memset(longer, '/', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(notify_open(longer, &fd), NOTIFY_E_UNKNOWN);
	assert_int_equal(notify_open("/nowhere/at/all", &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

/* A manager that does not read must not stop us. */
static void a_full_socket_does_not_block(void **state)
{
	char name[64];
	int fd, r = 0;

	(void)state;
	snprintf(name, sizeof(name), "@hone-full-%d", getpid());
	int at = listen_at(name, true);
	assert_int_equal(notify_open(name, &fd), 0);
	for (int i = 0; !r && i < 100000; i++)
		r = notify_watchdog(fd);
	assert_int_equal(r, -EAGAIN);
	close(fd);
	close(at);
}

static void half_of_the_watchdogs_time(void **state)
{
	(void)state;
	assert_int_equal(notify_watchdog_interval("30000000", NULL, 5), 15 * NSEC_PER_SEC);
	assert_int_equal(notify_watchdog_interval("30000000", "5", 5), 15 * NSEC_PER_SEC);
	assert_int_equal(notify_watchdog_interval("30000000", "6", 5), 0);
	assert_int_equal(notify_watchdog_interval("30000000", "x", 5), 0);
	assert_int_equal(notify_watchdog_interval(NULL, NULL, 5), 0);
	assert_int_equal(notify_watchdog_interval("", NULL, 5), 0);
	assert_int_equal(notify_watchdog_interval("-1", NULL, 5), 0);
	assert_int_equal(notify_watchdog_interval("18446744073709551615", NULL, 5), 0);
	assert_int_equal(notify_watchdog_interval("0", NULL, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_a_path),
		cmocka_unit_test(to_an_abstract_name),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_full_socket_does_not_block),
		cmocka_unit_test(half_of_the_watchdogs_time),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
