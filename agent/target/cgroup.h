/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a process is, by /proc/PID/cgroup (cgroups(7)): in which container, pod or systemd unit.
 *
 * Lines read ID:CONTROLLERS:PATH; cgroup v2 has the one line 0::PATH. Runtimes name a container's
 * cgroup after its id, each in its own way:
 *
 *	/docker/<64>				docker, cgroupfs driver
 *	/system.slice/docker-<64>.scope		docker, systemd driver; its init may be in .../init
 *	/kubepods/burstable/pod<uid>/<64>	kubernetes, cgroupfs
 *	/kubepods.slice/.../cri-containerd-<64>.scope, crio-<64>.scope
 *	/.../kubepods-pod<uid>.slice:cri-containerd:<64>	containerd, colons
 *	/machine.slice/libpod-<64>.scope	podman
 *	/ecs/<cluster>/<32>-<digits>		Amazon ECS
 *
 * <64> being hex digits. Hence the rule: the innermost path component that ends in an id (and in
 * ".scope" at most after it) names the container, so that nested ones count as the inner one and
 * processes a container's own systemd has sorted into units still belong to it. podman's and
 * cri-o's conmon runs beside a container and is not of it. 32 hex digits alone are no id: other
 * tools name cgroups so.
 *
 * Seen from a cgroup namespace other than the process's, a path may begin with any number of
 * "/..": what counts is at its end (cgroup_namespaces(7)).
 */
#pragma once

#include "base/span.h"

/* 64 hex digits, or 32, a dash and up to 20 digits; and the NUL. */
#define CONTAINER_ID_SIZE 65

struct container_id {
	char text[CONTAINER_ID_SIZE]; /* empty: in no container */
};

/* A UUID, or the 32 hex digits that the kubelet gives static pods. */
#define POD_UID_SIZE   37
#define LXC_NAME_SIZE  64
#define UNIT_NAME_SIZE 256 /* systemd.unit(5): 255 characters */

/*
 * Each text is empty where there is no such thing.
 *
 * The unit is a service of systemd, the system's or a user's, by the name systemctl shows; that of
 * the innermost container where there is one. Scopes (a login, a container) and user@UID.service (a
 * user's own systemd) say nothing of the program and are left out.
 */
struct place {
	struct container_id container;
	char pod_uid[POD_UID_SIZE]; /* with dashes; of the innermost pod */
	char lxc[LXC_NAME_SIZE];    /* containers of LXC have a name and no id */
	char unit[UNIT_NAME_SIZE];
};

/* By the lines of /proc/PID/cgroup. Container and pod are those of the first line that names one.
 */
struct place cgroup_place(struct span file);

/* By one path, below the root of a hierarchy. */
struct place cgroup_path_place(struct span path);

bool place_equal(const struct place *a, const struct place *b);
uint64_t place_hash(const struct place *p);

/* The container of the first line that names one. */
struct container_id cgroup_container(struct span file);

/*
 * An id or the beginning of one as people have it: with or without the "containerd://" that
 * kubectl shows. False when it cannot be that.
 */
bool container_id_parse(const char *text, struct container_id *ret_prefix);

/* A whole id of 64 hex digits, at the end of @text: "containerd://<64>", "web-<64>". */
bool container_id_at_end(struct span text, struct container_id *ret_id);

/* A pod's uid, with dashes or with the underscores that systemd wants. */
bool pod_uid_parse(struct span text, char ret_uid[POD_UID_SIZE]);
