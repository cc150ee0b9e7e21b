/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/kube/pod.h"
#include "base/cleanup.h"
#include "tests/unit/kube/made.h"

static const struct kube_wanted nothing = { NULL, 0, NULL, 0 };

/* As in JSON, but with ' for ". */
static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_t *object;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	object = json_loads(copy, 0, NULL);
	assert_non_null(object);
	free(copy);
	return object;
}

static int put(struct pods *t, const char *text, const struct kube_wanted *wanted)
{
	json_t *object = parse(text);
	int r = kube_pod_put(t, object, wanted);

	json_decref(object);
	return r;
}

static const struct pod *find(const struct pods *t, const char *uid)
{
	return pods_find_pod(t, &(struct pod){ .uid = uid });
}

#define NAMES "'namespace':'shop','name':'api-7d4f-x','uid':'" UID "'"

static void names(void **state)
{
	struct pods t = PODS_NULL;

	(void)state;
	assert_int_equal(put(&t, "{'metadata':{" NAMES "}}", &nothing), 0);
	const struct pod *pod = find(&t, UID);
	assert_string_equal(pod->namespace, "shop");
	assert_string_equal(pod->name, "api-7d4f-x");
	assert_null(pod->workload);
	assert_int_equal(pod->n_labels + pod->n_annotations + pod->n_containers, 0);
	pods_fini(&t);
}

static void what_is_no_pod(void **state)
{
	const char *const texts[] = {
		"{}",
		"[]",
		"{'metadata':[]}",
		"{'metadata':{'namespace':'shop','name':'x'}}",
		"{'metadata':{'namespace':'shop','uid':'x'}}",
		"{'metadata':{'name':'shop','uid':'x'}}",
		"{'metadata':{'namespace':'shop','name':'','uid':'x'}}",
		"{'metadata':{'namespace':'shop','name':1,'uid':'x'}}",
	};
	struct pods t = PODS_NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *object = parse(texts[i]);

		assert_int_equal(put(&t, texts[i], &nothing), KUBE_POD_E_BROKEN);
		assert_int_equal(kube_pod_remove(&t, object), KUBE_POD_E_BROKEN);
		json_decref(object);
	}
	assert_int_equal(t.n_live, 0);
	pods_fini(&t);
}

static void containers_of_all_kinds(void **state)
{
	const char text[] =
		"{'metadata':{" NAMES "},'status':{"
		"'containerStatuses':[{'name':'app','containerID':'containerd://" ID_A "',"
		"'lastState':{'terminated':{'containerID':'containerd://" ID_B "'}}},"
		"{'name':'waiting','containerID':''},{'name':'odd','containerID':7},{},7],"
		"'initContainerStatuses':[{'name':'init','containerID':'cri-o://00" ID_A "'},"
		"{'name':'init2','containerID':'docker://11112222333344445555666677778888"
		"11112222333344445555666677778888'}],"
		"'ephemeralContainerStatuses':{'name':'no list'}}}";
	struct pods t = PODS_NULL;

	(void)state;
	assert_int_equal(put(&t, text, &nothing), 0);
	const struct pod *pod = find(&t, UID);
	assert_int_equal(pod->n_containers, 3);
	assert_string_equal(pod->containers[0].name, "app");
	assert_string_equal(pod->containers[0].id.text, ID_A);
	assert_string_equal(pod->containers[1].name, "app");
	assert_string_equal(pod->containers[1].id.text, ID_B);
	assert_string_equal(pod->containers[2].name, "init2");
	pods_fini(&t);
}

static void labels_and_annotations_that_are_asked_for(void **state)
{
	const char text[] = "{'metadata':{" NAMES ",'labels':{'team':'a','tier':'b','other':'c',"
			    "'app.kubernetes.io/name':'d','te':7},'annotations':{'note':'e',"
			    "'hone.io/service':'f','resource.opentelemetry.io/service.name':'g',"
			    "'kubectl.kubernetes.io/last-applied-configuration':'{}','team':'h'}}}";
	const char *const labels[] = { "t*" }, *const annotations[] = { "note", "absent" };
	const struct kube_wanted wanted = { labels, 1, annotations, 2 };
	struct pods t = PODS_NULL;
	const struct pod *pod;

	(void)state;
	assert_int_equal(put(&t, text, &nothing), 0);
	pod = find(&t, UID);
	assert_int_equal(pod->n_labels, 1);
	assert_int_equal(pod->n_annotations, 2);
	assert_int_equal(put(&t, text, &wanted), 0);
	pod = find(&t, UID);
	assert_int_equal(pod->n_labels, 3);
	assert_int_equal(pod->n_annotations, 3);
	assert_string_equal(target_pair_value(pod->labels, 3, "team"), "a");
	assert_string_equal(target_pair_value(pod->labels, 3, "tier"), "b");
	assert_string_equal(target_pair_value(pod->annotations, 3, "note"), "e");
	pods_fini(&t);
}

static void a_pod_with_too_many_of_everything(void **state)
{
	const char *const all[] = { "*" };
	const struct kube_wanted wanted = { all, 1, all, 1 };
	struct pods t = PODS_NULL;
	json_t *object = parse("{'metadata':{" NAMES ",'labels':{},'annotations':{}},"
			       "'status':{'containerStatuses':[]}}");
	json_t *metadata = json_object_get(object, "metadata"),
	       *statuses = json_object_get(json_object_get(object, "status"), "containerStatuses");
	char name[16], id[128];

	(void)state;
	for (unsigned int i = 0; i < POD_MAX_PAIRS + 5; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		snprintf(id, sizeof(id), "containerd://%064x", i);
		json_object_set_new(json_object_get(metadata, "labels"), name, json_string("x"));
		json_object_set_new(json_object_get(metadata, "annotations"), name,
				    json_string("x"));
		json_array_append_new(statuses,
				      json_pack("{ssss}", "name", name, "containerID", id));
	}
	assert_int_equal(kube_pod_put(&t, object, &wanted), 0);
	const struct pod *pod = find(&t, UID);
	assert_int_equal(pod->n_containers, POD_MAX_CONTAINERS);
	assert_int_equal(pod->n_labels, POD_MAX_PAIRS);
	assert_int_equal(pod->n_annotations, POD_MAX_PAIRS);
	assert_int_equal(t.n_left_out, 3 * 5);
	json_decref(object);
	pods_fini(&t);
}

static void assert_workload(const char *labels, const char *owners, const char *kind,
			    const char *name)
{
	struct pods t = PODS_NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{'metadata':{" NAMES ",'labels':{%s},'ownerReferences':[%s]}}", labels, owners);
	assert_int_equal(put(&t, text, &nothing), 0);
	const struct pod *pod = find(&t, UID);
	if (kind) {
		assert_string_equal(pod->workload_kind, kind);
		assert_string_equal(pod->workload, name);
	} else {
		assert_null(pod->workload_kind);
		assert_null(pod->workload);
	}
	pods_fini(&t);
}

#define OWNER(kind, name) "{'kind':'" kind "','name':'" name "','controller':true}"
#define HASH		  "'pod-template-hash':'7d4f'"

static void workloads(void **state)
{
	(void)state;
	assert_workload(HASH, OWNER("ReplicaSet", "api-7d4f"), "Deployment", "api");
	assert_workload(HASH, OWNER("ReplicaSet", "api-other"), "ReplicaSet", "api-other");
	assert_workload("", OWNER("ReplicaSet", "api-7d4f"), "ReplicaSet", "api-7d4f");
	assert_workload(HASH, OWNER("ReplicaSet", "-7d4f"), "ReplicaSet", "-7d4f");
	assert_workload(HASH, OWNER("ReplicaSet", "api7d4f"), "ReplicaSet", "api7d4f");
	assert_workload("'rollouts-pod-template-hash':'7d4f'", OWNER("ReplicaSet", "api-7d4f"),
			"Rollout", "api");
	assert_workload(HASH, OWNER("StatefulSet", "db-7d4f"), "StatefulSet", "db-7d4f");
	assert_workload("", OWNER("DaemonSet", "agent"), "DaemonSet", "agent");
	assert_workload("", OWNER("Job", "once"), "Job", "once");
	assert_workload("", OWNER("Job", "nightly-28391234"), "CronJob", "nightly");
	assert_workload("", OWNER("Job", "nightly-1703474040"), "CronJob", "nightly");
	assert_workload("", OWNER("Job", "run-123456789"), "Job", "run-123456789");
	assert_workload("", OWNER("Job", "28391234"), "Job", "28391234");
	assert_workload("", OWNER("Node", "node-1"), NULL, NULL);
	assert_workload("", "", NULL, NULL);
	assert_workload("", "{'kind':'DaemonSet','name':'x'}", NULL, NULL);
	assert_workload("", "{'kind':'Set','name':'x'}," OWNER("DaemonSet", "y"), "DaemonSet", "y");
	assert_workload("", "7,{'controller':true}", NULL, NULL);
}

static void static_pods_have_the_uid_of_their_kubelet(void **state)
{
	const char own[] = "b5606d61ee495ef9dd058e6b956c3cf6";
	const char text[] = "{'metadata':{" NAMES ",'annotations':{'kubernetes.io/config.mirror':"
			    "'b5606d61ee495ef9dd058e6b956c3cf6'}}}";
	json_t *object = parse(text);
	struct pods t = PODS_NULL;

	(void)state;
	assert_int_equal(put(&t, text, &nothing), 0);
	assert_null(find(&t, UID));
	assert_non_null(find(&t, own));
	assert_int_equal(kube_pod_remove(&t, object), 0);
	assert_int_equal(t.n_live, 0);
	json_decref(object);
	pods_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(what_is_no_pod),
		cmocka_unit_test(containers_of_all_kinds),
		cmocka_unit_test(labels_and_annotations_that_are_asked_for),
		cmocka_unit_test(a_pod_with_too_many_of_everything),
		cmocka_unit_test(workloads),
		cmocka_unit_test(static_pods_have_the_uid_of_their_kubelet),
	};

	return cmocka_run_group_tests_name("pod", tests, NULL, NULL);
}
