/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/choose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OTHERS "..."

void choice_fini(struct choice *c)
{
	free(TAKE_PTR(c->series));
	free(TAKE_PTR(c->builds));
}

/* ---- series ------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
	const struct choice_series *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int collect_series(struct choice *c, const struct depot_list *list)
{
	size_t n = 0;

	c->series = calloc(list->n_rows + 1, sizeof(*c->series));
	if (!c->series)
		return -ENOMEM;
	for (size_t i = 0; i < list->n_rows; i++)
		c->series[i].id = list->rows[i].series;
	qsort(c->series, list->n_rows, sizeof(*c->series), by_id);
	for (size_t i = 0; i < list->n_rows; i++)
		if (!n || c->series[n - 1].id != c->series[i].id)
			c->series[n++] = c->series[i];
	c->n_series = n;
	return 0;
}

static struct choice_series *find(const struct choice *c, int64_t series)
{
	const struct choice_series key = { .id = series };

	return bsearch(&key, c->series, c->n_series, sizeof(key), by_id);
}

const struct choice_series *choice_find(const struct choice *c, int64_t series)
{
	return find(c, series);
}

/* ---- labels ------------------------------------------------------------------------------ */

struct asking {
	struct choice *choice;
	struct curate_explain *e;
	const char *value; /* wanted */
	bool *has;	   /* by series of the choice: it has that value */
};

static void on_value(void *context, int64_t series, const char *value)
{
	struct asking *a = context;
	struct choice_series *s = find(a->choice, series);

	if (s && !strcmp(value, a->value))
		a->has[s - a->choice->series] = true;
}

static void on_canary(void *context, int64_t series, const char *value)
{
	struct asking *a = context;
	struct choice_series *s = find(a->choice, series);

	if (s && s->left == CHOICE_TAKEN && strcmp(value, "false") != 0 &&
	    strcmp(value, "no") != 0 && strcmp(value, "0") != 0)
		s->left = CHOICE_CANARY_LABEL;
}

static uint32_t find_mode(const struct curate_explain *e, const char *name)
{
	uint32_t i = 0;

	while (i < e->n_modes && strncmp(e->modes[i].name, name, CURATE_TEXT_SIZE - 1) != 0)
		i++;
	return i;
}

/* The last one there is room for stands for all the others. */
static uint32_t mode_number(struct curate_explain *e, const char *name)
{
	uint32_t i = find_mode(e, name);

	if (i == e->n_modes && i >= CURATE_MAX_MODES - 1) {
		name = OTHERS;
		i = find_mode(e, name);
	}
	if (i == e->n_modes)
		snprintf(e->modes[e->n_modes++].name, CURATE_TEXT_SIZE, "%s", name);
	return i;
}

static void on_mode(void *context, int64_t series, const char *value)
{
	struct asking *a = context;
	struct choice_series *s = find(a->choice, series);

	if (s)
		s->mode = mode_number(a->e, value);
}

/* 0, CURATE_E_DAMAGED or -errno. */
static int ask(struct depot_reader *reader, const struct depot_query *query, const char *label,
	       void (*each)(void *, int64_t, const char *), struct asking *a)
{
	int r = *label ? depot_values(reader, query, label, each, a) : 0;

	return r > 0 ? CURATE_E_DAMAGED : r;
}

static int select_labels(struct depot_reader *reader, const struct depot_query *query,
			 const struct curate_request *request, struct asking *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_labels; i++) {
		_cleanup_(freep) bool *has = calloc(a->choice->n_series + 1, sizeof(*has));

		if (!has)
			return -ENOMEM;
		a->has = has;
		a->value = request->labels[i].value;
		r = ask(reader, query, request->labels[i].name, on_value, a);
		for (size_t k = 0; r == 0 && k < a->choice->n_series; k++)
			if (!has[k])
				a->choice->series[k].left = CHOICE_LABELS;
	}
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct curate_mode *)a)->name, ((const struct curate_mode *)b)->name);
}

/* In order of their names, whatever the order in which series came. */
static int read_modes(struct depot_reader *reader, const struct depot_query *query,
		      const struct curate_request *request, struct asking *a)
{
	struct curate_explain *e = a->e;

	mode_number(e, "");
	int r = ask(reader, query, request->policy.mode_label, on_mode, a);
	if (r != 0)
		return r;
	qsort(e->modes, e->n_modes, sizeof(e->modes[0]), by_name);
	for (size_t i = 0; i < a->choice->n_series; i++)
		a->choice->series[i].mode = 0;
	return ask(reader, query, request->policy.mode_label, on_mode, a);
}

static int name_modes(const struct curate_explain *e, const bool *there, char *why)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < e->n_modes; i++)
		n += there[i];
	if (n < 2)
		return 0;
	at += (size_t)snprintf(why, CURATE_WHY_SIZE,
			       "It runs in %zu modes, ask for one with ?mode=:", n);
	for (size_t i = 0; i < e->n_modes && at < CURATE_WHY_SIZE; i++)
		if (there[i])
			at += (size_t)snprintf(why + at, CURATE_WHY_SIZE - at, " %s,",
					       *e->modes[i].name ? e->modes[i].name : "\"\"");
	strcpy(why + strlen(why) - 1, ".");
	return CURATE_E_AMBIGUOUS;
}

static int select_mode(const struct curate_request *request, struct asking *a)
{
	bool there[CURATE_MAX_MODES] = { 0 };

	for (size_t i = 0; i < a->choice->n_series; i++) {
		struct choice_series *s = &a->choice->series[i];

		if (s->left == CHOICE_TAKEN && request->mode &&
		    strncmp(a->e->modes[s->mode].name, request->mode, CURATE_TEXT_SIZE - 1) != 0)
			s->left = CHOICE_MODE;
		there[s->mode] |= s->left == CHOICE_TAKEN;
	}
	return request->policy.modes == CURATE_MODES_EACH ? name_modes(a->e, there, a->e->why) : 0;
}

/* ---- builds ------------------------------------------------------------------------------ */

struct pair {
	int64_t series;
	uint32_t build;
};

static int by_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->build != y->build)
		return x->build > y->build ? 1 : -1;
	return (x->series > y->series) - (x->series < y->series);
}

static int measure_builds(struct choice *c, const struct depot_list *list, struct curate_explain *e)
{
	_cleanup_(freep) struct pair *pairs = calloc(list->n_rows + 1, sizeof(*pairs));
	size_t n = 0;

	if (!pairs)
		return -ENOMEM;
	for (size_t i = 0; i < list->n_rows; i++) {
		const struct depot_row *row = &list->rows[i];
		const struct choice_series *s = find(c, row->series);
		struct curate_build *b = &c->builds[row->build];

		size_t profiles = (size_t)row->n;

		e->left_out.labels += s->left == CHOICE_LABELS ? profiles : 0;
		e->left_out.modes += s->left == CHOICE_MODE ? profiles : 0;
		e->left_out.canary_label += s->left == CHOICE_CANARY_LABEL ? profiles : 0;
		if (s->left != CHOICE_TAKEN)
			continue;
		pairs[n++] = (struct pair){ row->series, row->build };
		b->last = !b->profiles || row->end > b->last ? row->end : b->last;
		b->profiles += profiles;
		e->modes[s->mode].profiles += profiles;
	}
	qsort(pairs, n, sizeof(*pairs), by_pair);
	for (size_t i = 0; i < n; i++)
		c->builds[pairs[i].build].instances += !i || by_pair(&pairs[i - 1], &pairs[i]);
	return 0;
}

static bool is_asked(const struct curate_request *request, const char *build)
{
	for (size_t i = 0; i < request->n_builds; i++)
		if (!strcmp(request->builds[i], build))
			return true;
	return !request->n_builds;
}

/* A build that is younger than the one with most instances, and has few of them. Its age is told
 * by what was last seen of any build, not by the clock: the same profiles, the same answer. */
static void find_canaries(const struct curate_policy *p, struct curate_build *builds, size_t n)
{
	const struct curate_build *most = NULL;
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < n; i++) {
		const struct curate_build *b = &builds[i];

		if (b->fate != CURATE_NOT_NEEDED)
			continue;
		if (!most || b->instances > most->instances)
			most = b;
		last = b->last > last ? b->last : last;
	}
	for (size_t i = 0; most && i < n; i++) {
		struct curate_build *b = &builds[i];

		if (b->fate == CURATE_NOT_NEEDED && b->first > most->first &&
		    (double)b->instances < p->canary_share * (double)most->instances &&
		    b->first > last - p->canary_age)
			b->fate = CURATE_CANARY;
	}
}

static int choose_builds(struct choice *c, const struct curate_request *request,
			 const struct depot_list *list, struct curate_explain *e)
{
	c->builds = calloc(list->n_builds + 1, sizeof(*c->builds));
	if (!c->builds)
		return -ENOMEM;
	int r = measure_builds(c, list, e);
	for (size_t i = 0; r == 0 && i < list->n_builds; i++) {
		const char *id = depot_list_text(list, list->builds[i].id);
		struct curate_build *b = &c->builds[i];

		snprintf(b->id, sizeof(b->id), "%s", id);
		b->first = list->builds[i].first;
		b->fate = !b->instances		   ? CURATE_UNUSABLE
			  : !is_asked(request, id) ? CURATE_NOT_ASKED
						   : CURATE_NOT_NEEDED;
	}
	if (r == 0 && request->policy.canary_age && !request->n_builds)
		find_canaries(&request->policy, c->builds, list->n_builds);
	return r;
}

int choose(struct depot_reader *reader, const struct depot_query *query,
	   const struct curate_request *request, const struct depot_list *list,
	   struct curate_explain *e, struct choice *ret_choice)
{
	struct asking a = { .choice = ret_choice, .e = e };
	int r = collect_series(ret_choice, list);

	if (r == 0)
		r = select_labels(reader, query, request, &a);
	if (r == 0)
		r = ask(reader, query, request->policy.canary_label, on_canary, &a);
	if (r == 0)
		r = read_modes(reader, query, request, &a);
	if (r == 0)
		r = select_mode(request, &a);
	return r ? r : choose_builds(ret_choice, request, list, e);
}
