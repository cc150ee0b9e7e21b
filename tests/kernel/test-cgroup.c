/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What capture tells of processes that change their cgroup, in each hierarchy that is mounted here:
 * v1, v2, or both. Waits end when what is waited for has happened; only a minute without it fails.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/kernel/open.h"

#define WAIT_LIMIT (60 * NSEC_PER_SEC)

/* ---- cgroups of our own -------------------------------------------------------------------- */

struct hierarchy {
	bool v2;
	char folder[512]; /* a cgroup in it, made for this test */
};

/* cpuset takes nobody in until it is told of CPUs and memory. */
static bool can_be_used(const struct mntent *m)
{
	if (strcmp(m->mnt_type, "cgroup2") == 0)
		return true;
	return strcmp(m->mnt_type, "cgroup") == 0 && !hasmntopt(m, "cpuset");
}

static size_t make_cgroups(struct hierarchy *h, size_t max)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	size_t n = 0;

	assert_non_null(mounts);
	while (n < max && (m = getmntent(mounts))) {
		if (!can_be_used(m))
			continue;
		h[n].v2 = strcmp(m->mnt_type, "cgroup2") == 0;
		snprintf(h[n].folder, sizeof(h[n].folder), "%.400s/hone-test-%d", m->mnt_dir,
			 getpid());
		n += mkdir(h[n].folder, 0755) == 0;
	}
	endmntent(mounts);
	if (n == 0) {
		printf("no cgroup can be made here\n");
		exit(TEST_SKIPPED);
	}
	return n;
}

static void remove_cgroups(const struct hierarchy *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		while (rmdir(h[i].folder) < 0 && errno == EBUSY)
			usleep(1000); /* who was in it is not quite gone */
}

/* Have process @pid in it. */
static void enter(const struct hierarchy *h, pid_t pid)
{
	char path[600], text[32];

	snprintf(path, sizeof(path), "%s/cgroup.procs", h->folder);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int n = snprintf(text, sizeof(text), "%d", pid);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
}

/* ---- what is told -------------------------------------------------------------------------- */

struct heard {
	struct capture *capture;
	uint32_t pid;
	uint64_t moves, forks;
	uint32_t child, moved_child; /* of .pid */
};

static uint32_t parent_of(uint32_t pid)
{
	char path[32];
	uint32_t parent = 0;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*u (%*[^)]) %*c %u", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

static int on_record(const struct record_header *h, void *context)
{
	const struct process_event *e = (const struct process_event *)h;
	struct heard *k = context;

	if (h->type == RECORD_MOVE) {
		k->moves += h->pid == k->pid;
		if (k->pid && parent_of(h->pid) == k->pid)
			k->moved_child = h->pid;
	} else if (h->type == RECORD_FORK && e->parent_pid == k->pid) {
		k->forks++;
		k->child = h->pid;
	}
	return 0;
}

static struct heard listen(void)
{
	const struct capture_options options = {
		.frequency = 99,
		.descendants = true,
		.by_cgroup = true,
	};

	return (struct heard){ .capture = open_or_skip(&options) };
}

static void drain(struct heard *k)
{
	assert_int_equal(capture_drain(k->capture, on_record, k), 0);
}

static void wait_for(struct heard *k, const uint64_t *count, uint64_t wanted)
{
	uint64_t end = clock_monotonic() + WAIT_LIMIT;

	while (*count < wanted && clock_monotonic() < end) {
		usleep(5000);
		drain(k);
	}
	assert_true(*count >= wanted);
}

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void stop_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- tests --------------------------------------------------------------------------------- */

/* Not watched, and no child of one that is. */
static void test_who_enters_from_outside_is_told_of(void **state)
{
	struct hierarchy h[16];
	struct heard k = listen();
	size_t n = make_cgroups(h, ARRAY_SIZE(h));

	(void)state;
	k.pid = (uint32_t)start_sleeper();
	drain(&k);
	assert_int_equal(k.moves, 0);
	for (size_t i = 0; i < n; i++) {
		enter(&h[i], (pid_t)k.pid);
		wait_for(&k, &k.moves, i + 1);
		printf("told of %s\n", h[i].folder);
	}
	assert_false(capture_watches_pid(k.capture, k.pid));
	stop_process((pid_t)k.pid);
	remove_cgroups(h, n);
	capture_close(k.capture);
}

/* A process that has one child when it is told to, which stays. */
static pid_t start_parent(int gate, int cgroup)
{
	pid_t pid = fork();
	char go;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct clone_args args = { .exit_signal = SIGCHLD };
	if (cgroup >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	if (read(gate, &go, 1) == 1 && syscall(SYS_clone3, &args, sizeof(args)) < 0)
		_exit(errno);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the child, too */
	for (;;)
		pause();
}

static void test_children_in_their_parents_cgroup_are_watched(void **state)
{
	struct heard k = listen();
	int gate[2];

	(void)state;
	assert_int_equal(pipe(gate), 0);
	k.pid = (uint32_t)start_parent(gate[0], -1);
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	assert_int_equal(write(gate[1], "", 1), 1);
	wait_for(&k, &k.forks, 1);
	assert_true(capture_watches_pid(k.capture, k.child));
	stop_process((pid_t)k.child);
	stop_process((pid_t)k.pid);
	capture_close(k.capture);
}

/* As runc and crun do it: neither do they enter, nor are they where their parent is. */
static void test_children_born_into_another_cgroup_are_told_of(void **state)
{
	struct hierarchy h[16];
	struct heard k = listen();
	size_t n = make_cgroups(h, ARRAY_SIZE(h)), v2 = 0;
	int gate[2];

	(void)state;
	while (v2 < n && !h[v2].v2)
		v2++;
	if (v2 == n) {
		printf("no cgroup v2 here: nothing can be born into it\n");
	} else {
		int fd = open(h[v2].folder, O_PATH | O_DIRECTORY);

		assert_true(fd >= 0);
		assert_int_equal(pipe(gate), 0);
		k.pid = (uint32_t)start_parent(gate[0], fd);
		assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
		assert_int_equal(write(gate[1], "", 1), 1);
		uint64_t end = clock_monotonic() + WAIT_LIMIT;
		while (!k.moved_child && clock_monotonic() < end)
			drain(&k);
		assert_int_not_equal(k.moved_child, 0);
		assert_int_equal(k.forks, 0);
		assert_false(capture_watches_pid(k.capture, k.moved_child));
		kill((pid_t)k.moved_child, SIGKILL);
		stop_process((pid_t)k.pid);
	}
	remove_cgroups(h, n);
	capture_close(k.capture);
}

/* ---- samples say where a process is now ---------------------------------------------------- */

#define ROUNDS 10

struct sampled {
	struct capture *capture;
	uint32_t pid;
	uint64_t cgroup, with_policy;
	struct exe_key exe;
};

static int on_sample(const struct record_header *h, void *context)
{
	const struct sample *s = (const struct sample *)h;
	struct sampled *k = context;

	if (h->type != RECORD_SAMPLE || h->pid != k->pid)
		return 0;
	k->cgroup = s->cgroup;
	k->with_policy += !!(s->flags & SAMPLE_POLICY);
	k->exe = h->exe;
	return 0;
}

static void next_sample(struct sampled *k)
{
	uint64_t end = clock_monotonic() + WAIT_LIMIT;

	for (k->cgroup = 0; !k->cgroup && clock_monotonic() < end; usleep(2000))
		assert_int_equal(capture_drain(k->capture, on_sample, k), 0);
	assert_int_not_equal(k->cgroup, 0);
}

static pid_t start_spinner(void)
{
	pid_t pid = fork();
	volatile uint64_t n = 0;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		n++;
}

static void signal_and_wait(pid_t pid, int signal, int what)
{
	int status;

	assert_int_equal(kill(pid, signal), 0);
	assert_int_equal(waitpid(pid, &status, what), pid);
}

/* In @base's hierarchy, @i of those that the test makes. Returns its id. */
static uint64_t make_one(const struct hierarchy *base, unsigned int i, struct hierarchy *ret_made)
{
	struct stat status;

	snprintf(ret_made->folder, sizeof(ret_made->folder), "%.480s/%u", base->folder, i);
	assert_int_equal(mkdir(ret_made->folder, 0755), 0);
	assert_int_equal(stat(ret_made->folder, &status), 0);
	return status.st_ino;
}

/* Do samples tell of @h's cgroups? If so, they tell of each. */
static bool move_about(struct sampled *k, const struct hierarchy *h)
{
	struct hierarchy was = *h, is;
	unsigned int told = 0;

	for (unsigned int i = 0; i < ROUNDS; i++, was = is) {
		next_sample(k); /* where it was is known now */
		signal_and_wait((pid_t)k->pid, SIGSTOP, WUNTRACED);
		assert_int_equal(capture_drain(k->capture, on_sample, k), 0);
		uint64_t id = make_one(h, i, &is);
		enter(&is, (pid_t)k->pid);
		signal_and_wait((pid_t)k->pid, SIGCONT, WCONTINUED);
		next_sample(k);
		told += k->cgroup == id;
		if (i)
			remove_cgroups(&was, 1);
	}
	stop_process((pid_t)k->pid);
	remove_cgroups(&was, 1);
	printf("%s: %u of %d\n", h->folder, told, ROUNDS);
	assert_true(told == 0 || told == ROUNDS);
	return told != 0;
}

static void test_samples_tell_the_present_cgroup(void **state)
{
	const struct exe_policy policy = { .verdict = EXE_PLAIN };
	const struct capture_options options = { .frequency = 499, .all = true };
	struct hierarchy h[16];
	size_t n = make_cgroups(h, ARRAY_SIZE(h)), n_told = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct sampled k = { .capture = open_or_skip(&options) };
		struct capture_detail detail;

		assert_int_equal(capture_start(k.capture, &detail), 0);
		k.pid = (uint32_t)start_spinner();
		next_sample(&k);
		assert_int_equal(capture_set_policy(k.capture, &k.exe, &policy), 0);
		while (!k.with_policy)
			next_sample(&k);
		n_told += move_about(&k, &h[i]);
		capture_close(k.capture);
	}
	remove_cgroups(h, n);
	assert_int_equal(n_told, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_enters_from_outside_is_told_of),
		cmocka_unit_test(test_children_in_their_parents_cgroup_are_watched),
		cmocka_unit_test(test_children_born_into_another_cgroup_are_told_of),
		cmocka_unit_test(test_samples_tell_the_present_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
