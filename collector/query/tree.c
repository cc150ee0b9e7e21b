/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All stacks are written down as numbers of names in order, root first, and sorted. Then each
 * begins as the one before it did, up to some node, and goes on with nodes that are new: no node is
 * ever looked for.
 */
#include "collector/query/tree.h"

#include <errno.h>
#include <string.h>

#define MAX_FRAMES ((size_t)64 << 20) /* of all stacks */

static const char other[] = "other";

void tree_fini(struct tree *t)
{
	free(TAKE_PTR(t->nodes));
	free(TAKE_PTR(t->names));
	free(TAKE_PTR(t->text));
	t->n = t->capacity = t->n_names = 0;
}

/* ---- names ------------------------------------------------------------------------------- */

struct ranks {
	uint32_t *of; /* by number of a function */
	uint32_t *order;
};

static void ranks_fini(struct ranks *r)
{
	free(r->of);
	free(r->order);
}

static const char *name_of(const struct pprof_profile *p, uint32_t function)
{
	return pprof_function(p, function).name;
}

static int by_name(const void *a, const void *b, void *p)
{
	return strcmp(name_of(p, *(const uint32_t *)a), name_of(p, *(const uint32_t *)b));
}

static void copy_names(const struct pprof_profile *p, const struct ranks *ranks, size_t n,
		       struct tree *t)
{
	char *to = t->text;

	for (size_t i = 0; i < n; i++) {
		const char *name = name_of(p, ranks->order[i]);

		if (!t->n_names || strcmp(t->names[t->n_names - 1], name) != 0) {
			t->names[t->n_names++] = to;
			to = stpcpy(to, name) + 1;
		}
		ranks->of[ranks->order[i]] = (uint32_t)t->n_names - 1;
	}
	t->names[t->n_names++] = strcpy(to, other);
}

static int rank_names(struct pprof_profile *p, struct tree *t, struct ranks *ret_ranks)
{
	size_t n = p ? pprof_n_functions(p) : 0, bytes = sizeof(other);

	ret_ranks->of = reallocarray(NULL, n + 1, sizeof(*ret_ranks->of));
	ret_ranks->order = reallocarray(NULL, n + 1, sizeof(*ret_ranks->order));
	t->names = reallocarray(NULL, n + 1, sizeof(*t->names));
	if (!ret_ranks->of || !ret_ranks->order || !t->names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		ret_ranks->order[i] = (uint32_t)i;
		bytes += strlen(name_of(p, (uint32_t)i)) + 1;
	}
	t->text = malloc(bytes);
	if (!t->text)
		return -ENOMEM;
	qsort_r(ret_ranks->order, n, sizeof(*ret_ranks->order), by_name, p);
	copy_names(p, ret_ranks, n, t);
	return 0;
}

/* ---- stacks ------------------------------------------------------------------------------ */

struct path {
	uint32_t sample, n;
	uint64_t at; /* of .frames */
};

struct paths {
	struct path *list;
	size_t n;
	uint32_t *frames; /* ranks, root first */
};

static void paths_fini(struct paths *p)
{
	free(p->list);
	free(p->frames);
}

static size_t count_frames(struct pprof_profile *p)
{
	size_t frames = 0;

	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		const struct pprof_sample s = pprof_sample(p, i);

		for (size_t k = 0; k < s.n_locations; k++)
			frames += pprof_location(p, s.locations[k]).n_lines;
	}
	return frames;
}

static void write_path(struct pprof_profile *p, const struct ranks *ranks, uint32_t sample,
		       uint32_t *to, struct path *ret_path)
{
	const struct pprof_sample s = pprof_sample(p, sample);

	for (size_t i = s.n_locations; i-- > 0;) {
		const struct pprof_location l = pprof_location(p, s.locations[i]);

		for (size_t k = l.n_lines; k-- > 0;)
			to[ret_path->n++] = ranks->of[l.lines[k].function];
	}
}

static int compare_paths(const void *a, const void *b, void *context)
{
	const struct path *x = a, *y = b;
	const uint32_t *frames = context;

	for (uint32_t i = 0; i < x->n && i < y->n; i++) {
		uint32_t left = frames[x->at + i], right = frames[y->at + i];

		if (left != right)
			return left < right ? -1 : 1;
	}
	return (x->n > y->n) - (x->n < y->n);
}

static int write_paths(struct pprof_profile *p, const struct ranks *ranks, struct paths *ret_paths)
{
	size_t frames = count_frames(p), at = 0;

	if (frames > MAX_FRAMES)
		return -E2BIG;
	ret_paths->frames = reallocarray(NULL, frames + 1, sizeof(*ret_paths->frames));
	ret_paths->list = reallocarray(NULL, pprof_n_samples(p) + 1, sizeof(*ret_paths->list));
	if (!ret_paths->frames || !ret_paths->list)
		return -ENOMEM;
	for (; ret_paths->n < pprof_n_samples(p); ret_paths->n++) {
		struct path *path = &ret_paths->list[ret_paths->n];

		*path = (struct path){ .sample = (uint32_t)ret_paths->n, .at = at };
		write_path(p, ranks, path->sample, ret_paths->frames + at, path);
		at += path->n;
	}
	qsort_r(ret_paths->list, ret_paths->n, sizeof(*ret_paths->list), compare_paths,
		ret_paths->frames);
	return 0;
}

/* ---- nodes ------------------------------------------------------------------------------- */

/* The last child of @parent so far is @before, or TREE_NONE. */
static int add_node(struct tree *t, uint32_t name, uint32_t parent, uint32_t before,
		    uint32_t *ret_node)
{
	if (t->n >= TREE_MAX_NODES)
		return -E2BIG;
	if (t->n == t->capacity) {
		size_t capacity = t->capacity ? t->capacity + t->capacity / 2 : 256;
		struct tree_node *nodes = reallocarray(t->nodes, capacity, sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		t->nodes = nodes;
		t->capacity = capacity;
	}
	uint32_t node = (uint32_t)t->n++;
	t->nodes[node] = (struct tree_node){
		.name = name, .first = TREE_NONE, .next = TREE_NONE, .parent = parent
	};
	if (before != TREE_NONE)
		t->nodes[before].next = node;
	else if (parent != TREE_NONE)
		t->nodes[parent].first = node;
	*ret_node = node;
	return 0;
}

static int add_path(struct tree *t, const uint32_t *frames, const struct path *before,
		    const struct path *path, uint32_t *nodes)
{
	uint32_t common = 0;
	int r = 0;

	/* nodes[i] is the node of frame i of the path before; nodes[-1] is the root. */
	while (before && common < before->n && common < path->n &&
	       frames[before->at + common] == frames[path->at + common])
		common++;
	for (uint32_t i = common; r == 0 && i < path->n; i++) {
		uint32_t parent = i ? nodes[i - 1] : 0;
		bool sibling = i == common && before && common < before->n;

		r = add_node(t, frames[path->at + i], parent, sibling ? nodes[i] : TREE_NONE,
			     &nodes[i]);
	}
	return r;
}

static uint32_t longest(const struct paths *paths)
{
	uint32_t n = 0;

	for (size_t i = 0; i < paths->n; i++)
		n = paths->list[i].n > n ? paths->list[i].n : n;
	return n;
}

static int add_paths(struct tree *t, struct pprof_profile *p, const struct paths *paths)
{
	_cleanup_(freep) uint32_t *nodes = reallocarray(NULL, longest(paths) + 1, sizeof(*nodes));
	int r = nodes ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < paths->n; i++) {
		const struct path *path = &paths->list[i];

		r = add_path(t, paths->frames, i ? path - 1 : NULL, path, nodes);
		if (r != 0)
			return r;
		struct tree_node *leaf = &t->nodes[path->n ? nodes[path->n - 1] : 0];
		const struct pprof_sample s = pprof_sample(p, path->sample);
		for (size_t k = 0; k < t->sides; k++)
			leaf->self[k] = tree_plus(leaf->self[k], s.values[k]);
	}
	return r;
}

/* Children come behind their parents. */
static void add_up(struct tree *t)
{
	for (size_t i = t->n; i-- > 0;) {
		struct tree_node *node = &t->nodes[i];

		for (size_t k = 0; k < t->sides; k++) {
			node->total[k] = tree_plus(node->total[k], node->self[k]);
			if (i)
				t->nodes[node->parent].total[k] =
					tree_plus(t->nodes[node->parent].total[k], node->total[k]);
		}
	}
}

int tree_make(struct pprof_profile *p, size_t sides, struct tree *ret_tree)
{
	_cleanup_(ranks_fini) struct ranks ranks = { 0 };
	_cleanup_(paths_fini) struct paths paths = { 0 };
	uint32_t root;

	ret_tree->sides = sides;
	int r = rank_names(p, ret_tree, &ranks);
	if (r == 0)
		r = add_node(ret_tree, 0, TREE_NONE, TREE_NONE, &root);
	if (r == 0 && p)
		r = write_paths(p, &ranks, &paths);
	if (r == 0 && p)
		r = add_paths(ret_tree, p, &paths);
	if (r == 0)
		add_up(ret_tree);
	return r;
}

/* ---- cutting ----------------------------------------------------------------------------- */

static int64_t weight_of(const struct tree *t, const struct tree_node *node)
{
	return t->sides > 1 && node->total[1] > node->total[0] ? node->total[1] : node->total[0];
}

static int larger_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

/* Take small children out of the list of @parent, and put their sum behind the others. */
static int cut_children(struct tree *t, uint32_t parent, int64_t smallest)
{
	uint32_t last = TREE_NONE, next, rest;
	int64_t sum[TREE_SIDES] = { 0 };
	bool any = false;

	for (uint32_t i = t->nodes[parent].first; i != TREE_NONE; i = next) {
		next = t->nodes[i].next;
		if (weight_of(t, &t->nodes[i]) >= smallest) {
			last = i;
			continue;
		}
		for (size_t k = 0; k < t->sides; k++)
			sum[k] = tree_plus(sum[k], t->nodes[i].total[k]);
		any = true;
		if (last == TREE_NONE)
			t->nodes[parent].first = next;
		else
			t->nodes[last].next = next;
	}
	if (!any)
		return 0;
	int r = add_node(t, (uint32_t)t->n_names - 1, parent, last, &rest);
	for (size_t k = 0; r == 0 && k < t->sides; k++)
		t->nodes[rest].self[k] = t->nodes[rest].total[k] = sum[k];
	return r;
}

int tree_cut(struct tree *t, int64_t max_nodes)
{
	_cleanup_(freep) int64_t *weights = NULL;
	size_t n = t->n;
	int r = 0;

	if (max_nodes < 1 || n - 1 <= (size_t)max_nodes)
		return 0;
	weights = reallocarray(NULL, n, sizeof(*weights));
	if (!weights)
		return -ENOMEM;
	for (size_t i = 1; i < n; i++)
		weights[i - 1] = weight_of(t, &t->nodes[i]);
	qsort(weights, n - 1, sizeof(*weights), larger_first);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = cut_children(t, (uint32_t)i, weights[max_nodes - 1]);
	return r == -E2BIG ? -ENOMEM : r;
}

/* ---- walking ----------------------------------------------------------------------------- */

uint32_t tree_next(const struct tree *t, uint32_t at, size_t *level)
{
	size_t unused = 0;
	size_t *depth = level ? level : &unused;

	if (t->nodes[at].first != TREE_NONE) {
		++*depth;
		return t->nodes[at].first;
	}
	while (at != TREE_NONE && t->nodes[at].next == TREE_NONE) {
		at = t->nodes[at].parent;
		--*depth;
	}
	return at == TREE_NONE ? TREE_NONE : t->nodes[at].next;
}

/* ---- bytes ------------------------------------------------------------------------------- */

static size_t count_children(const struct tree *t, const struct tree_node *node)
{
	size_t n = 0;

	for (uint32_t i = node->first; i != TREE_NONE; i = t->nodes[i].next)
		n++;
	return n;
}

void tree_write(const struct tree *t, struct buf *to)
{
	uint32_t at = 0;

	if (t->nodes[0].first == TREE_NONE)
		return;
	while (at != TREE_NONE) {
		const struct tree_node *node = &t->nodes[at];
		const char *name = at ? t->names[node->name] : "";

		buf_append_uvarint(to, strlen(name));
		buf_append_text(to, name);
		buf_append_uvarint(to, (uint64_t)node->self[0]);
		buf_append_uvarint(to, count_children(t, node));
		at = tree_next(t, at, NULL);
	}
}
