/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture against the running kernel, on processes of our own. Needs what sampling needs; skipped
 * with the reason where that is missing.
 *
 * Nothing here depends on how fast the machine is: waits end when what is waited for has happened,
 * and only a minute without it fails.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/kernel/open.h"

#define WAIT_LIMIT (60 * NSEC_PER_SEC)
#define HZ	   997

/* ---- a process that is busy ---------------------------------------------------------------- */

/* Apart from each other, so that an address tells whose it is. */
#define FUNCTION_BYTES 256
#define apart	       __attribute__((noinline, noclone, aligned(FUNCTION_BYTES)))

/* For the compiler it may well return, and so has a frame and a call that is not its last. */
static apart void spin(volatile uint64_t *n)
{
	while (*n != UINT64_MAX)
		++*n;
	++*n;
}

/* Two more frames above, which must stand in every chain. */
static apart void spin_within(volatile uint64_t *n)
{
	spin(n);
	++*n;
}

static apart void spin_deep(volatile uint64_t *n)
{
	spin_within(n);
	++*n;
}

static pid_t start_spinner(void)
{
	volatile uint64_t n = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		spin_deep(&n);
	return pid;
}

static void stop_process(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* ---- what comes ---------------------------------------------------------------------------- */

struct heard {
	struct capture *capture;
	uint32_t pid; /* whose records are counted */
	uint64_t samples, ticks, with_policy, execs, forks, exits, others;
	uint32_t child; /* of the last fork, and what became of it */
	uint64_t child_samples, child_execs, child_exits;
	struct record_header last;
	struct sample last_sample;
	uint64_t frames[SAMPLE_MAX_FRAMES];
};

static void keep_sample(struct heard *k, const struct sample *s)
{
	k->samples++;
	k->ticks += SAMPLE_WEIGHT(s->flags);
	k->with_policy += !!(s->flags & SAMPLE_POLICY);
	k->last = s->header;
	k->last_sample = *s;
	memcpy(k->frames, sample_parts(s).frames, s->n_frames * sizeof(*k->frames));
}

static void count_child(struct heard *k, const struct record_header *h)
{
	k->child_samples += h->type == RECORD_SAMPLE;
	k->child_execs += h->type == RECORD_EXEC;
	k->child_exits += h->type == RECORD_EXIT;
}

static int on_record(const struct record_header *h, void *context)
{
	const struct process_event *e = (const struct process_event *)h;
	struct heard *k = context;

	if (h->type == RECORD_FORK && e->parent_pid == k->pid) {
		k->forks++;
		k->child = h->pid;
	} else if (k->child && h->pid == k->child) {
		count_child(k, h);
	} else if (h->pid != k->pid) {
		k->others++;
	} else if (h->type == RECORD_SAMPLE) {
		keep_sample(k, (const struct sample *)h);
	} else {
		k->execs += h->type == RECORD_EXEC;
		k->exits += h->type == RECORD_EXIT;
	}
	return 0;
}

static struct capture *open_started(const struct capture_options *options)
{
	struct capture *c = open_or_skip(options);
	struct capture_detail detail;

	assert_int_equal(capture_start(c, &detail), 0);
	return c;
}

/* Until *@count is at least @wanted. */
static void wait_for(struct heard *k, const uint64_t *count, uint64_t wanted)
{
	uint64_t end = clock_monotonic() + WAIT_LIMIT;

	while (*count < wanted && clock_monotonic() < end) {
		usleep(5000);
		assert_int_equal(capture_drain(k->capture, on_record, k), 0);
	}
	assert_true(*count >= wanted);
}

static void set_verdict(struct heard *k, enum exe_verdict verdict)
{
	const struct exe_policy policy = { .verdict = verdict };

	assert_int_equal(capture_set_policy(k->capture, &k->last.exe, &policy), 0);
}

/* The kernel has done this many ticks of the busy process since: it saw what was set before. */
static void let_ticks_pass(struct heard *k)
{
	struct heard another = { .capture = k->capture, .pid = start_spinner() };

	assert_int_equal(capture_watch_pid(k->capture, another.pid), 0);
	wait_for(&another, &another.samples, 50);
	assert_int_equal(capture_unwatch_pid(k->capture, another.pid), 0);
	stop_process(another.pid);
	assert_int_equal(capture_drain(k->capture, on_record, k), 0);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_frequencies(void **state)
{
	struct capture_detail detail;
	struct capture *c = NULL;

	(void)state;
	assert_int_equal(capture_open(&(struct capture_options){ .frequency = 0 }, &detail, &c),
			 -EINVAL);
	assert_int_equal(
		capture_open(&(struct capture_options){ .frequency = CAPTURE_MAX_FREQUENCY + 1 },
			     &detail, &c),
		-EINVAL);
	assert_null(c);
}

static bool is_in(uint64_t address, void (*function)(volatile uint64_t *))
{
	return address - (uint64_t)(uintptr_t)function < FUNCTION_BYTES;
}

/* Of these, stat() tells other numbers than the kernel itself uses. */
static bool has_own_numbers(const char *path)
{
	struct statfs st;

	assert_int_equal(statfs(path, &st), 0);
	return st.f_type != OVERLAYFS_SUPER_MAGIC && st.f_type != BTRFS_SUPER_MAGIC;
}

static void test_samples_tell_of_their_process(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };
	struct stat st;

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	wait_for(&k, &k.samples, 20);
	stop_process(k.pid);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_int_equal(k.last.pid, k.pid);
	assert_int_equal(k.last.tid, k.pid);
	if (has_own_numbers("/proc/self/exe")) {
		assert_int_equal(k.last.exe.inode, st.st_ino);
		assert_int_equal(k.last.exe.device, major(st.st_dev) << 20 | minor(st.st_dev));
	}
	assert_true(k.last.time < clock_monotonic());
	assert_true(k.last.start_code < (uint64_t)(uintptr_t)spin);
	assert_int_equal(k.others, 0);
	capture_close(k.capture);
}

static void test_stacks(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };
	const struct sample *s = &k.last_sample;

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	wait_for(&k, &k.samples, 20);
	while (s->flags & SAMPLE_KERNEL || !is_in(s->pc, spin))
		wait_for(&k, &k.samples, k.samples + 1); /* not the one that came from fork */
	stop_process(k.pid);
	assert_int_equal(s->flags, 0);
	assert_true(s->n_words >= SAMPLE_WORDS);
	assert_true(s->n_frames >= 2);
	/* The frame of spin() itself may not be there, which leaves out the first of them. */
	uint32_t at = is_in(k.frames[0], spin_within);

	assert_true(is_in(k.frames[at], spin_deep));
	capture_close(k.capture);
}

static void test_only_what_is_watched(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };

	(void)state;
	k.pid = start_spinner();
	let_ticks_pass(&k);
	assert_int_equal(k.samples, 0);
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	wait_for(&k, &k.samples, 5);
	set_verdict(&k, EXE_PLAIN); /* with which more is kept of it */
	wait_for(&k, &k.with_policy, 5);
	assert_int_equal(capture_unwatch_pid(k.capture, k.pid), 0);
	assert_int_equal(capture_unwatch_pid(k.capture, k.pid), 0);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	k.samples = 0;
	let_ticks_pass(&k);
	assert_int_equal(k.samples, 0);
	stop_process(k.pid);
	capture_close(k.capture);
}

static void test_everything_but_oneself(void **state)
{
	struct heard k = { .capture = open_started(
				   &(struct capture_options){ .frequency = HZ, .all = true }) };
	struct heard self = { .capture = k.capture, .pid = getpid() };

	(void)state;
	k.pid = start_spinner();
	wait_for(&k, &k.samples, 20);
	set_verdict(&k, EXE_PLAIN);
	k.with_policy = 0;
	wait_for(&k, &k.with_policy, 20);
	for (volatile uint64_t i = 0; i < 300000000; i++)
		;
	assert_int_equal(capture_drain(self.capture, on_record, &self), 0);
	assert_int_equal(self.samples, 0);
	stop_process(k.pid);
	wait_for(&k, &k.exits, 1);
	capture_close(k.capture);
}

static void test_policies(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	wait_for(&k, &k.samples, 5);
	assert_int_equal(k.with_policy, 0);
	set_verdict(&k, EXE_PLAIN);
	wait_for(&k, &k.with_policy, 5);
	set_verdict(&k, EXE_IGNORE); /* while it runs: what is known of the process is forgotten */
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	k.samples = 0;
	sleep(1);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	assert_int_equal(k.samples, 0);
	set_verdict(&k, EXE_PLAIN);
	wait_for(&k, &k.samples, 5);
	assert_int_equal(
		capture_set_policy(k.capture, &k.last.exe, &(struct exe_policy){ .verdict = 9 }),
		-EINVAL);
	stop_process(k.pid);
	capture_close(k.capture);
}

/* ---- sampled less often -------------------------------------------------------------------- */

static uint64_t cpu_time_of(pid_t pid)
{
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	return clock_now(clock);
}

#define DIVISOR_SECONDS 3

/* Ticks that the samples of a CPU second stand for, with a divisor of 2^@log_weight. */
static double ticks_per_second(struct heard *k, uint64_t cgroup, uint32_t log_weight,
			       uint64_t *ret_samples)
{
	const struct cgroup_policy policy = { .log_weight = log_weight };

	assert_int_equal(capture_set_cgroup(k->capture, cgroup, &policy), 0);
	assert_int_equal(capture_drain(k->capture, on_record, k), 0);
	k->samples = k->ticks = 0;
	uint64_t start = cpu_time_of(k->pid), end = start;

	for (uint64_t limit = clock_monotonic() + WAIT_LIMIT;
	     end - start < DIVISOR_SECONDS * NSEC_PER_SEC && clock_monotonic() < limit;
	     end = cpu_time_of(k->pid)) {
		usleep(5000);
		assert_int_equal(capture_drain(k->capture, on_record, k), 0);
	}
	*ret_samples = k->samples;
	return (double)k->ticks * NSEC_PER_SEC / (double)(end - start);
}

/*
 * Within four standard deviations of a random choice. One of each block of ticks in a row is
 * chosen, which is far closer on a CPU that the process has to itself, and no better where others
 * share it.
 */
static bool is_about(double ticks, double whole, uint32_t log_weight)
{
	double variance = ((1u << log_weight) - 1) * whole / DIVISOR_SECONDS;

	return (ticks - whole) * (ticks - whole) < 16 * variance;
}

/*
 * However often it is sampled, the same number of ticks comes out: each sample says how many it
 * stands for.
 */
static void test_a_divisor_changes_no_total(void **state)
{
	struct heard k = { .capture = open_started(
				   &(struct capture_options){ .frequency = HZ, .all = true }) };
	uint64_t cgroup, all, some, few;

	(void)state;
	k.pid = start_spinner();
	wait_for(&k, &k.samples, 5);
	set_verdict(&k, EXE_PLAIN);
	cgroup = k.last_sample.cgroup;
	double whole = ticks_per_second(&k, cgroup, 0, &all);
	double quarter = ticks_per_second(&k, cgroup, 2, &some);
	double bit = ticks_per_second(&k, cgroup, 5, &few);

	print_message("%.0f ticks a second of %lu samples, %.0f of %lu, %.0f of %lu\n", whole,
		      (unsigned long)all, quarter, (unsigned long)some, bit, (unsigned long)few);
	assert_int_equal(capture_forget_cgroup(k.capture, cgroup), 0);
	assert_int_equal(capture_forget_cgroup(k.capture, cgroup), 0);
	stop_process(k.pid);
	assert_true(some < all / 3 && few < some / 4);
	assert_true(is_about(quarter, whole, 2) && is_about(bit, whole, 5));
	assert_int_equal(
		capture_set_cgroup(k.capture, cgroup, &(struct cgroup_policy){ .log_weight = 16 }),
		-EINVAL);
	capture_close(k.capture);
}

static void test_an_unwanted_cgroup_is_not_sampled(void **state)
{
	struct heard k = { .capture = open_started(
				   &(struct capture_options){ .frequency = HZ, .all = true }) };
	struct cgroup_policy policy = { .is_unwanted = 1 };

	(void)state;
	k.pid = start_spinner();
	wait_for(&k, &k.samples, 5);
	set_verdict(&k, EXE_PLAIN);
	uint64_t cgroup = k.last_sample.cgroup, cpu = cpu_time_of(k.pid);
	assert_int_equal(capture_set_cgroup(k.capture, cgroup, &policy), 0);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	k.samples = 0;
	for (uint64_t limit = clock_monotonic() + WAIT_LIMIT;
	     cpu_time_of(k.pid) < cpu + NSEC_PER_SEC / 10 && clock_monotonic() < limit;)
		usleep(5000);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	uint64_t samples = k.samples;
	policy.is_unwanted = 0;
	assert_int_equal(capture_set_cgroup(k.capture, cgroup, &policy), 0);
	wait_for(&k, &k.samples, samples + 5);
	stop_process(k.pid);
	assert_true(samples <= 1); /* one that was under way on another CPU */
	capture_close(k.capture);
}

/* ---- what files are called ----------------------------------------------------------------- */

static void test_open_files_have_the_keys_of_executables(void **state)
{
	struct heard k = { .capture = open_started(
				   &(struct capture_options){ .frequency = HZ, .all = true }) };
	struct exe_key key, other;
	char path[32];

	(void)state;
	k.pid = start_spinner();
	wait_for(&k, &k.samples, 1);
	snprintf(path, sizeof(path), "/proc/%u/exe", k.pid);
	int exe = open(path, O_RDONLY | O_CLOEXEC), file = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	assert_true(exe >= 0 && file >= 0);
	assert_int_equal(capture_file_key(k.capture, exe, &key), 0);
	assert_memory_equal(&key, &k.last.exe, sizeof(key));
	assert_int_equal(capture_file_key(k.capture, file, &other), 0);
	assert_true(other.inode && memcmp(&key, &other, sizeof(key)) != 0);
	close(file);
	assert_int_equal(capture_file_key(k.capture, file, &other), 0);
	assert_int_equal(other.inode, 0);
	assert_int_equal(capture_file_key(k.capture, -1, &other), 0);
	assert_int_equal(other.inode, 0);
	close(exe);
	stop_process(k.pid);
	capture_close(k.capture);
}

/* One wake-up asks for the policy of an executable, and no more come for its other samples. */
static void test_unknown_executables_wake_once(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){
				   .frequency = 100, .ring_bytes = 1 << 20 }) };
	struct pollfd p = { .fd = capture_fd(k.capture), .events = POLLIN };

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	assert_true(k.samples >= 1);
	k.samples = 0;
	assert_int_equal(poll(&p, 1, 500), 0);
	wait_for(&k, &k.samples, 5);
	stop_process(k.pid);
	capture_close(k.capture);
}

static void test_a_full_ring_is_counted(void **state)
{
	struct heard k = { .capture = open_started(
				   &(struct capture_options){ .frequency = CAPTURE_MAX_FREQUENCY,
							      .ring_bytes = SAMPLE_MIN_RING }) };
	struct pollfd p = { .fd = capture_fd(k.capture), .events = POLLIN };
	struct capture_counters counters = { 0 };
	uint64_t end = clock_monotonic() + WAIT_LIMIT;

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	while (!counters.ring_full && clock_monotonic() < end) {
		usleep(10000);
		capture_counters(k.capture, &counters);
	}
	assert_true(counters.ring_full > 0);
	assert_int_equal(poll(&p, 1, 0), 1); /* since it was half full */
	stop_process(k.pid);
	capture_stop(k.capture);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	capture_counters(k.capture, &counters);
	assert_int_equal(counters.samples, k.samples);
	assert_int_equal(counters.malformed, 0);
	assert_true(counters.lost > 0 && counters.lost <= counters.ring_full);
	assert_true(k.samples * sizeof(struct sample) > SAMPLE_MIN_RING / 4);
	capture_close(k.capture);
}

/* Forks a child which is busy, until it runs another program and sleeps. */
static pid_t start_family(const int *gate)
{
	char *sleeper[] = { (char[]){ "sleep" }, (char[]){ "1000" }, NULL };
	char go;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (read(*gate, &go, 1) != 1)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		while (read(*gate, &go, 1) != 1)
			;
		execvp(sleeper[0], sleeper);
		_exit(127);
	}
	waitpid(pid, &(int){ 0 }, 0);
	_exit(0);
}

static void test_families(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){
				   .frequency = HZ, .descendants = true }) };
	int gate[2];

	(void)state;
	assert_int_equal(pipe2(gate, O_NONBLOCK), 0);
	assert_int_equal(fcntl(gate[0], F_SETFL, 0), 0);
	k.pid = start_family(&gate[0]);
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	assert_int_equal(write(gate[1], "", 1), 1);
	wait_for(&k, &k.forks, 1);
	assert_int_equal(write(gate[1], "", 1), 1);
	wait_for(&k, &k.child_execs, 1);
	kill(k.child, SIGKILL);
	wait_for(&k, &k.child_exits, 1);
	wait_for(&k, &k.exits, 1);
	waitpid(k.pid, &(int){ 0 }, 0);
	assert_int_equal(k.forks, 1);
	assert_int_equal(k.child_execs, 1);
	assert_int_equal(k.execs, 0);
	close(gate[0]);
	close(gate[1]);
	capture_close(k.capture);
}

static void *spin_thread(void *unused)
{
	volatile uint64_t n = 0;

	(void)unused;
	spin_deep(&n);
	return NULL;
}

/* Threads are no children, and a process ends once. */
static void test_threads(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){
				   .frequency = HZ, .descendants = true }) };
	int gate[2];
	char go;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	k.pid = fork();
	if (k.pid == 0) {
		pthread_t thread;

		if (read(gate[0], &go, 1) == 1)
			for (int i = 0; i < 4; i++)
				pthread_create(&thread, NULL, spin_thread, NULL);
		pause();
	}
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	assert_int_equal(write(gate[1], "", 1), 1);
	wait_for(&k, &k.samples, 20);
	while (k.last.tid == k.pid)
		wait_for(&k, &k.samples, k.samples + 1);
	stop_process(k.pid);
	wait_for(&k, &k.exits, 1);
	assert_int_equal(k.forks, 0);
	assert_int_equal(k.exits, 1);
	close(gate[0]);
	close(gate[1]);
	capture_close(k.capture);
}

static void test_stop_and_start_again(void **state)
{
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };
	struct capture_counters counters;
	struct capture_detail detail;

	(void)state;
	k.pid = start_spinner();
	assert_int_equal(capture_watch_pid(k.capture, k.pid), 0);
	wait_for(&k, &k.samples, 5);
	capture_counters(k.capture, &counters);
	assert_true(counters.cpus >= 1);
	capture_stop(k.capture);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	k.samples = 0;
	sleep(1);
	assert_int_equal(capture_drain(k.capture, on_record, &k), 0);
	assert_int_equal(k.samples, 0);
	assert_int_equal(capture_start(k.capture, &detail), 0);
	wait_for(&k, &k.samples, 5);
	stop_process(k.pid);
	capture_close(k.capture);
}

/* ---- records that come faster than they are taken ------------------------------------------- */

struct flood {
	struct capture *capture;
	uint64_t taken; /* bytes of the ring */
};

/* Each record makes two more: a child is born, and it ends. */
static int on_flood(const struct record_header *h, void *context)
{
	struct flood *f = context;
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	f->taken += h->size + BPF_RINGBUF_HDR_SZ;
	return f->taken <= 2 * SAMPLE_MIN_RING ? 0 : -EOVERFLOW;
}

static void test_a_drain_ends(void **state)
{
	const struct capture_options options = {
		.frequency = HZ,
		.descendants = true,
		.ring_bytes = SAMPLE_MIN_RING,
	};
	struct flood f = { .capture = open_or_skip(&options) };
	struct heard k = { .capture = f.capture, .pid = getpid() };

	(void)state;
	assert_int_equal(capture_watch_pid(f.capture, getpid()), 0);
	stop_process(start_spinner());
	assert_int_equal(capture_drain(f.capture, on_flood, &f), 0);
	assert_true(f.taken >= SAMPLE_MIN_RING);
	/* The others are still there. */
	assert_int_equal(capture_drain(f.capture, on_record, &k), 0);
	assert_true(k.forks > 0);
	capture_close(f.capture);
}

/* ---- CPUs that come and go ----------------------------------------------------------------- */

static void switch_cpu(const char *file, bool on)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, on ? "1" : "0", 1), 1);
	close(fd);
}

/* Samples come from the second CPU. */
static void assert_ticks(struct heard *k)
{
	cpu_set_t second;

	CPU_ZERO(&second);
	CPU_SET(1, &second);
	k->pid = start_spinner();
	assert_int_equal(sched_setaffinity(k->pid, sizeof(second), &second), 0);
	k->last_sample.cpu = 0;
	assert_int_equal(capture_watch_pid(k->capture, k->pid), 0);
	for (k->samples = 0; k->last_sample.cpu != 1;)
		wait_for(k, &k->samples, k->samples + 1);
	stop_process(k->pid);
}

/* Where there is a second CPU that is off, as in the virtual machine: none is taken from anybody.
 */
static void test_cpus_come_and_go(void **state)
{
	const char *file = "/sys/devices/system/cpu/cpu1/online";
	struct capture_detail detail;
	struct capture_counters counters;
	char is_on = '1';
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0 || read(fd, &is_on, 1) != 1 || is_on != '0') {
		print_message("there is no second CPU that is off\n");
		close(fd);
		skip();
	}
	close(fd);
	struct heard k = { .capture = open_started(&(struct capture_options){ .frequency = HZ }) };
	for (int i = 0; i < 2; i++) {
		switch_cpu(file, true);
		assert_int_equal(capture_follow_cpus(k.capture, &detail), 0);
		capture_counters(k.capture, &counters);
		assert_int_equal(counters.cpus, 2);
		assert_ticks(&k);
		switch_cpu(file, false);
		assert_int_equal(capture_follow_cpus(k.capture, &detail), 0);
		capture_counters(k.capture, &counters);
		assert_int_equal(counters.cpus, 1);
	}
	capture_close(k.capture);
}

/* For the calling thread there is no clock event on the first CPU. */
static void forbid_first_cpu(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(steps), steps };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

static void *follow_without_the_first(void *capture)
{
	static int result;
	struct capture_detail detail;

	forbid_first_cpu();
	result = capture_follow_cpus(capture, &detail);
	return &result;
}

/* The others tick all the same, and the first does when it can be had. */
static void test_one_cpu_that_cannot_be_had(void **state)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);
	struct capture *c = open_or_skip(&(struct capture_options){ .frequency = HZ });
	struct capture_counters counters;
	struct capture_detail detail;
	pthread_t thread;
	void *result;
	(void)state;

	assert_int_equal(pthread_create(&thread, NULL, follow_without_the_first, c), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal(*(int *)result, -EMFILE);
	capture_counters(c, &counters);
	assert_int_equal(counters.cpus, n - 1);
	assert_int_equal(capture_follow_cpus(c, &detail), 0);
	capture_counters(c, &counters);
	assert_int_equal(counters.cpus, n);
	capture_close(c);
}

static void test_too_many_to_watch(void **state)
{
	struct capture *c = open_or_skip(&(struct capture_options){ .frequency = HZ });

	(void)state;
	for (uint32_t pid = 0; pid < SAMPLE_MAX_WATCHED; pid++)
		assert_int_equal(capture_watch_pid(c, (1u << 24) + pid), 0);
	assert_int_equal(capture_watch_pid(c, 1u << 25), CAPTURE_E_FULL);
	assert_int_equal(capture_unwatch_pid(c, 1u << 24), 0);
	assert_int_equal(capture_watch_pid(c, 1u << 25), 0);
	capture_close(c);
}

/* test-capture [PATTERN]: only the tests whose name matches. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frequencies),
		cmocka_unit_test(test_samples_tell_of_their_process),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_only_what_is_watched),
		cmocka_unit_test(test_everything_but_oneself),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_a_divisor_changes_no_total),
		cmocka_unit_test(test_an_unwanted_cgroup_is_not_sampled),
		cmocka_unit_test(test_open_files_have_the_keys_of_executables),
		cmocka_unit_test(test_unknown_executables_wake_once),
		cmocka_unit_test(test_a_full_ring_is_counted),
		cmocka_unit_test(test_a_drain_ends),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_stop_and_start_again),
		cmocka_unit_test(test_too_many_to_watch),
		cmocka_unit_test(test_cpus_come_and_go),
		cmocka_unit_test(test_one_cpu_that_cannot_be_had),
	};

	capture_close(open_or_skip(&(struct capture_options){ .frequency = HZ }));
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
