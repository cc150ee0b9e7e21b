/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/choice.h"
#include "agent/groups.h"
#include "agent/names.h"
#include "base/cleanup.h"
#include "tests/unit/agent/fake-kube.h"

#define A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define U "1234abcd-0000-1111-2222-333344445555"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	char *folder = strdup("/tmp/test-names-XXXXXX");

	assert_non_null(mkdtemp(folder));
	*state = folder;
	return chdir(folder) || mkdir("containers", 0755);
}

static int teardown(void **state)
{
	nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return chdir("/");
}

/* What the kubelet makes of a container of the pod "web". */
static void begin_container(const char *name, const char *id)
{
	char link[256], target[256];

	snprintf(link, sizeof(link), "containers/web_shop_%s-%s.log", name, id);
	snprintf(target, sizeof(target), "/var/log/pods/shop_web_" U "/%s/0.log", name);
	assert_int_equal(symlink(target, link), 0);
}

static struct place place_of(const char *id)
{
	struct place p = { .pod_uid = U };

	strcpy(p.container.text, id);
	return p;
}

/* A second container begins while the first one's names are in use. */
static void what_is_known_stays(void **state)
{
	struct agent_config config = {
		.host = { .containers = "containers" },
		.kubernetes = { .enable = CONFIG_OFF },
	};
	struct log log = { .fd = 2 };
	struct names names = NAMES_NULL;
	struct place a = place_of(A), b = place_of(B);
	const struct pod_container *container, *other;
	const struct pod *pod, *again;

	(void)state;
	begin_container("api", A);
	assert_int_equal(names_open(&names, &config, "node", NULL, &log), 0);
	pod = names_known(&names, &a, &container);
	assert_non_null(pod);
	begin_container("side", B);
	again = names_known(&names, &b, &other);
	assert_ptr_equal(again, pod);
	assert_null(other);
	assert_string_equal(pod->name, "web");
	assert_string_equal(container->name, "api");

	assert_int_equal(names_find(&names, &b, &pod, &other), 0);
	assert_non_null(pod);
	assert_non_null(other);
	assert_string_equal(pod->namespace, "shop");
	assert_string_equal(other->name, "side");
	names_close(&names);
}

/* ---- an API server ------------------------------------------------------------------------ */

/* It tells of the pod, with its labels, and not yet of the container that has just begun. */
static void a_new_container_of_a_known_pod(void **state)
{
	const struct target_pair label = { "app", "web" };
	const struct pod pod = {
		.namespace = "shop", .name = "web", .uid = U, .labels = &label, .n_labels = 1
	};
	struct agent_config config = {
		.host = { .containers = "containers" },
		.kubernetes = { .enable = CONFIG_ON, .api = "https://127.0.0.1" },
	};
	struct log log = { .fd = 2, .level = LOG_LEVEL_ERROR };
	struct names names = NAMES_NULL;
	const struct pod_container *container;
	const struct pod *found;
	struct place a = place_of(A), b = place_of(B);

	(void)state;
	assert_int_equal(names_open(&names, &config, "node", NULL, &log), 0);
	assert_int_equal(pods_put(&server.pods, &pod), 0);
	begin_container("api", A);
	assert_int_equal(names_find(&names, &a, &found, &container), 0);
	assert_non_null(found);
	assert_int_equal(found->n_labels, 1);
	assert_non_null(container);
	assert_string_equal(container->name, "api");
	found = names_known(&names, &a, &container);
	assert_int_equal(found->n_labels, 1);
	assert_non_null(container);
	assert_true(names_has_labels(&names, &a));
	/* And one that neither knows. */
	assert_int_equal(names_find(&names, &b, &found, &container), 0);
	assert_int_equal(found->n_labels, 1);
	assert_null(container);
	/* What either has no room for, is told. */
	struct names_counters counters;
	names.files.pods.n_refused = 1;
	names.files.pods.n_evicted = 20;
	names.files.pods.n_left_out = 300;
	server.pods.n_refused = 2;
	server.pods.n_evicted = 40;
	server.pods.n_left_out = 600;
	names_counters(&names, &counters);
	assert_int_equal(counters.refused, 3);
	assert_int_equal(counters.evicted, 60);
	assert_int_equal(counters.left_out, 900);
	names_close(&names);
}

static bool is_ignored(const struct names *names, const struct target_rules *rules, const char *id)
{
	struct agent_group group = { .place = place_of(id) };

	return choice_ignores_group(rules, names, &group.base);
}

/* The kubelet's files name a pod before the API server tells of its labels; and these change. */
static void labels_that_come_late(void **state)
{
	const struct target_pair label = { "profile", "yes" };
	const struct target_rule_pair wanted = { "profile", "yes" };
	const struct target_rule rule = { .labels = &wanted, .n_labels = 1 };
	const struct target_rules rules = { .rules = &rule, .n = 1, .otherwise = RULE_IGNORE };
	struct pod pod = { .namespace = "shop", .name = "web", .uid = U };
	struct agent_config config = {
		.host = { .containers = "containers" },
		.kubernetes = { .enable = CONFIG_ON, .api = "https://127.0.0.1" },
	};
	struct log log = { .fd = 2, .level = LOG_LEVEL_ERROR };
	struct names names = NAMES_NULL;

	(void)state;
	begin_container("api", A);
	assert_int_equal(names_open(&names, &config, "node", NULL, &log), 0);
	assert_false(is_ignored(&names, &rules, A));
	uint64_t changes = names_changes(&names);
	assert_int_equal(pods_put(&server.pods, &pod), 0);
	assert_true(names_changes(&names) != changes);
	assert_true(is_ignored(&names, &rules, A));
	changes = names_changes(&names);
	assert_int_equal(pods_put(&server.pods, &pod), 0); /* as it was */
	assert_true(is_ignored(&names, &rules, A));
	assert_int_equal(names_changes(&names), changes);
	pod.labels = &label;
	pod.n_labels = 1;
	assert_int_equal(pods_put(&server.pods, &pod), 0);
	assert_true(names_changes(&names) != changes);
	assert_false(is_ignored(&names, &rules, A));
	names_close(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_known_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_container_of_a_known_pod, setup, teardown),
		cmocka_unit_test_setup_teardown(labels_that_come_late, setup, teardown),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
