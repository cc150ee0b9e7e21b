/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector backup: a copy of the data while a collector runs on it. */
#include <getopt.h>
#include <stdio.h>

#include "collector/command.h"
#include "collector/depot/repair.h"

static const char help[] =
	"Usage: hone-collector backup [--data DIR] TO\n"
	"Copies what a collector keeps to the new folder TO, as it is at one moment; it may run\n"
	"meanwhile. TO is there only once all of it is on disk, and can be used as --data.\n"
	"\n"
	"  --data DIR  where profiles are kept\n";

static enum command_status backup(const char *data, const char *to)
{
	char why[DEPOT_WHY_SIZE];
	int r = depot_backup(data, to, why);

	if (r == 0)
		return COMMAND_OK;
	if (r == REPAIR_E_EXISTS)
		fprintf(stderr, "hone-collector: %s is there already.\n", to);
	else
		fprintf(stderr, "hone-collector: %s: %s%s%s.\n", data, command_trouble(r),
			*why ? ": " : "", why);
	return COMMAND_FAILED;
}

enum command_status command_backup(int argc, char **argv)
{
	static const struct option all[] = { { "data", required_argument, NULL, 'd' },
					     { "help", no_argument, NULL, 'h' },
					     { 0 } };
	const char *data = command_data();
	int option;

	while ((option = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : COMMAND_OK;
		if (option != 'd')
			return COMMAND_WRONG;
		data = optarg;
	}
	if (optind + 1 == argc)
		return backup(data, argv[optind]);
	fprintf(stderr, "hone-collector: backup wants one folder to write to.\n");
	return COMMAND_WRONG;
}
