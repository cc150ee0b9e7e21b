/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which container a process is in, by /proc/PID/cgroup (cgroups(7)).
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
 */
#pragma once

#include "base/span.h"

/* 64 hex digits, or 32, a dash and up to 20 digits; and the NUL. */
#define CONTAINER_ID_SIZE 65

struct container_id {
	char text[CONTAINER_ID_SIZE]; /* empty: in no container */
};

/* The container of the first line that names one. */
struct container_id cgroup_container(struct span file);

/*
 * An id or the beginning of one as people have it: with or without the "containerd://" that
 * kubectl shows. False when it cannot be that.
 */
bool container_id_parse(const char *text, struct container_id *ret_prefix);
