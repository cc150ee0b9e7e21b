/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/collector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "collector/command.h"
#include "collector/credentials.h"
#include "collector/routes.h"

#define OTHER_FILES 200 /* of the database, readers, streams */

void collector_say(struct collector *c, enum log_level level, const char *message, const char *text,
		   int error)
{
	pthread_mutex_lock(&c->log_mutex);
	if (error)
		log_at(c->log, level, message, log_text("reason", text), log_errno(error));
	else
		log_at(c->log, level, message, log_text("reason", text));
	pthread_mutex_unlock(&c->log_mutex);
}

static void on_answered(void *context, const struct http_record *r)
{
	struct collector *c = context;
	const struct meter_request request = { .route = route_meter(r->method, r->path),
					       .status = r->status,
					       .received = r->received,
					       .sent = r->sent,
					       .duration = r->duration };

	meter_request(c->meter, &request);
	pthread_mutex_lock(&c->log_mutex);
	if (c->log_requests)
		log_info(c->log, "request", log_text("method", r->method),
			 log_text("path", r->path), log_u64("status", r->status),
			 log_u64("received", r->received), log_u64("sent", r->sent),
			 log_seconds("took", r->duration), log_text("client", r->client),
			 log_text("tenant", r->note));
	pthread_mutex_unlock(&c->log_mutex);
}

/* A file of the operator's; @path NULL: none. */
static int read_file(struct collector *c, const char *path, struct buf *to)
{
	int r = path ? file_read(path, to) : 0;

	if (r != 0)
		log_error(c->log, "a file cannot be read", log_text("file", path), log_errno(r));
	return r ? 1 : 0;
}

static int wrong_line(struct collector *c, const char *path, size_t line, int r)
{
	if (r < 0)
		return r;
	log_error(c->log, "a file is not as it should be", log_text("file", path),
		  log_u64("line", line));
	return 1;
}

static int open_curate(struct collector *c)
{
	_cleanup_(buf_fini) struct buf cold_text = BUF_INIT((size_t)4 << 20);
	_cleanup_(buf_fini) struct buf rules_text = BUF_INIT((size_t)4 << 20);
	const char *cold_file = c->settings.pgo.cold, *rules_file = c->settings.pgo.policy;
	struct cold_list *cold = NULL;
	struct curate_rules *rules = NULL;
	size_t line = 0;
	int r = read_file(c, cold_file, &cold_text);

	if (r == 0)
		r = read_file(c, rules_file, &rules_text);
	if (r != 0)
		return r;
	r = cold_new(span_of(cold_text.data, cold_text.size), &cold, &line);
	if (r != 0)
		return wrong_line(c, cold_file, line, r);
	r = curate_rules_new(span_of(rules_text.data, rules_text.size), &rules, &line);
	if (r != 0) {
		cold_free(cold);
		return wrong_line(c, rules_file, line, r);
	}
	return curate_new(c->depot, cold, rules, &c->curate);
}

static int open_readers(struct collector *c)
{
	int r = open_curate(c);

	return r ? r : query_new(c->depot, &c->query);
}

static void tell_reserve(struct collector *c)
{
	struct depot_counts counts;

	depot_counts(c->depot, &counts);
	if (counts.reserve < counts.wanted)
		log_warning(c->log, "there is no room for all of the reserve for a full disk",
			    log_u64("bytes", counts.reserve), log_u64("wanted", counts.wanted));
}

static int open_depot(struct collector *c, const char *data)
{
	char why[DEPOT_WHY_SIZE];
	int r = depot_open(data, &c->depot, why);

	if (r == 0) {
		tell_reserve(c);
		return open_readers(c);
	}
	log_error(c->log, "the data cannot be used", log_text("data", data),
		  log_text("reason", command_trouble(r)), log_text("database", *why ? why : NULL));
	return 1;
}

static void add_up(struct collector *c)
{
	struct curate_counts counts;
	int r = curate_add_up(c->curate, (int64_t)clock_realtime(), &c->closing);

	curate_read(c->curate, &counts);
	if (counts.broken_sums > c->broken_sums)
		collector_say(c, LOG_LEVEL_WARNING, "kept sums of profiles were damaged",
			      "they are made anew; hone-collector verify looks for more", 0);
	c->broken_sums = counts.broken_sums;
	if (r != 0)
		collector_say(c, LOG_LEVEL_ERROR, "profiles cannot be added up",
			      r > 0 ? "its database is damaged" : NULL, r < 0 ? r : 0);
}

static void on_compacted(void *context, const struct compact_counts *counts, int result)
{
	struct collector *c = context;

	if (counts->relieved > c->relieved)
		collector_say(c, LOG_LEVEL_WARNING, "the disk was full",
			      "profiles were removed with the help of the reserve", 0);
	c->relieved = counts->relieved;
	if (result != 0)
		collector_say(c, LOG_LEVEL_ERROR, "profiles cannot be merged or removed",
			      command_trouble(result), 0);
	add_up(c);
}

static int start_compactor(struct collector *c)
{
	const struct compact_options options = {
		.max_age = (int64_t)c->settings.retention.age,
		.max_bytes = c->settings.retention.size,
		.tenant_bytes = c->settings.retention.tenant_size,
		.key_age = COMPACT_KEY_AGE,
	};
	int r = compactor_start(c->depot, &options, c->settings.retention.interval, on_compacted, c,
				&c->compactor);

	if (r != 0)
		log_error(c->log, "no thread can be started", log_errno(r));
	return r ? 1 : 0;
}

/* As many as may be open: the soft limit is 1024 by tradition, select(2)'s, which nobody uses here.
 */
static unsigned int raise_connections(unsigned int wanted)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return wanted;
	if (files.rlim_cur < wanted + OTHER_FILES) {
		files.rlim_cur = wanted + OTHER_FILES;
		if (files.rlim_cur > files.rlim_max)
			files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur >= wanted + OTHER_FILES)
		return wanted;
	return files.rlim_cur > 2 * OTHER_FILES ? (unsigned int)files.rlim_cur - OTHER_FILES
						: OTHER_FILES;
}

static struct span bytes_of(const struct buf *b)
{
	return span_of(b->data, b->size);
}

static int open_http(struct collector *c, const struct credentials *secrets)
{
	const struct settings *s = &c->settings;
	const struct http_tls tls = {
		.certificate = bytes_of(&secrets->certificate),
		.key = bytes_of(&secrets->key),
		.client_ca = s->tls.client_ca_file ? (const char *)secrets->client_ca.data : NULL,
	};
	const struct http_options options = {
		.address = s->listen,
		.workers = (unsigned int)s->limits.workers,
		.connections = raise_connections((unsigned int)s->limits.connections),
		.per_address = (unsigned int)s->limits.per_address,
		.body = s->limits.body,
		.bodies = s->limits.memory,
		.answers = s->limits.answers,
		.silence = (unsigned int)(s->limits.idle / NSEC_PER_SEC),
		.header_time = s->limits.header_time,
		.body_time = s->limits.body_time,
		.answer_time = s->limits.answer_time,
		.tls = s->tls.cert_file ? &tls : NULL,
	};
	const struct http_handlers handlers = { routes_admit, routes_answer, routes_refuse,
						on_answered, c };
	int r = http_open(&options, &handlers, &c->http);

	if (r == 0)
		return 0;
	if (r == -EKEYREJECTED)
		log_error(c->log, "certificate and key are no PEM, or do not belong together",
			  log_text("certificate", s->tls.cert_file));
	else
		log_error(c->log, "cannot listen", log_text("address", s->listen), log_errno(r));
	return 1;
}

static bool is_loopback(const struct settings *s)
{
	struct sockaddr_storage address;
	socklen_t size;

	return address_parse(s->listen, &address, &size) && address_is_loopback(&address);
}

static int open_access(struct collector *c, struct credentials *ret_secrets)
{
	char why[CREDENTIALS_WHY_SIZE];

	int r = credentials_read(&c->settings, ret_secrets, why);
	if (r == CREDENTIALS_E_WRONG)
		log_error(c->log, "cannot start", log_text("reason", why));
	if (r != 0)
		return r;
	r = access_new(is_loopback(&c->settings), c->settings.hosts, &c->access);
	if (r == 0)
		access_set_tokens(c->access, TAKE_PTR(ret_secrets->tokens));
	return r ? r
		 : rate_new(c->settings.limits.tenant_rate, c->settings.limits.tenant_burst,
			    &c->rate);
}

static void set_log(struct collector *c, const struct settings *settings)
{
	pthread_mutex_lock(&c->log_mutex);
	c->log->format = settings->log.format;
	c->log->level = settings->log.level;
	c->log_requests = settings->log.requests;
	pthread_mutex_unlock(&c->log_mutex);
}

/* All or nothing, so that no token is taken away because a certificate cannot be read. */
static int reload_secrets(struct collector *c, const struct settings *settings)
{
	_cleanup_(credentials_fini) struct credentials secrets = { 0 };
	char why[CREDENTIALS_WHY_SIZE];

	int r = credentials_read(settings, &secrets, why);
	/* Where it listens, and whether to everybody, stays as it was at the start. */
	if (r == 0 && !secrets.tokens && !is_loopback(&c->settings) && !c->settings.open) {
		snprintf(why, sizeof(why),
			 "until the next start other machines reach it, and so it wants tokens");
		r = CREDENTIALS_E_WRONG;
	}
	if (r == 0 && !settings->tls.cert_file != !c->settings.tls.cert_file) {
		collector_say(c, LOG_LEVEL_WARNING, "a change takes effect at the next start only",
			      "tls.cert_file", 0);
	} else if (r == 0 && settings->tls.cert_file &&
		   http_set_certificate(c->http, bytes_of(&secrets.certificate),
					bytes_of(&secrets.key)) < 0) {
		snprintf(why, sizeof(why), "certificate and key do not belong together");
		r = CREDENTIALS_E_WRONG;
	}
	if (r == 0)
		access_set_tokens(c->access, TAKE_PTR(secrets.tokens));
	if (r == CREDENTIALS_E_WRONG)
		collector_say(c, LOG_LEVEL_ERROR, "secrets are wrong, the old ones stay", why, 0);
	return r;
}

int collector_reload(struct collector *c, const struct settings *settings)
{
	const char *key = config_restart_key(&settings_schema, &c->settings, settings);

	int r = reload_secrets(c, settings);
	if (r != 0)
		return r;
	set_log(c, settings);
	if (key)
		collector_say(c, LOG_LEVEL_WARNING, "a change takes effect at the next start only",
			      key, 0);
	collector_say(c, LOG_LEVEL_INFO, "configuration reloaded", NULL, 0);
	return 0;
}

int collector_open(struct collector *c, struct settings *settings, struct log *log)
{
	_cleanup_(credentials_fini) struct credentials secrets = { 0 };

	*c = (struct collector){ .settings = *settings, .log = log };
	*settings = (struct settings){ 0 };
	pthread_mutex_init(&c->log_mutex, NULL);
	turns_init(&c->turns);
	c->limits = (struct accept_limits){
		.raw = c->settings.limits.uncompressed,
		.samples = c->settings.limits.samples,
		.labels = c->settings.limits.labels,
		.label_name = c->settings.limits.label_name,
		.label_value = c->settings.limits.label_value,
	};
	set_log(c, &c->settings);
	c->meter = meter_new();
	int r = c->meter ? briefs_new(&c->briefs) : -ENOMEM;
	if (r == 0)
		r = open_access(c, &secrets);
	if (r == 0)
		r = open_depot(c, c->settings.data);
	if (r == 0)
		r = start_compactor(c);
	/* Last, and the first to end: requests look at all the others. */
	return r ? r : open_http(c, &secrets);
}

void collector_close(struct collector *c)
{
	c->http = http_close(c->http);
	atomic_store(&c->closing, true);
	c->compactor = compactor_stop(c->compactor);
	c->access = access_free(c->access);
	c->rate = rate_free(c->rate);
	c->meter = meter_free(c->meter);
	c->curate = curate_free(c->curate);
	c->query = query_free(c->query);
	c->briefs = briefs_free(c->briefs);
	c->depot = depot_close(c->depot);
	turns_fini(&c->turns);
	pthread_mutex_destroy(&c->log_mutex);
	settings_fini(&c->settings);
}
