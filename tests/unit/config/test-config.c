/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agent/config/config.h"
#include "base/clock.h"
#include "tests/unit/config/promises.h"

static struct agent_config config;
static struct config_problems problems;

static const char *const nothing[] = { "hone-agent", NULL };

static int parse(const char *file, const char *const *environment, const char *const *argv)
{
	struct config_input in = {
		.file = span_of(file, strlen(file)),
		.file_name = "agent.yaml",
		.argv = argv,
		.environment = environment,
	};

	while (argv[in.argc])
		in.argc++;
	agent_config_fini(&config);
	int r = config_parse(&agent_config_schema, &in, &config, &problems);
	for (size_t i = 0; r && i < problems.n; i++)
		print_message("  %s\n", problems.texts[i]);
	return r;
}

#define WORDS(...) ((const char *const[]){ "hone-agent", __VA_ARGS__, NULL })
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int parse_file(const char *file)
{
	return parse(file, NULL, nothing);
}

static int teardown(void **state)
{
	(void)state;
	agent_config_fini(&config);
	return 0;
}

static void nothing_given_is_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse_file(""), 0);
	assert_int_equal(config.n_stores, 1);
	assert_string_equal(config.stores[0].url, "http://127.0.0.1:4040");
	assert_int_equal(config.stores[0].timeout, 10 * NSEC_PER_SEC);
	assert_int_equal(config.stores[0].max_past, 55 * 60 * NSEC_PER_SEC);
	assert_null(config.stores[0].tenant);
	assert_string_equal(config.spool.dir, "/var/lib/hone/spool");
	assert_int_equal(config.spool.bytes, 512 << 20);
	assert_int_equal(config.spool.age, 86400 * NSEC_PER_SEC);
	assert_int_equal(config.window, 60 * NSEC_PER_SEC);
	assert_int_equal(config.frequency, 99);
	assert_int_equal(config.rules.n, 0);
	assert_int_equal(config.rules.otherwise, RULE_PROFILE);
	assert_true(config.read_environment);
	assert_null(config.node);
	assert_int_equal(config.kubernetes.enable, CONFIG_AUTO);
	assert_string_equal(config.listen, "127.0.0.1:7071");
	assert_int_equal(config.log.level, LOG_LEVEL_INFO);
	assert_int_equal(config.log.format, LOG_FORMAT_LOGFMT);
	assert_int_equal(parse_file("# only a comment\n"), 0);
	assert_int_equal(parse_file("---\n"), 0);
}

static const char whole[] = "stores:\n"
			    "  - http://one:4040\n"
			    "  - url: https://two/prefix\n"
			    "    tenant: team\n"
			    "    user: me\n"
			    "    password_file: /run/pw\n"
			    "    ca_file: /etc/ca.pem\n"
			    "    cert_file: /etc/cert.pem\n"
			    "    key_file: /etc/key.pem\n"
			    "    proxy: http://proxy:3128\n"
			    "    no_proxy: 10.0.0.0/8\n"
			    "    headers:\n"
			    "      X-One: first\n"
			    "      X-Two: \"a: b\"\n"
			    "    timeout: 1m30s\n"
			    "    keep_shapes: true\n"
			    "    max_bytes: 4MiB\n"
			    "    max_samples: 16000\n"
			    "    max_past: 0\n"
			    "    too_old: restamp\n"
			    "spool: {dir: \"\", bytes: 1GiB, age: 2d}\n"
			    "window: 10s\n"
			    "freq: 19\n"
			    "budget: 0\n"
			    "rules:\n"
			    "  - namespace: kube-*\n"
			    "    action: ignore\n"
			    "  - main_package: example.com/shop/cmd/*\n"
			    "    labels: {app.kubernetes.io/name: \"*\"}\n"
			    "    container: \"\"\n"
			    "    service: shop\n"
			    "otherwise: ignore\n"
			    "labels:\n"
			    "  cluster: prod\n"
			    "  region: \"eu, west\"\n"
			    "read_environment: false\n"
			    "node: n1\n"
			    "kubernetes:\n"
			    "  enable: true\n"
			    "  api: https://10.0.0.1:6443\n"
			    "listen: \"[::1]:9\"\n"
			    "log: {format: json, level: debug}\n";

static void a_whole_file(void **state)
{
	(void)state;
	assert_int_equal(parse_file(whole), 0);
	assert_int_equal(config.n_stores, 2);
	assert_string_equal(config.stores[0].url, "http://one:4040");
	const struct config_store *s = &config.stores[1];
	assert_string_equal(s->url, "https://two/prefix");
	assert_string_equal(s->tenant, "team");
	assert_string_equal(s->user, "me");
	assert_string_equal(s->password_file, "/run/pw");
	assert_string_equal(s->key_file, "/etc/key.pem");
	assert_string_equal(s->proxy, "http://proxy:3128");
	assert_string_equal(s->no_proxy, "10.0.0.0/8");
	assert_int_equal(s->n_headers, 2);
	assert_string_equal(s->headers[0], "X-One: first");
	assert_string_equal(s->headers[1], "X-Two: a: b");
	assert_int_equal(s->timeout, 90 * NSEC_PER_SEC);
	assert_true(s->keep_shapes);
	assert_int_equal(s->max_bytes, 4 << 20);
	assert_int_equal(s->max_samples, 16000);
	assert_int_equal(s->max_past, 0);
	assert_int_equal(s->too_old, CONFIG_TOO_OLD_RESTAMP);
	assert_null(config.spool.dir);
	assert_int_equal(config.spool.bytes, 1 << 30);
	assert_int_equal(config.budget, 0);
	assert_int_equal(config.rules.n, 2);
	assert_int_equal(config.rules.rules[0].action, RULE_IGNORE);
	assert_string_equal(config.rules.rules[0].namespace, "kube-*");
	assert_null(config.rules.rules[0].container);
	assert_string_equal(config.rules.rules[1].container, "");
	assert_string_equal(config.rules.rules[1].service, "shop");
	assert_int_equal(config.rules.rules[1].n_labels, 1);
	assert_string_equal(config.rules.rules[1].labels[0].key, "app.kubernetes.io/name");
	assert_string_equal(config.rules.rules[1].labels[0].value, "*");
	assert_int_equal(config.rules.otherwise, RULE_IGNORE);
	assert_int_equal(config.n_labels, 2);
	assert_string_equal(config.labels[1].key, "region");
	assert_string_equal(config.labels[1].value, "eu, west");
	assert_false(config.read_environment);
	assert_int_equal(config.kubernetes.enable, CONFIG_ON);
	assert_string_equal(config.listen, "[::1]:9");
	assert_int_equal(config.log.format, LOG_FORMAT_JSON);
	assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
}

/* Each file has one mistake; what is said of it begins and goes on like this. */
static void mistakes_are_told_with_their_line(void **state)
{
	static const struct {
		const char *file, *problem;
	} cases[] = {
		{ "window: 60s\nwindows: 60s\n", "agent.yaml:2: there is no key \"windows\" here. "
						 "There are: stores, spool, window,"
						 " freq," },
		{ "spool:\n  byts: 1GiB\n", "agent.yaml:2: there is no key \"byts\" here. There "
					    "are: dir, bytes, age, memory." },
		{ "spool.bytes: 1GiB\n", "agent.yaml:1: there is no key \"spool.bytes\" here." },
		{ "\nwindow: 60\n",
		  "agent.yaml:2: window wants a time like 500ms, 60s, 5m or 24h from "
		  "1s to 1h, not \"60\"." },
		{ "window: 2h\n", "agent.yaml:1: window wants a time" },
		{ "window: [60s]\n", "agent.yaml:1: window wants a single value, not a list." },
		{ "window:\n  a: b\n",
		  "agent.yaml:2: window wants a single value, not a mapping." },
		{ "window:\nfreq: 99\n", "agent.yaml:1: window has no value." },
		{ "freq: many\n",
		  "agent.yaml:1: freq wants a number from 1 to 1000, not \"many\"." },
		{ "spool: /var/spool\n",
		  "agent.yaml:1: spool wants keys below it, of these: dir, bytes, age, memory." },
		{ "spool:\n  bytes: 1\n",
		  "agent.yaml:2: spool.bytes wants a size like 64KiB, 512MiB or 2GiB of at least "
		  "1MiB, not \"1\"." },
		{ "read_environment: maybe\n",
		  "agent.yaml:1: read_environment wants true or false, not \"maybe\"." },
		{ "log: {level: loud}\n",
		  "agent.yaml:1: log.level wants debug, info, warning or error, "
		  "not \"loud\"." },
		{ "listen: localhost:7071\n", "agent.yaml:1: listen wants an address like" },
		{ "stores: http://one\n", "agent.yaml:1: stores wants a list" },
		{ "stores:\n  - ftp://one\n", "agent.yaml:2: url wants http://HOST" },
		{ "stores:\n  - http://u:p@one\n", "agent.yaml:2: url must not hold a user" },
		{ "stores:\n  - tenant: a\n", "agent.yaml:2: the store has no url." },
		{ "stores:\n  - url: http://a\n    uri: http://a\n",
		  "agent.yaml:3: there is no key \"uri\" here. There are: url, tenant," },
		{ "stores:\n  - http://a\n  - http://a\n",
		  "agent.yaml:3: the store http://a is given twice" },
		{ "stores:\n  - {url: http://a, user: me}\n",
		  "agent.yaml:2: the store http://a has a user but no password_file." },
		{ "stores:\n  - {url: http://a, token_file: /t, user: me, password_file: /p}\n",
		  "agent.yaml:2: the store http://a has a token_file and a user" },
		{ "stores:\n  - url: http://a\n    headers:\n      Authorization: Bearer x\n",
		  "agent.yaml:4: headers must not hold \"Authorization\": secrets are" },
		{ "stores:\n  - url: http://a\n    headers: {\"X-A: b\\r\\nY\": c}\n",
		  "agent.yaml:3: headers must be UTF-8 without control" },
		{ "stores: []\n", "stores: profiles want at least one store" },
		{ "stores: [http://1, http://2, http://3, http://4, http://5, http://6, http://7,\n"
		  " http://8, http://9]\n",
		  "agent.yaml:2: stores can hold 8 at most." },
		{ "labels: {a: b, c: b, d: b, e: b, f: b, g: b, h: b, i: b, j: b, k: b, l: b,\n"
		  " m: b, n: b}\n",
		  "agent.yaml:2: labels can hold 12 at most." },
		{ "rules:\n  - kube-*\n", "agent.yaml:2: each of rules is a mapping like" },
		{ "rules:\n  - namespace: *\n", "agent.yaml:2: this is no YAML" },
		{ "rules:\n  - namespace: *kube\n",
		  "agent.yaml:2: namespace is *kube, which YAML takes for an alias" },
		{ "rules:\n  - {action: ignore, service: a}\n",
		  "agent.yaml:2: the rule has a service" },
		{ "labels: {\"1st\": a}\n", "agent.yaml:1: labels wants names of letters" },
		{ "labels: {__name__: a}\n", "agent.yaml:1: labels wants names of letters" },
		{ "labels:\n  a: 1\n  a: 2\n", "agent.yaml:3: labels has \"a\" twice." },
		{ "labels: [a, b]\n", "agent.yaml:1: labels wants lines like NAME: VALUE" },
		{ "node: a\nfreq: 9\nnode: b\n",
		  "agent.yaml:3: node was given before, in line 1." },
		{ "log:\n  level: info\nlog:\n  format: json\n",
		  "agent.yaml:3: log was given before, in line 1." },
		{ "node: !secret a\n", "agent.yaml:1: node has a tag" },
		{ "node: \"a\\0b\"\n", "agent.yaml:1: node has a zero byte in it." },
		{ "node: \"a\\nb\"\n",
		  "agent.yaml:1: node must be UTF-8 without control characters" },
		{ "window: 60s\n---\nwindow: 61s\n", "agent.yaml:2: there is a second document" },
		{ "- window\n",
		  "agent.yaml:1: the file wants lines like listen: ADDRESS, not a list." },
		{ "window\n",
		  "agent.yaml:1: the file wants lines like listen: ADDRESS, not a single" },
		{ "window: 60s\n\tfreq: 9\n", "agent.yaml:2: this is no YAML: " },
		{ "node: \xff\n", "agent.yaml:1: this is no YAML: " },
		{ "[a]: b\n", "agent.yaml:1: a key wants a single word, not a list." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_file(cases[i].file), CONFIG_E_WRONG);
		assert_int_equal(problems.n, 1);
		if (strncmp(problems.texts[0], cases[i].problem, strlen(cases[i].problem)))
			assert_string_equal(problems.texts[0], cases[i].problem);
		assert_null(config.blocks);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	char file[2048] = "";

	(void)state;
	assert_int_equal(parse("window: 1\nfreq: x\nbad: {a: [b, {c: d}], e: f}\nnode: n\n",
			       NAMES("HONE_BUDGET=x"), WORDS("--nonsense")),
			 CONFIG_E_WRONG);
	assert_int_equal(problems.n, 5);
	for (unsigned int i = 0; i < 100; i++)
		snprintf(file + strlen(file), sizeof(file) - strlen(file), "k%u: v\n", i);
	assert_int_equal(parse_file(file), CONFIG_E_WRONG);
	assert_int_equal(problems.n, CONFIG_MAX_PROBLEMS);
	assert_int_equal(problems.more, 100 - CONFIG_MAX_PROBLEMS);
}

static void flags_before_variables_before_the_file(void **state)
{
	static const char file[] = "window: 10s\nfreq: 10\nbudget: 10\n";

	(void)state;
	assert_int_equal(parse(file, NAMES("HONE_FREQ=20", "HONE_BUDGET=20", "OTHER=x"),
			       WORDS("--budget", "30")),
			 0);
	assert_int_equal(config.window, 10 * NSEC_PER_SEC);
	assert_int_equal(config.frequency, 20);
	assert_int_equal(config.budget, 30);
	assert_int_equal(parse("", NULL,
			       WORDS("--budget=1", "--budget=2", "--kubernetes=on",
				     "--read-environment=false", "--spool=")),
			 0);
	assert_int_equal(config.budget, 2);
	assert_int_equal(config.kubernetes.enable, CONFIG_ON);
	assert_false(config.read_environment);
	assert_null(config.spool.dir);
	assert_int_equal(parse("read_environment: false\n", NULL, WORDS("--read-environment")), 0);
	assert_true(config.read_environment);
}

static void lists_replace_lower_ones(void **state)
{
	static const char file[] = "stores: [http://f1, http://f2]\nlabels: {a: f, b: f}\n"
				   "rules: [{pod: f}]\n";

	(void)state;
	assert_int_equal(parse(file, NULL, nothing), 0);
	assert_int_equal(config.n_stores, 2);
	assert_int_equal(parse(file, NAMES("HONE_STORE=http://e", "HONE_LABEL=c=e,d=x=y"), nothing),
			 0);
	assert_int_equal(config.n_stores, 1);
	assert_string_equal(config.stores[0].url, "http://e");
	assert_int_equal(config.n_labels, 2);
	assert_string_equal(config.labels[1].key, "d");
	assert_string_equal(config.labels[1].value, "x=y");
	assert_int_equal(config.rules.n, 1);
	assert_int_equal(parse(file, NAMES("HONE_STORE=http://e"),
			       WORDS("--store", "http://a", "--store={url: http://b, tenant: t}",
				     "--store", "file:///c", "--label", "a=1", "--label=b=2",
				     "--rule", "{pod: x}", "--rule={pod: y, action: ignore}")),
			 0);
	assert_int_equal(config.n_stores, 3);
	assert_string_equal(config.stores[1].url, "http://b");
	assert_string_equal(config.stores[1].tenant, "t");
	assert_string_equal(config.stores[2].url, "file:///c");
	assert_int_equal(config.n_labels, 2);
	assert_int_equal(config.rules.n, 2);
	assert_int_equal(config.rules.rules[1].action, RULE_IGNORE);
	assert_int_equal(
		parse("", NAMES("HONE_STORE=[http://a:1, {url: http://b, tenant: t}]"), nothing),
		0);
	assert_int_equal(config.n_stores, 2);
	assert_int_equal(
		parse("", NULL, WORDS("--label", "{a: b}", "--store", "[]", "--store", "http://x")),
		0);
	assert_int_equal(config.n_stores, 1);
	assert_int_equal(config.n_labels, 1);
}

static void wrong_words(void **state)
{
	static const struct {
		const char *word, *problem;
	} cases[] = {
		{ "--windw=1s", "--windw: there is no such flag." },
		{ "--window", "--window: wants a value." },
		{ "--window=1", "--window: wants a time" },
		{ "window", "command line: \"window\" is no flag." },
		{ "-x", "command line: \"-x\" is no flag." },
		{ "--", "command line: \"--\" is no flag." },
		{ "--help=yes", "--help: takes no value." },
		{ "--rule=kube-*", "--rule: wants a rule like" },
		{ "--label=a", "--label: wants NAME=VALUE, not \"a\"." },
		{ "--store={url: http://a", "--store: this is no YAML" },
		{ "--store={url: http://a} x", "--store: this is no YAML" },
		{ "--store={uri: http://a}", "--store: there is no key \"uri\" here." },
		{ "--node=a\xffz", "--node: must be UTF-8 without" },
		{ "--label=a=\xc2\x9b", "--label: labels must be UTF-8 without" },
		{ "--store=http://u@h", "--store: must not hold a user" },
		{ "--store=ftp://u:secret@h", "--store: must not hold a user" },
		{ "--store=u:secret@h", "--store: must not hold a user" },
		{ "--store={url: http://h, proxy: socks5://u:secret@h}",
		  "--store: must not hold a user" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse("", NULL, WORDS(cases[i].word)), CONFIG_E_WRONG);
		assert_int_equal(problems.n, 1);
		if (strncmp(problems.texts[0], cases[i].problem, strlen(cases[i].problem)))
			assert_string_equal(problems.texts[0], cases[i].problem);
	}
	assert_int_equal(parse("", NAMES("HONE_WINDW=1s"), nothing), CONFIG_E_WRONG);
	assert_string_equal(problems.texts[0],
			    "HONE_WINDW: there is no such variable. See --help.");
}

/* What Kubernetes sets for services whose names begin with hone is no mistake. */
static void variables_of_services_are_let_be(void **state)
{
	(void)state;
	assert_int_equal(
		parse("",
		      NAMES("HONE_CONFIG=/x", "HONE_TEST_PROGRAMS=/x",
			    "HONE_COLLECTOR_SERVICE_HOST=10.0.0.1",
			    "HONE_COLLECTOR_SERVICE_PORT=4040", "HONE_COLLECTOR_PORT=tcp://",
			    "HONE_COLLECTOR_PORT_4040_TCP_ADDR=10.0.0.1", "HONE", "HONE_=1x"),
		      nothing),
		CONFIG_E_WRONG);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.texts[0], "HONE_: there is no such variable. See --help.");
}

static void what_to_do_is_seen_first(void **state)
{
	struct config_input in = { .argc = 3, .environment = NAMES("HONE_CONFIG=/e") };
	struct config_choice choice;

	(void)state;
	in.argv = WORDS("--window", "--help");
	config_choose(&agent_config_schema, &in, &choice); /* --help is the value of --window */
	assert_int_equal(choice.action, CONFIG_RUN);
	assert_string_equal(choice.file, "/e");
	assert_true(choice.named);
	in.argv = WORDS("--config=/f", "--check-config");
	config_choose(&agent_config_schema, &in, &choice);
	assert_int_equal(choice.action, CONFIG_CHECK);
	assert_string_equal(choice.file, "/f");
	in.argv = WORDS("--check-config", "-h");
	config_choose(&agent_config_schema, &in, &choice);
	assert_int_equal(choice.action, CONFIG_HELP);
	in.environment = NULL;
	in.argv = WORDS("--nonsense", "--version");
	config_choose(&agent_config_schema, &in, &choice);
	assert_int_equal(choice.action, CONFIG_VERSION);
	assert_string_equal(choice.file, CONFIG_DEFAULT_FILE);
	assert_false(choice.named);
}

static void print(struct buf *to)
{
	to->size = 0;
	config_print(&agent_config_schema, &config, to);
	assert_int_equal(buf_error(to), 0);
	buf_append_u8(to, '\0');
}

static void printed_it_reads_back_as_the_same(void **state)
{
	static const char *const files[] = {
		"",
		whole,
		"node: \"null\"\nlabels: {a: \"x: y # z\", b: \"- \", c: \"\\\"\", d: \"true\", e: "
		"\"\"}\n",
		"node: \"\\uFFFE\\u202E gr\xc3\xbc\xc3\x9f\"\nspool: {dir: \"~\"}\n",
		"rules: [{pod: \"\", labels: {\"a b\": \"*x\"}, annotations: {y: \"\"}}]\n",
	};
	struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(parse_file(files[i]), 0);
		print(&first);
		assert_int_equal(parse_file((const char *)first.data), 0);
		print(&second);
		assert_string_equal((const char *)first.data, (const char *)second.data);
	}
	assert_int_equal(parse_file(whole), 0);
	print(&first);
	assert_non_null(strstr((const char *)first.data, "      \"X-Two\": \"a: b\"\n"));
	assert_non_null(strstr((const char *)first.data, "  dir: \"\"\n"));
	assert_null(strstr((const char *)first.data, "timeout: 90000000000"));
	buf_fini(&first);
	buf_fini(&second);
}

/* The example with its comment signs taken off says nothing but the defaults. */
static void the_example_is_the_defaults(void **state)
{
	struct buf example = BUF_INIT(1 << 20), bare = BUF_INIT(1 << 20), file = BUF_INIT(1 << 20);
	const struct config_key *stores = &agent_config_schema.table->keys[0];
	size_t keys = 0;

	(void)state;
	config_example(&agent_config_schema, &example);
	buf_append_u8(&example, '\0');
	assert_int_equal(parse_file((const char *)example.data), 0);
	print(&bare);
	for (char *line = strtok((char *)example.data, "\n"); line; line = strtok(NULL, "\n")) {
		bool key = line[0] == '#' && line[1] && (line[1] != ' ' || line[2] == ' ');

		buf_printf(&file, "%s\n", line + key);
		keys += key && strchr(line, ':') && line[1 + strspn(line + 1, " ")] != '#';
	}
	buf_append_u8(&file, '\0');
	assert_int_equal(parse_file((const char *)file.data), 0);
	print(&example);
	assert_string_equal((const char *)example.data, (const char *)bare.data);
	assert_in_range(keys, stores->list->table->n + agent_config_schema.table->n, SIZE_MAX);
	buf_fini(&example);
	buf_fini(&bare);
	buf_fini(&file);
}

static void keys_that_want_a_restart(void **state)
{
	struct agent_config old;

	(void)state;
	assert_int_equal(parse_file(whole), 0);
	old = config;
	config = (struct agent_config){ 0 };
	assert_int_equal(parse_file(whole), 0);
	assert_null(config_restart_key(&agent_config_schema, &old, &config));
	assert_int_equal(parse(whole, NULL, WORDS("--log-level=info", "--store=http://new")), 0);
	assert_null(config_restart_key(&agent_config_schema, &old, &config));
	assert_int_equal(parse(whole, NULL, WORDS("--listen=127.0.0.1:1")), 0);
	assert_string_equal(config_restart_key(&agent_config_schema, &old, &config), "listen");
	agent_config_fini(&old);
}

static void the_tables_keep_their_promises(void **state)
{
	(void)state;
	check_promises(&agent_config_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_given_is_the_defaults, teardown),
		cmocka_unit_test_teardown(a_whole_file, teardown),
		cmocka_unit_test_teardown(mistakes_are_told_with_their_line, teardown),
		cmocka_unit_test_teardown(all_mistakes_are_told_at_once, teardown),
		cmocka_unit_test_teardown(flags_before_variables_before_the_file, teardown),
		cmocka_unit_test_teardown(lists_replace_lower_ones, teardown),
		cmocka_unit_test_teardown(wrong_words, teardown),
		cmocka_unit_test_teardown(variables_of_services_are_let_be, teardown),
		cmocka_unit_test_teardown(what_to_do_is_seen_first, teardown),
		cmocka_unit_test_teardown(printed_it_reads_back_as_the_same, teardown),
		cmocka_unit_test_teardown(the_example_is_the_defaults, teardown),
		cmocka_unit_test_teardown(keys_that_want_a_restart, teardown),
		cmocka_unit_test(the_tables_keep_their_promises),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
