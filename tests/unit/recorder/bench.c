/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/recorder/bench.h"

#include <string.h>

#include "base/clock.h"
#include "tests/unit/unit.h"

static const struct fake_function functions[] = {
	{ "main.leaf", 10, 0 },
	{ "runtime.goexit", 40, BINARY_GOEXIT },
};

/* Groups live in the bench; their end is only noted. */
uint32_t ended;

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

void bench_init(struct bench *b, uint64_t budget)
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

void bench_fini(struct bench *b)
{
	recorder_fini(&b->recorder);
	procfs_close(&b->procfs);
	assert_int_equal(ended, b->n_groups);
}

uint64_t own_start_time(void)
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

union one_frame sample_of(uint32_t pid, uint64_t cgroup, uint32_t log_weight)
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

void sampled(struct bench *b, uint32_t pid, uint64_t cgroup, uint32_t log_weight)
{
	const union one_frame s = sample_of(pid, cgroup, log_weight);

	happens(b, &s.sample.header);
}

void event_of(struct bench *b, enum record_type type, uint64_t cgroup, uint32_t pid)
{
	const struct process_event e = {
		.header = header_of(type, sizeof(e), pid),
		.cgroup = cgroup,
	};

	happens(b, &e.header);
}

void event(struct bench *b, enum record_type type, uint64_t cgroup)
{
	event_of(b, type, cgroup, (uint32_t)getpid());
}

void turn(struct bench *b, uint32_t wanted)
{
	struct tallies tallies;

	assert_int_equal(recorder_turn(&b->recorder, 1, &tallies), 0);
	assert_int_equal(tallies.n, wanted);
	tallies_fini(&tallies);
}

uint64_t count_of(const struct bench *b, const struct group *group)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < b->recorder.tallies.n; i++)
		if (b->recorder.tallies.items[i]->group == group)
			n += b->recorder.tallies.items[i]->stacks.total;
	return n;
}

bool ignores(void *context, const struct build *build, struct group *group)
{
	const struct bench *b = context;

	assert_true(!build != !group);
	return build ? b->ignores_build : b->ignores_group;
}
