/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pods of this node, found by container id or pod uid. Filled by pod_files.h (names only) or
 * agent/kube (all of it).
 *
 * A pod that is gone is kept for a while, as its last samples are named after its end: until
 * PODS_MAX_GONE others went after it, or its room is needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/target/cgroup.h"
#include "agent/target/rules.h"
#include "base/index.h"

#define PODS_MAX	   8192
#define PODS_MAX_GONE	   256
#define POD_MAX_CONTAINERS 64
#define POD_MAX_PAIRS	   64 /* labels, and as many annotations */

struct pod_container {
	struct container_id id; /* empty: not started yet */
	const char *name;
};

/* Texts are NULL where not known. */
struct pod {
	const char *namespace, *name;
	const char *uid; /* as cgroups have it: of a static pod, the kubelet's own */
	const char *workload_kind, *workload; /* "Deployment", "web" */
	const struct target_pair *labels, *annotations;
	size_t n_labels, n_annotations;
	const struct pod_container *containers;
	size_t n_containers;
	size_t n_left_out; /* containers, labels and annotations beyond the caps */
};

enum pods_outcome {
	PODS_E_FULL = 1, /* and no pod is gone */
};

struct pods_slot {
	struct pod *pod; /* NULL: free */
	uint64_t round;	 /* in which it was last put */
	uint64_t gone;	 /* 0, or the number of its going */
};

struct pods {
	struct pods_slot *slots;
	uint32_t n, capacity; /* slots that are or were used; allocated */
	uint32_t n_live, n_gone;
	struct index by_key; /* stale entries are left until there are many */
	uint32_t n_keys;     /* entries that are not stale */
	uint64_t round, goings;
	uint64_t memory;     /* bytes of the pods themselves */
	uint64_t n_refused;  /* times that there was no room */
	uint64_t n_evicted;  /* gone pods whose room was needed */
	uint64_t n_left_out; /* of the pods put, with their changes */
	uint64_t changes;    /* pods that came, became others or went */
};

#define PODS_NULL \
	{         \
		0 \
	}

void pods_fini(struct pods *t);

/*
 * Add a copy of @pod, or let it take the place of the one with its uid (or of its namespace and
 * name, if it has none). Containers and pairs beyond the caps are left out, and counted. 0,
 * PODS_E_FULL, or -ENOMEM.
 */
int pods_put(struct pods *t, const struct pod *pod);

/* The one with this uid is gone. Fine for one that was not there. */
void pods_remove(struct pods *t, const char *uid);

/*
 * Between these two, all pods there are will be put; who was not is gone. The first without the
 * second does no harm.
 */
void pods_begin_round(struct pods *t);
void pods_end_round(struct pods *t);

/*
 * The pod that @place is in, by container id or else by uid, NULL for none; valid until the table
 * changes. *ret_container is NULL where only the pod is known.
 */
const struct pod *pods_find(const struct pods *t, const struct place *place,
			    const struct pod_container **ret_container);

/* By its uid, or by namespace and name if it has none; gone ones too. */
const struct pod *pods_find_pod(const struct pods *t, const struct pod *like);

/* Bytes held. */
uint64_t pods_memory(const struct pods *t);
