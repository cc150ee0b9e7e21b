/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "base/clock.h"
#include "store/store.h"

static int opened(const struct store_options *options, char *text)
{
	struct loop loop = LOOP_NULL;
	struct store *s = NULL;

	text[0] = '\0';
	assert_int_equal(loop_init(&loop), 0);
	int r = store_open(options, &loop, &s, text);
	assert_int_equal(r != 0, s == NULL);
	assert_int_equal(r == STORE_E_OPTIONS, *text != '\0');
	store_close(s);
	loop_fini(&loop);
	return r;
}

static void good(struct store_options options)
{
	char text[STORE_TEXT_SIZE];

	if (!options.url)
		options.url = "http://127.0.0.1:4040";
	options.user_agent = "hone/test";
	int r = opened(&options, text);
	if (r)
		print_message("%s\n", text);
	assert_int_equal(r, 0);
}

static void bad(struct store_options options, const char *why)
{
	char text[STORE_TEXT_SIZE];

	if (!options.url)
		options.url = "http://127.0.0.1:4040";
	assert_int_equal(opened(&options, text), STORE_E_OPTIONS);
	if (!strstr(text, why))
		print_message("%s\n", text);
	assert_non_null(strstr(text, why));
}

#define WITH(...) ((struct store_options){ __VA_ARGS__ })

static void urls(void **state)
{
	(void)state;
	good(WITH(.url = "http://127.0.0.1:4040"));
	good(WITH(.url = "HTTPS://store.example/prefix/"));
	good(WITH(.url = "http://[::1]:4040/a/b"));
	bad(WITH(.url = ""), "a store is");
	bad(WITH(.url = "store.example:4040"), "a store is");
	bad(WITH(.url = "ftp://store.example"), "a store is");
	bad(WITH(.url = "unix:///run/x"), "a store is");
	bad(WITH(.url = "http://"), "URL");
	bad(WITH(.url = "http://a b"), "URL");
	bad(WITH(.url = "http://x:99999"), "URL");
	bad(WITH(.url = "http://user:secret@x"), "belong in a file");
	bad(WITH(.url = "http://user@x"), "belong in a file");
	bad(WITH(.url = "http://x/?a=b"), "query");
	bad(WITH(.url = "http://x/#a"), "fragment");
}

static void a_bad_url_is_not_repeated(void **state)
{
	struct store_options o = { .url = "http://user:secret@x:99999" };
	char text[STORE_TEXT_SIZE];

	(void)state;
	assert_int_equal(opened(&o, text), STORE_E_OPTIONS);
	assert_null(strstr(text, "secret"));
}

static void tenants(void **state)
{
	char longest[152];

	(void)state;
	memset(longest, 't', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	good(WITH(.tenant = "team-a_1.x!*'()"));
	good(WITH(.tenant = longest + 1));
	bad(WITH(.tenant = longest), "tenant");
	bad(WITH(.tenant = ""), "tenant");
	bad(WITH(.tenant = "a|b"), "tenant");
	bad(WITH(.tenant = "a\r\nX: y"), "tenant");
}

static void header(const char *line, const char *why)
{
	struct store_options o = WITH(.headers = &line, .n_headers = 1);

	if (why)
		bad(o, why);
	else
		good(o);
}

static void headers(void **state)
{
	static const char *many[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "X-A: b";
	header("X-Scope: a b c", NULL);
	header("X-A:b", NULL);
	header("Authorization: Token abc", NULL);
	header("X-A:", "Name: value");
	header("X-A: ", "Name: value");
	header("X-A;", "Name: value");
	header(": x", "Name: value");
	header("", "Name: value");
	header("X A: b", "Name: value");
	header("X-A: b\r\nX-B: c", "Name: value");
	header("content-length: 7", "hone sets itself");
	header("Content-Type: text/plain", "hone sets itself");
	good(WITH(.headers = many, .n_headers = 32));
	bad(WITH(.headers = many, .n_headers = 33), "32");
}

static void authorization(void **state)
{
	(void)state;
	good(WITH(.auth = STORE_AUTH_BEARER, .auth_file = "/nonexistent"));
	good(WITH(.auth = STORE_AUTH_BASIC, .auth_file = "/nonexistent", .user = "u"));
	bad(WITH(.auth = STORE_AUTH_BEARER), "no file");
	bad(WITH(.auth = STORE_AUTH_BASIC, .user = "u"), "no file");
	bad(WITH(.auth_file = "/x"), "no word");
	bad(WITH(.auth = STORE_AUTH_BASIC, .auth_file = "/x", .user = "a:b"), "colon");
	bad(WITH(.key_file = "/x"), "no certificate");
}

static void proxies(void **state)
{
	(void)state;
	good(WITH(.proxy = "http://proxy:3128", .no_proxy = "localhost,10.0.0.0/8"));
	good(WITH(.proxy = "http://user:password@proxy:3128"));
	good(WITH(.proxy = "socks5h://proxy"));
	good(WITH(.proxy = "proxy:3128"));
	good(WITH(.proxy = ""));
	bad(WITH(.proxy = "ftp://proxy"), "a proxy is");
	bad(WITH(.proxy = "a b"), "a proxy is");
	assert_string_equal(store_proxy_variables("http://x")[0], "http_proxy");
	assert_string_equal(store_proxy_variables("https://x")[1], "HTTPS_PROXY");
	assert_null(store_proxy_variables("https://x")[4]);
	assert_null(store_proxy_variables("file:///x")[0]);
}

static void limits(void **state)
{
	struct store_options o = { .url = "http://x" };
	struct loop loop = LOOP_NULL;
	struct store *s;
	char text[STORE_TEXT_SIZE];

	(void)state;
	bad(WITH(.pushes = STORE_MAX_PUSHES + 1), "8 pushes");
	good(WITH(.pushes = STORE_MAX_PUSHES));
	assert_int_equal(loop_init(&loop), 0);

	assert_int_equal(store_open(&o, &loop, &s, text), 0);
	assert_int_equal(store_limits(s)->raw_bytes, 2000000);
	assert_int_equal(store_limits(s)->samples, 16000);
	assert_int_equal(store_limits(s)->age, 55 * 60 * NSEC_PER_SEC);
	assert_true(store_limits(s)->escape_shapes);
	assert_int_equal(store_room(s), 1);
	store_close(s);

	o.limits = (struct store_limits){ .raw_bytes = STORE_NO_LIMIT, .samples = 7 };
	o.keep_shapes = true;
	o.pushes = 3;
	assert_int_equal(store_open(&o, &loop, &s, text), 0);
	assert_int_equal(store_limits(s)->raw_bytes, 0);
	assert_int_equal(store_limits(s)->samples, 7);
	assert_false(store_limits(s)->escape_shapes);
	assert_int_equal(store_room(s), 3);
	store_close(s);
	loop_fini(&loop);
}

static int never(void *context, const struct store_result *result)
{
	(void)context;
	(void)result;
	fail();
	return 0;
}

static void pushes_that_cannot_be(void **state)
{
	struct store_options o = { .url = "http://127.0.0.1:1" };
	struct store_profile p = { .id = "0", .pprof = span_of("x", 1) };
	static const char *const ids[] = { NULL, "", "a/b", "..", "x", "a b" };
	struct loop loop = LOOP_NULL;
	struct store *s;
	char text[STORE_TEXT_SIZE], id[66];

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(store_open(&o, &loop, &s, text), 0);
	assert_int_equal(store_push(s, &p, never, NULL), 0);
	assert_int_equal(store_room(s), 0);
	assert_int_equal(store_push(s, &p, never, NULL), STORE_E_BUSY);
	store_cancel(s);
	assert_int_equal(store_room(s), 1);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		p.id = ids[i];
		assert_int_equal(store_push(s, &p, never, NULL), -EINVAL);
	}
	memset(id, 'a', 65);
	id[65] = '\0';
	p.id = id;
	assert_int_equal(store_push(s, &p, never, NULL), -EINVAL);
	store_close(s);
	store_close(NULL);
	loop_fini(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),		 cmocka_unit_test(a_bad_url_is_not_repeated),
		cmocka_unit_test(tenants),	 cmocka_unit_test(headers),
		cmocka_unit_test(authorization), cmocka_unit_test(proxies),
		cmocka_unit_test(limits),	 cmocka_unit_test(pushes_that_cannot_be),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
