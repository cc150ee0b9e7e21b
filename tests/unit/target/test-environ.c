/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/target/environ.h"
#include "tests/unit/target/child.h"

/* Whatever the pieces, the answer is the same. */
static void assert_name(const char *environment, size_t size, const char *wanted)
{
	static struct environ_scan s;
	char name[SERVICE_NAME_SIZE];

	for (size_t step = 1; step <= size; step = step < 8 ? step + 1 : step * 2) {
		environ_scan_init(&s);
		for (size_t at = 0; at < size; at += step)
			environ_scan(
				&s, span_of(environment + at, size - at < step ? size - at : step));
		environ_scan_end(&s, name);
		assert_string_equal(name, wanted);
	}
}

#define ASSERT_NAME(environment, wanted) assert_name(environment "\0", sizeof(environment), wanted)

static void the_variables_and_their_order(void **state)
{
	(void)state;
	ASSERT_NAME("PATH=/bin\0OTEL_SERVICE_NAME=api\0HOME=/", "api");
	ASSERT_NAME("OTEL_SERVICE_NAME=api", "api");
	ASSERT_NAME("DD_SERVICE=dog\0OTEL_SERVICE_NAME=api", "api");
	ASSERT_NAME("DD_SERVICE=dog\0OTEL_RESOURCE_ATTRIBUTES=service.name=res\0", "res");
	ASSERT_NAME("DD_SERVICE=dog\0OTEL_RESOURCE_ATTRIBUTES=a=b\0", "dog");
	ASSERT_NAME("OTEL_RESOURCE_ATTRIBUTES=service.name=res\0OTEL_SERVICE_NAME=api", "api");
	ASSERT_NAME("OTEL_SERVICE_NAME=\0DD_SERVICE= dog ", "dog");
	ASSERT_NAME("OTEL_SERVICE_NAME=first\0OTEL_SERVICE_NAME=second", "first");
}

static void what_only_looks_like_them(void **state)
{
	(void)state;
	ASSERT_NAME("XOTEL_SERVICE_NAME=api", "");
	ASSERT_NAME("OTEL_SERVICE_NAMES=api", "");
	ASSERT_NAME("OTEL_SERVICE_NAME", "");
	ASSERT_NAME("OTEL_SERVICE=api", "");
	ASSERT_NAME("X=OTEL_SERVICE_NAME=api", "");
	ASSERT_NAME("otel_service_name=api", "");
	ASSERT_NAME("\0\0\0", "");
	/* not whole: no NUL */
	assert_name("OTEL_SERVICE_NAME=api", strlen("OTEL_SERVICE_NAME=api"), "");
}

static void resource_attributes(void **state)
{
	const char list[] = " service.name = a%20b%2Fc ,service.namespace=x,service.name=later";
	char name[8];

	(void)state;
	assert_true(
		environ_attribute(span_of(list, strlen(list)), "service.name", name, sizeof(name)));
	assert_string_equal(name, "a b/c");
	assert_true(environ_attribute(span_of("k=1%", 4), "k", name, sizeof(name)));
	assert_string_equal(name, "1%");
	assert_true(environ_attribute(span_of("k=%zz%4", 7), "k", name, sizeof(name)));
	assert_string_equal(name, "%zz%4");
	assert_true(environ_attribute(span_of("k=1=2", 5), "k", name, sizeof(name)));
	assert_string_equal(name, "1=2");
	assert_true(environ_attribute(span_of("k=1234567", 9), "k", name, sizeof(name)));
	assert_false(environ_attribute(span_of("k=12345678", 10), "k", name, sizeof(name)));
	assert_false(environ_attribute(span_of("k=", 2), "k", name, sizeof(name)));
	assert_false(environ_attribute(span_of("k=%00", 5), "k", name, sizeof(name)));
	assert_false(environ_attribute(span_of("kk=1", 4), "k", name, sizeof(name)));
}

/* Too long to be a name; too long to be read whole. */
static void long_values(void **state)
{
	const char before[] = "OTEL_SERVICE_NAME=", list[] = "OTEL_RESOURCE_ATTRIBUTES=";
	const char last[] = ",service.name=cut,";
	size_t size = 2 * ENVIRON_VALUE_SIZE;
	char *e = malloc(size), name[SERVICE_NAME_SIZE];
	size_t n = strlen(before) + SERVICE_NAME_SIZE;

	(void)state;
	memset(e, 'x', size);
	memcpy(e, before, strlen(before));
	e[n - 1] = '\0';
	memset(name, 'x', sizeof(name));
	name[SERVICE_NAME_SIZE - 1] = '\0';
	assert_name(e, n, name);
	e[n - 1] = 'x';
	e[n] = '\0';
	assert_name(e, n + 1, "");

	memset(e, 'x', size);
	memcpy(e, list, strlen(list));
	e[size - 1] = '\0';
	/* the whole attribute and its comma are within what is kept */
	memcpy(e + strlen(list) + ENVIRON_VALUE_SIZE - strlen(last), last, strlen(last));
	assert_name(e, size, "cut");
	/* and here not */
	memcpy(e + strlen(list) + ENVIRON_VALUE_SIZE - strlen(last) + 1, last, strlen(last));
	assert_name(e, size, "");
	free(e);
}

static void of_a_process(void **state)
{
	char name[SERVICE_NAME_SIZE];
	pid_t pid;

	(void)state;
	setenv("OTEL_SERVICE_NAME", "of-a-child", 1);
	pid = child_start("/proc/self/exe");
	unsetenv("OTEL_SERVICE_NAME");
	snprintf(name, sizeof(name), "/proc/%d", pid);
	int dir = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(environ_service_name(dir, name), 0);
	assert_string_equal(name, "of-a-child");
	child_stop(pid);
	assert_int_equal(environ_service_name(dir, name), 0);
	assert_string_equal(name, "");
	close(dir);
}

/* Of a file without end, only so much is read. */
static void never_more_than_the_cap(void **state)
{
	char folder[] = "/tmp/test-environ-XXXXXX", name[SERVICE_NAME_SIZE];
	const char late[] = "\0OTEL_SERVICE_NAME=late";

	(void)state;
	assert_non_null(mkdtemp(folder));
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, "environ", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(fd, late, sizeof(late), ENVIRON_MAX_BYTES - sizeof(late)),
			 sizeof(late));
	assert_int_equal(environ_service_name(dir, name), 0);
	assert_string_equal(name, "late");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, late, sizeof(late), ENVIRON_MAX_BYTES), sizeof(late));
	assert_int_equal(environ_service_name(dir, name), 0);
	assert_string_equal(name, "");
	close(fd);
	unlinkat(dir, "environ", 0);
	close(dir);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_variables_and_their_order),
		cmocka_unit_test(what_only_looks_like_them),
		cmocka_unit_test(resource_attributes),
		cmocka_unit_test(long_values),
		cmocka_unit_test(of_a_process),
		cmocka_unit_test(never_more_than_the_cap),
	};

	if (argc > 1 && !strcmp(argv[1], "wait"))
		child_wait();
	return cmocka_run_group_tests_name("environ", tests, NULL, NULL);
}
