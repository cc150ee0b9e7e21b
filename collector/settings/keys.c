/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/settings/settings.h"

#define SECOND NSEC_PER_SEC
#define HOUR   (3600 * SECOND)
#define KIB    (1ull << 10)
#define MIB    (1ull << 20)
#define GIB    (1ull << 30)

static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const levels[] = { "debug", "info", "warning", "error", NULL };

#define IN(member) .offset = offsetof(struct settings, member)

/* clang-format off */
static const struct config_key keys[] = {
	{ "listen", "listen", CONFIG_ADDRESS, IN(listen), .restart = true,
	  .fallback = "127.0.0.1:4040", .value = "ADDRESS",
	  .help = "numeric address and port to be reached at" },
	{ "data", "data", CONFIG_TEXT, IN(data), .restart = true, .value = "DIR",
	  .help = "where profiles are kept; without it the service's own folder "
		  "($STATE_DIRECTORY), or hone-data" },
	{ "log.format", "log-format", CONFIG_CHOICE, IN(log.format),
	  .fallback = "logfmt", .choices = formats, .value = "FORMAT",
	  .help = "lines on standard error" },
	{ "log.level", "log-level", CONFIG_CHOICE, IN(log.level),
	  .fallback = "info", .choices = levels, .value = "LEVEL",
	  .help = "what is less urgent is not logged" },
	{ "log.requests", "log-requests", CONFIG_BOOL, IN(log.requests),
	  .fallback = "false", .value = "BOOL",
	  .help = "one line for each request" },
	{ "limits.body", "limits-body", CONFIG_SIZE, IN(limits.body), .restart = true,
	  .fallback = "64MiB", .min = KIB, .max = GIB, .value = "SIZE",
	  .help = "largest request" },
	{ "limits.memory", "limits-memory", CONFIG_SIZE, IN(limits.memory), .restart = true,
	  .fallback = "128MiB", .min = MIB, .value = "SIZE",
	  .help = "memory for requests that come in at the same time; what has no room is asked to "
		  "come again (503)" },
	{ "limits.connections", "limits-connections", CONFIG_COUNT, IN(limits.connections),
	  .restart = true, .fallback = "12000", .min = 1, .max = 1000000, .value = "N",
	  .help = "connections at a time; fewer where the limit of open files is lower" },
	{ "limits.idle", "limits-idle", CONFIG_DURATION, IN(limits.idle), .restart = true,
	  .fallback = "150s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "a connection on which nothing moves is closed after this; agents keep theirs from "
		  "one window to the next" },
	{ "limits.body_time", "limits-body-time", CONFIG_DURATION, IN(limits.body_time),
	  .restart = true, .fallback = "60s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "longest time a body may take to come in" },
	{ "limits.workers", "limits-workers", CONFIG_COUNT, IN(limits.workers), .restart = true,
	  .fallback = "8", .min = 1, .max = 64, .value = "N",
	  .help = "requests worked on at a time" },
	{ "retention.age", "retention-age", CONFIG_DURATION, IN(retention.age), .restart = true,
	  .fallback = "90d", .value = "TIME",
	  .help = "profiles that are older are removed; 0: none is for its age" },
	{ "retention.size", "retention-size", CONFIG_SIZE, IN(retention.size), .restart = true,
	  .fallback = "0", .value = "SIZE",
	  .help = "the oldest profiles are removed while the database holds more; 0: no limit" },
	{ "retention.interval", "retention-interval", CONFIG_DURATION, IN(retention.interval),
	  .restart = true, .fallback = "2m", .min = SECOND, .max = 24 * HOUR, .value = "TIME",
	  .help = "how often profiles are merged to hourly and daily ones, and old ones removed" },
};
/* clang-format on */

static const struct config_table table = {
	.keys = keys,
	.n = ARRAY_SIZE(keys),
	.size = sizeof(struct settings),
};

_Static_assert(ARRAY_SIZE(keys) <= CONFIG_MAX_KEYS, "a scan has no room for the table");

/* Those of our own tests. */
static const char *const others[] = { "TEST_", NULL };

const struct config_schema settings_schema = {
	.table = &table,
	.blocks = offsetof(struct settings, blocks),
	.file = SETTINGS_FILE,
	.variable = "HONE_COLLECTOR_",
	.others = others,
	.usage = "hone-collector: keep CPU profiles, and give every build its default.pgo\n"
		 "\n"
		 "Usage: hone-collector [FLAGS]\n"
		 "       hone-collector compact [--help]\n"
		 "\n"
		 "Each flag is a key of the file, too, and a variable of the environment: "
		 "--limits-body 8MiB,\nHONE_COLLECTOR_LIMITS_BODY=8MiB, or in the file\n"
		 "\n"
		 "  limits:\n"
		 "    body: 8MiB\n",
	.example = "# SPDX-License-Identifier: Apache-2.0\n"
		   "# hone-collector: every key with its default. Copy it to " SETTINGS_FILE
		   " and remove the #\n# from what you change.\n",
};

void settings_fini(struct settings *settings)
{
	config_fini(&settings_schema, settings);
}
