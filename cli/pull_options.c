/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull_options.h"

#include <stdlib.h>
#include <string.h>

#include "agent/target/labels.h"
#include "cli/commands.h"
#include "cli/number.h"
#include "cli/say.h"

#define COMMAND		"pull"
#define DAY		(24 * 3600 * NSEC_PER_SEC)
#define MAX_WINDOW	(366 * DAY)
#define DEFAULT_TIMEOUT (30 * NSEC_PER_SEC)
#define DEFAULT_SECONDS 30
#define MAX_SECONDS	3600

static const char help[] =
	"Usage: hone pull [OPTIONS] [PACKAGES]\n"
	"\n"
	"Fetches a default.pgo for each main package of this module (./... or PACKAGES, as go "
	"list\n"
	"takes them) and puts it beside its main, where go build finds it, if it changed. A build\n"
	"does not break on it: without a profile that is good enough the old file stays, a line "
	"on\n"
	"standard error tells why, and the exit status is 0.\n"
	"\n"
	"  --from URL           from a running program's /debug/pprof instead of a store; may be\n"
	"                       given again, for more of its instances\n"
	"  --seconds N          how long each of these is profiled (30)\n"
	"  -o FILE              write here; PACKAGES is then one name, and no go is needed\n"
	"  --service NAME       ask for the profiles of this service, not of the main package\n"
	"  --tag NAME           the profile with this tag (hone-collector)\n"
	"  --label NAME=VALUE   only profiles with this label, as namespace=prod; may be given "
	"again\n"
	"  --window TIME        of samples up to this old, as 72h or 7d\n"
	"  --max-age TIME       not if the newest sample is older than this\n"
	"  --min-coverage PERC  not if the samples have seen less of the program's calls\n"
	"  --min-change PERC    not if less of the weight of calls would change: a new profile\n"
	"                       costs a whole rebuild (0)\n"
	"  --cold FILE          more functions that are not to be inlined for being hot\n"
	"  --any                also one that is not good enough\n"
	"  --fail               exit status 3 where there was no profile, 1 on errors\n"
	"  --dry-run            write nothing\n"
	"  --json               print JSON\n"
	"  --quiet              print only what goes wrong\n"
	"  --help               this text\n"
	"\n"
	"The store:\n" REMOTE_HELP;

enum {
	OPTION_FROM = 0x100,
	OPTION_SECONDS,
	OPTION_SERVICE,
	OPTION_TAG,
	OPTION_LABEL,
	OPTION_WINDOW,
	OPTION_MAX_AGE,
	OPTION_MIN_COVERAGE,
	OPTION_MIN_CHANGE,
	OPTION_COLD,
	OPTION_ANY,
	OPTION_FAIL,
	OPTION_DRY_RUN,
	OPTION_JSON,
	OPTION_QUIET,
};

static const struct option options[] = {
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "service", required_argument, NULL, OPTION_SERVICE },
	{ "tag", required_argument, NULL, OPTION_TAG },
	{ "label", required_argument, NULL, OPTION_LABEL },
	{ "window", required_argument, NULL, OPTION_WINDOW },
	{ "max-age", required_argument, NULL, OPTION_MAX_AGE },
	{ "min-coverage", required_argument, NULL, OPTION_MIN_COVERAGE },
	{ "min-change", required_argument, NULL, OPTION_MIN_CHANGE },
	{ "cold", required_argument, NULL, OPTION_COLD },
	{ "any", no_argument, NULL, OPTION_ANY },
	{ "fail", no_argument, NULL, OPTION_FAIL },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, 'h' },
	REMOTE_LONG_OPTIONS,
	{ 0 },
};

/* "90", "92.5" or "90%": a share. */
static bool parse_percent(const char *text, double *ret_share)
{
	size_t n = strspn(text, "0123456789.");
	char *end;
	double value = strtod(text, &end);

	if (!n || end != text + n || (*end && strcmp(end, "%") != 0) || !(value <= 100))
		return false;
	*ret_share = value / 100;
	return true;
}

static int take_percent(const char *name, double *ret_share)
{
	if (parse_percent(optarg, ret_share))
		return -1;
	return say_usage(COMMAND, "%s wants a percentage from 0 to 100, not \"%s\".", name, optarg);
}

static int take_time(const char *name, uint64_t *ret_time)
{
	if (parse_time(optarg, MAX_WINDOW, ret_time))
		return -1;
	return say_usage(COMMAND, "%s wants a time like 90m, 72h or 7d, 366d at most, not \"%s\".",
			 name, optarg);
}

static int take_seconds(struct pull_options *o)
{
	if (parse_count(optarg, &o->seconds) && o->seconds && o->seconds <= MAX_SECONDS)
		return -1;
	return say_usage(COMMAND, "--seconds wants a number from 1 to %d, not \"%s\".", MAX_SECONDS,
			 optarg);
}

static int take_from(struct pull_options *o)
{
	if (o->n_from == PULL_MAX_FROM)
		return say_usage(COMMAND, "there may be %d of --from.", PULL_MAX_FROM);
	o->from[o->n_from++] = optarg;
	return -1;
}

/* Cut in two in place. */
static int take_label(struct pull_options *o)
{
	char *equals = strchr(optarg, '=');

	if (o->n_labels == PULL_MAX_LABELS)
		return say_usage(COMMAND, "there may be %d of --label.", PULL_MAX_LABELS);
	if (equals)
		*equals = '\0';
	if (!equals || !label_name_valid(optarg))
		return say_usage(COMMAND,
				 "--label wants NAME=VALUE with a name of letters, digits "
				 "and _, not \"%s\".",
				 optarg);
	o->labels[o->n_labels++] = (struct store_label){ optarg, equals + 1 };
	return -1;
}

static int take_flag(struct pull_options *o, int option)
{
	bool *flags[] = { &o->any, &o->fail, &o->dry_run, &o->json, &o->quiet };

	*flags[option - OPTION_ANY] = true;
	return -1;
}

/* -1 or an exit code. */
static int take(struct pull_options *o, int option, char **argv)
{
	switch (option) {
	case 'o':
		o->output = optarg;
		return -1;
	case OPTION_FROM:
		return take_from(o);
	case OPTION_SECONDS:
		return take_seconds(o);
	case OPTION_SERVICE:
		o->service = optarg;
		return -1;
	case OPTION_TAG:
		o->tag = optarg;
		return -1;
	case OPTION_LABEL:
		return take_label(o);
	case OPTION_WINDOW:
		return take_time("--window", &o->window);
	case OPTION_MAX_AGE:
		return take_time("--max-age", &o->max_age);
	case OPTION_MIN_COVERAGE:
		return take_percent("--min-coverage", &o->min_coverage);
	case OPTION_MIN_CHANGE:
		return take_percent("--min-change", &o->min_change);
	case OPTION_COLD:
		o->cold_file = optarg;
		return -1;
	case 'h':
		return say("%s", help) ? HONE_OK : HONE_ERROR;
	case ':':
	case '?':
		return say_option(COMMAND, option, argv);
	}
	if (option >= OPTION_ANY && option <= OPTION_QUIET)
		return take_flag(o, option);
	return remote_take(&o->remote, COMMAND, option, optarg) == 0 ? -1 : HONE_USAGE;
}

/* What does not go together. 0 or HONE_USAGE. */
static int check(const struct pull_options *o)
{
	if (o->n_from && o->remote.options.url)
		return say_usage(COMMAND, "the profile comes from a --store or from --from.");
	if (o->n_from && (o->tag || o->service || o->window))
		return say_usage(COMMAND, "--tag, --service and --window are for a store, not for "
					  "--from.");
	if (o->seconds && !o->n_from)
		return say_usage(COMMAND, "--seconds goes with --from.");
	if (o->n_labels && (o->n_from || o->tag))
		return say_usage(COMMAND, "--label goes with neither --from nor --tag.");
	if (o->tag && o->window)
		return say_usage(COMMAND, "a --tag has its own window.");
	if (!o->output)
		return 0;
	if (!o->n_from && o->n_patterns + !!o->service != 1)
		return say_usage(COMMAND, "with -o it takes one main package or one --service.");
	if (o->n_patterns && strchr("./", o->patterns[0][0]))
		return say_usage(COMMAND,
				 "with -o it takes the name of a main package, as "
				 "example.com/shop/cmd/api, not \"%s\".",
				 o->patterns[0]);
	return 0;
}

int pull_options_parse(struct pull_options *ret_options, int argc, char **argv)
{
	int option, r = -1;

	*ret_options = (struct pull_options){ 0 };
	optind = 0;
	opterr = 0;
	while (r == -1 && (option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1)
		r = take(ret_options, option, argv);
	if (r != -1)
		return r;
	ret_options->patterns = argv + optind;
	ret_options->n_patterns = (size_t)(argc - optind);
	r = check(ret_options);
	ret_options->remote.is_no_store = ret_options->n_from;
	if (r == 0)
		r = remote_finish(&ret_options->remote, COMMAND);
	if (r != 0)
		return r;
	if (!ret_options->remote.options.timeout)
		ret_options->remote.options.timeout = DEFAULT_TIMEOUT;
	if (!ret_options->seconds)
		ret_options->seconds = DEFAULT_SECONDS;
	return -1;
}
