/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of sample this is: which rules were needed to find its stack. Words joined by '+',
 * one of the first row and any of the others:
 *
 *	leaf	frameless, prologue (the frame pointer is not its own yet or any more), framed,
 *		writes-sp, scratch-fp (the frame pointer is used for something else), no-table,
 *		foreign (no Go code)
 *	thread	signal, no-state, g0 (on its system stack), idle (no goroutine), vdso,
 *		in-c, called-back (by it, before), to-c (on the way)
 *	stack	systemstack, mcall, morestack, morestack-replaced (by its caller), cgocallback,
 *		gopanic, sigpanic, asyncpreempt, wrapper, deep, truncated, not-sampled
 */
#pragma once

#include <stddef.h>

#include "agent/unwind/unwind.h"

#define KIND_SIZE 96

void kind_of(const struct binary *binary, const struct sample *sample, int outcome,
	     const struct stack *stack, char ret_kind[KIND_SIZE]);
