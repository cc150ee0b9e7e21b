/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/say.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

#define MAX_LINE 4096

/* Control characters, C1 in UTF-8 included, become question marks. */
static void defuse(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;

		if (*c < ' ' || *c == 0x7f || c1)
			*c = '?';
		if (c1)
			*++c = '?';
	}
}

static void say_line(const char *command, const char *format, va_list args, const char *rest)
{
	char text[MAX_LINE];

	vsnprintf(text, sizeof(text), format, args);
	defuse(text);
	fprintf(stderr, "hone%s%s: %s%s\n", command ? " " : "", command ? command : "", text, rest);
}

void say_error(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_line(command, format, args, "");
	va_end(args);
}

int say_usage(const char *command, const char *format, ...)
{
	char rest[64];
	va_list args;

	snprintf(rest, sizeof(rest), " See hone %s%s--help.", command ? command : "",
		 command ? " " : "");
	va_start(args, format);
	say_line(command, format, args, rest);
	va_end(args);
	return HONE_USAGE;
}

/* getopt stays at an argument until it has taken its last letter. */
static bool is_letter_of(const char *argument, int option)
{
	return argument && argument[0] == '-' && argument[1] != '-' && option > 0 &&
	       option <= CHAR_MAX && strchr(argument, option);
}

int say_option(const char *command, int answer, char *const *argv)
{
	const char *last = argv[optind - 1];
	size_t name = strcspn(last, "=");

	if (answer == ':')
		return say_usage(command, "%s takes a value.", last);
	if (optopt && !strncmp(last, "--", 2) && last[name] && !is_letter_of(argv[optind], optopt))
		return say_usage(command, "%.*s takes no value.", (int)name, last);
	/* One letter of several in an argument, which getopt has not left yet. */
	if (optopt)
		return say_usage(command, "there is no option -%c.", optopt);
	return say_usage(command, "there is no option %s.", last);
}

bool say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vfprintf(stdout, format, args);
	va_end(args);
	return n >= 0 && fflush(stdout) == 0;
}

static bool say_row_to(FILE *file, const char *format, va_list args)
{
	char text[MAX_LINE];

	vsnprintf(text, sizeof(text), format, args);
	defuse(text);
	return fprintf(file, "%s\n", text) >= 0 && fflush(file) == 0;
}

bool say_row(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool ok = say_row_to(stdout, format, args);
	va_end(args);
	return ok;
}

bool say_row_aside(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool ok = say_row_to(stderr, format, args);
	va_end(args);
	return ok;
}
