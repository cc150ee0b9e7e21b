/* SPDX-License-Identifier: Apache-2.0 */
/* Folders as the kubelet keeps them. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/target/pod_files.h"

#define A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define U "1234abcd-0000-1111-2222-333344445555"
#define V "99999999-0000-1111-2222-333344445555"
#define H "b5606d61ee495ef9dd058e6b956c3cf6"

static const struct pod_files_options options = { .containers = "containers", .pods = "pods" };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	char *folder = strdup("/tmp/test-pod-files-XXXXXX");

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

static void make_folders(void)
{
	assert_int_equal(mkdir("containers", 0755), 0);
	assert_int_equal(mkdir("pods", 0755), 0);
}

static void make_link(const char *pod, const char *namespace, const char *container, const char *id,
		      const char *uid)
{
	char path[512], target[512];

	snprintf(path, sizeof(path), "containers/%s_%s_%s-%s.log", pod, namespace, container, id);
	snprintf(target, sizeof(target), "/var/log/pods/%s_%s_%s/%s/0.log", namespace, pod, uid,
		 container);
	assert_int_equal(symlink(target, path), 0);
}

/* "namespace/pod/container", or "-". */
static void assert_names(struct pod_files *f, const char *id, const char *uid, const char *wanted)
{
	const struct pod_container *container;
	struct place place = { .unit = "" };
	const struct pod *pod;
	char found[256] = "-";

	snprintf(place.container.text, sizeof(place.container.text), "%s", id);
	snprintf(place.pod_uid, sizeof(place.pod_uid), "%s", uid);
	assert_int_equal(pod_files_find(f, &place, &pod, &container), 0);
	if (pod)
		snprintf(found, sizeof(found), "%s/%s/%s", pod->namespace, pod->name,
			 container ? container->name : "-");
	assert_string_equal(found, wanted);
}

static bool parse_link(const char *text, struct pod_file_name *n)
{
	return pod_file_parse_link(span_of(text, strlen(text)), n);
}

static bool parse_folder(const char *text, struct pod_file_name *n)
{
	return pod_file_parse_folder(span_of(text, strlen(text)), n);
}

static void names_of_links(void **state)
{
	struct pod_file_name n;

	(void)state;
	assert_true(parse_link("api-7d4f-x_shop_side-car-" A ".log", &n));
	assert_true(span_equals(n.pod, "api-7d4f-x"));
	assert_true(span_equals(n.namespace, "shop"));
	assert_true(span_equals(n.container, "side-car"));
	assert_string_equal(n.id.text, A);
	assert_string_equal(n.uid, "");
	assert_true(parse_link("etcd-node.example.com_kube-system_etcd-" A ".log", &n));
	assert_true(span_equals(n.pod, "etcd-node.example.com"));

	assert_false(parse_link("", &n));
	assert_false(parse_link("a_b", &n));
	assert_false(parse_link("a_b_c", &n));
	assert_false(parse_link("a_b_" A ".log", &n));
	assert_false(parse_link("a_b_-" A ".log", &n));
	assert_false(parse_link("_b_c-" A ".log", &n));
	assert_false(parse_link("a__c-" A ".log", &n));
	assert_false(parse_link("a_b_c-" A ".txt", &n));
	assert_false(parse_link("a_b_c-" A, &n));
	assert_false(parse_link("a_b_c.0" A ".log", &n));
	assert_false(parse_link("a_b_c-f" A ".log", &n));
	assert_false(parse_link("A_b_c-" A ".log", &n));
	assert_false(parse_link("a_b\n_c-" A ".log", &n));
	assert_false(parse_link("a_b_c_d-" A ".log", &n));
}

static void names_of_folders(void **state)
{
	struct pod_file_name n;

	(void)state;
	assert_true(parse_folder("shop_api-7d4f_" U, &n));
	assert_true(span_equals(n.namespace, "shop"));
	assert_true(span_equals(n.pod, "api-7d4f"));
	assert_string_equal(n.uid, U);
	assert_string_equal(n.id.text, "");
	assert_true(parse_folder("kube-system_etcd-node_" H, &n));
	assert_string_equal(n.uid, H);
	assert_false(parse_folder("shop_api", &n));
	assert_false(parse_folder("shop_api_", &n));
	assert_false(parse_folder("shop_api_12", &n));
	assert_false(parse_folder("shop_API_" U, &n));
	assert_false(parse_folder("_api_" U, &n));
	assert_false(parse_folder("..", &n));
}

static void what_is_there_at_the_start(void **state)
{
	struct pod_files f;

	(void)state;
	make_folders();
	make_link("api-1", "shop", "app", A, U);
	make_link("api-1", "shop", "sidecar", B, U);
	assert_int_equal(mkdir("pods/jobs_nightly-1_" V, 0755), 0);
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_names(&f, A, "", "shop/api-1/app");
	assert_names(&f, B, U, "shop/api-1/sidecar");
	assert_int_equal(f.pods.n_live, 2);
	/* an id that is not there, in a pod that is */
	assert_names(&f, "99", U, "shop/api-1/-");
	assert_names(&f, "", V, "jobs/nightly-1/-");
	assert_names(&f, "99", H, "-");
	assert_names(&f, "", "", "-");
	pod_files_close(&f);
	pod_files_close(&f);
}

static void what_comes_later(void **state)
{
	struct pod_files f;

	(void)state;
	make_folders();
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_names(&f, A, U, "-");
	assert_int_equal(mkdir("pods/shop_api-1_" U, 0755), 0);
	assert_names(&f, A, U, "shop/api-1/-");
	make_link("api-1", "shop", "app", A, U);
	assert_names(&f, A, U, "shop/api-1/app");
	/* started again: both are known */
	make_link("api-1", "shop", "app", B, U);
	assert_names(&f, B, "", "shop/api-1/app");
	assert_names(&f, A, "", "shop/api-1/app");
	assert_int_equal(f.n_scans, 1);
	pod_files_close(&f);
}

static void the_only_container_of_its_pod(void **state)
{
	struct pod_files f;

	(void)state;
	make_folders();
	assert_int_equal(mkdir("pods/shop_api-1_" U, 0755), 0);
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_names(&f, A, U, "shop/api-1/-");
	assert_int_equal(mkdir("pods/shop_api-1_" U "/app", 0755), 0);
	assert_names(&f, A, U, "shop/api-1/app");
	assert_int_equal(mkdir("pods/shop_api-1_" U "/sidecar", 0755), 0);
	assert_names(&f, A, U, "shop/api-1/app");
	assert_names(&f, B, U, "shop/api-1/-");
	pod_files_close(&f);
}

static void what_goes(void **state)
{
	struct pod_files f;

	(void)state;
	make_folders();
	assert_int_equal(mkdir("pods/shop_api-1_" U, 0755), 0);
	make_link("api-1", "shop", "app", A, U);
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_int_equal(f.pods.n_live, 1);
	assert_int_equal(rmdir("pods/shop_api-1_" U), 0);
	assert_int_equal(pod_files_refresh(&f), 0);
	assert_int_equal(f.pods.n_live, 0);
	assert_int_equal(f.pods.n_gone, 1);
	assert_names(&f, A, U, "shop/api-1/app");
	pod_files_close(&f);
}

/* Where there are but links, all is read again after many of them went. */
static void links_that_go(void **state)
{
	char id[65], path[512];
	struct pod_files f;

	(void)state;
	make_folders();
	make_link("api-1", "shop", "app", A, U);
	for (int i = 0; i < 65; i++) {
		snprintf(id, sizeof(id), "%064x", i);
		make_link("job", "batch", "x", id, V);
	}
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_int_equal(f.pods.n_live, 2);
	for (int i = 0; i < 65; i++) {
		snprintf(path, sizeof(path), "containers/job_batch_x-%064x.log", i);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(pod_files_refresh(&f), 0);
		assert_int_equal(f.n_scans, i < 64 ? 1 : 2);
	}
	assert_int_equal(f.pods.n_live, 1);
	assert_int_equal(f.pods.n_gone, 1);
	pod_files_close(&f);
}

static void a_pod_that_starts_one_container_after_another(void **state)
{
	char id[65];
	struct pod_files f;

	(void)state;
	make_folders();
	assert_int_equal(pod_files_open(&f, &options), 0);
	for (int i = 0; i < 3 * POD_MAX_CONTAINERS; i++) {
		snprintf(id, sizeof(id), "%064x", i);
		make_link("api-1", "shop", "app", id, U);
		assert_names(&f, id, "", "shop/api-1/app");
	}
	snprintf(id, sizeof(id), "%064x", 2 * POD_MAX_CONTAINERS);
	assert_names(&f, id, "", "shop/api-1/app");
	snprintf(id, sizeof(id), "%064x", 2 * POD_MAX_CONTAINERS - 1);
	assert_names(&f, id, "", "-");
	assert_int_equal(f.pods.n_left_out, 2 * POD_MAX_CONTAINERS);
	pod_files_close(&f);
}

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long long value = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%llu", &value), 1);
	fclose(file);
	return value;
}

static void more_events_than_the_kernel_keeps(void **state)
{
	uint64_t queue = read_number("/proc/sys/fs/inotify/max_queued_events");
	char path[64];
	struct pod_files f;

	(void)state;
	if (queue > 100000)
		skip();
	make_folders();
	assert_int_equal(pod_files_open(&f, &options), 0);
	for (uint64_t i = 0; i < queue / 2 + 8; i++) {
		snprintf(path, sizeof(path), "containers/%d", (int)(i % 2));
		close(creat(path, 0600));
		assert_int_equal(unlink(path), 0);
	}
	make_link("api-1", "shop", "app", A, U);
	assert_names(&f, A, U, "shop/api-1/app");
	assert_int_equal(f.n_overflows, 1);
	pod_files_close(&f);
}

static void folders_that_come_late_and_go(void **state)
{
	struct pod_files f;

	(void)state;
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_names(&f, A, U, "-");
	make_folders();
	make_link("api-1", "shop", "app", A, U);
	f.looked_at = UINT64_MAX / 2;
	assert_names(&f, A, U, "-");
	f.looked_at = 0;
	assert_names(&f, A, U, "shop/api-1/app");
	assert_int_equal(nftw("containers", remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(mkdir("containers", 0755), 0);
	f.looked_at = UINT64_MAX / 2;
	assert_int_equal(pod_files_refresh(&f), 0);
	make_link("api-2", "shop", "app", B, V);
	f.looked_at = 0;
	assert_names(&f, B, V, "shop/api-2/app");
	pod_files_close(&f);
}

static void what_does_not_belong_there(void **state)
{
	struct pod_files f;

	(void)state;
	make_folders();
	/* no link, a link to elsewhere */
	close(creat("containers/api-1_shop_app-" A ".log", 0600));
	assert_int_equal(symlink("/var/lib/docker/x.log", "containers/api-2_shop_app-" B ".log"),
			 0);
	close(creat("pods/shop_api-3_" U, 0600));
	assert_int_equal(mkdir("pods/lost+found", 0755), 0);
	assert_int_equal(pod_files_open(&f, &options), 0);
	assert_names(&f, A, "", "shop/api-1/app");
	assert_names(&f, B, V, "shop/api-2/app");
	assert_names(&f, "99", U, "shop/api-3/-");
	assert_int_equal(f.pods.n_live, 3);
	pod_files_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_links),
		cmocka_unit_test(names_of_folders),
		cmocka_unit_test_setup_teardown(what_is_there_at_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(what_comes_later, setup, teardown),
		cmocka_unit_test_setup_teardown(the_only_container_of_its_pod, setup, teardown),
		cmocka_unit_test_setup_teardown(what_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(links_that_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pod_that_starts_one_container_after_another,
						setup, teardown),
		cmocka_unit_test_setup_teardown(more_events_than_the_kernel_keeps, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_that_come_late_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_belong_there, setup, teardown),
	};

	return cmocka_run_group_tests_name("pod-files", tests, NULL, NULL);
}
