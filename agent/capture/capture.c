/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/capture/capture.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent/capture/diagnose.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "bpf/hone.skel.h"

#define RECORD_BYTES   600 /* of a usual sample */
#define MAX_RING_BYTES (8U << 20)

/* A kernel stack: THREAD_SIZE of Linux 5.10 to 5.14; arm64 has at least one page. */
#define STACK_BYTES (16U << 10)

struct capture {
	struct hone_bpf *bpf;
	struct ring_buffer *ring;
	struct bpf_link **ticks; /* by CPU; NULL: offline */
	uint32_t n_cpus;
	uint32_t frequency;
	struct capture_counters counters;

	/* of the drain under way */
	capture_handler handler;
	void *context;
	uint32_t taken; /* bytes of the ring */
	bool is_over;	/* it has taken what the ring holds */
};

/*
 * What libbpf has to say. Its print function has no context, hence the one variable of the thread:
 * the last warning stands for the reason when a call fails.
 */
static _Thread_local char last_warning[sizeof(((struct capture_detail *)0)->text)];

static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		vsnprintf(last_warning, sizeof(last_warning), format, args);
	return 0;
}

static void detail_from_warning(struct capture_detail *d)
{
	size_t n = strcspn(last_warning, "\n");

	snprintf(d->text, sizeof(d->text), "%.*s", (int)n, last_warning);
}

static int give_reason(enum capture_step step, int error, struct capture_detail *ret_detail)
{
	struct system_facts facts;
	int r;

	system_facts_read("", &facts);
	r = capture_diagnose(&facts, step, error, ret_detail);
	if (r == CAPTURE_E_REFUSED)
		detail_from_warning(ret_detail);
	return r;
}

static uint32_t ring_bytes_for(uint32_t cpus, uint32_t frequency)
{
	uint64_t wanted = (uint64_t)cpus * frequency * RECORD_BYTES;
	uint32_t bytes = SAMPLE_MIN_RING;

	while (bytes < wanted && bytes < MAX_RING_BYTES)
		bytes *= 2;
	return bytes;
}

static uint32_t stack_bytes(void)
{
	uint32_t page = sysconf(_SC_PAGESIZE);

	return page > STACK_BYTES ? page : STACK_BYTES;
}

static void settings_write(struct capture *c, const struct capture_options *o,
			   const struct system_facts *facts)
{
	uint32_t ring = o->ring_bytes ? o->ring_bytes : ring_bytes_for(c->n_cpus, o->frequency);

	c->bpf->rodata->setting_all = o->all;
	c->bpf->rodata->setting_by_cgroup = o->by_cgroup;
	c->bpf->rodata->setting_own_pid = getpid();
	c->bpf->rodata->setting_stack_bytes = stack_bytes();
	c->bpf->rodata->setting_ring_bytes = ring;
	c->bpf->rodata->setting_hierarchy = facts->hierarchy;
	c->bpf->rodata->setting_seed = (uint32_t)clock_monotonic();
	bpf_map__set_max_entries(c->bpf->maps.ring, ring);
	if (o->all)
		bpf_map__set_type(c->bpf->maps.processes, BPF_MAP_TYPE_LRU_HASH);
	else
		bpf_map__set_max_entries(c->bpf->maps.cgroups, 1);
	bpf_program__set_autoload(c->bpf->progs.process_fork, o->descendants);
	bpf_program__set_autoload(c->bpf->progs.process_move, o->by_cgroup || o->all);
}

static int hand_on(struct capture *c, void *data, size_t size)
{
	const struct record_header *h = data;

	if (!record_check(span_of(data, size))) {
		c->counters.malformed++;
		return 0;
	}
	if (h->type == RECORD_SAMPLE)
		c->counters.samples++;
	else
		c->counters.events++;
	return c->handler(h, c->context);
}

/*
 * libbpf goes on for as long as there is another record, unless this fails. What was there at first
 * was no more than the ring holds. (Debian 12's libbpf has no ring_buffer__consume_n() yet.)
 */
static int on_record(void *context, void *data, size_t size)
{
	struct capture *c = context;
	int r = hand_on(c, data, size);

	c->taken += (uint32_t)size + BPF_RINGBUF_HDR_SZ;
	c->is_over = r == 0 && c->taken >= c->bpf->rodata->setting_ring_bytes;
	return c->is_over ? -ECANCELED : r;
}

static int load(struct capture *c, const struct capture_options *options,
		const struct system_facts *facts)
{
	int r, n = libbpf_num_possible_cpus();

	if (n < 0)
		return n;
	c->n_cpus = n;
	c->ticks = calloc(n, sizeof(*c->ticks));
	c->bpf = hone_bpf__open();
	if (!c->ticks || !c->bpf)
		return -ENOMEM;
	settings_write(c, options, facts);
	r = hone_bpf__load(c->bpf);
	if (r < 0)
		return r;
	r = hone_bpf__attach(c->bpf);
	if (r < 0)
		return r;
	c->ring = ring_buffer__new(bpf_map__fd(c->bpf->maps.ring), on_record, c, NULL);
	return c->ring ? 0 : -errno;
}

static void capture_closep(struct capture **c)
{
	capture_close(*c);
}

int capture_open(const struct capture_options *options, struct capture_detail *ret_detail,
		 struct capture **ret_capture)
{
	_cleanup_(capture_closep) struct capture *c = NULL;
	struct system_facts facts;
	int r;

	ret_detail->text[0] = 0;
	if (!options->frequency || options->frequency > CAPTURE_MAX_FREQUENCY)
		return -EINVAL;
	system_facts_read("", &facts);
	if (!facts.initial_pid_namespace)
		return CAPTURE_E_PID_NAMESPACE;
	if (!facts.initial_time_namespace)
		return CAPTURE_E_TIME_NAMESPACE;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->frequency = options->frequency;
	last_warning[0] = 0;
	libbpf_set_print(keep_warning);
	r = load(c, options, &facts);
	if (r < 0)
		return give_reason(CAPTURE_STEP_LOAD, r, ret_detail);
	*ret_capture = TAKE_PTR(c);
	return 0;
}

struct capture *capture_close(struct capture *c)
{
	if (!c)
		return NULL;
	capture_stop(c);
	free(c->ticks);
	ring_buffer__free(c->ring);
	hone_bpf__destroy(c->bpf);
	free(c);
	return NULL;
}

/* What the kernel program has learnt of @pid holds no longer. */
static void process_changed(struct capture *c, uint32_t pid)
{
	__atomic_fetch_add(&c->bpf->bss->process_changes[pid % SAMPLE_CHANGES], 1,
			   __ATOMIC_SEQ_CST);
}

int capture_watch_pid(struct capture *c, uint32_t pid)
{
	struct known_process unknown = { 0 };
	int r = bpf_map__update_elem(c->bpf->maps.processes, &pid, sizeof(pid), &unknown,
				     sizeof(unknown), BPF_ANY);

	process_changed(c, pid);
	return r == -E2BIG ? CAPTURE_E_FULL : r;
}

static int map_forget(struct bpf_map *map, const void *key, size_t size)
{
	int r = bpf_map__delete_elem(map, key, size, 0);

	return r == -ENOENT ? 0 : r;
}

int capture_unwatch_pid(struct capture *c, uint32_t pid)
{
	int r = map_forget(c->bpf->maps.processes, &pid, sizeof(pid));

	process_changed(c, pid);
	return r;
}

bool capture_watches_pid(const struct capture *c, uint32_t pid)
{
	struct known_process p;

	return bpf_map__lookup_elem(c->bpf->maps.processes, &pid, sizeof(pid), &p, sizeof(p), 0) ==
	       0;
}

bool capture_watches_any(const struct capture *c)
{
	uint32_t pid;

	return bpf_map__get_next_key(c->bpf->maps.processes, NULL, &pid, sizeof(pid)) == 0;
}

/* Processes that run @exe are to look for its policy again. */
static void forget_processes_of(struct capture *c, const struct exe_key *exe)
{
	struct bpf_map *map = c->bpf->maps.processes;
	struct known_process unknown = { 0 }, p;
	uint32_t pid, *last = NULL;

	while (bpf_map__get_next_key(map, last, &pid, sizeof(pid)) == 0) {
		last = &pid;
		if (bpf_map__lookup_elem(map, &pid, sizeof(pid), &p, sizeof(p), 0) < 0 ||
		    memcmp(&p.exe, exe, sizeof(*exe)) != 0)
			continue;
		bpf_map__update_elem(map, &pid, sizeof(pid), &unknown, sizeof(unknown), BPF_EXIST);
		process_changed(c, pid);
	}
}

int capture_set_policy(struct capture *c, const struct exe_key *exe,
		       const struct exe_policy *policy)
{
	struct bpf_map *map = c->bpf->maps.policies;
	struct exe_policy before;
	bool change;
	int r;

	if (policy->verdict < EXE_IGNORE || policy->verdict > EXE_PLAIN)
		return -EINVAL;
	change = bpf_map__lookup_elem(map, exe, sizeof(*exe), &before, sizeof(before), 0) == 0 &&
		 before.verdict;
	r = bpf_map__update_elem(map, exe, sizeof(*exe), policy, sizeof(*policy), BPF_ANY);
	if (r == 0 && change)
		forget_processes_of(c, exe);
	return r;
}

int capture_forget_policy(struct capture *c, const struct exe_key *exe)
{
	struct bpf_map *map = c->bpf->maps.policies;
	struct exe_policy before;
	bool ignored =
		bpf_map__lookup_elem(map, exe, sizeof(*exe), &before, sizeof(before), 0) == 0 &&
		before.verdict == EXE_IGNORE;
	int r = map_forget(map, exe, sizeof(*exe));

	/* Of others there are samples, which tell by their key. */
	if (r == 0 && ignored)
		forget_processes_of(c, exe);
	return r;
}

int capture_file_key(struct capture *c, int fd, struct exe_key *ret_key)
{
	const uint64_t arguments[] = { (uint64_t)fd };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));
	int r = bpf_prog_test_run_opts(bpf_program__fd(c->bpf->progs.file_ask), &options);

	*ret_key = c->bpf->bss->file_key;
	return r;
}

int capture_set_cgroup(struct capture *c, uint64_t cgroup, const struct cgroup_policy *policy)
{
	int r;

	if (policy->log_weight > SAMPLE_MAX_LOG_WEIGHT)
		return -EINVAL;
	if (policy->log_weight || policy->is_unwanted)
		c->bpf->bss->any_special = 1;
	r = bpf_map__update_elem(c->bpf->maps.cgroups, &cgroup, sizeof(cgroup), policy,
				 sizeof(*policy), BPF_ANY);
	return r == -E2BIG ? CAPTURE_E_FULL : r;
}

int capture_forget_cgroup(struct capture *c, uint64_t cgroup)
{
	return map_forget(c->bpf->maps.cgroups, &cgroup, sizeof(cgroup));
}

/* 0, also where @cpu is offline, or -errno. */
static int tick_start(struct capture *c, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = NSEC_PER_SEC / c->frequency,
		.disabled = 1,
		.exclude_idle = 1,
	};
	_cleanup_(closep) int fd =
		syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV || errno == ENXIO ? 0 : -errno;
	c->ticks[cpu] = bpf_program__attach_perf_event(c->bpf->progs.sample, fd);
	if (!c->ticks[cpu])
		return -errno;
	take_fd(&fd); /* the link's now */
	c->counters.cpus++;
	return 0;
}

int capture_start(struct capture *c, struct capture_detail *ret_detail)
{
	int r;

	ret_detail->text[0] = 0;
	for (uint32_t cpu = 0; cpu < c->n_cpus; cpu++) {
		if (c->ticks[cpu])
			continue;
		r = tick_start(c, cpu);
		if (r < 0) {
			capture_stop(c);
			return give_reason(CAPTURE_STEP_TICK, r, ret_detail);
		}
	}
	return 0;
}

static void tick_stop(struct capture *c, uint32_t cpu)
{
	bpf_link__destroy(TAKE_PTR(c->ticks[cpu]));
	c->counters.cpus--;
}

int capture_follow_cpus(struct capture *c, struct capture_detail *ret_detail)
{
	char online[4096];
	int first = 0;

	ret_detail->text[0] = 0;
	cpus_online_read("", online, sizeof(online));
	for (uint32_t cpu = 0; cpu < c->n_cpus; cpu++) {
		bool is_online = cpu_list_has(online, cpu);
		int r = 0;

		if (c->ticks[cpu] && !is_online)
			tick_stop(c, cpu); /* its event went with it, for good */
		else if (!c->ticks[cpu] && is_online)
			r = tick_start(c, cpu);
		if (first == 0)
			first = r;
	}
	return first == 0 ? 0 : give_reason(CAPTURE_STEP_TICK, first, ret_detail);
}

void capture_stop(struct capture *c)
{
	for (uint32_t cpu = 0; c->ticks && cpu < c->n_cpus; cpu++)
		bpf_link__destroy(TAKE_PTR(c->ticks[cpu]));
	c->counters.cpus = 0;
}

int capture_set_frequency(struct capture *c, uint32_t frequency, struct capture_detail *ret_detail)
{
	bool ticks = c->counters.cpus != 0;

	ret_detail->text[0] = 0;
	if (!frequency || frequency > CAPTURE_MAX_FREQUENCY)
		return -EINVAL;
	c->frequency = frequency;
	if (!ticks)
		return 0;
	capture_stop(c);
	return capture_start(c, ret_detail);
}

int capture_fd(const struct capture *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int capture_drain(struct capture *c, capture_handler handler, void *context)
{
	int r;

	c->handler = handler;
	c->context = context;
	c->taken = 0;
	c->is_over = false;
	r = ring_buffer__consume(c->ring);
	return r < 0 && !c->is_over ? r : 0;
}

int capture_program_fd(const struct capture *c)
{
	return bpf_program__fd(c->bpf->progs.sample);
}

enum cgroup_hierarchy capture_hierarchy(const struct capture *c)
{
	return c->bpf->rodata->setting_hierarchy;
}

/* Since Linux 4.6 a map's descriptor tells what it takes: Documentation/filesystems/proc.rst. */
static uint64_t map_memory(const struct bpf_map *map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

uint64_t capture_memory(const struct capture *c)
{
	const struct bpf_map *map = NULL;
	uint64_t bytes = 0;

	while ((map = bpf_object__next_map(c->bpf->obj, map)))
		bytes += map_memory(map);
	return bytes;
}

void capture_counters(const struct capture *c, struct capture_counters *ret_counters)
{
	*ret_counters = c->counters;
	ret_counters->ring_full = c->bpf->bss->count_ring_full;
	ret_counters->lost = c->bpf->bss->count_lost;
	ret_counters->no_stack = c->bpf->bss->count_no_stack;
	ret_counters->unwatched = c->bpf->bss->count_unwatched;
}
