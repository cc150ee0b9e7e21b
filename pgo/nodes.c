/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/nodes.h"

#include <string.h>

#include "libpprof/index.h"
#include "pgo/array.h"

int nodes_init(struct nodes *n, struct pprof_profile *p, struct pgo_names *names)
{
	size_t locations = pprof_n_locations(p), functions = pprof_n_functions(p);

	*n = (struct nodes){ .profile = p, .names = names };
	n->first_of = malloc((locations + 1) * sizeof(*n->first_of));
	n->name_of = malloc((functions + 1) * sizeof(*n->name_of));
	if (!n->first_of || !n->name_of)
		return -ENOMEM;
	memset(n->first_of, 0xff, locations * sizeof(*n->first_of));
	memset(n->name_of, 0xff, functions * sizeof(*n->name_of));
	return pgo_names_add(names, "", &n->unnamed);
}

void nodes_fini(struct nodes *n)
{
	free(n->nodes);
	index_fini(&n->index);
	free(n->first_of);
	free(n->of_lines);
	free(n->name_of);
	free(n->path);
	*n = (struct nodes)NODES_NULL;
}

/* The number of the node that is like @wanted in its first four members. */
static int find_node(struct nodes *n, const struct node *wanted, uint32_t *ret_node)
{
	uint64_t hash = pp_hash_u64(n->names->seed, wanted->name);
	uint32_t slot = INDEX_START, id;
	int r;

	hash = pp_hash_u64(hash, wanted->address);
	hash = pp_hash_u64(pp_hash_u64(hash, wanted->start_line), wanted->line);
	while (index_next(&n->index, hash, &slot, &id)) {
		const struct node *node = &n->nodes[id];

		if (node->name == wanted->name && node->address == wanted->address &&
		    node->start_line == wanted->start_line && node->line == wanted->line) {
			*ret_node = id;
			return 0;
		}
	}
	r = array_grow((void **)&n->nodes, &n->capacity, n->n, sizeof(*n->nodes));
	if (r < 0)
		return r;
	r = index_add(&n->index, hash, n->n);
	if (r < 0)
		return r;
	n->nodes[n->n] = *wanted;
	*ret_node = n->n++;
	return 0;
}

static int name_of(struct nodes *n, uint32_t function, const char *text, uint32_t *ret_name)
{
	if (n->name_of[function] == PPROF_NONE) {
		int r = pgo_names_add(n->names, text, &n->name_of[function]);
		if (r < 0)
			return r;
	}
	*ret_name = n->name_of[function];
	return 0;
}

/* @line is NULL for a location without lines. */
static int add_line(struct nodes *n, uint64_t address, const struct pprof_line *line)
{
	struct node node = { .name = n->unnamed, .address = address };
	int r;

	if (line) {
		struct pprof_function f = pprof_function(n->profile, line->function);

		r = name_of(n, line->function, f.name, &node.name);
		if (r < 0)
			return r;
		node.start_line = f.start_line;
		node.line = line->line;
	}
	r = array_grow((void **)&n->of_lines, &n->of_lines_capacity, n->n_of_lines,
		       sizeof(*n->of_lines));
	if (r < 0)
		return r;
	r = find_node(n, &node, &n->of_lines[n->n_of_lines]);
	if (r < 0)
		return r;
	n->n_of_lines++;
	return 0;
}

static int add_location(struct nodes *n, const struct pprof_location *l, uint32_t *ret_first)
{
	uint32_t first = n->n_of_lines;
	int r = l->n_lines ? 0 : add_line(n, l->address, NULL);

	for (size_t i = 0; i < l->n_lines && r == 0; i++)
		r = add_line(n, l->address, &l->lines[i]);
	if (r == 0)
		*ret_first = first;
	return r;
}

/* Append the location's nodes to the path, outermost first. */
static int walk_location(struct nodes *n, uint32_t location, struct pgo_tip *tip)
{
	struct pprof_location l = pprof_location(n->profile, location);
	size_t lines = l.n_lines ? l.n_lines : 1;
	int r = 0;

	n->steps += lines;
	if (n->steps > PGO_STEPS_MAX)
		return PGO_E_TOO_LARGE;
	if (n->first_of[location] == PPROF_NONE)
		r = add_location(n, &l, &n->first_of[location]);
	for (size_t i = lines; i-- > 0 && r == 0;) {
		r = array_grow((void **)&n->path, &n->path_capacity, n->n_path, sizeof(*n->path));
		if (r < 0)
			break;
		uint32_t node = n->of_lines[n->first_of[location] + i];
		n->path[n->n_path++] = node;
		tip->unsymbolized |= n->nodes[node].name == n->unnamed;
	}
	tip->inlined |= lines > 1;
	return r;
}

int nodes_walk(struct nodes *n, struct pgo_tip *tip)
{
	int r = 0;

	n->n_path = 0;
	if (tip->caller != PPROF_NONE)
		r = walk_location(n, tip->caller, tip);
	if (r == 0)
		r = walk_location(n, tip->leaf, tip);
	return r == -E2BIG ? PGO_E_TOO_LARGE : r;
}
