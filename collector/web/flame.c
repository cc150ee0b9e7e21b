/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/flame.h"

#include <errno.h>
#include <inttypes.h>

#include "collector/query/codec.h"

struct writing {
	const struct tree *tree;
	struct buf *to;
	uint32_t *numbers; /* of the tree's names: 0, or that in the answer */
	uint32_t n_names;
	size_t n_nodes;
};

/* The next node that is not too deep. */
static uint32_t next_node(const struct tree *t, uint32_t at, size_t *level)
{
	do
		at = tree_next(t, at, level);
	while (at != TREE_NONE && *level > FLAME_MAX_DEPTH);
	return at;
}

/* What was cut is added up in nodes that the tree calls by its last name. */
static bool is_sum(const struct tree *t, uint32_t at)
{
	return at && t->nodes[at].name == t->n_names - 1;
}

static void put_names(struct writing *w)
{
	const struct tree *t = w->tree;
	size_t level = 0;

	buf_append_text(w->to, "\"names\":[\"all\"");
	w->n_names = 1;
	for (uint32_t at = next_node(t, 0, &level); at != TREE_NONE;
	     at = next_node(t, at, &level)) {
		uint32_t name = t->nodes[at].name;

		w->n_nodes += !is_sum(t, at);
		if (w->numbers[name])
			continue;
		w->numbers[name] = w->n_names++;
		buf_append_u8(w->to, ',');
		codec_put_json_text(w->to, t->names[name]);
	}
	buf_append_u8(w->to, ']');
}

static void put_nodes(struct writing *w)
{
	const struct tree *t = w->tree;
	size_t level = 0;

	buf_append_text(w->to, ",\"nodes\":[");
	for (uint32_t at = 0; at != TREE_NONE; at = next_node(t, at, &level)) {
		const struct tree_node *node = &t->nodes[at];

		buf_printf(w->to, "%s[%zu,%" PRIu32, at ? "," : "", level,
			   at ? w->numbers[node->name] : 0);
		for (size_t i = 0; i < t->sides; i++)
			buf_printf(w->to, ",%" PRId64, node->total[i]);
		buf_append_u8(w->to, ']');
	}
	buf_append_text(w->to, "]");
}

static void put_pair(struct buf *to, const char *name, size_t n, int64_t first, int64_t second)
{
	buf_printf(to, "\"%s\":[%" PRId64, name, first);
	if (n > 1)
		buf_printf(to, ",%" PRId64, second);
	buf_append_text(to, "],");
}

int flame_write(struct buf *to, const struct cpu_answer *a)
{
	const struct tree *t = &a->tree;
	_cleanup_(freep) uint32_t *numbers = calloc(t->n_names + 1, sizeof(*numbers));
	struct writing w = { .tree = t, .to = to, .numbers = numbers };

	if (!numbers)
		return -ENOMEM;
	buf_printf(to, "{\"unit\":\"nanoseconds\",\"compares\":%s,",
		   t->sides > 1 ? "true" : "false");
	put_pair(to, "total", t->sides, t->nodes[0].total[0], t->nodes[0].total[1]);
	put_pair(to, "profiles", t->sides, a->profiles[0], a->profiles[1]);
	put_pair(to, "skipped", t->sides, a->skipped[0], a->skipped[1]);
	put_names(&w);
	put_nodes(&w);
	buf_printf(to, ",\"cut\":%zu}\n", a->nodes - 1 > w.n_nodes ? a->nodes - 1 - w.n_nodes : 0);
	return 0;
}
