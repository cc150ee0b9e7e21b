/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/settings/settings.h"
#include "config/scan.h"

#define SECOND	NSEC_PER_SEC
#define HOUR	(3600 * SECOND)
#define MAX_AGE (100000 * 24 * HOUR) /* ns that fit an int64_t */
#define KIB	(1ull << 10)
#define MIB	(1ull << 20)
#define GIB	(1ull << 30)

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
	{ "tokens", "tokens", CONFIG_TEXT, IN(tokens), .value = "FILE",
	  .help = "file with the tokens that clients are known by, see hone-collector token; "
		  "without it everything is everybody's" },
	{ "open", "open", CONFIG_BOOL, IN(open), .restart = true, .fallback = "false",
	  .value = "BOOL",
	  .help = "listen beyond this machine without tokens: whoever reaches the port may read and "
		  "write all there is" },
	{ "hosts", "hosts", CONFIG_TEXT, IN(hosts), .restart = true, .value = "NAMES",
	  .help = "names it is called by besides localhost, as store.example,store: behind a proxy on "
		  "this machine" },
	{ "tls.cert_file", "tls-cert-file", CONFIG_TEXT, IN(tls.cert_file), .value = "FILE",
	  .help = "certificate with its chain, PEM; makes it https" },
	{ "tls.key_file", "tls-key-file", CONFIG_TEXT, IN(tls.key_file), .value = "FILE",
	  .help = "its key, PEM; without it the key is in tls.cert_file, too" },
	{ "tls.client_ca_file", "tls-client-ca-file", CONFIG_TEXT, IN(tls.client_ca_file),
	  .restart = true, .value = "FILE",
	  .help = "authorities, PEM: only clients with a certificate of theirs are answered" },
	{ "log.format", "log-format", CONFIG_CHOICE, IN(log.format),
	  .fallback = "logfmt", .choices = formats, .value = "FORMAT",
	  .help = "lines on standard error" },
	{ "log.level", "log-level", CONFIG_CHOICE, IN(log.level),
	  .fallback = "info", .choices = levels, .value = "LEVEL",
	  .help = "what is less urgent is not logged" },
	{ "log.requests", "log-requests", CONFIG_BOOL, IN(log.requests),
	  .fallback = "false", .value = "BOOL",
	  .help = "one line for each request" },
	{ "pgo.policy", "pgo-policy", CONFIG_TEXT, IN(pgo.policy), .restart = true,
	  .value = "FILE",
	  .help = "what each program's default.pgo is made of (docs/collector.md)" },
	{ "pgo.cold", "pgo-cold", CONFIG_TEXT, IN(pgo.cold), .restart = true, .value = "FILE",
	  .help = "names of functions that no profile may get inlined, one a line" },
	{ "limits.body", "limits-body", CONFIG_SIZE, IN(limits.body), .restart = true,
	  .fallback = "64MiB", .min = KIB, .max = GIB, .value = "SIZE",
	  .help = "largest request" },
	{ "limits.memory", "limits-memory", CONFIG_SIZE, IN(limits.memory), .restart = true,
	  .fallback = "128MiB", .min = MIB, .value = "SIZE",
	  .help = "memory for requests that come in at the same time; what has no room is asked to "
		  "come again (503)" },
	{ "limits.answers", "limits-answers", CONFIG_SIZE, IN(limits.answers), .restart = true,
	  .fallback = "128MiB", .min = MIB, .value = "SIZE",
	  .help = "memory for answers until their clients have taken them; what has no room is asked "
		  "for again (503)" },
	{ "limits.connections", "limits-connections", CONFIG_COUNT, IN(limits.connections),
	  .restart = true, .fallback = "12000", .min = 1, .max = 1000000, .value = "N",
	  .help = "connections at a time; fewer where the limit of open files is lower" },
	{ "limits.per_address", "limits-per-address", CONFIG_COUNT, IN(limits.per_address),
	  .restart = true, .fallback = "4000", .max = 1000000, .value = "N",
	  .help = "likewise of one address, behind which there may be many; 0: no limit" },
	{ "limits.idle", "limits-idle", CONFIG_DURATION, IN(limits.idle), .restart = true,
	  .fallback = "150s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "a connection on which nothing moves is closed after this; agents keep theirs from "
		  "one window to the next" },
	{ "limits.header_time", "limits-header-time", CONFIG_DURATION, IN(limits.header_time),
	  .restart = true, .fallback = "10s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "longest time a header may take to come in, and a handshake of TLS" },
	{ "limits.body_time", "limits-body-time", CONFIG_DURATION, IN(limits.body_time),
	  .restart = true, .fallback = "60s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "longest time a body may take to come in" },
	{ "limits.answer_time", "limits-answer-time", CONFIG_DURATION, IN(limits.answer_time),
	  .restart = true, .fallback = "5m", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "longest time an answer may take to go out" },
	{ "limits.workers", "limits-workers", CONFIG_COUNT, IN(limits.workers), .restart = true,
	  .fallback = "12", .min = 1, .max = 64, .value = "N",
	  .help = "requests worked on at a time" },
	{ "limits.uncompressed", "limits-uncompressed", CONFIG_SIZE, IN(limits.uncompressed),
	  .restart = true, .fallback = "64MiB", .min = KIB, .max = 64 * MIB, .value = "SIZE",
	  .help = "largest request, and largest profile, after it was uncompressed" },
	{ "limits.samples", "limits-samples", CONFIG_COUNT, IN(limits.samples), .restart = true,
	  .fallback = "1000000", .min = 1, .max = 1000000, .value = "N",
	  .help = "samples in one profile" },
	{ "limits.labels", "limits-labels", CONFIG_COUNT, IN(limits.labels), .restart = true,
	  .fallback = "30", .min = 3, .max = 30, .value = "N", .help = "labels of one profile" },
	{ "limits.label_name", "limits-label-name", CONFIG_SIZE, IN(limits.label_name),
	  .restart = true, .fallback = "1KiB", .min = 16, .max = KIB, .value = "SIZE",
	  .help = "longest name of a label" },
	{ "limits.label_value", "limits-label-value", CONFIG_SIZE, IN(limits.label_value),
	  .restart = true, .fallback = "2KiB", .min = 16, .max = 2 * KIB, .value = "SIZE",
	  .help = "longest value of a label" },
	{ "limits.profiles", "limits-profiles", CONFIG_COUNT, IN(limits.profiles), .restart = true,
	  .fallback = "1024", .min = 1, .max = 1024, .value = "N",
	  .help = "profiles in one push" },
	{ "limits.tenant_rate", "limits-tenant-rate", CONFIG_SIZE, IN(limits.tenant_rate),
	  .restart = true, .fallback = "0", .value = "SIZE",
	  .help = "what one tenant may push in a second, as it comes over the network; 0: no limit" },
	{ "limits.tenant_burst", "limits-tenant-burst", CONFIG_SIZE, IN(limits.tenant_burst),
	  .restart = true, .fallback = "64MiB", .min = 1, .value = "SIZE",
	  .help = "what it may push at once after it was quiet" },
	{ "retention.age", "retention-age", CONFIG_DURATION, IN(retention.age), .restart = true,
	  .fallback = "90d", .max = MAX_AGE, .value = "TIME",
	  .help = "profiles that are older are removed; 0: none is for its age" },
	{ "retention.size", "retention-size", CONFIG_SIZE, IN(retention.size), .restart = true,
	  .fallback = "0", .value = "SIZE",
	  .help = "the oldest profiles of all tenants are removed while the database holds more; "
		  "0: no limit" },
	{ "retention.tenant_size", "retention-tenant-size", CONFIG_SIZE, IN(retention.tenant_size),
	  .restart = true, .fallback = "0", .value = "SIZE",
	  .help = "the oldest profiles of a tenant are removed while it has more, before "
		  "retention.size is looked at; 0: no limit" },
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

/* Does what was read fit together? */
static void check(struct config_scan *scan, const void *config)
{
	const struct settings *s = config;
	struct sockaddr_storage address;
	socklen_t size;

	if ((s->tls.key_file || s->tls.client_ca_file) && !s->tls.cert_file)
		config_problem(scan, 0, "tls.key_file and tls.client_ca_file want tls.cert_file.");
	if (s->limits.body > s->limits.memory)
		config_problem(scan, 0,
			       "limits.memory has no room for a single request of limits.body.");
	if (!s->listen)
		config_problem(scan, 0, "listen wants an address.");
	else if (address_parse(s->listen, &address, &size) && !address_is_loopback(&address) &&
		 !s->tokens && !s->open)
		config_problem(
			scan, 0,
			"listen is reached from other machines, and without tokens everything "
			"is everybody's. Make tokens (hone-collector token), or set open (--open "
			"true).");
}

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
		 "       hone-collector backup|compact|export|verify --help\n"
		 "       hone-collector token push|read|admin [--tenant NAME] [--name TEXT] "
		 "[--file FILE]\n"
		 "\n"
		 "Each flag is a key of the file, too, and a variable of the environment: "
		 "--limits-body 8MiB,\nHONE_COLLECTOR_LIMITS_BODY=8MiB, or in the file\n"
		 "\n"
		 "  limits:\n"
		 "    body: 8MiB\n",
	.example = "# SPDX-License-Identifier: Apache-2.0\n"
		   "# hone-collector: every key with its default. Copy it to " SETTINGS_FILE
		   " and remove the #\n# from what you change. Secrets are named by their files, "
		   "never written here.\n",
	.check = check,
};

void settings_fini(struct settings *settings)
{
	config_fini(&settings_schema, settings);
}
