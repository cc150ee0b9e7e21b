/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler-check [options] PROGRAM [ARGUMENTS]: sample a Go program, and see that what the kernel
 * side sends can be true.
 *
 *	-s SECONDS	how long (default 4)
 *	-f HZ		how often (default 499)
 *	-n PERCENT	this share of the ticks of one CPU that is busy for SECONDS must have become
 *			samples, and no more than two percent over all there were
 *	-e KIND		there must be samples of this kind: kernel, g0, signal, vdso,
 *			callback, deep
 *	-c		a program with C code in it: only what is Go is judged
 *
 * Judged is each sample by itself, against the tables of the program's own file: that Go state was
 * read, that pc and return addresses are Go code, that chains end at a root, that the word which
 * pcsp says is the leaf's return address is one, and that the unwinder makes a whole stack of it
 * all. Chains that were searched for are left to the latter. Shares below the limits fail.
 *
 * Exit: 0, 1 (something is not as it must be), or 77 and the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/builds/builds.h"
#include "agent/capture/capture.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/kernel/open.h"

/* In percent. */
#define MUST_HAVE_STATE 99.0
#define MUST_BE_CODE	99.0
#define MUST_END_ROOTED 98.0
#define MUST_RETURN	99.0
#define MUST_BE_WHOLE	98.0

enum kind { KIND_KERNEL, KIND_G0, KIND_SIGNAL, KIND_VDSO, KIND_CALLBACK, KIND_DEEP, KINDS };

static const char *const kind_names[KINDS] = {
	"kernel", "g0", "signal", "vdso", "callback", "deep"
};

struct options {
	unsigned int seconds, frequency, share;
	bool expect[KINDS];
	bool has_c;
	char **command;
};

/* So many of so many. */
struct share {
	uint64_t good, all;
};

struct check {
	struct capture *capture;
	const struct binary *binary;
	struct unwinder *unwinder;
	struct exe_policy policy;
	struct exe_key exe;
	bool has_c;
	uint64_t bias;	  /* of the program's code */
	uint64_t elapsed; /* ns until the program was ended, which may be more than asked for */
	uint64_t exits, execs, samples, kinds[KINDS];
	struct share state, code, rooted, returns, whole;
};

static void share_add(struct share *s, bool good)
{
	s->good += good;
	s->all++;
}

static double share_percent(const struct share *s)
{
	return s->all ? 100.0 * (double)s->good / (double)s->all : 100.0;
}

static bool is_go_code(const struct check *k, uint64_t address)
{
	return address - k->bias >= binary_text(k->binary) &&
	       address - k->bias < binary_etext(k->binary);
}

static bool function_of(const struct check *k, uint64_t address, struct binary_function *ret)
{
	return binary_function_at(k->binary, address - k->bias, ret) == 0;
}

/*
 * Goroutines begin at goexit, threads at mstart; mcall and morestack leave the rest behind. By Go
 * 1.23 on arm64 a chain on the system stack ends at systemstack: the unwinder goes on from what
 * the goroutine has saved.
 */
static bool is_root(const struct check *k, const struct sample *s, uint64_t return_address)
{
	struct binary_function f;

	return function_of(k, return_address - 1, &f) &&
	       (f.flags & BINARY_FUNC_TOP_FRAME || f.special == BINARY_MCALL ||
		f.special == BINARY_MORESTACK ||
		(s->flags & SAMPLE_ON_G0 && f.special == BINARY_SYSTEMSTACK));
}

static bool passes_through(const struct check *k, const struct sample *s,
			   enum binary_special special)
{
	struct sample_parts p = sample_parts(s);
	struct binary_function f;

	for (uint32_t i = 0; i < s->n_frames; i++)
		if (function_of(k, p.frames[i] - 1, &f) && f.special == special)
			return true;
	return false;
}

/*
 * amd64: where pc is, its function has moved sp by pcsp bytes, and the word above is the return
 * address. Functions that change sp in other ways are left out.
 */
static void check_leaf(struct check *k, const struct sample *s)
{
	struct binary_function f;
	int32_t delta;

	if (binary_arch(k->binary) != BINARY_AMD64 || s->go.vdso_sp || !function_of(k, s->pc, &f) ||
	    f.flags & (BINARY_FUNC_SP_WRITE | BINARY_FUNC_TOP_FRAME) ||
	    !binary_sp_delta(k->binary, &f, s->pc - k->bias, &delta) || delta / 8 >= s->n_words)
		return;
	share_add(&k->returns, is_go_code(k, sample_parts(s).words[delta / 8]));
}

static void check_chain(struct check *k, const struct sample *s)
{
	struct sample_parts p = sample_parts(s);
	uint32_t n = s->n_frames;

	for (uint32_t i = 0; i < n; i++)
		share_add(&k->code, is_go_code(k, p.frames[i]));
	if (n && !(s->flags & SAMPLE_MORE_FRAMES))
		share_add(&k->rooted, is_root(k, s, p.frames[n - 1]));
}

static void check_stack(struct check *k, const struct sample *s)
{
	struct stack stack;
	int r = unwind_sample(k->unwinder, s, &stack);

	if (r != UNWIND_E_NOT_SAMPLED)
		share_add(&k->whole, r == 0 && stack.n && !stack.truncated);
}

static void count_kinds(struct check *k, const struct sample *s)
{
	k->kinds[KIND_KERNEL] += !!(s->flags & SAMPLE_KERNEL);
	k->kinds[KIND_G0] += !!(s->flags & SAMPLE_ON_G0);
	k->kinds[KIND_SIGNAL] += !!(s->flags & SAMPLE_IN_SIGNAL);
	k->kinds[KIND_VDSO] += s->go.vdso_sp != 0;
	k->kinds[KIND_DEEP] += !!(s->flags & SAMPLE_MORE_FRAMES);
	k->kinds[KIND_CALLBACK] +=
		passes_through(k, s, BINARY_CGOCALLBACK) && passes_through(k, s, BINARY_CGOCALL);
}

static void check_sample(struct check *k, const struct sample *s)
{
	bool go = s->flags & SAMPLE_GO;

	k->bias = s->header.start_code - binary_start_code(k->binary);
	share_add(&k->state, go);
	count_kinds(k, s);
	check_stack(k, s);
	if (!go || (k->has_c && (!is_go_code(k, s->pc) || s->flags & SAMPLE_ON_G0)))
		return;
	if (!s->go.vdso_sp)
		share_add(&k->code, is_go_code(k, s->pc));
	check_leaf(k, s);
	if (s->go.vdso_sp || s->chain == s->fp)
		check_chain(k, s);
}

static int on_record(const struct record_header *h, void *context)
{
	const struct sample *s = (const struct sample *)h;
	struct check *k = context;

	k->execs += h->type == RECORD_EXEC;
	k->exits += h->type == RECORD_EXIT;
	if (h->type != RECORD_SAMPLE)
		return 0;
	k->samples++;
	if (s->flags & SAMPLE_POLICY)
		check_sample(k, s);
	else if (memcmp(&h->exe, &k->exe, sizeof(k->exe)) != 0 && k->execs) {
		k->exe = h->exe;
		return capture_set_policy(k->capture, &k->exe, &k->policy);
	}
	return 0;
}

/* The program, stopped before it begins until something is written to *@ret_gate. */
static pid_t start_program(char **command, int *ret_gate)
{
	int gate[2];
	char go;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (read(gate[0], &go, 1) == 1 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
			execv(command[0], command);
		_exit(127);
	}
	close(gate[0]);
	*ret_gate = gate[1];
	return pid;
}

static int drain_for(struct check *k, unsigned int seconds)
{
	uint64_t end = clock_monotonic() + seconds * NSEC_PER_SEC;
	struct pollfd p = { .fd = capture_fd(k->capture), .events = POLLIN };
	int r = 0;

	while (r == 0 && clock_monotonic() < end) {
		poll(&p, 1, 100);
		r = capture_drain(k->capture, on_record, k);
	}
	return r;
}

static int sample_program(struct check *k, const struct options *o)
{
	struct capture_detail detail;
	int gate = -1, status, r;
	pid_t pid = start_program(o->command, &gate);

	if (pid < 0)
		return -errno;
	r = capture_watch_pid(k->capture, pid);
	if (r == 0)
		r = capture_start(k->capture, &detail);
	uint64_t start = clock_monotonic();
	if (r == 0 && write(gate, "", 1) == 1)
		r = drain_for(k, o->seconds);
	close(gate);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	k->elapsed = clock_monotonic() - start;
	capture_stop(k->capture);
	return r ? r : capture_drain(k->capture, on_record, k);
}

static bool judge(const char *what, const struct share *s, double must)
{
	bool good = s->all && share_percent(s) >= must;

	printf("%-28s %8llu of %8llu  %6.2f %%%s\n", what, (unsigned long long)s->good,
	       (unsigned long long)s->all, share_percent(s), good ? "" : "  TOO FEW");
	return good;
}

static bool judge_kinds(const struct check *k, const struct options *o)
{
	bool good = true;

	for (int i = 0; i < KINDS; i++) {
		bool missing = o->expect[i] && !k->kinds[i];

		printf("%-28s %8llu%s\n", kind_names[i], (unsigned long long)k->kinds[i],
		       missing ? "  MISSING" : "");
		good &= !missing;
	}
	return good;
}

static bool judge_count(const struct check *k, const struct options *o)
{
	uint64_t least = (uint64_t)o->seconds * o->frequency * o->share / 100;
	uint64_t ticks = k->elapsed * o->frequency / NSEC_PER_SEC;
	bool good = k->samples >= least && k->samples <= ticks * 102 / 100 + 1;

	if (!o->share)
		return k->samples > 0;
	printf("%-28s %8llu of %8llu%s\n", "samples of ticks", (unsigned long long)k->samples,
	       (unsigned long long)ticks, good ? "" : "  NOT AS MANY AS MUST BE");
	return good;
}

static bool judge_all(const struct check *k, const struct options *o)
{
	struct capture_counters c;
	bool good = true;

	capture_counters(k->capture, &c);
	printf("%llu samples, %llu lost, %llu malformed, %llu without stack, %llu exec, %llu "
	       "exit\n",
	       (unsigned long long)c.samples, (unsigned long long)c.ring_full,
	       (unsigned long long)c.malformed, (unsigned long long)c.no_stack,
	       (unsigned long long)k->execs, (unsigned long long)k->exits);
	good &= c.ring_full == 0 && c.malformed == 0 && k->execs == 1 && k->exits == 1;
	good &= judge_count(k, o);
	good &= judge("with Go state", &k->state, MUST_HAVE_STATE);
	good &= judge("addresses that are Go code", &k->code, MUST_BE_CODE);
	good &= judge("chains that reach a root", &k->rooted, MUST_END_ROOTED);
	if (binary_arch(k->binary) == BINARY_AMD64)
		good &= judge("return addresses at the leaf", &k->returns, MUST_RETURN);
	good &= judge("whole stacks", &k->whole, MUST_BE_WHOLE);
	return good & judge_kinds(k, o);
}

static bool expect(struct options *o, const char *name)
{
	for (int i = 0; i < KINDS; i++)
		if (strcmp(kind_names[i], name) == 0)
			return o->expect[i] = true;
	return false;
}

static bool options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .seconds = 4, .frequency = 499 };
	while ((c = getopt(argc, argv, "+s:f:n:e:c")) != -1) {
		if (c == 's')
			o->seconds = atoi(optarg);
		else if (c == 'f')
			o->frequency = atoi(optarg);
		else if (c == 'n')
			o->share = atoi(optarg);
		else if (c == 'c')
			o->has_c = true;
		else if (c != 'e' || !expect(o, optarg))
			return false;
	}
	o->command = argv + optind;
	return optind < argc && o->seconds && o->frequency;
}

int main(int argc, char **argv)
{
	_cleanup_(closep) int fd = -1;
	struct builds builds = BUILDS_NULL;
	struct check k = { 0 };
	struct options o;
	struct build *build = NULL;
	int r;

	if (!options_parse(&o, argc, argv)) {
		fprintf(stderr,
			"usage: sampler-check [-s SECONDS] [-f HZ] [-n PERCENT] [-e KIND]... "
			"[-c] PROGRAM [ARGUMENTS]\n");
		return 2;
	}
	k.capture = open_or_skip(
		&(struct capture_options){ .frequency = o.frequency, .descendants = true });
	fd = open(o.command[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || builds_add(&builds, &k.exe, fd, o.command[0], &build) != 0 ||
	    !build->binary) {
		fprintf(stderr, "%s is not a Go program that can be read\n", o.command[0]);
		return 1;
	}
	k.binary = build->binary;
	k.unwinder = &build->unwinder;
	k.policy = build_policy(build);
	k.has_c = o.has_c;
	r = sample_program(&k, &o);
	if (r != 0)
		fprintf(stderr, "sampling ended with %d\n", r);
	bool good = judge_all(&k, &o) && r == 0;

	builds_fini(&builds);
	capture_close(k.capture);
	return good ? 0 : 1;
}
