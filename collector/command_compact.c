/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector compact: what a running collector does in the background, at once. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "collector/command.h"
#include "collector/compact/compact.h"
#include "collector/curate/curate.h"

static const char help[] =
	"Usage: hone-collector compact [OPTION]...\n"
	"Merges profiles to hourly and daily ones, and removes what is old or too much, as a\n"
	"running collector does by itself. None may be running.\n"
	"\n"
	"  --data DIR        where profiles are kept\n"
	"  --max-age AGE     remove profiles older than this: 30d, 12h (0: none)\n"
	"  --max-bytes SIZE  remove the oldest until no more is used: 512MiB, 20GiB (0: none)\n"
	"  --tenant-bytes SIZE\n"
	"                    likewise of each tenant, its own, before that (0: none)\n";

static void say(const struct compact_counts *c)
{
	printf("%" PRIu64 " profiles merged into %" PRIu64 ", %" PRIu64
	       " cannot be merged, %" PRIu64 " are broken\n"
	       "%" PRIu64 " removed for their age, %" PRIu64 " for their tenant's size, %" PRIu64
	       " for the size of all\n"
	       "%" PRIu64 " keys forgotten, %" PRIu64 " bytes given back\n",
	       c->merged, c->made, c->alone, c->unreadable, c->too_old.profiles, c->tenant.profiles,
	       c->too_much.profiles, c->keys, c->bytes_freed);
}

/* By the policy that is used where none is given. */
static int add_up(struct depot *depot)
{
	atomic_bool stop = false;
	struct curate *curate;
	int r = curate_new(depot, NULL, NULL, &curate);

	if (r != 0)
		return r;
	r = curate_add_up(curate, (int64_t)clock_realtime(), &stop);
	curate_free(curate);
	return r > 0 ? DEPOT_E_DAMAGED : r;
}

static enum command_status compact(const char *data, const struct compact_options *options)
{
	struct compact_counts counts = { 0 };
	struct depot *depot;
	enum command_status status = command_open(data, &depot);

	if (status != COMMAND_OK)
		return status;
	int r = compact_pass(depot, options, (int64_t)clock_realtime(), NULL, &counts);
	if (r == 0)
		r = add_up(depot);
	depot_close(depot);
	say(&counts);
	if (r == 0)
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s: %s.\n", data, command_trouble(r));
	return COMMAND_FAILED;
}

enum command_status command_compact(int argc, char **argv)
{
	static const struct option all[] = { { "data", required_argument, NULL, 'd' },
					     { "max-age", required_argument, NULL, 'a' },
					     { "max-bytes", required_argument, NULL, 'b' },
					     { "tenant-bytes", required_argument, NULL, 't' },
					     { "help", no_argument, NULL, 'h' },
					     { 0 } };
	struct compact_options options = { .key_age = COMPACT_KEY_AGE };
	const char *data = command_data();
	int option;

	while ((option = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : COMMAND_OK;
		if (option == 'd')
			data = optarg;
		else if (option == 'a' && command_age("max-age", optarg, &options.max_age))
			continue;
		else if (option == 'b' && command_bytes("max-bytes", optarg, &options.max_bytes))
			continue;
		else if (option == 't' &&
			 command_bytes("tenant-bytes", optarg, &options.tenant_bytes))
			continue;
		else
			return COMMAND_WRONG;
	}
	if (optind == argc)
		return compact(data, &options);
	fprintf(stderr, "hone-collector: compact takes no folder but --data.\n");
	return COMMAND_WRONG;
}
