/* SPDX-License-Identifier: Apache-2.0 */
/* Folders made to look like cgroups: their inode numbers are the ids. The kernel's own: …-root.c.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/target/cgroup_tree.h"
#include "base/clock.h"

#define A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define U "1234abcd-0000-1111-2222-333344445555"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	char *folder = strdup("/tmp/test-cgroup-tree-XXXXXX");

	assert_non_null(mkdtemp(folder));
	*state = folder;
	return chdir(folder);
}

static int teardown(void **state)
{
	nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return chdir("/");
}

static uint64_t make(const char *path)
{
	struct stat st;

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void open_tree(struct cgroup_tree *t)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(cgroup_tree_init(t, fd), 0);
}

static void assert_unknown(struct cgroup_tree *t, uint64_t id)
{
	struct place p;

	assert_int_equal(cgroup_tree_find(t, id, &p), CGROUP_TREE_E_UNKNOWN);
	assert_string_equal(p.container.text, "");
}

static void assert_container(struct cgroup_tree *t, uint64_t id, const char *container)
{
	struct place p;

	assert_int_equal(cgroup_tree_find(t, id, &p), 0);
	assert_string_equal(p.container.text, container);
}

static void what_is_there_at_the_start(void **state)
{
	struct cgroup_tree t;
	struct place p;

	(void)state;
	uint64_t slice = make("kubepods");
	uint64_t pod = make("kubepods/pod" U);
	uint64_t a = make("kubepods/pod" U "/" A);
	uint64_t inner = make("kubepods/pod" U "/" A "/init");
	uint64_t web = make("web.service");
	open_tree(&t);
	assert_unknown(&t, slice);
	assert_int_equal(cgroup_tree_find(&t, a, &p), 0);
	assert_string_equal(p.container.text, A);
	assert_string_equal(p.pod_uid, U);
	assert_container(&t, inner, A);
	assert_int_equal(cgroup_tree_find(&t, pod, &p), 0);
	assert_string_equal(p.pod_uid, U);
	assert_string_equal(p.container.text, "");
	assert_int_equal(cgroup_tree_find(&t, web, &p), 0);
	assert_string_equal(p.unit, "web.service");
	assert_int_equal(t.n, 4);
	assert_true(cgroup_tree_memory(&t) > 0);
	cgroup_tree_close(&t);
	cgroup_tree_close(&t);
}

static void what_comes_later_and_goes(void **state)
{
	struct cgroup_tree t;

	(void)state;
	open_tree(&t);
	uint64_t a = make(A);
	/* not again so soon */
	t.next_walk = UINT64_MAX / 2;
	assert_unknown(&t, a);
	assert_int_equal(t.n_walks, 1);
	assert_int_equal(t.n_missed, 1);
	t.next_walk = 0;
	uint64_t before = clock_monotonic();
	assert_container(&t, a, A);
	assert_int_equal(t.n_walks, 2);
	assert_true(t.next_walk >= before + NSEC_PER_SEC);
	assert_int_equal(rmdir(A), 0);
	t.next_walk = 0;
	assert_container(&t, a, A);
	assert_int_equal(t.n_walks, 2);
	cgroup_tree_close(&t);
}

static void links_lead_nowhere(void **state)
{
	struct cgroup_tree t;
	char path[256];

	(void)state;
	make("outside");
	uint64_t b = make("outside/" B);
	make("tree");
	assert_int_equal(symlink("../outside", "tree/docker"), 0);
	close(open("tree/" A, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/tree", (const char *)*state);
	assert_int_equal(chdir(path), 0);
	open_tree(&t);
	assert_unknown(&t, b);
	assert_int_equal(t.n, 0);
	cgroup_tree_close(&t);
}

static void only_so_deep(void **state)
{
	char path[512] = "d";
	struct cgroup_tree t;

	(void)state;
	make(path);
	for (int i = 2; i < CGROUP_TREE_MAX_DEPTH - 1; i++) {
		strcat(path, "/d");
		make(path);
	}
	size_t end = strlen(path);
	strcat(path, "/" A);
	uint64_t a = make(path);
	strcat(path, "/init");
	uint64_t inner = make(path);
	path[end] = '\0';
	open_tree(&t);
	assert_container(&t, a, A);
	assert_unknown(&t, inner);
	assert_int_equal(t.n_beyond, 1);
	cgroup_tree_close(&t);
}

static void only_so_many(void **state)
{
	uint64_t ids[CGROUP_TREE_MAX_PLACES + 1];
	struct cgroup_tree t;
	struct place p;
	char name[32];

	(void)state;
	for (unsigned int i = 0; i <= CGROUP_TREE_MAX_PLACES; i++) {
		snprintf(name, sizeof(name), "%u.service", i);
		ids[i] = make(name);
	}
	open_tree(&t);
	assert_int_equal(t.n, CGROUP_TREE_MAX_PLACES);
	assert_int_equal(t.n_beyond, 1);
	for (unsigned int i = 0; i <= CGROUP_TREE_MAX_PLACES; i++) {
		t.next_walk = 0;
		assert_int_equal(cgroup_tree_find(&t, ids[i], &p), 0);
		snprintf(name, sizeof(name), "%u.service", i);
		assert_string_equal(p.unit, name);
	}
	assert_in_range(t.n_forgotten, CGROUP_TREE_MAX_PLACES, 2 * CGROUP_TREE_MAX_PLACES);
	cgroup_tree_close(&t);
}

static void no_cgroup_v2_at_all(void **state)
{
	struct cgroup_tree t;

	assert_int_equal(cgroup_tree_open(&t, *state), 0);
	assert_unknown(&t, 5);
	cgroup_tree_close(&t);
	assert_int_equal(cgroup_tree_open(&t, "/no/such/folder"), 0);
	assert_unknown(&t, 5);
	cgroup_tree_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_there_at_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(what_comes_later_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(links_lead_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(only_so_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(only_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(no_cgroup_v2_at_all, setup, teardown),
	};

	return cmocka_run_group_tests_name("cgroup-tree", tests, NULL, NULL);
}
