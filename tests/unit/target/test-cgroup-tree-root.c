/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own cgroup v2, mounted where only this test sees it. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/target/cgroup_tree.h"

#define SKIPPED 77
#define A	"4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define U_	"1234abcd_0000_1111_2222_333344445555"
#define U	"1234abcd-0000-1111-2222-333344445555"

struct fixture {
	char folder[32], unified[48], slice[96], pod[160], container[256];
};

/* As systemd's "hybrid" has it: v2 in a folder of its own. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/test-tree-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->unified, sizeof(f->unified), "%s/unified", f->folder);
	assert_int_equal(mkdir(f->unified, 0755), 0);
	assert_int_equal(mount("none", f->unified, "cgroup2", 0, NULL), 0);
	snprintf(f->slice, sizeof(f->slice), "%s/hone-test-%d.slice", f->unified, getpid());
	snprintf(f->pod, sizeof(f->pod), "%s/kubepods-pod" U_ ".slice", f->slice);
	snprintf(f->container, sizeof(f->container), "%s/cri-containerd-" A ".scope", f->pod);
	assert_int_equal(mkdir(f->slice, 0755), 0);
	assert_int_equal(mkdir(f->pod, 0755), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rmdir(f->container);
	assert_int_equal(rmdir(f->pod), 0);
	assert_int_equal(rmdir(f->slice), 0);
	assert_int_equal(umount(f->unified), 0);
	assert_int_equal(rmdir(f->unified), 0);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static uint64_t make(const char *path)
{
	struct stat st;

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void assert_found(struct cgroup_tree *t, uint64_t id)
{
	struct place p;

	assert_int_equal(cgroup_tree_find(t, id, &p), 0);
	assert_string_equal(p.container.text, A);
	assert_string_equal(p.pod_uid, U);
}

static void opened_by_id(void **state)
{
	struct fixture *f = *state;
	struct cgroup_tree t, fresh;
	struct stat root;
	struct place p;

	assert_int_equal(cgroup_tree_open(&t, f->folder), 0);
	assert_true(t.fd >= 0 && t.kernel && t.by_handle);
	uint64_t id = make(f->container);
	assert_found(&t, id);
	assert_true(t.by_handle);
	assert_int_equal(t.n_walks, 1);
	/* gone, and found nevertheless; by one who never saw it, not */
	assert_int_equal(rmdir(f->container), 0);
	assert_found(&t, id);
	assert_int_equal(cgroup_tree_open(&fresh, f->unified), 0);
	assert_int_equal(cgroup_tree_find(&fresh, id, &p), CGROUP_TREE_E_UNKNOWN);
	assert_int_equal(fresh.n_missed, 1);
	assert_true(fresh.by_handle);
	assert_int_equal(stat(f->unified, &root), 0);
	assert_int_equal(cgroup_tree_find(&fresh, root.st_ino, &p), CGROUP_TREE_E_UNKNOWN);
	assert_int_equal(fresh.n_missed, 1);
	cgroup_tree_close(&fresh);
	cgroup_tree_close(&t);
}

static void in_child(void (*body)(struct fixture *f), struct fixture *f)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		body(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void drop(unsigned int capability)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << capability);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void without_capability(struct fixture *f)
{
	struct cgroup_tree t;

	drop(CAP_DAC_READ_SEARCH);
	assert_int_equal(cgroup_tree_open(&t, f->folder), 0);
	uint64_t id = make(f->container);
	t.next_walk = 0;
	assert_found(&t, id);
	assert_false(t.by_handle);
	assert_int_equal(t.n_walks, 2);
	cgroup_tree_close(&t);
}

static void by_reading_all_where_it_must_be(void **state)
{
	in_child(without_capability, *state);
}

/*
 * An agent in a cgroup of its own, with a namespace in which it is the root; the host's hierarchy
 * is mounted for it, and the other one is beside it. What it mounted itself would show it only its
 * own.
 */
static void in_namespace(struct fixture *f)
{
	char own[128], procs[160];
	struct cgroup_tree t;

	snprintf(own, sizeof(own), "%s/agent", f->slice);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", own);
	uint64_t id = make(f->container);
	assert_int_equal(mkdir(own, 0755), 0);
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "0", 1), 1);
	close(fd);
	assert_int_equal(unshare(CLONE_NEWCGROUP), 0);
	assert_int_equal(cgroup_tree_open(&t, f->folder), 0);
	assert_found(&t, id);
	assert_int_equal(t.n_walks, 1);
	cgroup_tree_close(&t);
}

static void from_a_namespace_of_its_own(void **state)
{
	struct fixture *f = *state;
	char own[128];

	in_child(in_namespace, f);
	snprintf(own, sizeof(own), "%s/agent", f->slice);
	assert_int_equal(rmdir(own), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opened_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(by_reading_all_where_it_must_be, setup, teardown),
		cmocka_unit_test_setup_teardown(from_a_namespace_of_its_own, setup, teardown),
	};

	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		puts("needs root, for a mount namespace and cgroups of its own");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("cgroup-tree-root", tests, NULL, NULL);
}
