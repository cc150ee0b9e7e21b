/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "agent/target/cgroup.h"

#define A  "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H  "b5606d61ee495ef9dd058e6b956c3cf6"
#define U  "1234abcd-0000-1111-2222-333344445555"
#define V  "99999999-0000-1111-2222-333344445555"
#define U_ "1234abcd_0000_1111_2222_333344445555"

static void assert_container(const char *file, const char *id)
{
	struct container_id found = cgroup_container(span_of(file, strlen(file)));

	assert_string_equal(found.text, id);
}

static void ids_of_all_runtimes(void **state)
{
	const char *const files[] = {
		/* docker: v1, v2 with systemd, its init, docker-in-docker pods */
		"11:pids:/docker/" A "\n",
		"0::/system.slice/docker-" A ".scope\n",
		"0::/system.slice/docker-" A ".scope/init\n",
		"0::/docker/pod" U "/" A "\n",
		/* kubernetes: cgroupfs v1 and v2, systemd with each runtime, guaranteed QoS */
		"11:memory:/kubepods/besteffort/pod" U "/" A "\n",
		"0::/kubepods/burstable/pod" U "/" A "\n",
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U_
		".slice/cri-containerd-" A ".scope\n",
		"0::/kubepods.slice/kubepods-pod" U_ ".slice/cri-containerd-" A ".scope\n",
		"0::/kubepods.slice/kubepods-pod" U_ ".slice/crio-" A ".scope\n",
		"0::/kubepods/burstable/pod" U "/crio-" A "\n",
		"0::/kubepods.slice/kubepods-pod" U_ ".slice/docker-" A ".scope\n",
		"11:cpuset:/system.slice/containerd.service/kubepods-besteffort-pod" U_
		".slice:cri-containerd:" A "\n",
		/* seen from a sibling's cgroup namespace */
		"0::/../../../kubepods-burstable.slice/kubepods-burstable-pod" U_
		".slice/cri-containerd-" A ".scope\n",
		/* podman, root and rootless */
		"0::/machine.slice/libpod-" A ".scope/container\n",
		"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope\n",
		"4:pids:/libpod_parent/libpod-" A "\n",
		/* runc from a VM's root */
		"0::/" A,
		/* nested: a node that is a container, its pods, and its own services */
		"0::/docker/" B "/kubelet/kubepods/pod" U "/" A "\n",
		"0::/system.slice/docker-" A ".scope/system.slice/containerd.service\n",
		"0::/docker/" A "/machine.slice/libpod-conmon-" B ".scope\n",
		/* hybrid: the first line that names one */
		"9:name=systemd:/\n8:pids:/\n4:memory:/docker/" A "\n1:cpu:/docker/" B "\n0::/\n",
		"12:cpu,cpuacct:/docker/" A "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_container(files[i], A);
}

static void ecs_tasks(void **state)
{
	(void)state;
	assert_container("9:perf_event:/ecs/cluster/" H "-1234567890\n", H "-1234567890");
	assert_container("9:perf_event:/ecs/cluster/" H "/" A "\n", A);
	assert_container("9:cpu:/ecs/" H "-\n", "");
	assert_container("9:cpu:/ecs/f" H "-12\n", "");
	assert_container("9:cpu:/ecs/" H "-123456789012345678901\n", "");
}

static void what_is_no_container(void **state)
{
	const char *const files[] = {
		"",
		"0::/\n",
		"0::/system.slice/foo.service\n",
		"0::/lxc.payload.web/\n",
		"0::/user.slice/user-1000.slice/session-3.scope\n",
		/* 32 digits: some other tool's */
		"4:memory:/process_api/" H "\n3:cpuset:/\n0::/\n",
		/* beside a container, not in it */
		"0::/machine.slice/libpod-conmon-" A ".scope\n",
		"0::/system.slice/crio-conmon-" A ".scope\n",
		/* too long, too short, capitals, another suffix */
		"0::/docker/0" A "\n",
		"0::/docker/4F1D2C3B4A5968778695A4B3C2D1E0F00123456789ABCDEF0123456789ABCDEF\n",
		"0::/docker/" A ".mount\n",
		/* no cgroup lines */
		"0:" A "\n",
		A "\n",
		"\n\n:",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_container(files[i], "");
}

static struct place place_of(const char *file)
{
	return cgroup_place(span_of(file, strlen(file)));
}

static void assert_place(const char *file, const char *container, const char *uid, const char *lxc,
			 const char *unit)
{
	struct place p = place_of(file);

	assert_string_equal(p.container.text, container);
	assert_string_equal(p.pod_uid, uid);
	assert_string_equal(p.lxc, lxc);
	assert_string_equal(p.unit, unit);
}

static void pods_of_all_runtimes(void **state)
{
	const char *const files[] = {
		"11:memory:/kubepods/besteffort/pod" U "/" A "\n",
		"0::/kubepods/besteffort/pod" U "/" A "\n",
		"0::/docker/pod" U "/" A "\n",
		"0::/kubepods/burstable/pod" U "/crio-" A "\n",
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U_
		".slice/cri-containerd-" A ".scope\n",
		"0::/kubepods.slice/kubepods-pod" U_ ".slice/crio-" A ".scope\n",
		"0::/../../../kubepods-burstable.slice/kubepods-burstable-pod" U_
		".slice/cri-containerd-" A ".scope\n",
		"0::/../../kubepods-pod" U_ ".slice/cri-containerd-" A ".scope\n",
		"11:cpuset:/system.slice/containerd.service/kubepods-besteffort-pod" U_
		".slice:cri-containerd:" A "\n",
		"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" U_
		".slice/cri-containerd-" A ".scope\n",
		/* a node that is a container */
		"0::/docker/" B "/kubelet/kubepods/pod" U "/" A "\n",
		/* a container in a pod's container */
		"0::/kubepods/burstable/pod" U "/" B "/docker/" A "\n",
		"4:cpu:/kubepods/pod" U "/" A "\n2:pids:/kubepods/pod" V "/" B "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_place(files[i], A, U, "", "");
	/* static pods */
	assert_place("0::/kubepods/burstable/pod" H "/" A "\n", A, H, "", "");
	/* a pod without one of its containers: its conmon, and its own cgroup */
	assert_place("0::/kubepods.slice/kubepods-pod" U_ ".slice/crio-conmon-" A ".scope\n", "", U,
		     "", "");
	assert_place("0::/kubepods/pod" U "\n", "", U, "", "");
	/* not quite a uid */
	assert_place("0::/kubepods/pod" U "0/" A "\n", A, "", "", "");
	assert_place("0::/kubepods/xpod" U "/" A "\n", A, "", "", "");
	assert_place("0::/kubepods/pod1234abcd-0000-1111-2222_3333-4444555/" A "\n", A, "", "", "");
}

static void containers_of_lxc(void **state)
{
	(void)state;
	assert_place("0::/lxc.payload.web/\n", "", "", "web", "");
	assert_place("0::/lxc.payload/web\n", "", "", "web", "");
	assert_place("4:cpu:/lxc/web/init.scope\n", "", "", "web", "");
	assert_place("0::/lxc.payload.web/system.slice/nginx.service\n", "", "", "web",
		     "nginx.service");
	assert_place("0::/lxc.monitor.web\n", "", "", "", "");
	/* one in the other */
	assert_place("0::/lxc.payload.web/docker/" A "\n", A, "", "", "");
	assert_place("0::/docker/" A "/lxc.payload.web\n", "", "", "web", "");
}

static void units_of_systemd(void **state)
{
	(void)state;
	assert_place("0::/system.slice/foo.service\n", "", "", "", "foo.service");
	assert_place("0::/system.slice/system-foo.slice/foo@eu.service\n", "", "", "",
		     "foo@eu.service");
	assert_place("0::/system.slice/foo.service/payload\n", "", "", "", "foo.service");
	assert_place("0::/user.slice/user-1000.slice/user@1000.service/app.slice/bar.service\n", "",
		     "", "", "bar.service");
	assert_place("0::/system.slice/my\\x2dapp.service\n", "", "", "", "my\\x2dapp.service");
	/* names that the kernel would mistake for its own files */
	assert_place("0::/system.slice/_cpu.service\n", "", "", "", "cpu.service");
	assert_place("0::/system.slice/__cpu.service\n", "", "", "", "_cpu.service");
	/* v1, and hybrid */
	assert_place("9:pids:/system.slice/foo.service\n1:name=systemd:/system.slice/foo.service\n",
		     "", "", "", "foo.service");
	assert_place("9:pids:/system.slice/foo.service\n0::/\n", "", "", "", "");
}

static void what_is_no_service(void **state)
{
	const char *const files[] = {
		"0::/user.slice/user-1000.slice/session-3.scope\n",
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n",
		"0::/init.scope\n",
		"0::/system.slice\n",
		"0::/system.slice/foo.mount\n",
	};
	char of_255[UNIT_NAME_SIZE + 32], of_256[UNIT_NAME_SIZE + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_place(files[i], "", "", "", "");
	snprintf(of_255, sizeof(of_255), "0::/%0247d.service", 1);
	snprintf(of_256, sizeof(of_256), "0::/%0248d.service", 1);
	assert_place(of_255, "", "", "", of_255 + strlen("0::/"));
	assert_place(of_256, "", "", "", "");
}

/* What runs the containers, and what runs in them. */
static void units_around_and_in_containers(void **state)
{
	(void)state;
	assert_place("0::/system.slice/containerd.service/" A "\n", A, "", "", "");
	assert_place("0::/user.slice/user@1000.service/user.slice/libpod-" A ".scope\n", A, "", "",
		     "");
	assert_place("0::/system.slice/docker-" A ".scope/system.slice/kubelet.service\n", A, "",
		     "", "kubelet.service");
	/* the runtime uses v1 alone, and v2 shows only its own service */
	assert_place("9:pids:/docker/" A "\n1:name=systemd:/docker/" A
		     "\n0::/system.slice/containerd.service\n",
		     A, "", "", "");
	assert_place("9:name=systemd:/system.slice/x.service\n4:memory:/docker/" A "\n", A, "", "",
		     "");
}

static void places_that_are_the_same(void **state)
{
	const char *const files[] = {
		"",
		"0::/kubepods/pod" U "/" A,
		"0::/kubepods/pod" U "/" B,
		"0::/kubepods/pod" V "/" A,
		"0::/lxc.payload.web",
		"0::/web.service",
		"0::/api.service",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct place a = place_of(files[i]), again = place_of(files[i]);

		assert_true(place_equal(&a, &again));
		assert_int_equal(place_hash(&a), place_hash(&again));
		for (size_t j = 0; j < i; j++) {
			struct place b = place_of(files[j]);

			assert_false(place_equal(&a, &b));
			assert_int_not_equal(place_hash(&a), place_hash(&b));
		}
	}
}

static void ids_as_people_have_them(void **state)
{
	struct container_id id;

	(void)state;
	assert_true(container_id_parse(A, &id));
	assert_string_equal(id.text, A);
	assert_true(container_id_parse("containerd://" A, &id));
	assert_string_equal(id.text, A);
	assert_true(container_id_parse("4f1d", &id));
	assert_string_equal(id.text, "4f1d");
	assert_true(container_id_parse(H "-123", &id));
	assert_false(container_id_parse("", &id));
	assert_false(container_id_parse("docker://", &id));
	assert_false(container_id_parse("web-frontend", &id));
	assert_false(container_id_parse("4F1D", &id));
	assert_false(container_id_parse(A "0", &id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_all_runtimes),
		cmocka_unit_test(ecs_tasks),
		cmocka_unit_test(what_is_no_container),
		cmocka_unit_test(pods_of_all_runtimes),
		cmocka_unit_test(containers_of_lxc),
		cmocka_unit_test(units_of_systemd),
		cmocka_unit_test(what_is_no_service),
		cmocka_unit_test(units_around_and_in_containers),
		cmocka_unit_test(places_that_are_the_same),
		cmocka_unit_test(ids_as_people_have_them),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
