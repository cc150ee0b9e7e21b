/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dictionary by dictionary, one in memory at a time. Whatever cannot be read of a dictionary or a
 * brief is no trouble until something was handed on: then the profile itself is read.
 */
#include "collector/query/briefed.h"

#include <errno.h>

#include "collector/brief/brief.h"
#include "collector/depot/briefs.h"

#define FEW 4u /* profiles that are not worth a dictionary */

/* Of a dictionary, that are read in the time of a profile, at least. */
#define STACKS_A_PROFILE 500u

struct entry {
	int64_t dictionary;
	size_t at; /* in the list; SIZE_MAX: it was added */
};

struct briefed {
	const struct query_call *call;
	const int64_t *ids;
	struct entry *entries; /* by dictionary */
	int64_t *some;	       /* ids of those of one dictionary */
	struct pprof_profile *from;
	int (*add)(void *context);
	void *context;
};

static void book_freep(struct brief_book **b)
{
	brief_book_free(*b);
}

/* 0 as it is, and what is no failure of the system's as none. */
static int or_none(int r)
{
	return r > 0 ? BRIEF_E_NONE : r;
}

/* ---- one dictionary ---------------------------------------------------------------------- */

struct loading {
	struct brief_book *book;
	uint64_t most; /* stacks that are worth it */
};

static int load(void *context, uint32_t first, uint32_t n, struct span stacks)
{
	struct loading *l = context;

	if (n > l->most)
		return BRIEF_E_NONE;
	l->most -= n;
	return brief_book_add_stacks(l->book, first, n, stacks);
}

struct taking {
	struct brief_book *book;
	struct entry *entries;
};

static int take(void *context, size_t number, struct span counts)
{
	struct taking *t = context;
	int r = brief_book_add(t->book, counts);

	if (r == 0)
		t->entries[number].at = SIZE_MAX;
	return r > 0 ? 0 : r;
}

static int hand_on(struct briefed *b, const struct brief_book *book)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < brief_book_parts(book); i++) {
		r = brief_book_read(book, i, b->from);
		if (r > 0)
			return refuse(b->call->why, REFUSAL_INTERNAL, "the database is damaged");
		if (r == 0)
			r = query_check_time(b->call);
		if (r == 0)
			r = b->add(b->context);
	}
	return r;
}

static int add_group(struct briefed *b, struct entry *entries, size_t n)
{
	_cleanup_(book_freep) struct brief_book *book = NULL;
	struct depot_reader *reader = b->call->reader;

	if (n < FEW)
		return 0;
	for (size_t i = 0; i < n; i++)
		b->some[i] = b->ids[entries[i].at];
	int r = brief_book_new(&book);
	struct loading l = { book, (uint64_t)n * STACKS_A_PROFILE };
	if (r == 0)
		r = or_none(depot_each_stacks(reader, entries->dictionary, load, &l));
	if (r != 0)
		return r < 0 ? r : 0;
	struct taking t = { book, entries };
	r = or_none(depot_each_brief(reader, b->some, n, take, &t));
	return r < 0 ? r : hand_on(b, book);
}

/* ---- all of them ------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->dictionary != y->dictionary)
		return x->dictionary < y->dictionary ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int compare_places(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int list_entries(struct briefed *b, size_t n)
{
	_cleanup_(freep) int64_t *dictionaries = calloc(n + 1, sizeof(*dictionaries));

	if (!dictionaries)
		return -ENOMEM;
	int r = depot_find_briefs(b->call->reader, b->ids, n, dictionaries);
	for (size_t i = 0; r == 0 && i < n; i++)
		b->entries[i] = (struct entry){ dictionaries[i], i };
	return r;
}

static int add_groups(struct briefed *b, size_t n)
{
	int r = 0;

	qsort(b->entries, n, sizeof(*b->entries), compare_entries);
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n; end++)
			if (b->entries[end].dictionary != b->entries[i].dictionary)
				break;
		if (b->entries[i].dictionary)
			r = add_group(b, &b->entries[i], end - i);
	}
	return r;
}

/* Those that were added are at the end. */
static void keep_others(struct briefed *b, int64_t *ids, size_t *n)
{
	size_t kept = 0;

	qsort(b->entries, *n, sizeof(*b->entries), compare_places);
	while (kept < *n && b->entries[kept].at != SIZE_MAX) {
		ids[kept] = ids[b->entries[kept].at];
		kept++;
	}
	*n = kept;
}

int briefed_add(const struct query_call *c, int64_t *ids, size_t *n, struct pprof_profile *from,
		int (*add)(void *context), void *context)
{
	_cleanup_(freep) struct entry *entries = calloc(*n + 1, sizeof(*entries));
	_cleanup_(freep) int64_t *some = calloc(*n + 1, sizeof(*some));
	struct briefed b = { c, ids, entries, some, from, add, context };

	if (!entries || !some)
		return -ENOMEM;
	int r = list_entries(&b, *n);
	if (r != 0)
		return r < 0 ? r : 0;
	r = add_groups(&b, *n);
	if (r == 0)
		keep_others(&b, ids, n);
	return r;
}
