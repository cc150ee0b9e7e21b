/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which group a sample is counted for: of processes that live, that are gone, that are moved, that
 * have another's number; and what each sample counts. The process looked at is this one.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/recorder/recorder.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/unit/cli/recorder-fakes.h"

#define HOST	   1 /* cgroups */
#define CONTAINER  100
#define GONE	   0x7fffffffu
#define MAX_GROUPS 8

static const struct fake_function functions[] = {
	{ "main.leaf", 10, 0 },
	{ "runtime.goexit", 40, BINARY_GOEXIT },
};

struct bench {
	struct procfs procfs;
	struct recorder recorder;
	bool in_container; /* what looking at a process finds */
	bool in_unit;	   /* likewise: its cgroup is a unit's */
	bool saw_exe;	   /* the last look opened the executable */
	bool ignores_build, ignores_group;
	struct group groups[MAX_GROUPS];
	uint32_t n_groups;
};

/* Groups live in the bench; their end is only noted. */
static uint32_t ended;

static void group_end(struct group *group)
{
	ended++;
	group->references = 0;
}

static int group_of(void *context, const struct process *process, struct group **ret_group)
{
	struct bench *b = context;

	b->saw_exe = process->exe >= 0;
	assert_true(b->n_groups < MAX_GROUPS);
	*ret_group = &b->groups[b->n_groups++];
	**ret_group = (struct group){
		.references = 1,
		.has_cgroup = b->in_container,
		.shares_cgroup = b->in_unit,
		.end = group_end,
	};
	return 0;
}

static void bench_init(struct bench *b, uint64_t budget)
{
	struct capture_detail detail;

	memset(b, 0, sizeof(*b));
	ended = 0;
	fake_kernel = (struct fake_kernel){ .functions = functions, .n_functions = 2 };
	assert_int_equal(procfs_open("/proc", &b->procfs), 0);
	const struct recorder_options options = {
		.frequency = 99,
		.all = true,
		.procfs = &b->procfs,
		.group_of = group_of,
		.context = b,
		.budget = budget,
	};
	assert_int_equal(recorder_init(&b->recorder, &options, &detail), 0);
}

/* All that was counted is let go, and with it every group. */
static void bench_fini(struct bench *b)
{
	recorder_fini(&b->recorder);
	procfs_close(&b->procfs);
	assert_int_equal(ended, b->n_groups);
}

static uint64_t own_start_time(void)
{
	struct procfs procfs;
	struct process p;

	assert_int_equal(procfs_open("/proc", &procfs), 0);
	assert_int_equal(process_open(&procfs, getpid(), &p), 0);
	uint64_t time = p.start_ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));

	process_close(&p);
	procfs_close(&procfs);
	return time;
}

static struct record_header header_of(uint32_t type, size_t size, uint32_t pid)
{
	return (struct record_header){
		.type = type,
		.size = (uint32_t)size,
		.time = clock_monotonic(),
		.pid = pid,
		.start_time = own_start_time(),
		.exe = { .inode = 1 },
		.start_code = FAKE_TEXT,
	};
}

static void happens(struct bench *b, const struct record_header *record)
{
	fake_kernel.records = &record;
	fake_kernel.n_records = 1;
	assert_int_equal(recorder_drain(&b->recorder), 0);
	fake_kernel.n_records = 0;
}

union one_frame {
	struct sample sample;
	uint64_t words[sizeof(struct sample) / 8 + 1];
};

static union one_frame sample_of(uint32_t pid, uint64_t cgroup, uint32_t log_weight)
{
	union one_frame s = { .sample = {
				      .header = header_of(RECORD_SAMPLE, sizeof(s), pid),
				      .flags = SAMPLE_POLICY | log_weight << SAMPLE_LOG_WEIGHT_AT,
				      .cgroup = cgroup,
				      .pc = FAKE_TEXT + 0x10,
				      .sp = 0xc000100000,
				      .fp = 0xc000100018,
				      .chain = 0xc000100018,
				      .n_frames = 1,
			      } };

	s.words[sizeof(struct sample) / 8] = FAKE_TEXT + 0x1010;
	return s;
}

/* A sample of process @pid in @cgroup that stands for 2^@log_weight ticks. */
static void sampled(struct bench *b, uint32_t pid, uint64_t cgroup, uint32_t log_weight)
{
	const union one_frame s = sample_of(pid, cgroup, log_weight);

	happens(b, &s.sample.header);
}

static void event_of(struct bench *b, enum record_type type, uint64_t cgroup, uint32_t pid)
{
	const struct process_event e = {
		.header = header_of(type, sizeof(e), pid),
		.cgroup = cgroup,
	};

	happens(b, &e.header);
}

static void event(struct bench *b, enum record_type type, uint64_t cgroup)
{
	event_of(b, type, cgroup, (uint32_t)getpid());
}

#define SELF ((uint32_t)getpid())

static void turn(struct bench *b, uint32_t wanted)
{
	struct tallies tallies;

	assert_int_equal(recorder_turn(&b->recorder, 1, &tallies), 0);
	assert_int_equal(tallies.n, wanted);
	tallies_fini(&tallies);
}

static uint64_t count_of(const struct bench *b, const struct group *group)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < b->recorder.tallies.n; i++)
		if (b->recorder.tallies.items[i]->group == group)
			n += b->recorder.tallies.items[i]->stacks.total;
	return n;
}

/* ---- groups ------------------------------------------------------------------------------ */

static void test_a_process_is_looked_at_once(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	event(&b, RECORD_EXEC, HOST);
	for (int i = 0; i < 3; i++)
		sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 1);
	assert_int_equal(count_of(&b, &b.groups[0]), 3);
	bench_fini(&b);
}

/* Only where it is may have changed. */
static void test_a_known_program_is_not_opened_again(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	event(&b, RECORD_EXEC, HOST);
	assert_true(b.saw_exe);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.n_groups, 2);
	assert_false(b.saw_exe);
	bench_fini(&b);
}

/* Outside of containers a cgroup says nothing of the other processes in it. */
static void test_hosts_cgroup_tells_of_nobody(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	assert_int_equal(b.recorder.counters.without_group, 1);
	bench_fini(&b);
}

static void test_containers_cgroup_tells_of_all(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0); /* still there after the look: so it was */
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_true(fake_kernel.cgroup_policy.is_known);
	sampled(&b, GONE, CONTAINER, 0);
	sampled(&b, GONE - 1, CONTAINER, 0);
	assert_int_equal(b.n_groups, 1);
	assert_int_equal(count_of(&b, &b.groups[0]), 3);
	assert_int_equal(b.recorder.counters.without_group, 0);
	bench_fini(&b);
}

static int is_of_nobody(void *context, struct group *group, uint64_t cgroup, bool *ret_is)
{
	(void)context;
	(void)group;
	(void)cgroup;
	*ret_is = false;
	return 0;
}

/* The container's cgroup is in another hierarchy; here it is in one with others. */
static void test_a_cgroup_shared_with_others_tells_of_nobody(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	b.recorder.options.is_cgroup_of = is_of_nobody;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(b.recorder.counters.without_group, 1);
	bench_fini(&b);
}

/*
 * As runc does: sampled on the host, moved, and only then looked at. What is found there must not
 * be taken for true of the host.
 */
static void test_moved_before_the_look(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, CONTAINER, 0);
	sampled(&b, SELF, CONTAINER, 0);
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_int_equal(b.n_groups, 2); /* looked at again */
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	bench_fini(&b);
}

/* What was under way before the look says nothing of where it was when it was looked at. */
static void test_samples_from_before_the_look_prove_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, HOST);
	members_find(&b.recorder.members, SELF, own_start_time())->looked = UINT64_MAX;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	bench_fini(&b);
}

static void test_pid_used_again_is_another_process(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	struct member *m = members_find(&b.recorder.members, SELF, own_start_time());
	assert_non_null(m);
	assert_null(members_find(&b.recorder.members, SELF, own_start_time() + 1));
	bench_fini(&b);
}

static void test_exec_looks_again_and_exit_forgets(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 2);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(count_of(&b, &b.groups[1]), 1);
	event(&b, RECORD_EXIT, HOST);
	assert_int_equal(b.recorder.members.lru.n, 0);
	bench_fini(&b);
}

static void test_other_programs_are_not_looked_at(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = NULL;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 0);
	assert_int_equal(b.recorder.counters.looks, 1);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	bench_fini(&b);
}

/* runc's own process in a container's cgroup, before it runs the container's program. */
static void test_who_told_of_a_cgroup_is_asked_again_with_its_next_program(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	event_of(&b, RECORD_EXEC, CONTAINER, GONE);
	assert_int_equal(b.n_groups, 1);
	assert_true(fake_kernel.cgroup_policy.is_known);
	event(&b, RECORD_EXEC, CONTAINER);
	assert_int_equal(b.n_groups, 2);
	assert_false(fake_kernel.cgroup_policy.is_known);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	sampled(&b, GONE, CONTAINER, 0);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(count_of(&b, &b.groups[1]), 2);
	bench_fini(&b);
}

/* ---- gone before its file was opened ------------------------------------------------------ */

static void test_samples_wait_for_the_next_process(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 0);
	sampled(&b, GONE, HOST, 3);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	assert_int_equal(b.recorder.counters.unnamed, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1 + 8 + 1);
	assert_int_equal(b.recorder.counters.recovered, 1 + 8);
	assert_int_equal(count_of(&b, NULL), 1 + 8); /* nobody knows where it was */
	assert_int_equal(b.recorder.parked.bytes, 0);
	turn(&b, 2);
	assert_int_equal(b.recorder.counters.unnamed, 0);
	bench_fini(&b);
}

static void test_an_exec_is_enough_for_those_that_wait(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 0);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_what_waits_in_vain_is_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 2);
	turn(&b, 0);
	assert_int_equal(b.recorder.counters.unnamed, 4);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_no_more_wait_than_there_is_room_for(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	for (uint32_t i = 0; i < PARKED_MAX + 3; i++)
		sampled(&b, GONE, HOST, 0);
	assert_int_equal(b.recorder.counters.unnamed, 3);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), PARKED_MAX + 1);
	bench_fini(&b);
}

/* A shell that ran this: the file that its process has by now is not the shell's. */
static void test_a_process_that_went_on_says_nothing_of_what_it_ran(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.runs_other = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.n_opened, 0);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	/* Another one runs it for longer. */
	fake_kernel.runs_other = false;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.n_opened, 1);
	assert_int_equal(recorder_samples(&b.recorder), 2);
	bench_fini(&b);
}

/* All that are open are in use: that is no process that was gone. */
static void test_an_executable_without_room_is_counted_as_such(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.builds.n_open = BUILDS_MAX_OPEN;
	sampled(&b, SELF, HOST, 1);
	assert_int_equal(b.recorder.counters.unopened, 2);
	assert_int_equal(b.recorder.parked.n, 0);
	b.recorder.builds.n_open = 0;
	bench_fini(&b);
}

/* ---- what is of no use -------------------------------------------------------------------- */

static bool ignores(void *context, const struct build *build, struct group *group)
{
	const struct bench *b = context;

	assert_true(!build != !group);
	return build ? b->ignores_build : b->ignores_group;
}

static void test_an_executable_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.ignores_build = true;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	assert_int_equal(b.recorder.builds.n_open, 0);
	assert_int_equal(b.n_groups, 0);
	/* That of others, and not for good: */
	b.ignores_build = false;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_build = true;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	sampled(&b, SELF, HOST, 0); /* that was under way */
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_build = false;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	bench_fini(&b);
}

static void test_what_is_forgotten_is_asked_for_again(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.ignores_build = true;
	event(&b, RECORD_EXEC, HOST);
	for (uint32_t i = 0; i <= RECORDER_KEEP + 1; i++)
		turn(&b, 0);
	assert_int_equal(b.recorder.builds.lru.n, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	bench_fini(&b);
}

static void test_a_container_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.in_container = b.ignores_group = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	/* Were it a divisor, what is under way when it is wanted again would count for so many. */
	assert_int_equal(fake_kernel.cgroup_policy.log_weight, 0);
	assert_int_equal(b.recorder.counters.ignored, 1);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	/* Its pod's name came, or the rules are others. */
	b.ignores_group = false;
	turn(&b, 0);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	sampled(&b, SELF, CONTAINER, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_group = true;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	bench_fini(&b);
}

/* Its processes are looked at one by one, as they may have other names, but all are of no use. */
static void test_a_unit_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.in_unit = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, HOST);
	assert_false(fake_kernel.cgroup_policy.is_known);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.n_groups, 2);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	b.ignores_group = true;
	assert_int_equal(recorder_reconsider_cgroups(&b.recorder), 0);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	assert_false(fake_kernel.cgroup_policy.is_known);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.ignored, 1);
	b.ignores_group = false;
	assert_int_equal(recorder_reconsider_cgroups(&b.recorder), 0);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	bench_fini(&b);
}

/* ---- weights ----------------------------------------------------------------------------- */

static void test_a_sample_counts_for_what_it_stands_for(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, SELF, HOST, 2);
	sampled(&b, SELF, HOST, 15);
	const struct tally *t = recorder_largest(&b.recorder);
	assert_int_equal(t->stacks.total, 1 + 4 + 32768);
	assert_int_equal(t->taken, 3);
	assert_int_equal(t->max_weight, 32768);
	bench_fini(&b);
}

static void test_over_budget_the_kernel_is_told(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 4);
	for (int i = 0; i < 4; i++)
		sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, HOST);
	assert_int_equal(fake_kernel.cgroup_policy.log_weight, 1);
	assert_false(fake_kernel.cgroup_policy.is_known);
	bench_fini(&b);
}

/* ---- windows ----------------------------------------------------------------------------- */

static void test_a_window_begins_empty(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_true(b.recorder.bytes > 0);
	turn(&b, 1);
	assert_int_equal(b.recorder.bytes, 0);
	turn(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	assert_int_equal(b.n_groups, 1);
	bench_fini(&b);
}

static void test_what_is_not_seen_is_forgotten(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	sampled(&b, SELF, CONTAINER, 0);
	sampled(&b, SELF, CONTAINER, 0);
	turn(&b, 1);
	for (uint32_t i = 1; i < RECORDER_KEEP; i++)
		turn(&b, 0);
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	turn(&b, 0);
	turn(&b, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	assert_int_equal(ended, 1);
	sampled(&b, SELF, CONTAINER, 0); /* met anew */
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_addresses_of_what_is_not_in_use_take_no_memory(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	const struct pc_cache *cache =
		&builds_find(&b.recorder.builds, &(struct exe_key){ .inode = 1 })->unwinder.cache;
	turn(&b, 1);
	assert_true(pc_cache_memory(cache) > 0);
	turn(&b, 0);
	assert_int_equal(pc_cache_memory(cache), 0);
	assert_int_equal(cache->asked, 2);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	assert_int_equal(cache->asked, 4);
	bench_fini(&b);
}

/* A tally that is being written keeps what it is made of. */
static void test_nothing_in_use_is_forgotten(void **state)
{
	struct tallies tallies;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_turn(&b.recorder, 1, &tallies), 0);
	for (uint32_t i = 0; i < RECORDER_KEEP + 2; i++)
		turn(&b, 0);
	assert_int_equal(tallies.items[0]->build->key.inode, 1);
	assert_int_equal(ended, 0);
	tallies_fini(&tallies);
	assert_int_equal(ended, 1);
	turn(&b, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	bench_fini(&b);
}

/* Nothing is in two counters. */
static void test_what_finds_no_room_is_not_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.max_tally_bytes = 1;
	sampled(&b, SELF, HOST, 2);
	assert_int_equal(b.recorder.counters.refused, 4);
	assert_int_equal(b.recorder.counters.counted, 0);
	assert_int_equal(b.recorder.tallies.items[0]->taken, 0);
	bench_fini(&b);
}

/* What it is sampled for after that is not even unwound. */
static void test_what_costs_too_much_is_given_up(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.max_pairs = 1000;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.allowed, 1000);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(b.recorder.counters.exhausted, 0);
	fake_kernel.exhausted = true;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.exhausted, 1);
	assert_string_equal(b.recorder.exhausted, b.recorder.tallies.items[0]->build->path);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	assert_int_equal(b.recorder.counters.counted, 2);
	sampled(&b, SELF, HOST, 3);
	assert_int_equal(b.recorder.counters.counted, 2);
	assert_int_equal(b.recorder.counters.ignored, 8);
	assert_int_equal(b.recorder.counters.foreign, 0);
	assert_int_equal(b.recorder.counters.exhausted, 1);
	bench_fini(&b);
}

/* Go programs that cannot be read are told from what is no Go program. */
static void test_go_that_cannot_be_read_is_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.open_error = BINARY_E_NOT_GO;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.recorder.counters.unreadable, 0);
	bench_fini(&b);
	bench_init(&b, 0);
	fake_kernel.open_error = BINARY_E_TOO_OLD;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.recorder.counters.unreadable, 1);
	assert_int_equal(b.recorder.unreadable_outcome, BINARY_E_TOO_OLD);
	assert_true(b.recorder.unreadable[0]);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.unreadable, 1);
	bench_fini(&b);
}

/* Where it could not be opened, nothing is known of it: with the time it is looked at again. */
static void test_what_was_not_opened_is_tried_again(void **state)
{
	static const struct {
		int error;
		uint32_t verdict; /* in the end; 0: none */
	} cases[] = { { -EMFILE, 0 }, { -EIO, 0 }, { BINARY_E_NOT_GO, EXE_IGNORE } };
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		bench_init(&b, 0);
		fake_kernel.open_error = cases[i].error;
		event(&b, RECORD_EXEC, HOST);
		assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
		for (uint32_t n = 0; n < RECORDER_KEEP + 2; n++)
			turn(&b, 0);
		assert_int_equal(fake_kernel.policy.verdict, cases[i].verdict);
		bench_fini(&b);
	}
}

/* ---- pages of executables ------------------------------------------------------------------ */

static const struct fake_function sysmon[] = {
	{ "runtime.sysmon", 60, BINARY_SYSMON },
	{ "runtime.goexit", 40, BINARY_GOEXIT },
};

/* Its tables are read before it is known that such samples make no tally. */
static void test_pages_are_given_back_without_a_tally(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = sysmon;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.n_rested, 1); /* opened */
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.not_sampled, 1);
	assert_int_equal(b.recorder.tallies.n, 0);
	assert_int_equal(fake_kernel.n_rested, 2);
	sampled(&b, SELF, HOST, 0); /* nothing is read */
	assert_int_equal(fake_kernel.n_rested, 2);
	bench_fini(&b);
}

/* Nobody counts it, so it may have to go for another one before the drain is over. */
static void test_what_is_forgotten_has_no_pages(void **state)
{
	union one_frame first = sample_of(SELF, HOST, 0), second = sample_of(SELF, HOST, 0);
	const struct record_header *const records[] = { &first.sample.header,
							&second.sample.header };
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = sysmon;
	event(&b, RECORD_EXEC, HOST);
	b.recorder.builds.n_open = BUILDS_MAX_OPEN;
	second.sample.header.exe.inode = 2;
	fake_kernel.records = records;
	fake_kernel.n_records = ARRAY_SIZE(records);
	assert_int_equal(recorder_drain(&b.recorder), 0);
	assert_int_equal(b.recorder.counters.builds_evicted, 1);
	assert_int_equal(b.recorder.n_awake, 0);
	b.recorder.builds.n_open = 1;
	bench_fini(&b);
}

/* What a rule asks of it is read from its file. */
static void test_pages_are_given_back_when_rules_change(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.n_rested, 1);
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.n_rested, 2);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_is_looked_at_once),
		cmocka_unit_test(test_a_known_program_is_not_opened_again),
		cmocka_unit_test(test_hosts_cgroup_tells_of_nobody),
		cmocka_unit_test(test_containers_cgroup_tells_of_all),
		cmocka_unit_test(test_a_cgroup_shared_with_others_tells_of_nobody),
		cmocka_unit_test(test_moved_before_the_look),
		cmocka_unit_test(test_samples_from_before_the_look_prove_nothing),
		cmocka_unit_test(test_pid_used_again_is_another_process),
		cmocka_unit_test(test_exec_looks_again_and_exit_forgets),
		cmocka_unit_test(test_other_programs_are_not_looked_at),
		cmocka_unit_test(test_who_told_of_a_cgroup_is_asked_again_with_its_next_program),
		cmocka_unit_test(test_samples_wait_for_the_next_process),
		cmocka_unit_test(test_an_exec_is_enough_for_those_that_wait),
		cmocka_unit_test(test_what_waits_in_vain_is_counted),
		cmocka_unit_test(test_no_more_wait_than_there_is_room_for),
		cmocka_unit_test(test_a_process_that_went_on_says_nothing_of_what_it_ran),
		cmocka_unit_test(test_an_executable_without_room_is_counted_as_such),
		cmocka_unit_test(test_an_executable_of_no_use),
		cmocka_unit_test(test_what_is_forgotten_is_asked_for_again),
		cmocka_unit_test(test_a_container_of_no_use),
		cmocka_unit_test(test_a_unit_of_no_use),
		cmocka_unit_test(test_a_sample_counts_for_what_it_stands_for),
		cmocka_unit_test(test_over_budget_the_kernel_is_told),
		cmocka_unit_test(test_a_window_begins_empty),
		cmocka_unit_test(test_what_is_not_seen_is_forgotten),
		cmocka_unit_test(test_addresses_of_what_is_not_in_use_take_no_memory),
		cmocka_unit_test(test_nothing_in_use_is_forgotten),
		cmocka_unit_test(test_what_costs_too_much_is_given_up),
		cmocka_unit_test(test_go_that_cannot_be_read_is_counted),
		cmocka_unit_test(test_what_was_not_opened_is_tried_again),
		cmocka_unit_test(test_what_finds_no_room_is_not_counted),
		cmocka_unit_test(test_pages_are_given_back_without_a_tally),
		cmocka_unit_test(test_what_is_forgotten_has_no_pages),
		cmocka_unit_test(test_pages_are_given_back_when_rules_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
