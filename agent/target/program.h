/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of program it is, when it is not a Go program: for the sentence that says so. By simple
 * facts, never for certain: the first bytes of the file and its name.
 */
#pragma once

#include "base/span.h"

/* Enough of a file's beginning for program_kind(). */
#define PROGRAM_HEAD_SIZE 64

/*
 * @path: of the executable, @head: its first bytes. A noun with its article: "a Python program",
 * "a shell", "a script", "a compiled program", or "a file of another kind".
 */
const char *program_kind(struct span path, struct span head);
