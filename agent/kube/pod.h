/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as the API server has it (v1.Pod in JSON) into the table of pods.
 */
#pragma once

#include <jansson.h>

#include "agent/target/pods.h"

/* The longest text of a pod's that is kept; longer annotations are left out. */
#define KUBE_MAX_TEXT 2048

/*
 * Which labels and annotations to keep, besides those that make a service name (identity.h):
 * patterns of fnmatch(3). Borrowed.
 */
struct kube_wanted {
	const char *const *labels;
	size_t n_labels;
	const char *const *annotations;
	size_t n_annotations;
};

enum kube_pod_outcome {
	KUBE_POD_E_BROKEN = 1, /* it is no pod: something is missing or of the wrong type */
};

/*
 * Add or replace. The pod's workload is the one that people deploy: the Deployment instead of its
 * ReplicaSet, by the hash that ends the latter's name; the CronJob instead of its Job, by the time
 * that does. A container that was started again is also found by its former id. 0 (also when the
 * table is full, which counts that), KUBE_POD_E_BROKEN, or -ENOMEM.
 */
int kube_pod_put(struct pods *pods, const json_t *object, const struct kube_wanted *wanted);

/* It is gone. 0 or KUBE_POD_E_BROKEN. */
int kube_pod_remove(struct pods *pods, const json_t *object);

/* object[a][b], or NULL where there is no such thing; without @b, object[a]. */
const json_t *kube_member(const json_t *object, const char *a, const char *b);

/* That, where it is a text that is neither empty nor too long; else NULL. */
const char *kube_text(const json_t *object, const char *a, const char *b);
