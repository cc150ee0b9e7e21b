/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/kube/watch.h"
#include "tests/unit/kube/made.h"

#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version) \
	EVENT("BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define ERROR(code) EVENT("ERROR", "{\"kind\":\"Status\",\"message\":\"why\",\"code\":" code "}")

struct fixture {
	struct pods pods;
	struct kube_sink sink;
	struct kube_watch watch;
};

static const struct kube_wanted nothing = { NULL, 0, NULL, 0 };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sink = (struct kube_sink){ .pods = &f->pods, .wanted = &nothing };
	kube_watch_init(&f->watch, &f->sink, "5");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kube_watch_fini(&f->watch);
	pods_fini(&f->pods);
	free(f);
	return 0;
}

static int feed(struct fixture *f, const char *text)
{
	return kube_watch_feed(&f->watch, span_of(text, strlen(text)));
}

static void changes_as_they_come(void **state)
{
	const char text[] = EVENT("ADDED", POD("a", "u-a", "c", ID_A))
		EVENT("ADDED", POD("b", "u-b", "c", ID_B))
			EVENT("MODIFIED", POD("a2", "u-a", "c", ID_A))
				EVENT("DELETED", POD("b", "u-b", "c", ID_B));
	struct fixture *f = *state;

	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(kube_watch_feed(&f->watch, span_of(text + i, 1)), 0);
	assert_int_equal(f->watch.n_events, 4);
	assert_int_equal(f->sink.n_pods, 4);
	assert_int_equal(f->pods.n_live, 1);
	assert_int_equal(f->pods.n_gone, 1);
	assert_string_equal(pods_find_pod(&f->pods, &(struct pod){ .uid = "u-a" })->name, "a2");
	assert_string_equal(f->watch.version, "77");
}

static void bookmarks(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(f->watch.version, "5");
	assert_int_equal(feed(f, BOOKMARK("1000") "\n"), 0);
	assert_string_equal(f->watch.version, "1000");
	assert_int_equal(f->watch.n_bookmarks, 1);
	assert_int_equal(f->watch.n_events, 0);
	/* a line that does not come to its end */
	assert_int_equal(feed(f, "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resource"), 0);
	assert_string_equal(f->watch.version, "1000");
}

static void errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(f, ERROR("410") BOOKMARK("9")), KUBE_WATCH_E_GONE);
	assert_string_equal(f->watch.message, "why");
	assert_string_equal(f->watch.version, "5");
	assert_int_equal(feed(f, ERROR("500")), KUBE_WATCH_E_FAILED);
	assert_int_equal(feed(f, EVENT("ERROR", "{}")), KUBE_WATCH_E_FAILED);
	assert_string_equal(f->watch.message, "an error, not named");
}

static void what_is_no_event(void **state)
{
	const char *const texts[] = {
		"garbage\n",
		"{}\n",
		"[]\n",
		"{\"type\":\"ADDED\"}\n",
		EVENT("ADDED", "[]"),
		EVENT("PATCHED", "{}"),
		"{\"type\":7,\"object\":{}}\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(feed(f, texts[i]), KUBE_WATCH_E_BROKEN);
	/* an event, but of no pod */
	assert_int_equal(feed(f, EVENT("ADDED", "{}") EVENT("DELETED", "{}")), 0);
	assert_int_equal(f->sink.n_broken, 2);
}

static void lines_that_are_too_long(void **state)
{
	size_t size = KUBE_MAX_ITEM;
	char *text = malloc(size + 1);
	struct fixture *f = *state;

	memset(text, 'x', size);
	text[size] = '\0';
	for (int i = 0; i < 3; i++)
		assert_int_equal(feed(f, text), 0);
	assert_int_equal(f->sink.n_too_big, 1);
	assert_true(f->watch.line.capacity <= 65536);
	assert_int_equal(feed(f, "{}\n" BOOKMARK("8")), 0);
	assert_string_equal(f->watch.version, "8");
	/* few bytes, but many values */
	memset(text, ',', size);
	text[2 * KUBE_MAX_VALUES] = '\n';
	text[2 * KUBE_MAX_VALUES + 1] = '\0';
	assert_int_equal(feed(f, text), 0);
	assert_int_equal(f->sink.n_too_big, 2);
	/* and many in a string are none */
	memset(text, ',', size);
	memcpy(text, "{\"x\":\"\\\"", 8);
	memcpy(text + 2 * KUBE_MAX_VALUES, "\"}\n", 4);
	assert_int_equal(feed(f, text), KUBE_WATCH_E_BROKEN);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_as_they_come, setup, teardown),
		cmocka_unit_test_setup_teardown(bookmarks, setup, teardown),
		cmocka_unit_test_setup_teardown(errors, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_event, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_that_are_too_long, setup, teardown),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
