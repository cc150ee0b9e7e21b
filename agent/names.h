/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of pods: what the API server says, where the agent asks it, or else the kubelet's files.
 */
#pragma once

#include "agent/config/config.h"
#include "agent/kube/kube.h"
#include "agent/target/pod_files.h"
#include "base/log.h"
#include "base/loop.h"

struct names {
	struct pod_files files;
	struct kube *kube;   /* NULL: it is not asked */
	uint64_t n_failures; /* of asking it, that were told of */
};

#define NAMES_NULL                       \
	{                                \
		.files = POD_FILES_NULL, \
	}

/*
 * @node: this one's name, unless it is configured. 0; 1: it cannot be, and it has been logged why;
 * -errno.
 */
int names_open(struct names *n, const struct agent_config *config, const char *node,
	       struct loop *loop, struct log *log);
void names_close(struct names *n);

/*
 * Take note of what the kubelet's files say by now, for names_known(). Pods that were found before
 * may be gone. 0 or -errno.
 */
int names_refresh(struct names *n);

/* As pods_find(), of what is known by now. Changes nothing: what it answered before stays valid. */
const struct pod *names_known(const struct names *n, const struct place *place,
			      const struct pod_container **ret_container);

/* Likewise, but looks for what is not known yet; what was answered before is no longer valid. 0 or
 * -errno. */
int names_find(struct names *n, const struct place *place, const struct pod **ret_pod,
	       const struct pod_container **ret_container);

/*
 * Whether the labels of the pod that these two found are known: the kubelet's files have none, so
 * where the API server is asked, it may be about to tell.
 */
bool names_has_labels(const struct names *n, const struct place *place);

/* Another number than before, when something is known that was not, or other than it was. */
uint64_t names_changes(const struct names *n);

/* Log what went wrong since the last call; nothing, when nothing did. */
void names_report(struct names *n, struct log *log);

uint64_t names_memory(const struct names *n);

/* Pods that found no room, that made room for others, and what was left out of pods: struct pods.
 */
struct names_counters {
	uint64_t refused, evicted, left_out;
};

void names_counters(const struct names *n, struct names_counters *ret_counters);
