/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/target/cgroup.h"

#define A  "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H  "b5606d61ee495ef9dd058e6b956c3cf6"
#define U  "1234abcd-0000-1111-2222-333344445555"
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
		cmocka_unit_test(ids_as_people_have_them),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
