/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics: what is counted, and how it is now. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/exposition.h"
#include "collector/routes.h"
#include "collector/version.h"

#define PREFIX "hone_collector_"

enum meter_route route_meter(const char *method, const char *path)
{
	static const struct {
		const char *prefix;
		enum meter_route route;
	} prefixes[] = {
		{ "/push.v1.PusherService/", METER_PUSH },
		{ "/ingest", METER_INGEST },
		{ "/pyroscope/ingest", METER_INGEST },
		{ "/profiles", METER_PROFILES },
		{ "/querier.v1.QuerierService/", METER_QUERY },
		{ "/pgo/", METER_PGO },
		{ "/metrics", METER_METRICS },
		{ "/healthz", METER_HEALTH },
		{ "/ready", METER_HEALTH },
		{ "/service/", METER_PAGES },
		{ "/flame/", METER_PAGES },
		{ "/verdict/", METER_PAGES },
		{ "/assets/", METER_PAGES },
	};

	/* What is pushed to is a page, too. */
	if (!strcmp(path, "/ingest") && (!strcmp(method, "GET") || !strcmp(method, "HEAD")))
		return METER_PAGES;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(path, prefixes[i].prefix, strlen(prefixes[i].prefix)))
			return prefixes[i].route;
	return !strcmp(path, "/") ? METER_PAGES : METER_OTHER;
}

static void put_server(struct http *http, struct buf *to)
{
	struct http_state s;

	http_state(http, &s);
	exposition_one(to, PREFIX "connections", "gauge", "Connections that are open.",
		       s.connections);
	exposition_one(to, PREFIX "connections_cut_total", "counter",
		       "Connections ended because a header, body or answer took too long.", s.cut);
	exposition_one(to, PREFIX "workers", "gauge", "Requests that can be worked on at a time.",
		       s.workers);
	exposition_one(to, PREFIX "workers_busy", "gauge", "Requests being worked on.", s.busy);
	exposition_one(to, PREFIX "requests_queued", "gauge", "Requests that wait for a worker.",
		       s.queued);
	exposition_one(to, PREFIX "bodies_bytes", "gauge", "Memory held by the bodies of requests.",
		       s.bodies);
	exposition_one(to, PREFIX "answers_bytes", "gauge",
		       "Memory held by answers that clients are taking.", s.answers);
}

/* A time and how often it was taken. */
static void put_duration(struct buf *to, const char *name, const char *help, uint64_t ns,
			 uint64_t n)
{
	exposition_head(to, name, "summary", help);
	buf_printf(to, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name,
		   (double)ns / (double)NSEC_PER_SEC, name, n);
}

static void put_depot(struct depot *depot, struct buf *to)
{
	struct depot_counts c;

	depot_counts(depot, &c);
	exposition_one(to, PREFIX "depot_bytes", "gauge",
		       "Of the database, its log and the reserve, on disk.", c.bytes);
	exposition_one(to, PREFIX "reserve_bytes", "gauge",
		       "Of the disk, kept for what removes from a full one.", c.reserve);
	put_duration(to, PREFIX "commit_duration_seconds",
		     "Transactions of the database, until they are on disk.", c.commit_time,
		     c.commits);
}

static void put_one_of(struct buf *to, const char *name, const char *label, const char *value,
		       uint64_t n)
{
	buf_printf(to, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

static void put_curate(struct curate *curate, struct buf *to)
{
	static const char name[] = PREFIX "pgo_total";
	struct curate_counts c;

	curate_read(curate, &c);
	exposition_head(to, name, "counter",
			"Profiles of /pgo and the pages: out of memory, made, of nothing, or too "
			"many at a time.");
	put_one_of(to, name, "result", "cached", c.cached);
	put_one_of(to, name, "result", "made", c.made);
	put_one_of(to, name, "result", "none", c.none);
	put_one_of(to, name, "result", "busy", c.busy);
	put_duration(to, PREFIX "pgo_make_duration_seconds", "To make one, or to find nothing.",
		     c.make_time, c.made + c.none);
	exposition_one(to, PREFIX "pgo_ahead_total", "counter",
		       "Times that a program's new profiles were added up before anybody asked.",
		       c.added_up);
	exposition_one(to, PREFIX "pgo_broken_sums_total", "counter",
		       "Kept sums that could not be read: their profiles were added up anew.",
		       c.broken_sums);
	exposition_one(to, PREFIX "pgo_cache_bytes", "gauge", "Of profiles kept in memory.",
		       c.cache_bytes);
}

static void put_compactor(struct compactor *compactor, struct buf *to)
{
	static const char passes[] = PREFIX "compact_passes_total";
	static const char alone[] = PREFIX "compact_alone_total";
	static const char removed[] = PREFIX "removed_total";
	struct compact_counts c;

	compactor_read(compactor, &c);
	exposition_head(to, passes, "counter", "Passes that merge and remove profiles.");
	put_one_of(to, passes, "result", "ok", c.passes - c.failed_passes);
	put_one_of(to, passes, "result", "failed", c.failed_passes);
	exposition_one(to, PREFIX "compact_merged_total", "counter",
		       "Profiles that became part of another.", c.merged);
	exposition_one(to, PREFIX "compact_made_total", "counter", "Profiles made out of them.",
		       c.made);
	exposition_head(to, alone, "counter", "Profiles that cannot be merged.");
	put_one_of(to, alone, "reason", "unlike", c.alone);
	put_one_of(to, alone, "reason", "unreadable", c.unreadable);
	exposition_head(to, removed, "counter", "Profiles that left.");
	put_one_of(to, removed, "reason", "age", c.too_old.profiles);
	put_one_of(to, removed, "reason", "size", c.too_much.profiles);
	put_one_of(to, removed, "reason", "tenant_size", c.tenant.profiles);
}

void route_metrics(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	(void)r;
	a->status = 200;
	a->type = EXPOSITION_TYPE;
	exposition_head(&a->body, PREFIX "build_info", "gauge", "Version, always 1.");
	buf_append_text(&a->body, PREFIX "build_info{");
	exposition_label(&a->body, "version", HONE_VERSION);
	buf_append_text(&a->body, "} 1\n");
	put_server(c->http, &a->body);
	put_depot(c->depot, &a->body);
	put_curate(c->curate, &a->body);
	put_compactor(c->compactor, &a->body);
	meter_print(c->meter, &a->body);
}
