/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kube/pod.h"

#include <fnmatch.h>
#include <string.h>

#include "agent/target/identity.h"
#include "base/cleanup.h"
#include "base/text.h"

/* The kubelet's own uid of a static pod, whose image at the API server has another one. */
#define STATIC_POD "kubernetes.io/config.mirror"

#define NAME_SIZE 254 /* RFC 1123 subdomain, with the NUL */

const json_t *kube_member(const json_t *object, const char *a, const char *b)
{
	const json_t *value = json_object_get(object, a);

	return b ? json_object_get(value, b) : value;
}

const char *kube_text(const json_t *object, const char *a, const char *b)
{
	const json_t *value = kube_member(object, a, b);
	size_t n = json_string_length(value);

	return n && n <= KUBE_MAX_TEXT ? json_string_value(value) : NULL;
}

/* ---- labels and annotations -------------------------------------------------------------- */

static bool wanted_by(const char *const *patterns, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!fnmatch(patterns[i], key, 0))
			return true;
	return false;
}

static bool label_wanted(const struct kube_wanted *w, const char *key)
{
	return !strcmp(key, IDENTITY_NAME_LABEL) || wanted_by(w->labels, w->n_labels, key);
}

static bool annotation_wanted(const struct kube_wanted *w, const char *key)
{
	return !strcmp(key, IDENTITY_SERVICE_ANNOTATION) ||
	       !strcmp(key, IDENTITY_OTEL_ANNOTATION) ||
	       wanted_by(w->annotations, w->n_annotations, key);
}

static size_t take_pairs(const json_t *map, const struct kube_wanted *w,
			 bool (*wanted)(const struct kube_wanted *w, const char *key),
			 struct target_pair pairs[POD_MAX_PAIRS], size_t *left_out)
{
	json_t *object = (json_t *)map, *value; /* jansson's iterators change nothing */
	const char *key;
	size_t n = 0;

	json_object_foreach(object, key, value)
	{
		if (!json_is_string(value) || json_string_length(value) > KUBE_MAX_TEXT ||
		    strlen(key) > KUBE_MAX_TEXT || !wanted(w, key))
			continue;
		if (n < POD_MAX_PAIRS)
			pairs[n++] = (struct target_pair){ key, json_string_value(value) };
		else
			++*left_out;
	}
	return n;
}

/* ---- containers -------------------------------------------------------------------------- */

static void take_container(struct pod *pod, struct pod_container *list, const char *name,
			   const char *id)
{
	struct pod_container container = { .name = name };

	if (!id || !container_id_at_end(span_of(id, strlen(id)), &container.id))
		return;
	if (pod->n_containers < POD_MAX_CONTAINERS)
		list[pod->n_containers++] = container;
	else
		pod->n_left_out++;
}

/* v1.ContainerStatus */
static void take_status(struct pod *pod, struct pod_container *list, const json_t *status)
{
	const char *name = kube_text(status, "name", NULL);
	const json_t *last = kube_member(status, "lastState", "terminated");

	if (!name)
		return;
	take_container(pod, list, name, kube_text(status, "containerID", NULL));
	take_container(pod, list, name, kube_text(last, "containerID", NULL));
}

static void take_containers(struct pod *pod, struct pod_container *list, const json_t *object)
{
	static const char *const kinds[] = { "containerStatuses", "initContainerStatuses",
					     "ephemeralContainerStatuses" };

	pod->containers = list;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const json_t *statuses = kube_member(object, "status", kinds[i]);

		for (size_t at = 0; at < json_array_size(statuses); at++)
			take_status(pod, list, json_array_get(statuses, at));
	}
}

/* ---- workload ---------------------------------------------------------------------------- */

struct workload {
	char name[NAME_SIZE];
};

/* The owner that manages it, v1.OwnerReference; NULL for none. */
static const json_t *find_owner(const json_t *object)
{
	const json_t *owners = kube_member(object, "metadata", "ownerReferences");

	for (size_t i = 0; i < json_array_size(owners); i++)
		if (json_is_true(kube_member(json_array_get(owners, i), "controller", NULL)))
			return json_array_get(owners, i);
	return NULL;
}

/* Is @name "<something>-<ending>"? *ret_before is the something. */
static bool ends_in(const char *name, const char *ending, struct workload *ret_before)
{
	size_t n = strlen(name), end = strlen(ending);

	return n >= end + 2 && name[n - end - 1] == '-' && !strcmp(name + n - end, ending) &&
	       text_copy(span_of(name, n - end - 1), ret_before->name, NAME_SIZE);
}

/*
 * Jobs of a CronJob are named after their time: in minutes since the epoch (kubernetes 1.21 and
 * later, pkg/controller/cronjob/utils.go, getJobName()), before that in seconds.
 */
static bool named_after_time(const char *name, struct workload *ret_before)
{
	const char *dash = strrchr(name, '-');
	size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;

	return dash && !dash[1 + digits] && (digits == 8 || digits == 10) &&
	       ends_in(name, dash + 1, ret_before);
}

static void take_replicas(struct pod *pod, const json_t *labels, struct workload *w)
{
	static const struct {
		const char *label, *kind;
	} owners[] = {
		{ "pod-template-hash", "Deployment" },
		{ "rollouts-pod-template-hash", "Rollout" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const char *hash = kube_text(labels, owners[i].label, NULL);

		if (hash && ends_in(pod->workload, hash, w)) {
			pod->workload_kind = owners[i].kind;
			pod->workload = w->name;
			return;
		}
	}
}

static void take_workload(struct pod *pod, const json_t *object, struct workload *w)
{
	const json_t *owner = find_owner(object);
	const char *kind = kube_text(owner, "kind", NULL), *name = kube_text(owner, "name", NULL);

	/* A node owns the images of its static pods. */
	if (!kind || !name || !strcmp(kind, "Node"))
		return;
	pod->workload_kind = kind;
	pod->workload = name;
	if (!strcmp(kind, "ReplicaSet")) {
		take_replicas(pod, kube_member(object, "metadata", "labels"), w);
	} else if (!strcmp(kind, "Job") && named_after_time(name, w)) {
		pod->workload_kind = "CronJob";
		pod->workload = w->name;
	}
}

/* ---- the whole --------------------------------------------------------------------------- */

static bool take_names(struct pod *pod, const json_t *object)
{
	const json_t *metadata = kube_member(object, "metadata", NULL);
	const char *own = kube_text(metadata, "annotations", STATIC_POD);
	char uid[POD_UID_SIZE];

	pod->namespace = kube_text(metadata, "namespace", NULL);
	pod->name = kube_text(metadata, "name", NULL);
	pod->uid = kube_text(metadata, "uid", NULL);
	if (own && pod_uid_parse(span_of(own, strlen(own)), uid))
		pod->uid = own;
	return pod->namespace && pod->name && pod->uid;
}

int kube_pod_put(struct pods *pods, const json_t *object, const struct kube_wanted *wanted)
{
	struct target_pair labels[POD_MAX_PAIRS], annotations[POD_MAX_PAIRS];
	struct pod_container containers[POD_MAX_CONTAINERS];
	struct pod pod = { .labels = labels, .annotations = annotations };
	struct workload workload;

	if (!take_names(&pod, object))
		return KUBE_POD_E_BROKEN;
	pod.n_labels = take_pairs(kube_member(object, "metadata", "labels"), wanted, label_wanted,
				  labels, &pod.n_left_out);
	pod.n_annotations = take_pairs(kube_member(object, "metadata", "annotations"), wanted,
				       annotation_wanted, annotations, &pod.n_left_out);
	take_containers(&pod, containers, object);
	take_workload(&pod, object, &workload);
	int r = pods_put(pods, &pod);
	return r < 0 ? r : 0;
}

int kube_pod_remove(struct pods *pods, const json_t *object)
{
	struct pod pod = { .namespace = NULL };

	if (!take_names(&pod, object))
		return KUBE_POD_E_BROKEN;
	pods_remove(pods, pod.uid);
	return 0;
}
