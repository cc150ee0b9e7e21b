/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/keys.h"

#include "base/cleanup.h"
#include "base/clock.h"

#define SECOND NSEC_PER_SEC
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define KIB    (1ull << 10)
#define MIB    (1ull << 20)
#define GIB    (1ull << 30)

static const char *const switches[] = { "auto", "on", "off", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const levels[] = { "debug", "info", "warning", "error", NULL };
static const char *const actions[] = { "profile", "ignore", NULL };
static const char *const old_ones[] = { "send", "drop", "restamp", NULL };
static const char *const filters[] = { "kill", "error", "off", NULL };

#define IN_AGENT(member) .offset = offsetof(struct agent_config, member)
#define IN_STORE(member) .offset = offsetof(struct config_store, member)
#define IN_RULE(member)	 .offset = offsetof(struct target_rule, member)

/* clang-format off */
static const struct config_key store_keys[] = {
	{ "url", NULL, CONFIG_FILE_URL, IN_STORE(url), .value = "URL",
	  .help = "http(s)://HOST[:PORT][/PREFIX] or file:///DIR; without user and password" },
	{ "tenant", NULL, CONFIG_TEXT, IN_STORE(tenant), .value = "NAME",
	  .help = "tenant (X-Scope-OrgID)" },
	{ "user", NULL, CONFIG_TEXT, IN_STORE(user), .value = "NAME",
	  .help = "user for basic authentication" },
	{ "password_file", NULL, CONFIG_TEXT, IN_STORE(password_file), .value = "FILE",
	  .help = "file with the user's password, read again for every push" },
	{ "token_file", NULL, CONFIG_TEXT, IN_STORE(token_file), .value = "FILE",
	  .help = "file with a bearer token, read again for every push" },
	{ "ca_file", NULL, CONFIG_TEXT, IN_STORE(ca_file), .value = "FILE",
	  .help = "authorities that vouch for the store, PEM; without it the system's" },
	{ "cert_file", NULL, CONFIG_TEXT, IN_STORE(cert_file), .value = "FILE",
	  .help = "the agent's own certificate, PEM" },
	{ "key_file", NULL, CONFIG_TEXT, IN_STORE(key_file), .value = "FILE",
	  .help = "its key, PEM; without it the key is in cert_file, too" },
	{ "proxy", NULL, CONFIG_URL, IN_STORE(proxy), .value = "URL",
	  .help = "proxy; without it that of the environment" },
	{ "no_proxy", NULL, CONFIG_TEXT, IN_STORE(no_proxy), .value = "HOSTS",
	  .help = "hosts reached without the proxy, as a.example,10.0.0.0/8" },
	{ "headers", NULL, CONFIG_HEADERS, IN_STORE(headers),
	  .length = offsetof(struct config_store, n_headers), .value = "NAME: VALUE",
	  .help = "more headers of requests" },
	{ "timeout", NULL, CONFIG_DURATION, IN_STORE(timeout), .fallback = "10s",
	  .min = NSEC_PER_MSEC * 100, .max = HOUR, .value = "TIME",
	  .help = "longest time a push may take" },
	{ "keep_shapes", NULL, CONFIG_BOOL, IN_STORE(keep_shapes), .fallback = "false",
	  .value = "BOOL",
	  .help = "send names of generic functions as they are, to a store that does not strip them" },
	{ "max_bytes", NULL, CONFIG_SIZE, IN_STORE(max_bytes), .fallback = "0",
	  .value = "SIZE", .help = "a larger profile is split; 0: as the store does by default" },
	{ "max_samples", NULL, CONFIG_COUNT, IN_STORE(max_samples), .fallback = "0",
	  .max = UINT32_MAX, .value = "N",
	  .help = "likewise for its samples; 0: as the store does by default" },
	{ "max_past", NULL, CONFIG_DURATION, IN_STORE(max_past), .fallback = "55m",
	  .max = 3650 * DAY, .value = "TIME",
	  .help = "the store refuses what is older, for too_old; 0: nothing is too old" },
	{ "max_future", NULL, CONFIG_DURATION, IN_STORE(max_future), .fallback = "10m",
	  .max = 3650 * DAY, .value = "TIME",
	  .help = "the store refuses what is so far ahead, likewise; 0: nothing is" },
	{ "too_old", NULL, CONFIG_CHOICE, IN_STORE(too_old), .fallback = "send",
	  .choices = old_ones, .value = "WHAT",
	  .help = "profiles of times that the store refuses are sent all the same, dropped, or sent with "
		  "the present as time" },
};

static const struct config_key rule_keys[] = {
	{ "namespace", NULL, CONFIG_PATTERN, IN_RULE(namespace), .value = "PATTERN",
	  .help = "namespace of the pod" },
	{ "pod", NULL, CONFIG_PATTERN, IN_RULE(pod), .value = "PATTERN",
	  .help = "name of the pod" },
	{ "container", NULL, CONFIG_PATTERN, IN_RULE(container), .value = "PATTERN",
	  .help = "name of the container in its pod" },
	{ "container_id", NULL, CONFIG_PATTERN, IN_RULE(container_id), .value = "PATTERN",
	  .help = "id of the container, 64 hexadecimal digits" },
	{ "unit", NULL, CONFIG_PATTERN, IN_RULE(unit), .value = "PATTERN",
	  .help = "unit of systemd, as shop.service" },
	{ "exe", NULL, CONFIG_PATTERN, IN_RULE(exe), .value = "PATTERN",
	  .help = "path of the executable; without a slash, its last element" },
	{ "main_package", NULL, CONFIG_PATTERN, IN_RULE(main_package), .value = "PATTERN",
	  .help = "path of package main, as example.com/shop/cmd/*" },
	{ "labels", NULL, CONFIG_PATTERNS, IN_RULE(labels),
	  .length = offsetof(struct target_rule, n_labels), .value = "KEY: PATTERN",
	  .help = "labels of the pod" },
	{ "annotations", NULL, CONFIG_PATTERNS, IN_RULE(annotations),
	  .length = offsetof(struct target_rule, n_annotations), .value = "KEY: PATTERN",
	  .help = "annotations of the pod" },
	{ "action", NULL, CONFIG_CHOICE, IN_RULE(action), .fallback = "profile",
	  .choices = actions, .value = "ACTION", .help = "what to do with what matches" },
	{ "service", NULL, CONFIG_TEXT, IN_RULE(service), .value = "NAME",
	  .help = "service name of what matches; without it, it is found out" },
};
/* clang-format on */

static const struct config_table store_table = {
	.keys = store_keys,
	.n = ARRAY_SIZE(store_keys),
	.size = sizeof(struct config_store),
};

static const struct config_table rule_table = {
	.keys = rule_keys,
	.n = ARRAY_SIZE(rule_keys),
	.size = sizeof(struct target_rule),
};

static const struct config_list stores = {
	.table = &store_table,
	.max = CONFIG_MAX_STORES,
	.like = "url: URL",
	.word = "a store like {url: URL}",
	.single = true,
	.help = "A store with more than its URL is written as --store '{url: URL, tenant: NAME}'. "
		"Its keys:",
	.manual = ".Ss Stores\nEach store is a URL, or has these keys:\n",
	.check = agent_store_check,
};

static const struct config_list rules = {
	.table = &rule_table,
	.max = CONFIG_MAX_RULES,
	.like = "{namespace: shop-*, action: ignore}",
	.word = "a rule like {namespace: shop-*, action: ignore}",
	.help = "The keys of a rule. Patterns are those of the shell; * matches slashes, too:",
	.manual = ".Ss Rules\nAll patterns that a rule has must match.\nThey are those of\n"
		  ".Xr fnmatch 3 ,\nwhere\n.Ql *\nmatches slashes and leading dots, too; an empty "
		  "one matches what is missing.\n",
	.comment = "The keys of a rule, all of whose patterns must match:",
	.check = agent_rule_check,
};

/* clang-format off */
static const struct config_key agent_keys[] = {
	{ "stores", "store", CONFIG_LIST, IN_AGENT(stores), .list = &stores,
	  .length = offsetof(struct agent_config, n_stores),
	  .fallback = "http://127.0.0.1:4040", .value = "URL",
	  .help = "where profiles go: http(s)://HOST of hone-collector or Grafana Pyroscope, or "
		  "file:///DIR; may be given again, up to 8 stores" },
	{ "spool.dir", "spool", CONFIG_TEXT, IN_AGENT(spool.dir), .restart = true,
	  .fallback = "/var/lib/hone/spool", .value = "DIR",
	  .help = "profiles wait here until every store has them; \"\" keeps them in memory only" },
	{ "spool.bytes", "spool-bytes", CONFIG_SIZE, IN_AGENT(spool.bytes), .restart = true,
	  .fallback = "512MiB", .min = MIB, .value = "SIZE",
	  .help = "space the spool may take; the oldest profiles go first" },
	{ "spool.age", "spool-age", CONFIG_DURATION, IN_AGENT(spool.age), .restart = true,
	  .fallback = "24h", .min = MINUTE, .max = 365 * DAY, .value = "TIME",
	  .help = "profiles older than this are dropped" },
	{ "spool.memory", "spool-memory", CONFIG_SIZE, IN_AGENT(spool.memory), .restart = true,
	  .fallback = "8MiB", .min = 64 * KIB, .max = GIB, .value = "SIZE",
	  .help = "memory for profiles where there is no spool, or its disk fails" },
	{ "window", "window", CONFIG_DURATION, IN_AGENT(window),
	  .fallback = "60s", .min = SECOND, .max = HOUR, .value = "TIME",
	  .help = "length of a profile; one for each container and build" },
	{ "freq", "freq", CONFIG_COUNT, IN_AGENT(frequency),
	  .fallback = "99", .min = 1, .max = 1000, .value = "HZ",
	  .help = "samples per second and CPU" },
	{ "budget", "budget", CONFIG_COUNT, IN_AGENT(budget),
	  .fallback = "400", .max = 1000000, .value = "N",
	  .help = "samples per second of one container, above which fewer are taken and count for "
		  "more; 0: no limit" },
	{ "rules", "rule", CONFIG_LIST, IN_AGENT(rules.rules), .list = &rules,
	  .length = offsetof(struct agent_config, rules.n), .value = "RULE",
	  .help = "what to profile and under which service name, as {namespace: shop-*, service: "
		  "shop}; the first rule that matches decides; may be given again" },
	{ "otherwise", "otherwise", CONFIG_CHOICE, IN_AGENT(rules.otherwise),
	  .fallback = "profile", .choices = actions, .value = "ACTION",
	  .help = "what holds for processes that no rule matches" },
	{ "labels", "label", CONFIG_LABELS, IN_AGENT(labels),
	  .length = offsetof(struct agent_config, n_labels), .value = "NAME=VALUE",
	  .max = CONFIG_MAX_LABELS,
	  .help = "labels added to every profile, as cluster=prod; may be given again, up to 12" },
	{ "read_environment", "read-environment", CONFIG_BOOL, IN_AGENT(read_environment),
	  .fallback = "true", .value = "BOOL",
	  .help = "look for a service name in the environment of processes: OTEL_SERVICE_NAME, "
		  "OTEL_RESOURCE_ATTRIBUTES, DD_SERVICE" },
	{ "node", "node", CONFIG_TEXT, IN_AGENT(node), .restart = true, .value = "NAME",
	  .help = "name of this node; without it the host's name" },
	{ "kubernetes.enable", "kubernetes", CONFIG_CHOICE, IN_AGENT(kubernetes.enable),
	  .restart = true, .fallback = "auto", .choices = switches, .value = "WHETHER",
	  .help = "ask the API server for this node's pods; auto: where there is a token" },
	{ "kubernetes.api", "kubernetes-api", CONFIG_URL, IN_AGENT(kubernetes.api),
	  .restart = true, .value = "URL",
	  .help = "the API server; without it that of the cluster the agent runs in" },
	{ "kubernetes.token_file", "kubernetes-token-file", CONFIG_TEXT,
	  IN_AGENT(kubernetes.token_file), .restart = true,
	  .fallback = "/var/run/secrets/kubernetes.io/serviceaccount/token", .value = "FILE",
	  .help = "token for the API server, read again as it rotates" },
	{ "kubernetes.ca_file", "kubernetes-ca-file", CONFIG_TEXT, IN_AGENT(kubernetes.ca_file),
	  .restart = true, .fallback = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
	  .value = "FILE", .help = "authorities that vouch for the API server, PEM" },
	{ "host.proc", "host-proc", CONFIG_TEXT, IN_AGENT(host.proc), .restart = true,
	  .fallback = "/proc", .value = "DIR", .help = "proc file system of the host" },
	{ "host.cgroup", "host-cgroup", CONFIG_TEXT, IN_AGENT(host.cgroup), .restart = true,
	  .fallback = "/sys/fs/cgroup", .value = "DIR", .help = "cgroup file system of the host" },
	{ "host.containers", "host-containers", CONFIG_TEXT, IN_AGENT(host.containers),
	  .restart = true, .fallback = "/var/log/containers", .value = "DIR",
	  .help = "where the kubelet names its containers' logs, from which pods are known "
		  "without asking anybody" },
	{ "listen", "listen", CONFIG_ADDRESS, IN_AGENT(listen), .restart = true,
	  .fallback = "127.0.0.1:7071", .value = "ADDRESS",
	  .help = "numeric address and port of /metrics, /healthz, /readyz and /status; \"\": none" },
	{ "log.format", "log-format", CONFIG_CHOICE, IN_AGENT(log.format),
	  .fallback = "logfmt", .choices = formats, .value = "FORMAT",
	  .help = "lines on standard error" },
	{ "log.level", "log-level", CONFIG_CHOICE, IN_AGENT(log.level),
	  .fallback = "info", .choices = levels, .value = "LEVEL",
	  .help = "what is less urgent is not logged" },
	{ "limits.profile", "limits-profile", CONFIG_SIZE, IN_AGENT(limits.profile),
	  .restart = true, .fallback = "8MiB", .min = 64 * KIB, .max = GIB, .value = "SIZE",
	  .help = "memory for the stacks of one profile; what has no room is counted as lost" },
	{ "seccomp", "seccomp", CONFIG_CHOICE, IN_AGENT(seccomp), .restart = true,
	  .fallback = "error", .choices = filters, .value = "ACTION",
	  .help = "what happens to system calls that the agent has no use for" },
};
/* clang-format on */

static const struct config_table agent_table = {
	.keys = agent_keys,
	.n = ARRAY_SIZE(agent_keys),
	.size = sizeof(struct agent_config),
};

_Static_assert(ARRAY_SIZE(agent_keys) <= CONFIG_MAX_KEYS, "a scan has no room for the table");
_Static_assert(ARRAY_SIZE(store_keys) <= CONFIG_MAX_KEYS, "a scan has no room for the table");

/* Those of hone-collector on the same machine, and of our own tests. */
static const char *const others[] = { "COLLECTOR_", "TEST_", NULL };

const struct config_schema agent_config_schema = {
	.table = &agent_table,
	.blocks = offsetof(struct agent_config, blocks),
	.file = CONFIG_DEFAULT_FILE,
	.variable = "HONE_",
	.others = others,
	.usage = "hone-agent: profile every Go process of this machine, all the time\n"
		 "\n"
		 "Usage: hone-agent [FLAGS]\n"
		 "       hone-agent status [--json] [--address ADDRESS | --config FILE]\n"
		 "\n"
		 "Each flag is a key of the file, too, and a variable of the environment: "
		 "--spool-bytes 1GiB,\nHONE_SPOOL_BYTES=1GiB, or in the file\n"
		 "\n"
		 "  spool:\n"
		 "    bytes: 1GiB\n",
	.example = "# SPDX-License-Identifier: Apache-2.0\n"
		   "# hone-agent: every key with its default. Copy it to " CONFIG_DEFAULT_FILE
		   " and remove the #\n# from what you change. Secrets are named by their files, "
		   "never written here.\n",
	.check = agent_config_check,
};
