/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of pods and containers from the files that the kubelet keeps on every node, which need no
 * permission of the cluster's (kubernetes, pkg/kubelet/kuberuntime/legacy.go, helpers.go):
 *
 *	/var/log/containers/<pod>_<namespace>_<container>-<64>.log -> the next
 *	/var/log/pods/<namespace>_<pod>_<uid>/<container>/<n>.log
 *
 * Both are read once; what changes is told by inotify(7), which is asked when something is not
 * found and by pod_files_refresh(). When events got lost, and after many links went, all is read
 * again. No labels: for those, see agent/kube.
 */
#pragma once

#include "agent/target/pods.h"

struct pod_files_options {
	const char *containers; /* "/var/log/containers" */
	const char *pods;	/* "/var/log/pods" */
};

struct pod_files {
	struct pods pods;
	char *paths[2]; /* of the two folders */
	int watches[2]; /* -1 for a folder that is not there */
	int inotify;
	uint32_t n_removed; /* links, since all was read */
	uint64_t looked_at; /* for folders that were missing, clock_monotonic() */
	uint64_t n_scans, n_overflows;
};

#define POD_FILES_NULL                               \
	{                                            \
		.watches = { -1, -1 }, .inotify = -1 \
	}

/* 0, also when there are no such folders (they are looked for again), or -errno. */
int pod_files_open(struct pod_files *f, const struct pod_files_options *options);
void pod_files_close(struct pod_files *f);

/* Take note of what has changed. 0 or -errno. */
int pod_files_refresh(struct pod_files *f);

/*
 * As pods_find(). The name of a container that is known by its pod alone is given when the pod has
 * just one. *ret_pod is NULL when there is none. 0 or -errno.
 */
int pod_files_find(struct pod_files *f, const struct place *place, const struct pod **ret_pod,
		   const struct pod_container **ret_container);

/* The two kinds of names, parsed: texts without NUL. False when @name is not of this kind. */
struct pod_file_name {
	struct span namespace, pod, container;
	struct container_id id;
	char uid[POD_UID_SIZE];
};

bool pod_file_parse_link(struct span name, struct pod_file_name *ret_name);
bool pod_file_parse_folder(struct span name, struct pod_file_name *ret_name);
