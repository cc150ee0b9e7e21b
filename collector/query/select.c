/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void selection_fini(struct selection *s)
{
	depot_series_list_fini(&s->list);
	free(TAKE_PTR(s->entries));
	s->n = 0;
}

/* ---- labels ------------------------------------------------------------------------------ */

static bool split(char *text, const char *ret_of_type[5])
{
	size_t n = 1;

	ret_of_type[0] = text;
	for (; (text = strchr(text, ':')); n++) {
		*text++ = '\0';
		if (n == 5)
			return false;
		ret_of_type[n] = text;
	}
	return n == 5;
}

int select_parse_type(const struct query_call *c, const char *id, char ret_parts[SELECT_TYPE_SIZE],
		      const char *ret_of_type[5])
{
	static const char delta[] = ":delta";
	size_t n = strlen(id);

	if (n > sizeof(delta) && !strcmp(id + n - sizeof(delta) + 1, delta))
		n -= sizeof(delta) - 1;
	snprintf(ret_parts, SELECT_TYPE_SIZE, "%.*s", (int)(n < SELECT_TYPE_SIZE ? n : 0), id);
	if (split(ret_parts, ret_of_type))
		return 0;
	return refuse(c->why, REFUSAL_INVALID,
		      "profile type must be of the form "
		      "<name>:<sample type>:<its unit>:<period type>:<its unit>, not \"%.80s\"",
		      id);
}

static int by_name(const void *a, const void *b)
{
	const struct depot_label *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const char *select_value(const struct select_labels *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->list[i].name, name))
			return l->list[i].value;
	return "";
}

static void add_derived(struct select_labels *l)
{
	const struct depot_label derived[SELECT_DERIVED] = {
		{ "__profile_type__", l->profile_type }, { "__type__", l->of_type[1] },
		{ "__unit__", l->of_type[2] },		 { "__period_type__", l->of_type[3] },
		{ "__period_unit__", l->of_type[4] },
	};
	size_t n = 0;

	/* What was pushed under one of these names does not count. */
	for (size_t i = 0; i < l->n; i++) {
		bool taken = false;

		for (size_t k = 0; k < SELECT_DERIVED; k++)
			taken |= !strcmp(l->list[i].name, derived[k].name);
		if (!taken)
			l->list[n++] = l->list[i];
	}
	memcpy(&l->list[n], derived, sizeof(derived));
	l->n = n + SELECT_DERIVED;
	qsort(l->list, l->n, sizeof(l->list[0]), by_name);
}

bool select_labels(const struct selection *s, const struct select_entry *e,
		   struct select_labels *ret_labels)
{
	struct select_labels *l = ret_labels;

	l->n = depot_series_labels(&s->list, &s->list.rows[e->row], l->list);
	*l->profile_type = '\0';
	if (e->type == SIZE_MAX)
		return false;
	int n = snprintf(l->profile_type, sizeof(l->profile_type), "%s:%s",
			 select_value(l, "__name__"),
			 (const char *)s->list.text.data + s->list.types[e->type].name);
	if (n >= (int)sizeof(l->profile_type))
		return false;
	strcpy(l->parts, l->profile_type);
	if (!split(l->parts, l->of_type))
		return false;
	add_derived(l);
	return true;
}

/* ---- selecting --------------------------------------------------------------------------- */

static const char *value_of(const void *context, const char *name)
{
	return select_value(context, name);
}

struct selecting {
	const struct query_call *call;
	const struct selector *selector;
	const char *type; /* without what :delta may follow, or NULL */
	struct select_labels labels;
	struct selection *to;
};

static int add_if(struct selecting *s, size_t row, size_t type)
{
	const struct select_entry e = { row, type };
	bool typed = select_labels(s->to, &e, &s->labels), holds = false;

	if (s->type && (!typed || strcmp(s->type, s->labels.profile_type) != 0))
		return 0;
	int r = selector_test(s->selector, value_of, &s->labels, &holds, s->call->why);
	if (r == 0 && holds)
		s->to->entries[s->to->n++] = e;
	return r;
}

static int add_row(struct selecting *s, size_t row)
{
	const struct depot_series *series = &s->to->list.rows[row];
	int r = row % 64 ? 0 : query_check_time(s->call);

	if (r == 0 && !series->n_types)
		return add_if(s, row, SIZE_MAX);
	for (size_t i = 0; r == 0 && i < series->n_types; i++)
		r = add_if(s, row, series->types + i);
	return r;
}

static bool is_derived(const char *name)
{
	static const char *const names[] = { "__profile_type__", "__type__", "__unit__",
					     "__period_type__", "__period_unit__" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int list(const struct query_call *c, const struct selector *selector, struct selection *to)
{
	const struct selector_matcher *equal = selector_equality(selector, is_derived);
	const struct depot_series_query q = { .tenant = c->request->tenant,
					      .since = to->since,
					      .until = to->until,
					      .name = equal ? equal->name : NULL,
					      .value = equal ? equal->value : NULL };
	int r = query_of_depot(c, depot_list_series(c->reader, &q, &to->list));

	if (r != 0)
		return r;
	to->entries =
		reallocarray(NULL, to->list.n_rows + to->list.n_types + 1, sizeof(*to->entries));
	return to->entries ? 0 : -ENOMEM;
}

int select_series(const struct query_call *c, const struct select_input *in,
		  struct selection *ret_selection)
{
	_cleanup_(selector_fini) struct selector selector = SELECTOR_NULL;
	struct selecting s = { .call = c, .selector = &selector, .to = ret_selection };
	char parts[SELECT_TYPE_SIZE], type[SELECT_TYPE_SIZE];
	const char *of_type[5];
	int r = query_window(c, in->start, in->end, &ret_selection->since, &ret_selection->until);

	for (size_t i = 0; r == 0 && i < in->n; i++)
		r = selector_parse(&selector, span_of(in->selectors[i], strlen(in->selectors[i])),
				   c->why);
	if (r == 0 && in->profile_type) {
		r = select_parse_type(c, in->profile_type, parts, of_type);
		s.type = type;
	}
	if (r == 0 && in->profile_type)
		snprintf(type, sizeof(type), "%s:%s:%s:%s:%s", of_type[0], of_type[1], of_type[2],
			 of_type[3], of_type[4]);
	if (r == 0)
		r = list(c, &selector, ret_selection);
	for (size_t i = 0; r == 0 && i < ret_selection->list.n_rows; i++)
		r = add_row(&s, i);
	return r;
}
