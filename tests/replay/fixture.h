/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples recorded on real runs, each with the stack that is expected of it. With them agent/unwind
 * is tested on any machine, without privilege and without the programs they are from.
 *
 * A fixture is taken from one run of a workload (tests/workloads), with `take`. In each tick the
 * kernel program records its sample, and the thread takes a SIGPROF before it executes another
 * instruction, so that Go's own runtime records the same moment (twin.h). A sample is kept if the
 * runtime has recorded the very stack that hone finds in it, address by address, and in the whole
 * run as often as hone. What the test expects is thus what runtime/pprof said. Two things it does
 * not say, and they are hone's word alone: wrapper functions, which it leaves out of its profiles,
 * and what lies deeper than its 64 frames.
 *
 * Of samples that the runtime does not record (sysmon, signal handlers), one is kept if the runtime
 * has recorded no such stack in the whole run.
 *
 * Of the binary a fixture holds the answers that agent/binary gave: functions, and stack depths at
 * the addresses that the samples lead to. (That these are right is tested in the suite symbols.)
 *
 * The text is lines of a key and values. Numbers are hexadecimal; addresses are those in the file,
 * but for those of a sample, which are as they were recorded.
 *
 *	# ...			for people: where it is from
 *	go TEXT			e.g. go1.26.8
 *	arch amd64|arm64
 *	text A			runtime.text
 *	start-code A		lowest executable segment
 *	external A		entry of runtime._ExternalCode
 *	system A		entry of runtime._System
 *	function A FLAGS SPECIAL NAME
 *				one entry; FLAGS and SPECIAL as in agent/binary
 *	at A F D		address A is in function F (0: none), where pcsp is D (-: no table)
 *
 *	sample KIND		begins a sample (kind.h)
 *	start-code A, flags N, pc A, sp A, fp A, lr A, chain A
 *	curg A, sched PC SP BP LR, syscall PC SP, vdso PC SP, ncgo N
 *	words N..., frames N..., sched-words N..., sched-frames N...
 *	outcome stack|not-sampled [truncated] [external]
 *	= A [w] NAME		a frame of the stack expected, leaf first; w: shows wrappers
 *
 * N*3 and A*3 stand for three of the same in a row (a decimal number). Lines of members that
 * are all 0 and empty lists are left out.
 */
#pragma once

#include <stdio.h>

#include "agent/unwind/unwind.h"
#include "tests/replay/kind.h"
#include "tests/unit/unwind/facts.h"

struct fixture_function {
	uint64_t entry;
	uint8_t flags, special;
	char name[232];
};

struct fixture_sample {
	char kind[KIND_SIZE];
	struct sample *sample; /* one whole record, as record_check() has it */
	int outcome;	       /* of unwind_sample() */
	struct stack stack;
};

struct fixture {
	char go[32];
	enum binary_arch arch;
	uint64_t text, start_code, external, system;
	struct fixture_function *functions;
	size_t n_functions;
	struct fact *facts; /* flags and special are those of the function */
	size_t n_facts;
	struct fixture_sample *samples;
	size_t n_samples;
};

void fixture_fini(struct fixture *f);

/* What agent/unwind asks, out of the fixture's facts. Borrows them. */
struct binary fixture_binary(const struct fixture *f);

/* NULL for none. */
const struct fixture_function *fixture_function(const struct fixture *f, uint64_t entry);
const struct fact *fixture_fact(const struct fixture *f, uint64_t address);

/* Append. Ends the program when there is no memory: all users are tests. */
void fixture_add_function(struct fixture *f, const struct fixture_function *function);
void fixture_add_fact(struct fixture *f, const struct fact *fact);
void fixture_add_sample(struct fixture *f, const struct fixture_sample *sample);

/* False, and a sentence on standard error, where the text is not as described. */
bool fixture_read(const char *path, struct fixture *ret_fixture);

/* Without the comment. */
void fixture_write(const struct fixture *f, FILE *file);

/* ---- between fixture.c, which writes, and fixture-read.c ----------------------------------- */

/* Lines whose numbers are 64-bit members, side by side, of struct fixture or of struct sample. */
struct fixture_member {
	const char *key;
	size_t offset, n;
};

#define FIXTURE_MAX_MEMBERS 4 /* in one line */

/* Up to a NULL key. */
extern const struct fixture_member fixture_members[], fixture_sample_members[];

#define FIXTURE_LISTS 4
extern const char *const fixture_lists[FIXTURE_LISTS];

/* For enum binary_special; NULL out of its range. */
const char *fixture_special(unsigned int special);
