/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a recording, put together as hone record does it: records in, a profile and what is
 * said of it out. The process recorded is this one.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/recorder/recorder.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/preview.h"
#include "cli/record_report.h"
#include "cli/record_result.h"
#include "tests/unit/cli/recorder-fakes.h"

#define SP 0xc000100000ull

enum { LEAF, CALLER, ROOT, GOEXIT, RUNTIME, SYSMON, N_FUNCTIONS };

static const struct fake_function functions[N_FUNCTIONS] = {
	[LEAF] = { "main.leaf", 10, 0 },
	[CALLER] = { "main.caller", 20, 0 },
	[ROOT] = { "main.main", 30, 0 },
	[GOEXIT] = { "runtime.goexit", 40, BINARY_GOEXIT },
	[RUNTIME] = { "runtime.schedule", 50, 0 },
	[SYSMON] = { "runtime.sysmon", 60, BINARY_SYSMON },
};

/* An address within function @f. */
#define IN(f) (FAKE_TEXT + 0x1000ull * (f) + 0x10)

/* ---- a judgement that fails where it is told to ------------------------------------------ */

static int assess_outcome;

int __real_pgo_assess(struct pprof_profile *p, struct pgo_quality *ret_quality,
		      struct pgo_edges **ret_edges);
int __wrap_pgo_assess(struct pprof_profile *p, struct pgo_quality *ret_quality,
		      struct pgo_edges **ret_edges);

int __wrap_pgo_assess(struct pprof_profile *p, struct pgo_quality *ret_quality,
		      struct pgo_edges **ret_edges)
{
	return assess_outcome ? assess_outcome : __real_pgo_assess(p, ret_quality, ret_edges);
}

/* ---- records ----------------------------------------------------------------------------- */

static uint64_t own_start_time(void)
{
	struct procfs procfs;
	struct process p;

	assert_int_equal(procfs_open("/proc", &procfs), 0);
	assert_int_equal(process_open(&procfs, getpid(), &p), 0);
	uint64_t time = p.start_ticks * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));

	process_close(&p);
	procfs_close(&procfs);
	return time;
}

static struct sample *make_sample(uint64_t inode, uint32_t pid, const int *chain, uint16_t n)
{
	size_t size = sizeof(struct sample) + 8 * (n - 1u);
	struct sample *s = calloc(1, size);

	assert_non_null(s);
	s->header = (struct record_header){
		.type = RECORD_SAMPLE,
		.size = (uint32_t)size,
		.pid = pid,
		.start_time = own_start_time(),
		.exe = { .inode = inode },
		.start_code = FAKE_TEXT,
	};
	s->pc = IN(chain[0]);
	s->sp = SP;
	s->fp = s->chain = SP + 0x20 - 8;
	for (uint16_t i = 1; i < n; i++)
		s->data[s->n_frames++] = IN(chain[i]);
	return s;
}

#define SAMPLE(inode, pid, ...)                               \
	make_sample(inode, pid, (const int[]){ __VA_ARGS__ }, \
		    ARRAY_SIZE(((const int[]){ __VA_ARGS__ })))

#define OURS(...)  SAMPLE(1, (uint32_t)getpid(), __VA_ARGS__)
#define TRUNCATED  LEAF, CALLER
#define GONE	   0x7fffffff
#define MAX_NUMBER 64

/* One recording, from its records to its result. */
struct recording {
	struct procfs procfs;
	struct recorder recorder;
	struct record_result result;
	size_t n_denied;
	const char *output;
	bool json;
	enum record_end end;
	struct sample *records[MAX_NUMBER];
	size_t n;
};

static void recording_init(struct recording *r)
{
	memset(r, 0, sizeof(*r));
	fake_kernel = (struct fake_kernel){ .functions = functions, .n_functions = N_FUNCTIONS };
	r->output = "default.pgo";
	r->result = (struct record_result){ .frequency = 99 };
	assert_int_equal(procfs_open("/proc", &r->procfs), 0);
	const struct recorder_options options = { .frequency = 99, .procfs = &r->procfs };
	assert_int_equal(recorder_init(&r->recorder, &options, NULL), 0);
}

static void recording_fini(struct recording *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->records[i]);
	record_result_fini(&r->result);
	recorder_fini(&r->recorder);
	procfs_close(&r->procfs);
}

static void happens(struct recording *r, struct sample *s)
{
	assert_true(r->n < MAX_NUMBER);
	r->records[r->n++] = s;
}

static void drain(struct recording *r)
{
	fake_kernel.records = (const struct record_header *const *)r->records;
	fake_kernel.n_records = r->n;
	assert_int_equal(recorder_drain(&r->recorder), 0);
	fake_kernel.n_records = 0;
}

static void conclude(struct recording *r)
{
	drain(r);
	recorder_settle(&r->recorder);
	r->result.tally = recorder_largest(&r->recorder);
	if (r->result.tally)
		assert_int_equal(record_result_make(&r->result, &r->recorder), 0);
}

static void forget_records(struct recording *r)
{
	while (r->n)
		free(r->records[--r->n]);
}

/* ---- what is counted --------------------------------------------------------------------- */

static void test_samples_become_a_profile(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	for (int i = 0; i < 3; i++)
		happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, OURS(CALLER, ROOT, GOEXIT));
	conclude(&r);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(pprof_n_samples(r.result.profile), 2);
	const struct pprof_sample s = pprof_sample(r.result.profile, 0);
	assert_int_equal(s.n_locations, 3);
	assert_int_equal(s.values[0], 3);
	assert_int_equal(s.values[1], 3 * (1000000000 / 99));
	assert_true(record_result_is_useful(&r.result));
	recording_fini(&r);
}

static void test_what_was_lost_is_counted_and_written(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, OURS(TRUNCATED));
	happens(&r, OURS(TRUNCATED));
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	fake_kernel.counters = (struct capture_counters){ .lost = 5, .malformed = 2 };
	conclude(&r);
	assert_int_equal(r.result.notes.samples, 4);
	assert_int_equal(r.result.notes.lost, 7);
	assert_int_equal(r.result.notes.truncated, 2);
	assert_int_equal(r.result.notes.unsymbolized, 0);
	assert_int_equal(pprof_n_comments(r.result.profile), 2);
	assert_string_equal(pprof_comment(r.result.profile, 1),
			    "hone: samples=4 lost=7 truncated=2 unsymbolized=0");
	recording_fini(&r);
}

static void test_stacks_without_room_are_lost(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	drain(&r);
	r.n = 0;
	free(r.records[0]);
	r.recorder.tallies.items[0]->stacks.refused = 1; /* as the table counts it */
	conclude(&r);
	assert_int_equal(r.result.notes.samples, 1);
	assert_int_equal(r.result.notes.lost, 1);
	recording_fini(&r);
}

static void test_what_is_never_sampled_is_not_in_the_profile(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, OURS(LEAF, SYSMON));
	conclude(&r);
	assert_int_equal(r.result.notes.samples, 1);
	assert_int_equal(r.recorder.counters.not_sampled, 1);
	recording_fini(&r);
}

static void test_programs_that_are_not_go_are_told_to_be_ignored(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	fake_kernel.functions = NULL;
	happens(&r, OURS(LEAF, CALLER));
	happens(&r, OURS(LEAF, CALLER));
	conclude(&r);
	assert_null(r.result.tally);
	assert_int_equal(r.recorder.counters.foreign, 2);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	recording_fini(&r);
}

/* The pid is another process's by now: its file must not be taken for the one that was sampled. */
static void test_process_that_is_gone_has_no_name(void **state)
{
	struct sample *s = OURS(LEAF, CALLER, ROOT, GOEXIT);
	struct recording r;

	(void)state;
	recording_init(&r);
	s->header.start_time -= 1000000000;
	happens(&r, s);
	conclude(&r);
	assert_null(r.result.tally);
	assert_int_equal(r.recorder.counters.unnamed, 1);
	recording_fini(&r);
}

static void test_file_stays_known_when_its_process_is_gone(void **state)
{
	struct sample *gone = SAMPLE(1, GONE, LEAF, CALLER, ROOT, GOEXIT);
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, gone);
	conclude(&r);
	assert_int_equal(r.result.notes.samples, 2);
	recording_fini(&r);
}

/* The kernel's memory of executables is bounded: what it asks again is answered again. */
static void test_kernel_that_has_forgotten_is_told_again(void **state)
{
	struct sample *late = OURS(LEAF, CALLER, ROOT, GOEXIT);
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	drain(&r);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	fake_kernel.policy.verdict = 0;
	drain(&r); /* was under way before the kernel was told */
	assert_int_equal(fake_kernel.policy.verdict, 0);
	assert_int_equal(r.recorder.counters.repeated, 0);
	late->header.time = clock_monotonic();
	happens(&r, late);
	drain(&r);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(r.recorder.counters.repeated, 1);
	recording_fini(&r);
}

static void test_unreadable_program_does_not_end_the_recording(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	fake_kernel.open_error = -EIO;
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	drain(&r);
	assert_int_equal(r.recorder.counters.foreign, 1);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	recording_fini(&r);
}

static void recording_by_file(struct recording *r)
{
	const struct recorder_options options = {
		.frequency = 99, .procfs = &r->procfs, .by_file = true, .file_path = "/bin/api"
	};

	recording_init(r);
	recorder_fini(&r->recorder);
	fake_kernel.exe = (struct exe_key){ .inode = 1 };
	assert_int_equal(recorder_init(&r->recorder, &options, NULL), 0);
}

/*
 * By file: it is known from the beginning, and counts also of processes that are gone. Those of
 * others are not even looked at, gone or not, and are no loss.
 */
static void test_only_the_wanted_file_is_read(void **state)
{
	struct recording r;

	(void)state;
	recording_by_file(&r);
	assert_int_equal(fake_kernel.n_opened, 1);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	happens(&r, SAMPLE(2, (uint32_t)getpid(), LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, SAMPLE(3, GONE, LEAF, CALLER, ROOT, GOEXIT));
	drain(&r);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	assert_int_equal(r.recorder.counters.foreign, 2);
	forget_records(&r);
	happens(&r, SAMPLE(1, GONE, LEAF, CALLER, ROOT, GOEXIT));
	conclude(&r);
	assert_int_equal(fake_kernel.n_opened, 1);
	assert_int_equal(r.recorder.counters.looks, 0);
	assert_int_equal(r.result.notes.samples, 1);
	assert_int_equal(r.result.notes.lost, 0);
	assert_string_equal(r.result.tally->build->path, "/bin/api");
	recording_fini(&r);
}

static void test_the_program_with_most_samples_is_the_one(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	for (int i = 0; i < 2; i++)
		happens(&r, SAMPLE(2, (uint32_t)getpid(), CALLER, ROOT, GOEXIT));
	conclude(&r);
	assert_int_equal(r.result.tally->build->key.inode, 2);
	assert_int_equal(r.result.notes.samples, 2);
	recording_fini(&r);
}

/* ---- no profile rather than a bad one ---------------------------------------------------- */

static void test_nothing_but_the_runtime_is_no_profile(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(RUNTIME, RUNTIME, GOEXIT));
	conclude(&r);
	assert_true(r.result.idle);
	assert_false(record_result_is_useful(&r.result));
	recording_fini(&r);
}

static void test_a_file_written_over_is_no_profile(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	fake_kernel.rewritten = true;
	conclude(&r);
	assert_false(record_result_is_useful(&r.result));
	recording_fini(&r);
}

static void test_no_samples_are_no_profile(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	conclude(&r);
	assert_false(record_result_is_useful(&r.result));
	recording_fini(&r);
}

static void test_no_start_lines_are_no_profile(void **state)
{
	static const struct fake_function without[N_FUNCTIONS] = {
		[LEAF] = { "main.leaf", 0, 0 },
		[CALLER] = { "main.caller", 0, 0 },
		[ROOT] = { "main.main", 0, 0 },
		[GOEXIT] = { "runtime.goexit", 0, BINARY_GOEXIT },
	};
	struct recording r;

	(void)state;
	recording_init(&r);
	fake_kernel.functions = without;
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	conclude(&r);
	assert_false(r.result.idle);
	assert_int_equal(r.result.quality.verdict, PGO_REFUSED);
	assert_false(record_result_is_useful(&r.result));
	recording_fini(&r);
}

/* ---- what is said of it ------------------------------------------------------------------ */

static void tell(struct recording *r, enum hone_exit (*how)(const struct record_report *report),
		 int fd, char *ret_text, size_t size)
{
	const struct record_report report = {
		.target = "pid 1",
		.output = r->output,
		.n_denied = r->n_denied,
		.json = r->json,
		.end = r->end,
		.recorder = &r->recorder,
		.result = &r->result,
	};
	FILE *file = tmpfile();
	int before = dup(fd);

	assert_non_null(file);
	assert_int_equal(dup2(fileno(file), fd), fd);
	assert_int_equal(how(&report), how == record_report_summary ? HONE_OK : HONE_REFUSED);
	assert_int_equal(dup2(before, fd), fd);
	close(before);
	rewind(file);
	ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void summarize(struct recording *r, const char *output, int fd, char *ret_text, size_t size)
{
	r->output = output;
	tell(r, record_report_summary, fd, ret_text, size);
}

/* That others ran meanwhile is no reason. */
static void test_a_file_that_nobody_runs(void **state)
{
	struct recording r;
	char text[4096];

	(void)state;
	recording_by_file(&r);
	happens(&r, SAMPLE(2, (uint32_t)getpid(), LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, SAMPLE(3, GONE, LEAF, CALLER, ROOT, GOEXIT));
	conclude(&r);
	tell(&r, record_report_refusal, STDERR_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "no process ran it"));
	recording_fini(&r);
}

/* Why there is no sample, as far as it is known. */
static void test_no_sample_has_its_reason(void **state)
{
	static const struct {
		enum record_end end;
		const char *reason;
	} ends[] = {
		{ RECORD_END_TIME, "no sample in 2.0 s: it used no CPU time. " },
		{ RECORD_END_PROCESSES, "it ended within 2.0 s, before a sample was taken" },
		{ RECORD_END_INTERRUPTED, "interrupted after 2.0 s, before a sample was taken" },
	};
	struct recording r;
	char text[4096];

	(void)state;
	recording_init(&r);
	conclude(&r);
	r.result.duration = 2 * NSEC_PER_SEC;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		r.end = ends[i].end;
		tell(&r, record_report_refusal, STDERR_FILENO, text, sizeof(text));
		assert_non_null(strstr(text, ends[i].reason));
	}
	recording_fini(&r);
}

/* A name that would steer the terminal, wherever the summary goes. */
static void test_summary_is_defused(void **state)
{
	struct recording r;
	char text[4096];

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	conclude(&r);
	r.result.tally->build->path[0] = '\033';
	summarize(&r, "default.pgo", STDOUT_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "program    ?"));
	assert_null(strchr(text, '\033'));
	summarize(&r, "-", STDERR_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "program    ?"));
	assert_null(strchr(text, '\033'));
	recording_fini(&r);
}

/* What there should be none of is said where there is some, and only there. */
static void test_gaps_are_told(void **state)
{
	struct recording r;
	char text[4096];

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	drain(&r);
	r.n = 0;
	free(r.records[0]);
	conclude(&r);
	summarize(&r, "default.pgo", STDOUT_FILENO, text, sizeof(text));
	assert_null(strstr(text, "no stack "));
	assert_null(strstr(text, "unnamed"));
	assert_null(strstr(text, "unwatched"));
	assert_null(strstr(text, "denied"));
	record_result_fini(&r.result);
	/* Of 100 records that were lost, 7 samples. */
	fake_kernel.counters = (struct capture_counters){
		.no_stack = 3, .unwatched = 4, .ring_full = 100, .lost = 7
	};
	r.recorder.counters.unwatched = 5;
	r.recorder.counters.unnamed = 8;
	r.n_denied = 6;
	conclude(&r);
	assert_string_equal(pprof_comment(r.result.profile, 1),
			    "hone: samples=1 lost=7 truncated=0 unsymbolized=0 unwatched=9");
	summarize(&r, "default.pgo", STDOUT_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "no stack   3 samples"));
	assert_non_null(strstr(text, "lost 7,"));
	assert_non_null(strstr(text, "unnamed    8 samples"));
	assert_non_null(strstr(text, "unwatched  9 processes"));
	assert_non_null(strstr(text, "denied     6 processes"));
	r.json = true;
	summarize(&r, "default.pgo", STDOUT_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "\"no_stack\": 3"));
	assert_non_null(strstr(text, "\"lost\": 7"));
	assert_non_null(strstr(text, "\"unnamed\": 8"));
	assert_non_null(strstr(text, "\"unwatched\": 9"));
	assert_non_null(strstr(text, "\"denied\": 6"));
	recording_fini(&r);
}

/* More than can be judged is written all the same. */
static void test_too_large_to_be_judged_is_no_reason_to_throw_it_away(void **state)
{
	struct preview preview = PREVIEW_NULL;
	struct pgo_quality quality;
	struct recording r;
	char text[4096];

	(void)state;
	recording_init(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	assess_outcome = PGO_E_TOO_LARGE;
	conclude(&r);
	assert_int_equal(preview_judge(&preview, r.result.tally, &quality), PGO_E_TOO_LARGE);
	preview_fini(&preview);
	assert_true(r.result.unjudged);
	assert_true(record_result_is_useful(&r.result));
	summarize(&r, "default.pgo", STDOUT_FILENO, text, sizeof(text));
	assert_non_null(strstr(text, "verdict    not judged"));
	assert_null(strstr(text, "coverage"));
	assess_outcome = 0;
	recording_fini(&r);
}

/* ---- how good it is so far --------------------------------------------------------------- */

static void expect_same_judgement(struct preview *preview, struct recording *r)
{
	struct pgo_quality quality;

	conclude(r);
	assert_int_equal(preview_judge(preview, r->result.tally, &quality), 0);
	assert_int_equal(quality.verdict, r->result.quality.verdict);
	assert_int_equal(quality.edges, r->result.quality.edges);
	assert_int_equal(quality.samples, r->result.quality.samples);
	assert_int_equal(quality.weight, r->result.quality.weight);
	assert_true(quality.coverage == r->result.quality.coverage);
	record_result_fini(&r->result);
}

/* Each time anew, while old stacks are seen again and new ones come. */
static void test_preview_judges_as_the_result_does(void **state)
{
	struct preview preview = PREVIEW_NULL;
	struct recording r;

	(void)state;
	recording_init(&r);
	for (int i = 0; i < 5; i++)
		happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, OURS(CALLER, ROOT, GOEXIT));
	expect_same_judgement(&preview, &r);
	expect_same_judgement(&preview, &r);
	forget_records(&r);
	happens(&r, OURS(LEAF, CALLER, ROOT, GOEXIT));
	happens(&r, OURS(LEAF, ROOT, GOEXIT));
	happens(&r, OURS(CALLER, ROOT, GOEXIT));
	expect_same_judgement(&preview, &r);
	preview_fini(&preview);
	recording_fini(&r);
}

/* ---- which processes --------------------------------------------------------------------- */

static void test_a_process_that_has_ended_is_not_waited_for(void **state)
{
	struct recording r;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	recording_init(&r);
	assert_int_equal(recorder_watch(&r.recorder, (uint32_t)getpid(), 0), 0);
	assert_int_equal(fake_kernel.watched, getpid());
	assert_int_equal(recorder_watch(&r.recorder, (uint32_t)child, 0), 0);
	assert_int_equal(fake_kernel.watched, 0);
	recording_fini(&r);
}

/* What was asked for has ended, and its number is another process's by now. */
static void test_a_pid_used_again_is_not_recorded(void **state)
{
	uint64_t started = own_start_time() / (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
	struct recording r;

	(void)state;
	recording_init(&r);
	assert_int_equal(recorder_watch(&r.recorder, (uint32_t)getpid(), started), 0);
	assert_int_equal(fake_kernel.watched, getpid());
	assert_int_equal(recorder_watch(&r.recorder, (uint32_t)getpid(), started - 1), 0);
	assert_int_equal(fake_kernel.watched, 0);
	recording_fini(&r);
}

static void moves(struct recording *r, const char *container)
{
	struct process_event *e = calloc(1, sizeof(struct sample));

	assert_non_null(e);
	strcpy(r->recorder.options.container.text, container);
	e->header.type = RECORD_MOVE;
	e->header.size = sizeof(*e);
	e->header.pid = (uint32_t)getpid();
	happens(r, (struct sample *)e);
	drain(r);
	free(r->records[--r->n]);
}

static void test_who_enters_the_container_is_recorded(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r);
	moves(&r, ""); /* any will do */
	assert_int_equal(fake_kernel.watched, getpid());
	moves(&r, "0123456789abcdef"); /* this process is not in it */
	assert_int_equal(fake_kernel.watched, 0);
	moves(&r, "0123456789abcdef");
	assert_int_equal(fake_kernel.watched, 0);
	assert_int_equal(recorder_watch(&r.recorder, (uint32_t)getpid(), 0), 0);
	assert_int_equal(fake_kernel.watched, 0);
	recording_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_become_a_profile),
		cmocka_unit_test(test_what_was_lost_is_counted_and_written),
		cmocka_unit_test(test_stacks_without_room_are_lost),
		cmocka_unit_test(test_what_is_never_sampled_is_not_in_the_profile),
		cmocka_unit_test(test_programs_that_are_not_go_are_told_to_be_ignored),
		cmocka_unit_test(test_process_that_is_gone_has_no_name),
		cmocka_unit_test(test_file_stays_known_when_its_process_is_gone),
		cmocka_unit_test(test_kernel_that_has_forgotten_is_told_again),
		cmocka_unit_test(test_unreadable_program_does_not_end_the_recording),
		cmocka_unit_test(test_only_the_wanted_file_is_read),
		cmocka_unit_test(test_a_file_that_nobody_runs),
		cmocka_unit_test(test_no_sample_has_its_reason),
		cmocka_unit_test(test_the_program_with_most_samples_is_the_one),
		cmocka_unit_test(test_nothing_but_the_runtime_is_no_profile),
		cmocka_unit_test(test_a_file_written_over_is_no_profile),
		cmocka_unit_test(test_no_samples_are_no_profile),
		cmocka_unit_test(test_no_start_lines_are_no_profile),
		cmocka_unit_test(test_summary_is_defused),
		cmocka_unit_test(test_gaps_are_told),
		cmocka_unit_test(test_too_large_to_be_judged_is_no_reason_to_throw_it_away),
		cmocka_unit_test(test_preview_judges_as_the_result_does),
		cmocka_unit_test(test_a_process_that_has_ended_is_not_waited_for),
		cmocka_unit_test(test_a_pid_used_again_is_not_recorded),
		cmocka_unit_test(test_who_enters_the_container_is_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
