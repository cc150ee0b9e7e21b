/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define PREFIX "hone: "

static bool parse_number(const char *text, size_t size, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (size == 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

static uint64_t *member_of(struct pgo_notes *notes, const char *key, size_t size)
{
	const struct {
		const char *key;
		uint64_t *member;
	} members[] = {
		{ "samples", &notes->samples },	      { "lost", &notes->lost },
		{ "truncated", &notes->truncated },   { "unsymbolized", &notes->unsymbolized },
		{ "unwatched", &notes->unwatched },   { "taken", &notes->taken },
		{ "max-weight", &notes->max_weight },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strlen(members[i].key) == size && memcmp(members[i].key, key, size) == 0)
			return members[i].member;
	return NULL;
}

static void add(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

static void read_pair(struct pgo_notes *notes, const char *pair, size_t size)
{
	const char *equals = memchr(pair, '=', size);
	uint64_t value, *member;

	if (!equals)
		return;
	member = member_of(notes, pair, equals - pair);
	if (!member || !parse_number(equals + 1, pair + size - equals - 1, &value))
		return;
	add(member, value);
	notes->known |= member == &notes->samples;
}

static void read_comment(struct pgo_notes *notes, const char *at)
{
	while (*at) {
		size_t size = strcspn(at, " ");

		read_pair(notes, at, size);
		at += size;
		at += strspn(at, " ");
	}
	if (notes->known && !notes->max_weight) {
		notes->taken = notes->samples;
		notes->max_weight = 1;
	}
}

void pgo_notes_add(struct pgo_notes *to, const struct pgo_notes *notes)
{
	to->known |= notes->known;
	add(&to->samples, notes->samples);
	add(&to->lost, notes->lost);
	add(&to->truncated, notes->truncated);
	add(&to->unsymbolized, notes->unsymbolized);
	add(&to->unwatched, notes->unwatched);
	add(&to->taken, notes->taken);
	if (notes->max_weight > to->max_weight)
		to->max_weight = notes->max_weight;
}

void pgo_notes_read(const struct pprof_profile *p, struct pgo_notes *ret_notes)
{
	*ret_notes = (struct pgo_notes){ 0 };
	for (size_t i = 0; i < pprof_n_comments(p); i++) {
		const char *comment = pprof_comment(p, i);
		struct pgo_notes notes = { 0 };

		if (strncmp(comment, PREFIX, strlen(PREFIX)) != 0)
			continue;
		read_comment(&notes, comment + strlen(PREFIX));
		pgo_notes_add(ret_notes, &notes);
	}
}

void pgo_notes_print(const struct pgo_notes *notes, struct buf *out)
{
	buf_printf(out,
		   PREFIX "samples=%" PRIu64 " lost=%" PRIu64 " truncated=%" PRIu64
			  " unsymbolized=%" PRIu64,
		   notes->samples, notes->lost, notes->truncated, notes->unsymbolized);
	if (notes->max_weight > 1)
		buf_printf(out, " taken=%" PRIu64 " max-weight=%" PRIu64, notes->taken,
			   notes->max_weight);
	if (notes->unwatched)
		buf_printf(out, " unwatched=%" PRIu64, notes->unwatched);
}
