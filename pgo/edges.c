/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the tips. The first gives every node its values, which decide whether it stays;
 * the second follows each path again, meets every step of a node that stays, and adds the tip to
 * the step's edge. A step (from node, to node) is looked up once and remembers its edge, and the
 * last tip that took it: a path that takes a step twice counts it once.
 */
#include "pgo/edges.h"

#include <inttypes.h>
#include <string.h>

#include "libpprof/index.h"
#include "pgo/array.h"
#include "pgo/nodes.h"
#include "pgo/tips.h"

struct step {
	uint32_t from, to; /* nodes */
	uint32_t edge;
	uint32_t last_tip; /* number + 1 */
};

struct builder {
	struct tips tips;
	struct nodes nodes;
	struct step *steps;
	size_t n_steps, steps_capacity;
	struct index step_index;
	size_t edges_capacity, tip_edges_capacity;
	struct index edge_index;
	struct pgo_edges *out;
};

static void builder_fini(struct builder *b)
{
	tips_fini(&b->tips);
	nodes_fini(&b->nodes);
	free(b->steps);
	index_fini(&b->step_index);
	index_fini(&b->edge_index);
	pgo_edges_free(b->out);
}

/* Go's sums wrap around. */
static void wrapping_add(int64_t *sum, int64_t value)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)value);
}

static void saturating_add(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

static int weigh_nodes(struct builder *b)
{
	for (uint32_t t = 0; t < b->tips.n; t++) {
		struct pgo_tip *tip = &b->tips.tips[t];
		int r = nodes_walk(&b->nodes, tip);
		if (r)
			return r;
		for (size_t i = 0; i < b->nodes.n_path; i++) {
			struct node *node = &b->nodes.nodes[b->nodes.path[i]];

			if (node->last_tip == t + 1)
				continue;
			node->last_tip = t + 1;
			wrapping_add(&node->cum, tip->weight);
		}
		wrapping_add(&b->nodes.nodes[b->nodes.path[b->nodes.n_path - 1]].flat, tip->weight);
	}
	return 0;
}

/* Is there anything at all, and does anything have a start line? */
static int check_nodes(const struct nodes *n)
{
	int r = PGO_E_ALL_ZERO;

	for (size_t i = 0; i < n->n; i++) {
		if (node_is_dropped(&n->nodes[i]))
			continue;
		if (n->nodes[i].start_line != 0)
			return 0;
		r = PGO_E_NO_START_LINES;
	}
	return r;
}

static int find_edge(struct builder *b, uint32_t from, uint32_t to, uint32_t *ret_edge)
{
	const struct node *caller = &b->nodes.nodes[from], *callee = &b->nodes.nodes[to];
	struct pgo_edges *out = b->out;
	int64_t offset = (int64_t)((uint64_t)caller->line - (uint64_t)caller->start_line);
	uint64_t names = (uint64_t)caller->name << 32 | callee->name;
	uint64_t hash = pp_hash_u64(pp_hash_u64(out->names.seed, names), offset);
	uint32_t slot = INDEX_START, id;
	int r;

	while (index_next(&b->edge_index, hash, &slot, &id)) {
		const struct pgo_edge *e = &out->edges[id];

		if (e->caller == caller->name && e->callee == callee->name && e->offset == offset) {
			*ret_edge = id;
			return 0;
		}
	}
	r = array_grow((void **)&out->edges, &b->edges_capacity, out->n_edges, sizeof(*out->edges));
	if (r < 0)
		return r;
	r = index_add(&b->edge_index, hash, out->n_edges);
	if (r < 0)
		return r;
	out->edges[out->n_edges] = (struct pgo_edge){
		.caller = caller->name,
		.callee = callee->name,
		.offset = offset,
	};
	*ret_edge = out->n_edges++;
	return 0;
}

static int find_step(struct builder *b, uint32_t from, uint32_t to, struct step **ret_step)
{
	uint64_t hash = pp_hash_u64(b->out->names.seed, (uint64_t)from << 32 | to);
	uint32_t slot = INDEX_START, id;
	int r;

	while (index_next(&b->step_index, hash, &slot, &id)) {
		if (b->steps[id].from == from && b->steps[id].to == to) {
			*ret_step = &b->steps[id];
			return 0;
		}
	}
	r = array_grow((void **)&b->steps, &b->steps_capacity, b->n_steps, sizeof(*b->steps));
	if (r < 0)
		return r;
	r = index_add(&b->step_index, hash, b->n_steps);
	if (r < 0)
		return r;
	struct step *step = &b->steps[b->n_steps];
	*step = (struct step){ .from = from, .to = to };
	r = find_edge(b, from, to, &step->edge);
	if (r < 0)
		return r;
	b->n_steps++;
	*ret_step = step;
	return 0;
}

static int take_step(struct builder *b, uint32_t t, uint32_t from, uint32_t to)
{
	const struct pgo_tip *tip = &b->tips.tips[t];
	struct pgo_edges *out = b->out;
	struct step *step;
	int r;

	if (from == to || node_is_dropped(&b->nodes.nodes[from]))
		return 0;
	r = find_step(b, from, to, &step);
	if (r < 0 || step->last_tip == t + 1)
		return r;
	step->last_tip = t + 1;
	r = array_grow((void **)&out->tip_edges, &b->tip_edges_capacity, out->n_tip_edges,
		       sizeof(*out->tip_edges));
	if (r < 0)
		return r;
	out->tip_edges[out->n_tip_edges++] = step->edge;
	wrapping_add(&out->edges[step->edge].weight, tip->weight);
	saturating_add(&out->edges[step->edge].count, tip->count);
	wrapping_add(&out->total, tip->weight);
	if (b->nodes.nodes[from].start_line != 0)
		out->with_start_line += tip->weight;
	return 0;
}

static int weigh_edges(struct builder *b)
{
	for (uint32_t t = 0; t < b->tips.n; t++) {
		struct pgo_tip *tip = &b->tips.tips[t];
		int r = nodes_walk(&b->nodes, tip);

		tip->first = b->out->n_tip_edges;
		for (size_t i = 1; i < b->nodes.n_path && r == 0; i++)
			r = take_step(b, t, b->nodes.path[i - 1], b->nodes.path[i]);
		if (r)
			return r;
		tip->n = b->out->n_tip_edges - tip->first;
	}
	return 0;
}

static int by_name(const struct pgo_names *names, uint32_t a, uint32_t b)
{
	return a == b ? 0 : strcmp(pgo_names_text(names, a), pgo_names_text(names, b));
}

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct pgo_edges *out = arg;
	const struct pgo_edge *x = &out->edges[*(const uint32_t *)a];
	const struct pgo_edge *y = &out->edges[*(const uint32_t *)b];
	int order;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	order = by_name(&out->names, x->caller, y->caller);
	if (order == 0)
		order = by_name(&out->names, x->callee, y->callee);
	if (order == 0)
		order = (x->offset > y->offset) - (x->offset < y->offset);
	return order;
}

/* Into the compiler's order (sortByWeight of cmd/internal/pgo). */
static int sort_edges(struct pgo_edges *out)
{
	size_t n = out->n_edges;
	_cleanup_(freep) uint32_t *order = malloc((n + 1) * sizeof(*order));
	_cleanup_(freep) uint32_t *rank = malloc((n + 1) * sizeof(*rank));
	struct pgo_edge *sorted = malloc((n + 1) * sizeof(*sorted));

	if (!order || !rank || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_weight, out);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = out->edges[order[i]];
		rank[order[i]] = i;
	}
	for (size_t i = 0; i < out->n_tip_edges; i++)
		out->tip_edges[i] = rank[out->tip_edges[i]];
	free(out->edges);
	out->edges = sorted;
	return 0;
}

static int build(struct builder *b, struct pprof_profile *p)
{
	int r = tips_collect(&b->tips, p);
	if (r)
		return r;
	r = nodes_init(&b->nodes, p, &b->out->names);
	if (r)
		return r;
	r = weigh_nodes(b);
	if (r)
		return r;
	r = check_nodes(&b->nodes);
	if (r)
		return r;
	r = weigh_edges(b);
	if (r)
		return r;
	if (b->out->total == 0)
		return PGO_E_NO_EDGES;
	return sort_edges(b->out);
}

int pgo_edges_new(struct pprof_profile *p, struct pgo_edges **ret_edges)
{
	_cleanup_(builder_fini) struct builder b = { .tips = TIPS_NULL, .nodes = NODES_NULL };
	int r;

	b.out = calloc(1, sizeof(*b.out));
	if (!b.out)
		return -ENOMEM;
	b.out->names = (struct pgo_names)PGO_NAMES_NULL;
	r = build(&b, p);
	if (r)
		return r;
	b.out->tips = TAKE_PTR(b.tips.tips);
	b.out->n_tips = b.tips.n;
	b.out->samples = b.tips.samples;
	b.out->negative = b.tips.negative;
	*ret_edges = TAKE_PTR(b.out);
	return 0;
}

struct pgo_edges *pgo_edges_free(struct pgo_edges *edges)
{
	if (!edges)
		return NULL;
	pgo_names_fini(&edges->names);
	free(edges->edges);
	free(edges->tips);
	free(edges->tip_edges);
	free(edges);
	return NULL;
}

void pgo_edges_freep(struct pgo_edges **edges)
{
	pgo_edges_free(*edges);
}

void pgo_edges_print(const struct pgo_edges *edges, struct buf *out)
{
	buf_append_text(out, "GO PREPROFILE V1\n");
	for (size_t i = 0; edges && i < edges->n_edges; i++) {
		const struct pgo_edge *e = &edges->edges[i];

		buf_append_text(out, pgo_names_text(&edges->names, e->caller));
		buf_append_u8(out, '\n');
		buf_append_text(out, pgo_names_text(&edges->names, e->callee));
		buf_printf(out, "\n%" PRId64 " %" PRId64 "\n", e->offset, e->weight);
	}
}
