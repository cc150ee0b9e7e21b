/* SPDX-License-Identifier: Apache-2.0 */
/* Merged profiles as pprof, as a flame graph, as a tree. */
#include <errno.h>

#include "collector/query/merge.h"
#include "collector/query/tree.h"
#include "proto/pprof.pb-c.h"
#include "proto/querier.pb-c.h"

/* protobuf-c makes some ten bytes of one, and JSON five. */
#define MAX_JSON ((size_t)32 << 20)

/* What several requests ask for. */
struct wanted {
	struct merge_input in;
	struct merge_selectors selectors;
	int64_t max_nodes;
	Querier__V1__ProfileFormat format;
};

static int merge_one(struct query_call *c, struct wanted *w, struct pprof_profile **ret)
{
	const char *names[MERGE_MAX_CALL_SITE];
	int r = merge_read_selectors(c, &w->selectors, names, &w->in);

	if (r == 0)
		r = query_enter(c);
	if (r != 0)
		return r;
	r = merge(c, &w->in, ret);
	query_leave(c);
	return r;
}

/* ---- pprof ------------------------------------------------------------------------------- */

static int put_json_profile(struct query_call *c, const uint8_t *data, size_t size)
{
	static const uint8_t nothing[1];

	if (size > MAX_JSON)
		return refuse(c->why, REFUSAL_TOO_LARGE,
			      "the profile is too large for JSON, ask for application/proto");
	Pprof__Profile *p = pprof__profile__unpack(NULL, size, size ? data : nothing);
	if (!p)
		return -ENOMEM;
	codec_pack(QUERY_JSON, &p->base, c->answer);
	pprof__profile__free_unpacked(p, NULL);
	return 0;
}

/* A profile of nothing is an empty message, as Pyroscope has it. */
static int encode(struct pprof_profile *p, uint8_t **ret_data, size_t *ret_size)
{
	*ret_size = 0;
	if (!p || !pprof_n_samples(p))
		return 0;
	return pprof_encode(p, PPROF_PLAIN, ret_data, ret_size);
}

/* As the whole of the answer, or in fields 5 and 1 of it. */
static int answer_pprof(struct query_call *c, struct wanted *w, bool wrapped)
{
	_cleanup_(merge_freep) struct pprof_profile *p = NULL;
	_cleanup_(freep) uint8_t *data = NULL;
	_cleanup_(buf_fini) struct buf head = BUF_INIT(32);
	bool json = c->request->codec == QUERY_JSON;
	size_t size = 0;
	int r = merge_one(c, w, &p);

	if (r == 0)
		r = encode(p, &data, &size);
	if (r == PPROF_E_TOO_LARGE)
		return refuse(c->why, REFUSAL_TOO_LARGE, "the profile is too large, ask for less");
	if (r != 0)
		return r;
	if (wrapped && json)
		buf_append_text(c->answer, "{\"pprof\":{\"profile\":");
	if (wrapped && !json) {
		buf_append_uvarint(&head, 1 << 3 | 2);
		buf_append_uvarint(&head, size);
		buf_append_uvarint(c->answer, 5 << 3 | 2);
		buf_append_uvarint(c->answer, head.size + size);
		buf_append(c->answer, head.data, head.size);
	}
	if (json)
		r = put_json_profile(c, data, size);
	else
		buf_append(c->answer, data, size);
	if (wrapped && json)
		buf_append_text(c->answer, "}}");
	return r;
}

int answer_select_merge_profile(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__SelectMergeProfileRequest *request = (const void *)m;
	struct wanted w = { .in = { .selector = request->label_selector,
				    .profile_type = request->profile_typeid,
				    .start = request->start,
				    .end = request->end },
			    .selectors = { .stack = request->stack_trace_selector,
					   .traces = request->trace_id_selector,
					   .n_traces = request->n_trace_id_selector,
					   .ids = request->profile_id_selector,
					   .n_ids = request->n_profile_id_selector } };

	return answer_pprof(c, &w, false);
}

/* ---- trees ------------------------------------------------------------------------------- */

static int64_t nodes_of(const struct wanted *w)
{
	if (w->max_nodes <= 0)
		return QUERY_DEFAULT_NODES;
	return w->max_nodes < TREE_MAX_NODES ? w->max_nodes : TREE_MAX_NODES;
}

static int of_tree(const struct query_call *c, int r)
{
	return r == -E2BIG
		       ? refuse(c->why, REFUSAL_TOO_LARGE, "the profile is too large, ask for less")
		       : r;
}

static int make_tree(struct query_call *c, struct wanted *w, struct tree *ret_tree)
{
	_cleanup_(merge_freep) struct pprof_profile *p = NULL;

	w->in.fold.shape = FOLD_NAMES;
	int r = merge_one(c, w, &p);
	if (r == 0)
		r = of_tree(c, tree_make(p, 1, ret_tree));
	return r ? r : tree_cut(ret_tree, nodes_of(w));
}

/* SelectMergeSpanProfile's answer has the same fields. */
static int answer_tree(struct query_call *c, struct wanted *w)
{
	Querier__V1__SelectMergeStacktracesResponse answer =
		QUERIER__V1__SELECT_MERGE_STACKTRACES_RESPONSE__INIT;
	_cleanup_(tree_fini) struct tree tree = TREE_NULL;
	_cleanup_(buf_fini) struct buf bytes = BUF_INIT(QUERY_MAX_ANSWER);
	int r = make_tree(c, w, &tree);

	if (r != 0)
		return r;
	tree_write(&tree, &bytes);
	answer.tree = (ProtobufCBinaryData){ bytes.size, bytes.data };
	codec_pack(c->request->codec, &answer.base, c->answer);
	return query_of_buf(c, &bytes);
}

static int answer_flame(struct query_call *c, struct wanted *w)
{
	Querier__V1__SelectMergeStacktracesResponse answer =
		QUERIER__V1__SELECT_MERGE_STACKTRACES_RESPONSE__INIT;
	Querier__V1__FlameGraph graph = QUERIER__V1__FLAME_GRAPH__INIT;
	_cleanup_(tree_fini) struct tree tree = TREE_NULL;
	_cleanup_(flame_fini) struct flame flame = FLAME_NULL;
	int r = make_tree(c, w, &tree);

	if (r == 0)
		r = flame_make(&tree, &flame);
	if (r != 0)
		return r;
	graph.names = flame.names;
	graph.n_names = flame.n_names;
	graph.levels = flame.levels;
	graph.n_levels = flame.n_levels;
	graph.total = tree.nodes[0].total[0];
	graph.max_self = flame.max_self;
	answer.flamegraph = &graph;
	codec_pack(c->request->codec, &answer.base, c->answer);
	return 0;
}

static int answer_in_format(struct query_call *c, struct wanted *w)
{
	switch (w->format) {
	case QUERIER__V1__PROFILE_FORMAT__PROFILE_FORMAT_PPROF:
		return answer_pprof(c, w, true);
	case QUERIER__V1__PROFILE_FORMAT__PROFILE_FORMAT_TREE:
		return answer_tree(c, w);
	case QUERIER__V1__PROFILE_FORMAT__PROFILE_FORMAT_UNSPECIFIED:
	case QUERIER__V1__PROFILE_FORMAT__PROFILE_FORMAT_FLAMEGRAPH:
		return answer_flame(c, w);
	default:
		return refuse(c->why, REFUSAL_UNIMPLEMENTED, "this format is not supported");
	}
}

static void read_stacktraces(const Querier__V1__SelectMergeStacktracesRequest *request,
			     struct wanted *ret)
{
	*ret = (struct wanted){ .in = { .selector = request->label_selector,
					.profile_type = request->profile_typeid,
					.start = request->start,
					.end = request->end },
				.selectors = { .stack = request->stack_trace_selector,
					       .spans = request->span_selector,
					       .n_spans = request->n_span_selector,
					       .traces = request->trace_id_selector,
					       .n_traces = request->n_trace_id_selector,
					       .ids = request->profile_id_selector,
					       .n_ids = request->n_profile_id_selector },
				.max_nodes = request->max_nodes,
				.format = request->format };
}

int answer_select_merge_stacktraces(struct query_call *c, const ProtobufCMessage *m)
{
	struct wanted w;

	read_stacktraces((const void *)m, &w);
	return answer_in_format(c, &w);
}

int answer_select_merge_span_profile(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__SelectMergeSpanProfileRequest *request = (const void *)m;
	struct wanted w = { .in = { .selector = request->label_selector,
				    .profile_type = request->profile_typeid,
				    .start = request->start,
				    .end = request->end },
			    .selectors = { .spans = request->span_selector,
					   .n_spans = request->n_span_selector },
			    .max_nodes = request->max_nodes,
			    .format = request->format };

	if (w.format == QUERIER__V1__PROFILE_FORMAT__PROFILE_FORMAT_PPROF)
		return refuse(c->why, REFUSAL_UNIMPLEMENTED,
			      "ask SelectMergeStacktraces for pprof");
	return answer_in_format(c, &w);
}

/* ---- Diff -------------------------------------------------------------------------------- */

/* Add one side to the profile of both. */
static int merge_side(struct query_call *c, const Querier__V1__SelectMergeStacktracesRequest *m,
		      size_t slot, struct pprof_profile **profile, int64_t *max_nodes)
{
	const char *names[MERGE_MAX_CALL_SITE];
	struct wanted w;

	if (!m)
		return refuse(c->why, REFUSAL_INVALID, "a difference is between left and right");
	read_stacktraces(m, &w);
	int r = merge_read_selectors(c, &w.selectors, names, &w.in);
	w.in.fold.shape = FOLD_NAMES;
	w.in.aggregate = false;
	w.in.slots = 2;
	w.in.slot = slot;
	if (w.max_nodes > *max_nodes)
		*max_nodes = w.max_nodes;
	return r ? r : merge(c, &w.in, profile);
}

static int merge_both(struct query_call *c, const Querier__V1__DiffRequest *request,
		      struct pprof_profile **profile, int64_t *ret_max_nodes)
{
	int r = query_enter(c);

	if (r != 0)
		return r;
	r = merge_side(c, request->left, 0, profile, ret_max_nodes);
	if (r == 0)
		r = merge_side(c, request->right, 1, profile, ret_max_nodes);
	query_leave(c);
	return r;
}

int answer_diff(struct query_call *c, const ProtobufCMessage *m)
{
	Querier__V1__DiffResponse answer = QUERIER__V1__DIFF_RESPONSE__INIT;
	Querier__V1__FlameGraphDiff graph = QUERIER__V1__FLAME_GRAPH_DIFF__INIT;
	_cleanup_(merge_freep) struct pprof_profile *p = NULL;
	_cleanup_(tree_fini) struct tree tree = TREE_NULL;
	_cleanup_(flame_fini) struct flame flame = FLAME_NULL;
	struct wanted w = { .max_nodes = 0 };
	int r = merge_both(c, (const void *)m, &p, &w.max_nodes);

	if (r == 0)
		r = of_tree(c, tree_make(p, 2, &tree));
	if (r == 0)
		r = tree_cut(&tree, nodes_of(&w));
	if (r == 0)
		r = flame_make(&tree, &flame);
	if (r != 0)
		return r;
	graph.names = flame.names;
	graph.n_names = flame.n_names;
	graph.levels = flame.levels;
	graph.n_levels = flame.n_levels;
	graph.leftticks = tree.nodes[0].total[0];
	graph.rightticks = tree.nodes[0].total[1];
	graph.total = tree_plus(graph.leftticks, graph.rightticks);
	graph.max_self = flame.max_self;
	answer.flamegraph = &graph;
	codec_pack(c->request->codec, &answer.base, c->answer);
	return 0;
}
