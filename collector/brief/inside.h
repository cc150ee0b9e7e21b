/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once

#include "base/buf.h"
#include "collector/brief/brief.h"

/* ---- dictionary.c: from hashes of stacks to their numbers -------------------------------- */

struct dictionary_slot {
	uint64_t hash;
	uint32_t number_plus_1; /* 0: empty */
};

struct dictionary {
	uint64_t owner;	  /* a hash; 0: there is none here */
	uint64_t program; /* a hash of the owner without the main binary */
	int64_t id;
	int64_t used;		      /* when last, ns since the epoch: 0 where there is none */
	uint64_t seen;		      /* stacks of all its profiles */
	uint32_t n_profiles, n_unfit; /* that have a brief, and that cannot have one */
	uint32_t n;		      /* stacks */
	uint32_t capacity;
	bool given_up; /* has no slots any more */
	struct dictionary_slot *slots;
};

void dictionary_fini(struct dictionary *d);

#define DICTIONARY_NONE UINT32_MAX

/* Its number, or DICTIONARY_NONE. */
uint32_t dictionary_find(const struct dictionary *d, uint64_t hash);

/* Room for @n more. 0 or -ENOMEM. */
int dictionary_reserve(struct dictionary *d, uint32_t n);

/* Its number, or the next one: there is room. */
uint32_t dictionary_number(struct dictionary *d, uint64_t hash);

/* ---- counts.c: the bytes of a brief ------------------------------------------------------ */

/* The values of number .number. */
struct count {
	uint32_t number;
	int64_t samples, cpu;
};

struct counts_header {
	int64_t time, duration, period;
	uint64_t n; /* stacks */
};

void counts_begin(struct buf *b, const struct counts_header *header);
void counts_put(struct buf *b, const struct counts_header *header, const struct count *count,
		uint32_t last);
/* Nothing follows. 0, or what went wrong with @b. */
int counts_end(struct buf *b);

/* A cursor. False: it cannot be read. */
struct counts_reader {
	struct span bytes;
	uint64_t at;
	struct counts_header header;
	struct count count; /* the last that was read */
};

bool counts_open(struct counts_reader *r, struct span bytes);
bool counts_next(struct counts_reader *r);
