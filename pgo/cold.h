/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that a profile must not make the compiler inline.
 *
 * The compiler gives the callee of a hot edge a budget of 2000 instead of 80, and lets hot calls
 * use it (cmd/compile/internal/inline/inl.go, PGOInlinePrologue and inlineCostOK, Go 1.21 to 1.27).
 * For a few functions that does harm. So each call of one becomes a call of a function that does
 * not exist, "cold:" and its name: the compiler finds none of that name, inlines as it does without
 * a profile, and turns no indirect call into a direct call of it. The edge keeps its weight, so all
 * others stay as hot as they are; and calls that the function itself makes stay its own.
 *
 * A stack in which such a call is followed by another becomes two for that: one up to the call,
 * one from the function on, which has the weight, but is no sample once more. Of a call that comes
 * twice in a stack, in recursion, the compiler counts one; so it is in one of the parts only.
 *
 * The shipped list:
 *  - google.golang.org/grpc/internal/transport.(*loopyWriter).processData: 16 KiB of stack for each
 *    place it is inlined at; +20 % of memory in servers with many streams (golang/go#65532).
 *  - runtime.gopark: inlined into runtime.ReadTrace it leaves that no point of preemption, and the
 *    program hangs when a trace is stopped (golang/go#74045, Go up to 1.24.4).
 *
 * A user's list has a name a line, as the linker writes it; "*" at the end stands for any rest;
 * "#" begins a comment; "-" before a name takes a shipped one off the list. Of a generic function
 * the name without brackets is enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "libpprof/pprof.h"

#define COLD_MAX_NAMES 10000u
#define COLD_MAX_NAME  4096u
#define COLD_PREFIX    "cold:"

enum cold_outcome {
	COLD_E_WRONG = 1, /* a list that is none; *ret_line says where */
};

struct cold_list;

/* The shipped list and @user's, which may be empty. 0, COLD_E_WRONG or -ENOMEM. */
int cold_new(struct span user, struct cold_list **ret_list, size_t *ret_line);
struct cold_list *cold_free(struct cold_list *l);
/* The list as it was given, the shipped one first: equal texts are equal lists. */
struct span cold_text(const struct cold_list *l);

bool cold_has(const struct cold_list *l, const char *name);

struct cold_effect {
	int64_t weight;	  /* of the calls taken away, first sample type */
	size_t functions; /* that were called, of those on the list */
};

/* A copy of @from without such calls: *ret_to, NULL where there are none. 0 or -ENOMEM, -E2BIG. */
int cold_apply(const struct cold_list *l, struct pprof_profile *from, struct pprof_profile **ret_to,
	       struct cold_effect *ret_effect);
