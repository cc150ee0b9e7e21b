/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone itself, which is loaded to record: it is kept small. What speaks with stores needs libcurl
 * and the forty libraries behind it, 6 MiB of memory; it is in hone-remote, beside this one.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "cli/version.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* NULL: hone-remote does */
};

/* In the order in which people meet them; the last line ends the table. */
static const struct command commands[] = {
	{ "record", "watch a running Go program, write a profile for go build -pgo", cmd_record },
	{ "check", "tell what the Go compiler will see in a profile", cmd_check },
	{ "compare", "tell how much two profiles of a program agree", cmd_compare },
	{ "pull", "fetch the default.pgo of each main package, for a build", NULL },
	{ "push", "send a profile to a store", NULL },
	{ NULL, NULL, NULL },
};

static int help(void)
{
	bool ok = say("hone: profiles of running Go programs, for go build -pgo\n\n"
		      "Usage: hone COMMAND [OPTIONS]\n\n");

	for (const struct command *c = commands; c->name; c++)
		ok &= say("  %-10s %s\n", c->name, c->summary);
	ok &= say("\n  --help     this text; hone COMMAND --help tells more\n"
		  "  --version  the version and what it was built with\n");
	return ok ? HONE_OK : HONE_ERROR;
}

static int version(void)
{
	return say("hone %s\n%s\n", HONE_VERSION, HONE_FEATURES) ? HONE_OK : HONE_ERROR;
}

static int unknown(const char *name)
{
	char list[256] = "";
	size_t n = 0;

	for (const struct command *c = commands; c->name && n < sizeof(list); c++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", c->name);
	return say_usage(NULL, "there is no command \"%s\". There are: %s.", name, list);
}

/* Answers only where it fails. */
static int run_remote(char **argv)
{
	static const char name[] = "hone-remote";
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name));

	if (n < 0) {
		say_error(argv[1], "cannot tell where hone is: %s. Is /proc mounted?",
			  strerror(errno));
		return HONE_ERROR;
	}
	path[n] = 0;
	snprintf(strrchr(path, '/') + 1, sizeof(name), "%s", name);
	execv(path, argv);
	say_error(argv[1], "cannot run %s: %s. It is installed together with hone.", path,
		  strerror(errno));
	return HONE_ERROR;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return say_usage(NULL, "a command is missing.");

	const char *name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return help();
	if (!strcmp(name, "--version"))
		return version();
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(name, c->name))
			return c->run ? c->run(argc - 1, argv + 1) : run_remote(argv);
	return unknown(name);
}
