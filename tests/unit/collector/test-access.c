/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/access/access.h"
#include "collector/access/rate.h"

static char push[TOKEN_SIZE], shop[TOKEN_SIZE], reader[TOKEN_SIZE], admin[TOKEN_SIZE];
static char file[4 * TOKEN_LINE_SIZE + 64];

static void add(enum token_scope scope, const char *tenant, char ret_token[TOKEN_SIZE])
{
	char line[TOKEN_LINE_SIZE];

	assert_int_equal(token_make(scope, tenant, "of somebody", ret_token, line), 0);
	strcat(file, line);
}

static int setup(void **state)
{
	struct tokens *tokens;
	struct access *a;
	size_t line;

	strcpy(file, "# tokens\n\n");
	add(TOKEN_PUSH, NULL, push);
	add(TOKEN_PUSH, "shop", shop);
	add(TOKEN_READ, NULL, reader);
	add(TOKEN_ADMIN, "shop", admin);
	assert_int_equal(tokens_parse(span_of(file, strlen(file)), &tokens, &line), 0);
	assert_int_equal(tokens->n, 4);
	assert_int_equal(access_new(true, "store.example, other:8", &a), 0);
	access_set_tokens(a, tokens);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	access_free(*state);
	return 0;
}

static struct access_answer ask(void **state, enum access_need need, const char *authorization,
				const char *tenant)
{
	const struct access_request r = { .need = need,
					  .authorization = authorization,
					  .tenant = tenant,
					  .host = "127.0.0.1:4040" };
	struct access_answer answer;

	access_check(*state, &r, &answer);
	return answer;
}

static const char *bearer(const char *token)
{
	static char text[128];

	snprintf(text, sizeof(text), "Bearer %s", token);
	return text;
}

static const char *basic(const char *user, const char *password)
{
	static char text[256];
	char plain[128];

	int n = snprintf(plain, sizeof(plain), "%s:%s", user, password);
	memset(text, 0, sizeof(text));
	strcpy(text, "basic ");
	base64_encode_raw(text + 6, (size_t)n, (const uint8_t *)plain);
	return text;
}

static void tokens_say_who_may(void **state)
{
	const struct {
		const char *token;
		unsigned int push, read, all, admin;
	} cases[] = {
		{ push, 0, 403, 403, 403 },	      { shop, 0, 403, 403, 403 },
		{ reader, 403, 0, 0, 403 },	      { admin, 0, 0, 403, 0 },
		{ "hone_wrong", 401, 401, 401, 401 }, { "", 401, 401, 401, 401 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *b = bearer(cases[i].token);

		assert_int_equal(ask(state, ACCESS_PUSH, b, NULL).status, cases[i].push);
		assert_int_equal(ask(state, ACCESS_READ, b, NULL).status, cases[i].read);
		assert_int_equal(ask(state, ACCESS_READ_ALL, b, NULL).status, cases[i].all);
		assert_int_equal(ask(state, ACCESS_ADMIN, b, NULL).status, cases[i].admin);
		assert_int_equal(ask(state, ACCESS_OPEN, b, NULL).status, 0);
	}
	assert_int_equal(ask(state, ACCESS_PUSH, NULL, NULL).status, 401);
	assert_int_equal(ask(state, ACCESS_OPEN, NULL, NULL).status, 0);
}

static void a_password_is_a_token(void **state)
{
	assert_int_equal(ask(state, ACCESS_PUSH, basic("me", push), NULL).status, 0);
	assert_int_equal(ask(state, ACCESS_PUSH, basic("", push), NULL).status, 0);
	assert_int_equal(ask(state, ACCESS_PUSH, basic(push, ""), NULL).status, 401);
	assert_int_equal(ask(state, ACCESS_PUSH, "Basic !!", NULL).status, 401);
	assert_int_equal(ask(state, ACCESS_PUSH, "Basic", NULL).status, 401);
	assert_int_equal(ask(state, ACCESS_PUSH, push, NULL).status, 401);
}

static void a_tenant_sees_its_own(void **state)
{
	struct access_answer a = ask(state, ACCESS_PUSH, bearer(shop), NULL);

	assert_string_equal(a.tenant, "shop");
	a = ask(state, ACCESS_PUSH, bearer(shop), "shop");
	assert_int_equal(a.status, 0);
	assert_int_equal(ask(state, ACCESS_PUSH, bearer(shop), "bank").status, 403);
	a = ask(state, ACCESS_PUSH, bearer(push), "bank");
	assert_string_equal(a.tenant, "bank");
	a = ask(state, ACCESS_PUSH, bearer(push), NULL);
	assert_string_equal(a.tenant, "anonymous");
	assert_int_equal(ask(state, ACCESS_PUSH, bearer(push), "a/b").status, 400);
	assert_int_equal(ask(state, ACCESS_PUSH, bearer(push), "..").status, 400);
	assert_int_equal(ask(state, ACCESS_PUSH, bearer(push), "").status, 400);
}

static unsigned int from(void **state, enum access_need need, const char *host, const char *origin)
{
	const struct access_request r = {
		.need = need, .authorization = bearer(admin), .host = host, .origin = origin
	};
	struct access_answer answer;

	access_check(*state, &r, &answer);
	return answer.status;
}

static void foreign_pages_are_kept_off(void **state)
{
	static const char *const ours[] = { "localhost",  "LocalHost:4040",  "127.0.0.1",
					    "[::1]:4040", "store.example:1", "STORE.example",
					    "other:8" };
	static const char *const others[] = { "evil.example",	"127.0.0.1.evil.example", "other:9",
					      "localhost.evil", "xstore.example",	  "" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		assert_int_equal(from(state, ACCESS_READ, ours[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(from(state, ACCESS_READ, others[i], NULL), 421);
		assert_int_equal(from(state, ACCESS_OPEN, others[i], NULL), 421);
	}
	assert_int_equal(from(state, ACCESS_ADMIN, "localhost:1", "http://localhost:1"), 0);
	assert_int_equal(from(state, ACCESS_ADMIN, "localhost:1", "http://evil.example"), 403);
	assert_int_equal(from(state, ACCESS_PUSH, "localhost:1", "http://localhost:2"), 403);
	assert_int_equal(from(state, ACCESS_PUSH, "localhost:1", "null"), 403);
	assert_int_equal(from(state, ACCESS_READ, "localhost:1", "null"), 0);
}

static void without_tokens_all_may(void **state)
{
	access_set_tokens(*state, NULL);
	assert_int_equal(ask(state, ACCESS_ADMIN, NULL, NULL).status, 0);
	assert_string_equal(ask(state, ACCESS_READ, NULL, "bank").tenant, "bank");
}

static void a_file_that_is_none(void **state)
{
#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	static const struct {
		const char *text;
		size_t line;
	} cases[] = {
		{ "", 0 },
		{ "# nothing\n", 0 },
		{ "push * " HASH "\nread * 12\n", 2 },
		{ "\nwrite * " HASH "\n", 2 },
		{ "push a/b " HASH "\n", 1 },
		{ "push * " HASH "00\n", 1 },
		{ "push *\n", 1 },
	};
	struct tokens *tokens;
	size_t line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			tokens_parse(span_of(cases[i].text, strlen(cases[i].text)), &tokens, &line),
			TOKENS_E_WRONG);
		assert_int_equal(line, cases[i].line);
	}
}

static void a_tenant_in_debt_waits(void **state)
{
	const uint64_t start = 1000 * NSEC_PER_SEC;
	struct rate *r;

	(void)state;
	assert_int_equal(rate_new(100, 1000, &r), 0);
	assert_int_equal(rate_wait(r, "shop", start), 0);
	rate_charge(r, "shop", 1500, start); /* more than it has: it may, once */
	assert_int_equal(rate_wait(r, "shop", start), 6);
	assert_int_equal(rate_wait(r, "bank", start), 0);
	assert_int_equal(rate_wait(r, "shop", start + 4 * NSEC_PER_SEC), 2);
	assert_int_equal(rate_wait(r, "shop", start + 6 * NSEC_PER_SEC), 0);
	/* After a long while it has its burst and no more. */
	rate_charge(r, "shop", 1001, start + 9999 * NSEC_PER_SEC);
	assert_int_equal(rate_wait(r, "shop", start + 9999 * NSEC_PER_SEC), 1);
	rate_free(r);
	assert_int_equal(rate_new(0, 1, &r), 0);
	rate_charge(r, "shop", 1500, start);
	assert_int_equal(rate_wait(r, "shop", start), 0);
	rate_free(r);
}

static void there_are_so_many_accounts(void **state)
{
	struct rate *r;
	char name[16];

	(void)state;
	assert_int_equal(rate_new(1, 10, &r), 0);
	rate_charge(r, "late", 1000, 2 * NSEC_PER_SEC);
	for (uint64_t i = 0; i < 3 * RATE_MAX_TENANTS; i++) {
		snprintf(name, sizeof(name), "t%u", (unsigned int)i);
		rate_charge(r, name, 1, 3 * NSEC_PER_SEC + i);
		/* Whoever comes again stays. */
		assert_in_range(rate_wait(r, "late", 3 * NSEC_PER_SEC + i), 900, 1000);
	}
	rate_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tokens_say_who_may, setup, teardown),
		cmocka_unit_test_setup_teardown(a_password_is_a_token, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tenant_sees_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_pages_are_kept_off, setup, teardown),
		cmocka_unit_test_setup_teardown(without_tokens_all_may, setup, teardown),
		cmocka_unit_test(a_file_that_is_none),
		cmocka_unit_test(a_tenant_in_debt_waits),
		cmocka_unit_test(there_are_so_many_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
