/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

const char record_help[] =
	"hone record: watch a running Go program, write a profile for go build -pgo\n"
	"\n"
	"Usage: hone record [OPTIONS] TARGET\n"
	"\n"
	"TARGET is one of\n"
	"  --pid N              this process; give it again for more of the same program\n"
	"  --exe PATH           every process that runs this file, later ones too\n"
	"  --container ID       every process of this container; the beginning of its id will do\n"
	"  -- COMMAND ARGS...   start this as the user who called sudo, record until it exits\n"
	"\n"
	"  --duration TIME      how long: 30s, 5m, 1h (30s, if nothing else ends the recording)\n"
	"  --until-ready        stop when the profile is good enough\n"
	"  --freq HZ            samples per second and CPU, 1 to 10000 (499)\n"
	"  -o FILE              where to, - for standard output (default.pgo)\n"
	"  --json               tell the summary as JSON on standard output\n"
	"  --quiet              tell only errors\n"
	"  --help               this text\n"
	"\n"
	"Ctrl-C ends early and still writes. Exit: 0 written, 1 error, 2 usage, 3 no profile.\n";

enum option_id {
	OPTION_PID = 256,
	OPTION_EXE,
	OPTION_CONTAINER,
	OPTION_DURATION,
	OPTION_UNTIL_READY,
	OPTION_FREQ,
	OPTION_QUIET,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, OPTION_PID },
	{ "exe", required_argument, NULL, OPTION_EXE },
	{ "container", required_argument, NULL, OPTION_CONTAINER },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "until-ready", no_argument, NULL, OPTION_UNTIL_READY },
	{ "freq", required_argument, NULL, OPTION_FREQ },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct scan {
	struct record_options *options;
	int value_at; /* the argument that was an option's value, 0 for none */
};

static int _printf_(2, 3) wrong(struct record_options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(o->problem, sizeof(o->problem), format, args);
	va_end(args);
	return RECORD_OPTIONS_E_USAGE;
}

/* A whole number from @min to @max, and nothing after it. */
static bool parse_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	struct span rest = span_of(value, strlen(value));

	return text_number(&rest, 10, ret_number) && !rest.size && *ret_number >= min &&
	       *ret_number <= max;
}

static int take_pid(struct record_options *o, const char *value)
{
	uint64_t pid;

	if (!parse_number(value, 1, INT32_MAX, &pid))
		return wrong(o, "--pid wants a process id, not \"%s\".", value);
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pids[i] == (int32_t)pid)
			return 0;
	if (o->n_pids == RECORD_MAX_PIDS)
		return wrong(o, "--pid can be given %d times. Use --exe for more.",
			     RECORD_MAX_PIDS);
	o->pids[o->n_pids++] = (int32_t)pid;
	return 0;
}

static int take_exe(struct record_options *o, const char *value)
{
	if (o->exe)
		return wrong(o, "--exe can be given once.");
	if (!*value)
		return wrong(o, "--exe wants the path of an executable.");
	o->exe = value;
	return 0;
}

static int take_container(struct record_options *o, const char *value)
{
	if (o->container.text[0])
		return wrong(o, "--container can be given once.");
	if (!container_id_parse(value, &o->container)) {
		o->container.text[0] = '\0';
		return wrong(o,
			     "--container wants an id as docker ps or crictl ps shows it, "
			     "not \"%s\".",
			     value);
	}
	return 0;
}

static int take_duration(struct record_options *o, const char *value)
{
	struct span rest = span_of(value, strlen(value));
	uint64_t n, unit = 0;

	if (text_number(&rest, 10, &n) && n && n <= RECORD_MAX_SECONDS) {
		if (span_equals(rest, "s"))
			unit = 1;
		else if (span_equals(rest, "m"))
			unit = 60;
		else if (span_equals(rest, "h"))
			unit = 3600;
	}
	if (!unit || n * unit > RECORD_MAX_SECONDS)
		return wrong(o,
			     "--duration wants a time like 30s, 5m or 1h, 24h at most, "
			     "not \"%s\".",
			     value);
	o->duration = n * unit * NSEC_PER_SEC;
	return 0;
}

static int take_freq(struct record_options *o, const char *value)
{
	uint64_t freq;

	if (!parse_number(value, 1, RECORD_MAX_FREQ, &freq))
		return wrong(o, "--freq wants a number from 1 to %d, not \"%s\".", RECORD_MAX_FREQ,
			     value);
	o->freq = (uint32_t)freq;
	return 0;
}

static int take_output(struct record_options *o, const char *value)
{
	if (!*value)
		return wrong(o, "-o wants the name of a file.");
	o->output = value;
	return 0;
}

/* getopt's word for an option that is unknown, ambiguous, or has a value it should not have. */
static int take_unknown(struct record_options *o, char **argv)
{
	if (optopt >= OPTION_PID || (optopt == 'h' && !strncmp(argv[optind - 1], "--", 2)))
		return wrong(o, "%.*s takes no value.", (int)strcspn(argv[optind - 1], "="),
			     argv[optind - 1]);
	if (optopt)
		return wrong(o, "there is no option -%c.", optopt);
	return wrong(o, "there is no option %s.", argv[optind - 1]);
}

static int take_option(struct scan *s, int option, char **argv)
{
	struct record_options *o = s->options;

	switch (option) {
	case OPTION_PID:
		return take_pid(o, optarg);
	case OPTION_EXE:
		return take_exe(o, optarg);
	case OPTION_CONTAINER:
		return take_container(o, optarg);
	case OPTION_DURATION:
		return take_duration(o, optarg);
	case OPTION_UNTIL_READY:
		o->until_ready = true;
		return 0;
	case OPTION_FREQ:
		return take_freq(o, optarg);
	case 'o':
		return take_output(o, optarg);
	case OPTION_QUIET:
		o->quiet = true;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case 'h':
		return RECORD_OPTIONS_E_HELP;
	case ':':
		return wrong(o, "%s wants a value.", argv[optind - 1]);
	default:
		return take_unknown(o, argv);
	}
}

/* What follows the options: a command, if "--" stands before it and is not an option's value. */
static int take_rest(struct scan *s, int argc, char **argv)
{
	const char *before = argv[optind - 1];

	if (!strcmp(before, "--") && optind - 1 != s->value_at) {
		if (optind == argc)
			return wrong(s->options, "-- wants a command after it.");
		s->options->command = argv + optind;
		return 0;
	}
	if (optind < argc)
		return wrong(s->options,
			     "\"%s\" is not an option. To start a program, write -- before it.",
			     argv[optind]);
	return 0;
}

static int check(struct record_options *o)
{
	const char *kinds[] = {
		o->n_pids ? "--pid" : NULL,
		o->exe ? "--exe" : NULL,
		o->container.text[0] ? "--container" : NULL,
		o->command ? "-- COMMAND" : NULL,
	};
	const char *kind = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kind && kinds[i])
			return wrong(o, "%s and %s do not go together: give one.", kind, kinds[i]);
		if (kinds[i])
			kind = kinds[i];
	}
	if (!kind)
		return wrong(o, "what to record? Give --pid, --exe, --container or -- COMMAND.");
	if (o->json && !strcmp(o->output, "-"))
		return wrong(o, "--json and -o - both want standard output: give -o a file.");
	return 0;
}

int record_options_parse(int argc, char **argv, struct record_options *ret_options)
{
	struct scan s = { .options = ret_options };
	int option, r;

	*ret_options = (struct record_options){
		.freq = RECORD_DEFAULT_FREQ,
		.output = RECORD_DEFAULT_OUTPUT,
	};
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:ho:", long_options, NULL)) != -1) {
		r = take_option(&s, option, argv);
		if (r)
			return r;
		s.value_at = optarg == argv[optind - 1] ? optind - 1 : 0;
	}
	r = take_rest(&s, argc, argv);
	if (!r)
		r = check(ret_options);
	if (!r && !ret_options->duration && !ret_options->command && !ret_options->until_ready)
		ret_options->duration = RECORD_DEFAULT_SECONDS * NSEC_PER_SEC;
	return r;
}
