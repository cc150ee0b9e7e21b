/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/kube/list.h"
#include "tests/unit/kube/made.h"

struct result {
	struct pods pods;
	struct kube_sink sink;
	struct kube_list_end end;
	int outcome;
};

static const struct kube_wanted nothing = { NULL, 0, NULL, 0 };

static void list(struct result *r, const char *text, size_t size, size_t step)
{
	struct kube_list l;

	*r = (struct result){ .pods = PODS_NULL };
	r->sink = (struct kube_sink){ .pods = &r->pods, .wanted = &nothing };
	kube_list_init(&l, &r->sink);
	for (size_t at = 0; !r->outcome && at < size; at += step)
		r->outcome =
			kube_list_feed(&l, span_of(text + at, size - at < step ? size - at : step));
	if (!r->outcome)
		r->outcome = kube_list_end(&l, &r->end);
	kube_list_fini(&l);
}

static void done(struct result *r)
{
	pods_fini(&r->pods);
}

static void whole(struct result *r, const char *text)
{
	list(r, text, strlen(text), strlen(text) + 1);
}

static void pods_in_pieces_of_any_size(void **state)
{
	const char text[] = LIST("\"resourceVersion\":\"1234\",\"continue\":\"abc\"",
				 POD("a", "u-a", "app", ID_A) "," POD("b", "u-b", "web", ID_B));
	const struct pod_container *container;
	struct place place = { .container = { ID_B } };
	struct result r;

	(void)state;
	for (size_t step = 1; step < sizeof(text); step = step < 20 ? step + 1 : step * 2) {
		list(&r, text, strlen(text), step);
		assert_int_equal(r.outcome, 0);
		assert_int_equal(r.sink.n_pods, 2);
		assert_int_equal(r.sink.n_broken + r.sink.n_too_big, 0);
		assert_string_equal(r.end.version, "1234");
		assert_string_equal(r.end.continue_token, "abc");
		assert_string_equal(pods_find(&r.pods, &place, &container)->name, "b");
		assert_string_equal(container->name, "web");
		done(&r);
	}
}

static void the_last_page(void **state)
{
	struct result r;

	(void)state;
	whole(&r, " " LIST("\"resourceVersion\":\"9\"", "") "\n");
	assert_int_equal(r.outcome, 0);
	assert_string_equal(r.end.version, "9");
	assert_string_equal(r.end.continue_token, "");
	done(&r);
	whole(&r, "{\"items\":[" POD(
			  "a", "u", "c",
			  ID_A) "],\"kind\":\"PodList\","
				"\"metadata\":{\"continue\":\"\",\"resourceVersion\":\"9\"}}");
	assert_int_equal(r.outcome, 0);
	assert_int_equal(r.sink.n_pods, 1);
	done(&r);
}

static void what_is_no_list(void **state)
{
	const char *const texts[] = {
		"",
		"{",
		"}",
		"[]",
		"{}",
		"garbage",
		"\"{}\"",
		"{\"kind\":\"Status\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}",
		"{\"kind\":\"PodList\",\"metadata\":{},\"items\":[]}",
		"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":1},\"items\":[]}",
		LIST("\"resourceVersion\":\"1\"", "") "{}",
		"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[}",
		"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[",
	};
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		whole(&r, texts[i]);
		assert_int_equal(r.outcome, KUBE_LIST_E_BROKEN);
		done(&r);
	}
}

/* Every place to break off: never good, never a crash. */
static void lists_that_end_early(void **state)
{
	const char text[] = LIST("\"resourceVersion\":\"1\"", POD("a", "u", "c", ID_A));
	struct result r;

	(void)state;
	for (size_t size = 0; size < strlen(text); size++) {
		list(&r, text, size, size + 1);
		assert_int_equal(r.outcome, KUBE_LIST_E_BROKEN);
		done(&r);
	}
}

static void items_that_are_no_pods(void **state)
{
	struct result r;

	(void)state;
	whole(&r, LIST("\"resourceVersion\":\"1\"",
		       "7,null,\"text ] }\",[],{\"a\":},{}," POD("a", "u", "c", ID_A) ",,]"));
	assert_int_equal(r.sink.n_pods, 1);
	assert_int_equal(r.sink.n_broken, 3);
	done(&r);
}

/* "items" elsewhere than in the document itself. */
static void other_items(void **state)
{
	struct result r;

	(void)state;
	whole(&r, LIST("\"resourceVersion\":\"1\",\"items\":[{}]", ""));
	assert_int_equal(r.outcome, 0);
	assert_int_equal(r.sink.n_pods + r.sink.n_broken, 0);
	done(&r);
}

static void items_that_are_too_big(void **state)
{
	size_t size = KUBE_MAX_ITEM + 4096;
	char *text = malloc(size);
	struct result r;
	int n;

	(void)state;
	n = snprintf(text, size,
		     "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},"
		     "\"items\":[{\"x\":\"");
	memset(text + n, 'x', KUBE_MAX_ITEM);
	snprintf(text + n + KUBE_MAX_ITEM, size - (size_t)n - KUBE_MAX_ITEM, "\"},%s]}",
		 POD("a", "u", "c", ID_A));
	whole(&r, text);
	assert_int_equal(r.outcome, 0);
	assert_int_equal(r.sink.n_too_big, 1);
	assert_int_equal(r.sink.n_pods, 1);
	done(&r);
	/* few bytes, but many values */
	n = snprintf(text, size,
		     "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},"
		     "\"items\":[{\"x\":[0");
	for (unsigned int i = 0; i <= KUBE_MAX_VALUES; i++)
		n += snprintf(text + n, size - (size_t)n, ",0");
	snprintf(text + n, size - (size_t)n, "]},%s]}", POD("a", "u", "c", ID_A));
	whole(&r, text);
	assert_int_equal(r.outcome, 0);
	assert_int_equal(r.sink.n_too_big, 1);
	assert_int_equal(r.sink.n_pods, 1);
	done(&r);
	/* all that is no item */
	memset(text, ' ', size);
	memcpy(text, "{\"kind\":\"", 9);
	list(&r, text, size, size);
	assert_int_equal(r.outcome, KUBE_LIST_E_BROKEN);
	done(&r);
	memset(text, '[', size);
	list(&r, text, size, size);
	assert_int_equal(r.outcome, KUBE_LIST_E_BROKEN);
	done(&r);
	free(text);
}

static void a_token_that_does_not_fit(void **state)
{
	char text[KUBE_TOKEN_SIZE + 256];
	struct result r;

	(void)state;
	for (int length = KUBE_TOKEN_SIZE - 1; length <= KUBE_TOKEN_SIZE; length++) {
		snprintf(text, sizeof(text),
			 LIST("\"resourceVersion\":\"1\",\"continue\":\"%0*d\"", ""), length, 0);
		whole(&r, text);
		assert_int_equal(r.outcome, length < KUBE_TOKEN_SIZE ? 0 : KUBE_LIST_E_BROKEN);
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_in_pieces_of_any_size),
		cmocka_unit_test(the_last_page),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(lists_that_end_early),
		cmocka_unit_test(items_that_are_no_pods),
		cmocka_unit_test(other_items),
		cmocka_unit_test(items_that_are_too_big),
		cmocka_unit_test(a_token_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
