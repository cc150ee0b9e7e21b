/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window that is over: from its tallies to profiles, one at a time, so that samples of the next
 * window are not kept waiting while names are looked up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/deliver/uuid.h"
#include "agent/names.h"
#include "agent/recorder/tallies.h"
#include "agent/target/identity.h"
#include "base/span.h"

/* The window. */
struct harvest_facts {
	uint64_t start;	   /* ns since the epoch */
	uint64_t duration; /* ns */
	uint64_t period;   /* ns of CPU time that a sample stands for */
	uint64_t lost;	   /* samples that got lost before it was known whose they were */
};

/* Since the beginning. */
struct harvest_counters {
	uint64_t profiles, bytes; /* made; gzip */
	uint64_t samples, unsymbolized;
	uint64_t
		rewritten; /* samples of executables that were overwritten before they were named */
	uint64_t unwanted; /* tallies that a rule keeps from being profiles */
};

struct harvest {
	struct tallies tallies;
	uint32_t next, n_waiting; /* the last ones, in this round */
	bool is_in_round;	  /* each that is left is looked at once */
	uint64_t names_changes;	  /* when the last round began, or HARVEST_NO_ROUND */
	uint64_t samples;	  /* in all tallies */
	struct harvest_facts facts;
	struct harvest_counters counters;
};

#define HARVEST_NO_ROUND UINT64_MAX

#define HARVEST_NULL \
	{            \
		0    \
	}

/* A finished profile. Borrowed for the call. */
struct harvested {
	char id[UUID_TEXT_SIZE]; /* UUID, random (RFC 9562, version 4) */
	const struct labels *labels;
	struct span pprof; /* gzip */
	uint64_t time;	   /* ns since the epoch */
	uint64_t samples;  /* distinct stacks */
};

enum harvest_outcome {
	HARVEST_E_UNWANTED = 1, /* a rule says that it is not to be profiled */
	HARVEST_E_REWRITTEN,	/* the executable's file holds something else now: no names */
	HARVEST_E_LATER,	/* not all is known of its pod yet: another may be made */
	HARVEST_E_WAITS, /* all that are left wait: ask again in a while, which costs nothing */
};

/* Who is to be profiled, and under which names. Borrowed. */
struct harvest_naming {
	struct identity_options labels;
	const struct target_rules *rules;
	struct names *names;
	bool final; /* what is not known of a pod by now, nobody waits for */
};

/* Takes @tallies over. One that was not done is ended first. */
void harvest_begin(struct harvest *h, struct tallies *tallies, const struct harvest_facts *facts);
void harvest_fini(struct harvest *h);

static inline bool harvest_is_done(const struct harvest *h)
{
	return h->next == h->tallies.n;
}

/* How many profiles are yet to be made. */
static inline uint32_t harvest_left(const struct harvest *h)
{
	return h->tallies.n - h->next;
}

/*
 * Make the next profile; its bytes are *ret_pprof, the caller's to free(). 0, an outcome,
 * or -errno; the tally is done with, unless it waits for its names, which it does not with .final.
 */
int harvest_next(struct harvest *h, const struct harvest_naming *naming,
		 struct harvested *ret_harvested, uint8_t **ret_pprof, struct labels *ret_labels);
