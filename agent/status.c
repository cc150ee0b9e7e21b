/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/status.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/config/config.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/escape.h"

#define MAX_ANSWER (8u << 20)
#define TEXT_SIZE  256u

static const char usage[] =
	"Usage: hone-agent status [--json] [--address ADDRESS | --config FILE]\n"
	"\n"
	"  --address ADDRESS  where the agent listens; without it as its configuration says\n"
	"  --config FILE      that configuration (" CONFIG_DEFAULT_FILE ")\n"
	"  --json             what it answers, as it is\n";

struct options {
	const char *address; /* NULL: as the configuration has it */
	const char *config;  /* NULL: the usual one */
	bool json, help;
};

static bool wrong(const char *why, const char *what)
{
	fprintf(stderr, "hone-agent status: %s%s.\n", why, what);
	return false;
}

/* False for what is wrong, after it was said. */
static bool parse_options(int argc, char **argv, struct options *ret_options)
{
	struct sockaddr_storage address;
	socklen_t size;

	*ret_options = (struct options){ .address = NULL };
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			ret_options->json = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			ret_options->help = true;
		else if (!strcmp(argv[i], "--address") && i + 1 < argc)
			ret_options->address = argv[++i];
		else if (!strncmp(argv[i], "--address=", 10))
			ret_options->address = argv[i] + 10;
		else if (!strcmp(argv[i], "--config") && i + 1 < argc)
			ret_options->config = argv[++i];
		else if (!strncmp(argv[i], "--config=", 9))
			ret_options->config = argv[i] + 9;
		else
			return wrong("unknown, or without its value: ", argv[i]);
	}
	return !ret_options->address || address_parse(ret_options->address, &address, &size) ||
	       wrong("--address wants a numeric address and a port, as 127.0.0.1:7071, not ",
		     ret_options->address);
}

/* Where an agent with this configuration listens. 0, or the exit code after what was said. */
static int find_address(struct options *options, struct agent_config *ret_config)
{
	const char *const words[] = { "status", "--config", options->config };
	const struct config_input input = {
		.argc = options->config ? 3 : 1,
		.argv = words,
		.environment = (const char *const *)environ,
	};
	struct config_problems problems = { .n = 0 };
	struct config_choice choice;

	config_choose(&agent_config_schema, &input, &choice);
	int r = config_load(&agent_config_schema, &input, &choice, ret_config, &problems);
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "hone-agent status: %s\n", problems.texts[i]);
	if (r > 0)
		fputs("hone-agent status: give --address, or mend the configuration.\n", stderr);
	if (r != 0)
		return r < 0 ? 1 : 2;
	options->address = ret_config->listen;
	if (!options->address)
		fputs("hone-agent status: the agent is configured not to listen.\n", stderr);
	return options->address ? 0 : 1;
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct buf *to = context;

	buf_append(to, bytes, size * n);
	return buf_error(to) ? 0 : size * n;
}

/* The body of the answer. Proxies are for others: the agent is near. */
static CURLcode fetch(const char *address, struct buf *ret_body)
{
	CURL *easy = curl_easy_init();
	char url[TEXT_SIZE];

	if (!easy)
		return CURLE_FAILED_INIT;
	snprintf(url, sizeof(url), "http://%s/status", address);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, ret_body);
	CURLcode code = curl_easy_perform(easy);
	curl_easy_cleanup(easy);
	return code;
}

/* Other people's text, fit for a terminal and cut. "-" for none. */
static const char *plain(const char *text, char ret_text[TEXT_SIZE])
{
	struct span rest = span_of(text, text ? strlen(text) : 0);
	size_t n = 0;

	while (rest.size && n + ESCAPE_MAX < TEXT_SIZE)
		n += escape_next(&rest, ret_text + n);
	if (!n)
		ret_text[n++] = '-';
	ret_text[n] = '\0';
	return ret_text;
}

static const char *text_of(const json_t *object, const char *key, char ret_text[TEXT_SIZE])
{
	return plain(json_string_value(json_object_get(object, key)), ret_text);
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* 1.5 MiB */
static const char *bytes(int64_t n, char ret_text[TEXT_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)n;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(ret_text, TEXT_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return ret_text;
}

/* "counted 1000, foreign 7", without what is zero. */
static void print_counts(const char *title, json_t *counts, bool are_bytes)
{
	char name[TEXT_SIZE], text[TEXT_SIZE];
	bool first = true;
	const char *key;
	json_t *value;

	printf("%-11s ", title);
	json_object_foreach(counts, key, value)
	{
		int64_t n = json_integer_value(value);

		if (!n)
			continue;
		snprintf(text, sizeof(text), "%" PRId64, n);
		printf("%s%s %s", first ? "" : ", ", plain(key, name),
		       are_bytes ? bytes(n, text) : text);
		first = false;
	}
	printf("%s\n", first ? "none" : "");
}

static void print_agent(json_t *s)
{
	char text[TEXT_SIZE], other[TEXT_SIZE];

	printf("%-11s %s on %s, ", "agent", text_of(s, "version", text), text_of(s, "node", other));
	if (json_is_true(json_object_get(s, "ready")))
		printf("ready\n");
	else
		printf("not ready: %s\n", text_of(s, "not_ready", text));
	printf("%-11s %.1f s CPU, %s resident\n", "cost", real(s, "cpu_seconds"),
	       bytes(number(s, "resident_bytes"), text));
	printf("%-11s %" PRId64 " Hz, windows of %g s, %" PRId64 " closed\n", "rate",
	       number(s, "frequency"), real(s, "window_seconds"), number(s, "windows"));
	if (json_is_true(json_object_get(s, "reload_failed")))
		printf("%-11s the file on disk is wrong, an older one is in force\n", "config");
	print_counts("samples", json_object_get(s, "samples"), false);
	print_counts("lost", json_object_get(s, "lost"), false);
	print_counts("memory", json_object_get(s, "memory"), true);
	print_counts("evictions", json_object_get(s, "evictions"), false);
	print_counts("no room", json_object_get(s, "refused"), false);
	printf("%-11s %" PRId64 " made, %s\n", "profiles", number(s, "profiles"),
	       bytes(number(s, "profiles_bytes"), text));
}

static void print_spool(const json_t *spool)
{
	char text[TEXT_SIZE], other[TEXT_SIZE];

	printf("%-11s %" PRId64 " profiles, %s on disk; %" PRId64
	       ", %s in memory; oldest %.0f s%s\n",
	       "spool", number(spool, "files"), bytes(number(spool, "bytes"), text),
	       number(spool, "memory_profiles"), bytes(number(spool, "memory_bytes"), other),
	       real(spool, "oldest_seconds"),
	       json_is_true(json_object_get(spool, "failing")) ? "; THE DISK FAILS" : "");
}

/* Of a disk that works there is nothing to say. */
static void print_handed_over(const json_t *h)
{
	char text[TEXT_SIZE];

	if (real(h, "oldest_seconds") < 1 && !number(h, "refused"))
		return;
	printf("%-11s %" PRId64 " profiles, %s, for the disk, for %.0f s; %" PRId64 " were lost\n",
	       "waiting", number(h, "profiles"), bytes(number(h, "bytes"), text),
	       real(h, "oldest_seconds"), number(h, "refused"));
}

static void print_store(json_t *store)
{
	char text[TEXT_SIZE];

	printf("\n%-11s %s\n", "store", text_of(store, "store", text));
	printf("  %-9s %s", "state", text_of(store, "state", text));
	if (number(store, "failures"))
		printf(", failed %" PRId64 " times, next try in %.0f s: %s",
		       number(store, "failures"), real(store, "next_try_seconds"),
		       text_of(store, "last_failure", text));
	printf("\n  %-9s %" PRId64 ", pending %" PRId64 ", retried %" PRId64 "\n", "delivered",
	       number(store, "delivered"), number(store, "pending"), number(store, "retried"));
	print_counts("  dropped", json_object_get(store, "dropped"), false);
}

static void print_target(json_t *target)
{
	char service[TEXT_SIZE], place[TEXT_SIZE], name[TEXT_SIZE], package[TEXT_SIZE];
	const char *unit = text_of(target, "unit", place);
	const char *container = text_of(target, "container", name);

	printf("%9" PRId64 " %6" PRId64 "  %-20s %-24s %s\n", number(target, "samples"),
	       number(target, "weight"), text_of(target, "service", service),
	       strcmp(container, "-") ? container : unit, text_of(target, "main_package", package));
}

static int print(json_t *s)
{
	json_t *item, *spool = json_object_get(s, "spool"),
		      *targets = json_object_get(s, "targets");
	size_t i;

	print_agent(s);
	print_handed_over(json_object_get(s, "handed_over"));
	if (spool)
		print_spool(spool);
	json_array_foreach(json_object_get(s, "stores"), i, item) print_store(item);
	if (json_array_size(targets))
		printf("\n%9s %6s  %-20s %-24s %s\n", "SAMPLES", "WEIGHT", "SERVICE",
		       "CONTAINER OR UNIT", "MAIN PACKAGE");
	json_array_foreach(targets, i, item) print_target(item);
	if ((size_t)number(s, "targets_total") > json_array_size(targets))
		printf("... and %" PRId64 " more\n",
		       number(s, "targets_total") - (int64_t)json_array_size(targets));
	return fflush(stdout) ? 1 : 0;
}

static int show(const struct options *options, const struct buf *body)
{
	json_error_t error;

	if (options->json)
		return fwrite(body->data, 1, body->size, stdout) == body->size && !fflush(stdout)
			       ? 0
			       : 1;
	json_t *s = json_loadb((const char *)body->data, body->size, 0, &error);
	if (!json_is_object(s)) {
		fprintf(stderr, "hone-agent status: %s answers something else.\n",
			options->address);
		json_decref(s);
		return 1;
	}
	int r = print(s);
	json_decref(s);
	return r;
}

static int ask(const struct options *options)
{
	_cleanup_(buf_fini) struct buf body = BUF_INIT(MAX_ANSWER);
	CURLcode code = fetch(options->address, &body);

	if (code == CURLE_OK)
		return show(options, &body);
	fprintf(stderr, "hone-agent status: no answer from %s: %s.%s\n", options->address,
		curl_easy_strerror(code),
		code == CURLE_COULDNT_CONNECT ? " Does an agent run, and listen there?" : "");
	return 1;
}

int status_main(int argc, char **argv)
{
	_cleanup_(agent_config_fini) struct agent_config config = { 0 };
	struct options options;

	if (!parse_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	if (options.help)
		return fputs(usage, stdout) < 0;
	int r = options.address ? 0 : find_address(&options, &config);
	return r == 0 ? ask(&options) : r;
}
