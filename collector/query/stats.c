/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/select.h"
#include "proto/querier.pb-c.h"

#define NS_PER_MS 1000000

int answer_get_profile_stats(struct query_call *c, const ProtobufCMessage *m)
{
	Querier__V1__GetProfileStatsResponse answer = QUERIER__V1__GET_PROFILE_STATS_RESPONSE__INIT;
	struct depot_extent extent;
	int r = query_of_depot(c, depot_extent(c->reader, c->request->tenant, &extent));

	(void)m;
	if (r != 0)
		return r;
	answer.data_ingested = extent.profiles > 0;
	answer.oldest_profile_time = extent.first / NS_PER_MS;
	answer.newest_profile_time = extent.last / NS_PER_MS;
	codec_pack(c->request->codec, &answer.base, c->answer);
	return 0;
}

/* ---- AnalyzeQuery ------------------------------------------------------------------------ */

static int count_profile(void *context, const struct depot_item *item)
{
	Querier__V1__QueryScope *scope = context;

	scope->profile_count++;
	scope->profile_bytes += (uint64_t)item->bytes;
	return 0;
}

/* A series has an entry for each of its types, one behind the other. */
static int count_profiles(const struct query_call *c, const struct selection *s,
			  Querier__V1__QueryScope *scope)
{
	size_t last = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		if (s->entries[i].row == last)
			continue;
		last = s->entries[i].row;
		scope->series_count++;
		r = query_of_depot(c, depot_each_profile(c->reader, s->list.rows[last].id, 0,
							 s->since, s->until, count_profile, scope));
		if (r == 0)
			r = query_check_time(c);
	}
	return r;
}

int answer_analyze_query(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__AnalyzeQueryRequest *request = (const void *)m;
	Querier__V1__AnalyzeQueryResponse answer = QUERIER__V1__ANALYZE_QUERY_RESPONSE__INIT;
	Querier__V1__QueryImpact impact = QUERIER__V1__QUERY_IMPACT__INIT;
	Querier__V1__QueryScope scope = QUERIER__V1__QUERY_SCOPE__INIT, *scopes = &scope;
	char *selector = request->query;
	const struct select_input in = {
		.selectors = &selector, .n = 1, .start = request->start, .end = request->end
	};
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	int r = select_series(c, &in, &s);

	if (r == 0)
		r = count_profiles(c, &s, &scope);
	if (r != 0)
		return r;
	scope.component_type = (char *)"hone-collector";
	scope.component_count = 1;
	impact.total_bytes_in_time_range = scope.profile_bytes;
	impact.total_queried_series = scope.series_count;
	answer.query_scopes = &scopes;
	answer.n_query_scopes = 1;
	answer.query_impact = &impact;
	codec_pack(c->request->codec, &answer.base, c->answer);
	return 0;
}
