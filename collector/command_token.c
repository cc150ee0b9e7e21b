/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector token: a new token to standard output, its hash to the file of tokens. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "collector/access/tokens.h"
#include "collector/command.h"
#include "collector/settings/settings.h"
#include "config/tell.h"

static const char usage[] =
	"Usage: hone-collector token push|read|admin [--tenant NAME] [--name TEXT] [--file FILE]\n"
	"Makes a token, prints it, and adds its hash to the file of tokens. After that,\n"
	"systemctl reload hone-collector.\n"
	"\n"
	"  push           may push, and nothing else: for agents\n"
	"  read           may read, and nothing else: for builds and people\n"
	"  admin          may do both, and change what there is\n"
	"  --tenant NAME  for this tenant only (any)\n"
	"  --name TEXT    whose it is, for whoever reads the file\n"
	"  --file FILE    the file (tokens in the configuration)\n"
	"  --help         this text\n";

struct options {
	enum token_scope scope;
	const char *tenant, *name, *file;
	bool help;
};

static bool wrong(const char *why)
{
	fprintf(stderr, "hone-collector token: %s\n", why);
	return false;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "tenant", required_argument, NULL, 't' },
		{ "name", required_argument, NULL, 'n' },
		{ "file", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			o->tenant = optarg;
		else if (option == 'n')
			o->name = optarg;
		else if (option == 'f')
			o->file = optarg;
		else if (option == 'h')
			o->help = true;
		else
			return false; /* getopt said it */
	}
	if (o->help)
		return true;
	const char *scope = optind + 1 == argc ? argv[optind] : "";
	if (!token_scope_parse(span_of(scope, strlen(scope)), &o->scope))
		return wrong("say one of push, read and admin.");
	if (o->tenant && !token_tenant_valid(o->tenant))
		return wrong("--tenant is no name of a tenant.");
	if (!escape_is_clean(span_of(o->name, strlen(o->name))) || strlen(o->name) > 200)
		return wrong("--name is up to 200 bytes of UTF-8 without control characters.");
	return true;
}

/* The file that the configuration names. False where it is wrong or names none. */
static bool find_file(struct settings *ret_settings)
{
	static const char *const words[] = { "token" };
	const struct config_input input = {
		.argc = 1,
		.argv = words,
		.environment = (const char *const *)environ,
	};
	struct config_problems problems = { .n = 0 };
	struct config_choice choice;

	config_choose(&settings_schema, &input, &choice);
	int r = config_load(&settings_schema, &input, &choice, ret_settings, &problems);
	config_tell_problems(&problems, "hone-collector token", STDERR_FILENO);
	if (r == 0 && ret_settings->tokens)
		return true;
	return wrong("the configuration names no file of tokens: give --file.");
}

/* An editor may have left the last line without its end. */
static bool ends_amid_a_line(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* In one write(2) at the end of the file, and brought to disk before the token is shown. */
static int append(const char *path, const char *line)
{
	_cleanup_(closep) int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	char text[TOKEN_LINE_SIZE + 1];

	if (fd < 0)
		return -errno;
	int size = snprintf(text, sizeof(text), "%s%s", ends_amid_a_line(fd) ? "\n" : "", line);
	ssize_t n = write(fd, text, (size_t)size);
	if (n < 0 || fsync(fd) < 0)
		return -errno;
	return n == size ? 0 : -ENOSPC;
}

static enum command_status make(const struct options *o, const char *path)
{
	char token[TOKEN_SIZE], line[TOKEN_LINE_SIZE];

	int r = token_make(o->scope, o->tenant, o->name, token, line);
	if (r == 0)
		r = append(path, line);
	if (r < 0) {
		fprintf(stderr, "hone-collector token: %s: %s.\n", path, strerror(-r));
		return COMMAND_FAILED;
	}
	return puts(token) < 0 || fflush(stdout) ? COMMAND_FAILED : COMMAND_OK;
}

enum command_status command_token(int argc, char **argv)
{
	_cleanup_(settings_fini) struct settings settings = { 0 };
	struct options o = { .name = "" };

	if (!read_options(argc, argv, &o))
		return COMMAND_WRONG;
	if (o.help)
		return fputs(usage, stdout) < 0 ? COMMAND_FAILED : COMMAND_OK;
	if (!o.file && !find_file(&settings))
		return COMMAND_WRONG;
	return make(&o, o.file ? o.file : settings.tokens);
}
