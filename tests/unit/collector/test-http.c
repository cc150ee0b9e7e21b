/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/http/http.h"
#include "tests/unit/unit.h"

/* More than the kernel holds of what was not read yet. */
#define LARGE ((size_t)32 << 20)

struct trial {
	struct http *http;
	sem_t begun;	   /* the handler is called */
	unsigned int wait; /* s that it takes */
};

static bool admit(void *context, struct http_request *r, struct http_answer *ret_refusal)
{
	(void)context;
	(void)r;
	(void)ret_refusal;
	return true;
}

static void answer(void *context, const struct http_request *r, struct http_answer *ret_answer)
{
	struct trial *t = context;

	(void)r;
	sem_post(&t->begun);
	sleep(t->wait);
	ret_answer->status = 200;
	buf_reserve(&ret_answer->body, LARGE);
	memset(ret_answer->body.data, 'x', LARGE);
	ret_answer->body.size = LARGE;
}

static void answered(void *context, const struct http_record *record)
{
	(void)context;
	(void)record;
}

static int begin(struct trial *t, const char *address)
{
	const struct http_options options = { .address = address,
					      .workers = 2,
					      .connections = 10,
					      .body = 1024,
					      .bodies = 4096,
					      .answers = 2 * LARGE,
					      .silence = 60,
					      .header_time = 60000000000,
					      .body_time = 60000000000,
					      .answer_time = 60000000000 };
	const struct http_handlers handlers = {
		.admit = admit, .answer = answer, .answered = answered, .context = t
	};

	sem_init(&t->begun, 0, 0);
	return http_open(&options, &handlers, &t->http);
}

static int ask(const struct trial *t)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(http_port(t->http)),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	return fd;
}

static void *read_all(void *fd)
{
	static _Thread_local char text[1 << 16];
	uintptr_t size = 0;
	ssize_t n;

	while ((n = read(*(int *)fd, text, sizeof(text))) > 0)
		size += (size_t)n;
	return (void *)size;
}

/* What takes longer than clients are waited for. */
static void answers_before_it_closes(void **state)
{
	struct trial t = { .wait = 7 };
	pthread_t reader;
	void *size = NULL;

	(void)state;
	assert_int_equal(begin(&t, "127.0.0.1:0"), 0);
	int fd = ask(&t);
	assert_int_equal(pthread_create(&reader, NULL, read_all, &fd), 0);
	sem_wait(&t.begun);
	t.http = http_close(t.http);
	pthread_join(reader, &size);
	assert_true((uintptr_t)size > LARGE);
	close(fd);
}

static void ends_what_cannot_begin(void **state)
{
	struct trial t = { 0 }, other = { 0 };
	char address[32];

	(void)state;
	assert_int_equal(begin(&t, "127.0.0.1:0"), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", http_port(t.http));
	assert_int_equal(begin(&other, address), -EADDRINUSE);
	assert_null(other.http);
	t.http = http_close(t.http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_before_it_closes),
		cmocka_unit_test(ends_what_cannot_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
