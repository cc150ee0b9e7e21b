/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics: what is counted, and how it is now. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/exposition.h"
#include "collector/routes.h"
#include "collector/version.h"

#define PREFIX "hone_collector_"

enum meter_route route_meter(const char *path)
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
}

static void put_depot(struct depot *depot, struct buf *to)
{
	struct depot_counts c;

	depot_counts(depot, &c);
	exposition_one(to, PREFIX "depot_bytes", "gauge", "Of the database and its log, on disk.",
		       c.bytes);
	exposition_head(to, PREFIX "commit_duration_seconds", "summary",
			"Transactions of the database, until they are on disk.");
	buf_printf(to, PREFIX "commit_duration_seconds_sum %.9f\n",
		   (double)c.commit_time / (double)NSEC_PER_SEC);
	buf_printf(to, PREFIX "commit_duration_seconds_count %" PRIu64 "\n", c.commits);
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
	meter_print(c->meter, &a->body);
}
