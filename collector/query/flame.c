/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "collector/query/tree.h"
#include "proto/querier.pb-c.h"

#define ROOT_NAME "total"

void flame_fini(struct flame *f)
{
	free(TAKE_PTR(f->names));
	if (f->levels) {
		free(f->levels[0]->values);
		free(f->levels[0]);
	}
	free(TAKE_PTR(f->levels));
}

struct drawing {
	const struct tree *tree;
	struct flame *to;
	Querier__V1__Level *levels;
	uint32_t *numbers; /* of names of the tree; TREE_NONE: not used so far */
	struct position {
		int64_t next[TREE_SIDES]; /* where the next node of this level begins */
		int64_t end[TREE_SIDES];  /* where the one before ended */
	} * positions;			  /* by level */
};

static void drawing_fini(struct drawing *d)
{
	free(d->numbers);
	free(d->positions);
}

static size_t values_of(const struct tree *t)
{
	return 3 * t->sides + 1;
}

/* Room for all levels, and for all of their values in one piece. */
static int make_levels(struct drawing *d, const size_t *counts, size_t n_levels, size_t n_nodes)
{
	int64_t *values = reallocarray(NULL, n_nodes, values_of(d->tree) * sizeof(*values));

	d->levels = reallocarray(NULL, n_levels, sizeof(*d->levels));
	d->to->levels = reallocarray(NULL, n_levels, sizeof(Querier__V1__Level *));
	if (!values || !d->levels || !d->to->levels) {
		free(values);
		free(d->levels);
		free(TAKE_PTR(d->to->levels));
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_levels; i++) {
		querier__v1__level__init(&d->levels[i]);
		d->levels[i].values = values;
		d->to->levels[i] = &d->levels[i];
		values += counts[i] * values_of(d->tree);
	}
	d->to->n_levels = n_levels;
	return 0;
}

static int count_levels(struct drawing *d)
{
	_cleanup_(freep) size_t *counts = NULL;
	size_t level = 0, n_levels = 0, n_nodes = 0;

	for (uint32_t i = 0; i != TREE_NONE; i = tree_next(d->tree, i, &level))
		n_levels = level >= n_levels ? level + 1 : n_levels;
	counts = calloc(n_levels, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	level = 0;
	for (uint32_t i = 0; i != TREE_NONE; i = tree_next(d->tree, i, &level)) {
		counts[level]++;
		n_nodes++;
	}
	d->positions = calloc(n_levels + 1, sizeof(*d->positions));
	return d->positions ? make_levels(d, counts, n_levels, n_nodes) : -ENOMEM;
}

static int make_names(struct drawing *d)
{
	size_t n = d->tree->n_names;

	d->numbers = reallocarray(NULL, n, sizeof(*d->numbers));
	d->to->names = reallocarray(NULL, n + 1, sizeof(*d->to->names));
	if (!d->numbers || !d->to->names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		d->numbers[i] = TREE_NONE;
	d->to->names[d->to->n_names++] = (char *)ROOT_NAME;
	return 0;
}

static uint32_t number_of(struct drawing *d, uint32_t node)
{
	uint32_t name = d->tree->nodes[node].name;

	if (!node)
		return 0;
	if (d->numbers[name] == TREE_NONE) {
		d->numbers[name] = (uint32_t)d->to->n_names;
		d->to->names[d->to->n_names++] = d->tree->names[name];
	}
	return d->numbers[name];
}

static void draw(struct drawing *d, uint32_t number, size_t level)
{
	const struct tree_node *node = &d->tree->nodes[number];
	Querier__V1__Level *to = &d->levels[level];
	struct position *at = &d->positions[level];

	for (size_t k = 0; k < d->tree->sides; k++) {
		int64_t begin = at->next[k];

		to->values[to->n_values++] = (int64_t)((uint64_t)begin - (uint64_t)at->end[k]);
		to->values[to->n_values++] = node->total[k];
		to->values[to->n_values++] = node->self[k];
		at->next[k] = at->end[k] = tree_plus(begin, node->total[k]);
		at[1].next[k] = tree_plus(begin, node->self[k]);
		if (node->self[k] > d->to->max_self)
			d->to->max_self = node->self[k];
	}
	to->values[to->n_values++] = number_of(d, number);
}

int flame_make(const struct tree *t, struct flame *ret_flame)
{
	_cleanup_(drawing_fini) struct drawing d = { .tree = t, .to = ret_flame };
	size_t level = 0;
	int r = make_names(&d);

	if (r == 0)
		r = count_levels(&d);
	for (uint32_t i = 0; r == 0 && i != TREE_NONE; i = tree_next(t, i, &level))
		draw(&d, i, level);
	return r;
}
