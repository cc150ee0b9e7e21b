/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hone says to people. An error is one line that tells what happened, why, and what to do:
 *
 *	hone record: cannot watch process 42: it belongs to root. Try with sudo.
 *
 * The line starts with "hone" or "hone COMMAND", ends with a full stop if it is a sentence, and may
 * hold text from outside (names of files and programs): what could steer a terminal is shown as a
 * question mark.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

/* A line on standard error; @command may be NULL. */
void say_error(const char *command, const char *format, ...) _printf_(2, 3);

/* The same about wrong arguments, with a pointer to --help. Answers HONE_USAGE. */
int say_usage(const char *command, const char *format, ...) _printf_(2, 3);

/* What getopt_long(3), told to begin with ':', found wrong with an option. Answers HONE_USAGE. */
int say_option(const char *command, int answer, char *const *argv);

/* Text on standard output, as it is. False when it could not be written. */
bool say(const char *format, ...) _printf_(1, 2);

/* One line of it, defused like errors are: for text from outside. */
bool say_row(const char *format, ...) _printf_(1, 2);

/* The same on standard error, where standard output is taken by something else. */
bool say_row_aside(const char *format, ...) _printf_(1, 2);
