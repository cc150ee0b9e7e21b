/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/command.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/depot/repair.h"
#include "config/unit.h"

static const struct {
	const char *name;
	enum command_status (*run)(int argc, char **argv);
} commands[] = {
	{ "backup", command_backup }, { "compact", command_compact }, { "export", command_export },
	{ "token", command_token },   { "verify", command_verify },
};

bool command_known(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return true;
	return false;
}

enum command_status command_run(int argc, char **argv)
{
	enum command_status status = COMMAND_WRONG;
	char full[64]; /* what getopt_long(3) begins its complaints with */

	snprintf(full, sizeof(full), "hone-collector %s", argv[1]);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		argv[1] = full;
		status = commands[i].run(argc - 1, argv + 1);
		break;
	}
	if (status == COMMAND_WRONG)
		fprintf(stderr, "See %s --help.\n", full);
	return status;
}

const char *command_data(void)
{
	const char *state = getenv("STATE_DIRECTORY"); /* systemd.exec(5) */

	return state && *state ? state : "hone-data";
}

bool command_age(const char *option, const char *text, int64_t *ret_age)
{
	uint64_t n;

	if (!unit_parse(UNIT_TIME, text, &n) || n > INT64_MAX) {
		fprintf(stderr, "hone-collector: --%s is a time, as 30d or 12h.\n", option);
		return false;
	}
	*ret_age = (int64_t)n;
	return true;
}

bool command_bytes(const char *option, const char *text, uint64_t *ret_bytes)
{
	if (unit_parse(UNIT_BYTES, text, ret_bytes))
		return true;
	fprintf(stderr, "hone-collector: --%s is a size, as 512MiB or 20GiB.\n", option);
	return false;
}

const char *command_trouble(int result)
{
	switch (result) {
	case DEPOT_E_LOCKED:
		return "another process uses it";
	case DEPOT_E_NEWER:
		return "a later version of hone wrote it";
	case DEPOT_E_FOREIGN:
		return "its profiles.db is not one of hone's";
	case DEPOT_E_DAMAGED:
		return "its database is damaged";
	case REPAIR_E_MISSING:
		return "there is no profiles.db; --data names a collector's folder";
	case REPAIR_E_EARLIER:
		return "an earlier version of hone wrote it";
	case DEPOT_E_FULL:
		return "the disk is full";
	default:
		return result < 0 ? strerror(-result) : "it cannot be used";
	}
}

enum command_status command_open(const char *data, struct depot **ret_depot)
{
	char why[DEPOT_WHY_SIZE] = "";
	int r = depot_find(data);

	if (r == 0)
		r = depot_open(data, ret_depot, why);
	if (r == 0)
		return COMMAND_OK;
	fprintf(stderr, "hone-collector: %s: %s%s%s.\n", data, command_trouble(r), *why ? ": " : "",
		why);
	return COMMAND_FAILED;
}
