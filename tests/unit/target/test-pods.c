/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agent/target/pods.h"
#include "base/cleanup.h"

/* Containers and uids by a number: "000…0c2a", "00000000-0000-0000-0000-00000000002a". */
static struct container_id id_of(unsigned int number)
{
	struct container_id id;

	snprintf(id.text, sizeof(id.text), "%064x", 0xc000 + number);
	return id;
}

struct made {
	char uid[POD_UID_SIZE], name[32];
	struct pod_container containers[2];
	struct pod pod;
};

static struct made *make(struct made *m, unsigned int number)
{
	*m = (struct made){ .uid = "" };
	snprintf(m->uid, sizeof(m->uid), "00000000-0000-0000-0000-%012x", number);
	snprintf(m->name, sizeof(m->name), "pod-%u", number);
	m->containers[0] = (struct pod_container){ id_of(2 * number), "app" };
	m->containers[1] = (struct pod_container){ id_of(2 * number + 1), "sidecar" };
	m->pod = (struct pod){ .namespace = "shop",
			       .name = m->name,
			       .uid = m->uid,
			       .containers = m->containers,
			       .n_containers = 2 };
	return m;
}

static int put(struct pods *t, unsigned int number)
{
	struct made m;

	return pods_put(t, &make(&m, number)->pod);
}

static void remove_pod(struct pods *t, unsigned int number)
{
	struct made m;

	pods_remove(t, make(&m, number)->uid);
}

static const struct pod *find(const struct pods *t, unsigned int container)
{
	const struct pod_container *found;
	struct place place = { .container = id_of(container) };
	const struct pod *pod = pods_find(t, &place, &found);

	assert_true(!pod == !found);
	assert_true(!pod || !strcmp(found->id.text, place.container.text));
	return pod;
}

static void all_of_a_pod_is_copied(void **state)
{
	const struct target_pair labels[] = { { "team", "shop" }, { "app", "api" } };
	const struct target_pair annotations[] = { { "note", "n" } };
	struct pods t = PODS_NULL;
	struct made m;

	(void)state;
	make(&m, 1)->pod.labels = labels;
	m.pod.n_labels = 2;
	m.pod.annotations = annotations;
	m.pod.n_annotations = 1;
	m.pod.workload_kind = "Deployment";
	m.pod.workload = "api";
	assert_int_equal(pods_put(&t, &m.pod), 0);
	memset(&m, 'x', sizeof(m));
	const struct pod *pod = find(&t, 3);
	assert_string_equal(pod->namespace, "shop");
	assert_string_equal(pod->name, "pod-1");
	assert_string_equal(pod->uid, "00000000-0000-0000-0000-000000000001");
	assert_string_equal(pod->workload_kind, "Deployment");
	assert_string_equal(pod->workload, "api");
	assert_string_equal(target_pair_value(pod->labels, pod->n_labels, "app"), "api");
	assert_string_equal(target_pair_value(pod->annotations, pod->n_annotations, "note"), "n");
	assert_string_equal(pod->containers[0].name, "app");
	assert_string_equal(pod->containers[1].name, "sidecar");
	assert_true(pods_memory(&t) > sizeof(struct pod));
	pods_fini(&t);
}

static void by_container_or_else_by_uid(void **state)
{
	const struct pod_container *container;
	struct pods t = PODS_NULL;
	struct place place = { .container = id_of(3) };
	struct made m;

	(void)state;
	assert_null(pods_find(&t, &place, &container));
	put(&t, 1);
	put(&t, 2);
	assert_string_equal(pods_find(&t, &place, &container)->name, "pod-1");
	assert_string_equal(container->name, "sidecar");
	place.container = id_of(99);
	assert_null(pods_find(&t, &place, &container));
	assert_null(container);
	memcpy(place.pod_uid, make(&m, 2)->uid, sizeof(place.pod_uid));
	assert_string_equal(pods_find(&t, &place, &container)->name, "pod-2");
	assert_null(container);
	/* no container, no pod: nothing */
	place = (struct place){ .unit = "x.service" };
	assert_null(pods_find(&t, &place, &container));
	pods_fini(&t);
}

static void the_same_pod_again(void **state)
{
	struct pods t = PODS_NULL;
	struct made m;

	(void)state;
	put(&t, 1);
	uint64_t before = t.memory;
	for (int i = 0; i < 10000; i++)
		put(&t, 1);
	assert_int_equal(t.memory, before);
	assert_int_equal(t.n_live, 1);
	/* entries of the index do not pile up */
	assert_true(t.by_key.n < 1000);
	/* a container started again has another id */
	make(&m, 1)->containers[0].id = id_of(77);
	pods_put(&t, &m.pod);
	assert_non_null(find(&t, 77));
	assert_null(find(&t, 2));
	assert_non_null(find(&t, 3));
	pods_fini(&t);
	assert_int_equal(pods_memory(&t), 0);
}

/* Who follows .changes has to do something for each. */
static void changes_are_counted(void **state)
{
	const struct target_pair label = { "app", "api" }, other = { "app", "web" };
	struct pods t = PODS_NULL;
	struct made m;

	(void)state;
	make(&m, 1)->pod.labels = &label;
	m.pod.n_labels = 1;
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 1);
	pods_begin_round(&t);
	pods_put(&t, &m.pod);
	pods_end_round(&t);
	assert_int_equal(t.changes, 1);
	assert_int_equal(t.n_live, 1);
	m.pod.labels = &other;
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 2);
	m.pod.annotations = &label;
	m.pod.n_annotations = 1;
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 3);
	m.containers[1].id = id_of(77);
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 4);
	m.pod.n_containers = 1;
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 5);
	m.pod.workload = "api";
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 6);
	/* it goes, and it is back as it was */
	pods_remove(&t, m.uid);
	pods_remove(&t, m.uid);
	assert_int_equal(t.changes, 7);
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 8);
	assert_int_equal(t.n_live, 1);
	assert_int_equal(t.n_gone, 0);
	pods_put(&t, &m.pod);
	assert_int_equal(t.changes, 8);
	pods_fini(&t);
}

static void without_a_uid_it_is_namespace_and_name(void **state)
{
	struct pods t = PODS_NULL;
	struct made m;

	(void)state;
	make(&m, 1)->pod.uid = NULL;
	pods_put(&t, &m.pod);
	pods_put(&t, &m.pod);
	assert_int_equal(t.n_live, 1);
	m.pod.namespace = "other";
	pods_put(&t, &m.pod);
	assert_int_equal(t.n_live, 2);
	assert_string_equal(pods_find_pod(&t, &m.pod)->namespace, "other");
	pods_fini(&t);
}

static void who_is_gone_is_known_for_a_while(void **state)
{
	struct pods t = PODS_NULL;

	(void)state;
	put(&t, 0);
	remove_pod(&t, 0);
	remove_pod(&t, 0);
	assert_int_equal(t.n_live, 0);
	assert_int_equal(t.n_gone, 1);
	assert_non_null(find(&t, 0));
	for (unsigned int i = 1; i < PODS_MAX_GONE; i++) {
		put(&t, i);
		remove_pod(&t, i);
	}
	assert_non_null(find(&t, 0));
	put(&t, PODS_MAX_GONE);
	remove_pod(&t, PODS_MAX_GONE);
	assert_int_equal(t.n_gone, PODS_MAX_GONE);
	assert_null(find(&t, 0));
	assert_non_null(find(&t, 2));
	/* back again */
	put(&t, 1);
	assert_int_equal(t.n_live, 1);
	assert_int_equal(t.n_gone, PODS_MAX_GONE - 1);
	remove_pod(&t, 9999);
	pods_fini(&t);
}

static void rounds(void **state)
{
	struct pods t = PODS_NULL;

	(void)state;
	pods_begin_round(&t);
	for (unsigned int i = 0; i < 10; i++)
		put(&t, i);
	pods_end_round(&t);
	assert_int_equal(t.n_live, 10);
	/* one that is broken off */
	pods_begin_round(&t);
	put(&t, 3);
	pods_begin_round(&t);
	for (unsigned int i = 5; i < 12; i++)
		put(&t, i);
	pods_end_round(&t);
	assert_int_equal(t.n_live, 7);
	assert_int_equal(t.n_gone, 5);
	pods_end_round(&t);
	assert_int_equal(t.n_live, 7);
	pods_fini(&t);
}

static void no_more_than_there_is_room_for(void **state)
{
	struct pods t = PODS_NULL;

	(void)state;
	for (unsigned int i = 0; i < PODS_MAX; i++)
		assert_int_equal(put(&t, i), 0);
	assert_int_equal(put(&t, PODS_MAX), PODS_E_FULL);
	assert_int_equal(t.n_refused, 1);
	/* one that is there can still change */
	assert_int_equal(put(&t, 7), 0);
	assert_int_equal(t.n_evicted, 0);
	remove_pod(&t, 5);
	assert_int_equal(put(&t, PODS_MAX), 0);
	assert_int_equal(t.n_evicted, 1);
	assert_int_equal(t.n_refused, 1);
	assert_null(find(&t, 10));
	assert_non_null(find(&t, 2 * PODS_MAX));
	assert_int_equal(t.n_live, PODS_MAX);
	pods_fini(&t);
}

static void a_pod_with_too_many_of_everything(void **state)
{
	static struct pod_container containers[POD_MAX_CONTAINERS + 1];
	static struct target_pair pairs[POD_MAX_PAIRS + 1];
	struct pods t = PODS_NULL;
	struct made m;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(containers); i++)
		containers[i] = (struct pod_container){ id_of(i), "x" };
	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++)
		pairs[i] = (struct target_pair){ "k", "v" };
	make(&m, 1)->pod.containers = containers;
	m.pod.n_containers = ARRAY_SIZE(containers);
	m.pod.labels = m.pod.annotations = pairs;
	m.pod.n_labels = m.pod.n_annotations = ARRAY_SIZE(pairs);
	assert_int_equal(pods_put(&t, &m.pod), 0);
	assert_int_equal(find(&t, 0)->n_containers, POD_MAX_CONTAINERS);
	assert_int_equal(find(&t, 0)->n_labels, POD_MAX_PAIRS);
	assert_int_equal(find(&t, 0)->n_annotations, POD_MAX_PAIRS);
	assert_null(find(&t, POD_MAX_CONTAINERS));
	assert_int_equal(t.n_left_out, 3);
	assert_int_equal(pods_put(&t, &m.pod), 0); /* nothing is new */
	assert_int_equal(t.n_left_out, 3);
	pods_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_pod_is_copied),
		cmocka_unit_test(by_container_or_else_by_uid),
		cmocka_unit_test(the_same_pod_again),
		cmocka_unit_test(changes_are_counted),
		cmocka_unit_test(without_a_uid_it_is_namespace_and_name),
		cmocka_unit_test(who_is_gone_is_known_for_a_while),
		cmocka_unit_test(rounds),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(a_pod_with_too_many_of_everything),
	};

	return cmocka_run_group_tests_name("pods", tests, NULL, NULL);
}
