/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are given under the lock, so they are in the order of the dictionary; the stacks that
 * got one are written down outside of it, by whose profile they are. Another profile may name them
 * before they are on disk: if they never are, the dictionary is given up, and who names them is
 * read by its profile.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "collector/brief/inside.h"
#include "libpprof/excerpt.h"
#include "libpprof/gzip.h"
#include "libpprof/index.h"

#define MAX_SLOTS (1u << 19) /* of all of them: 8 MiB */
#define MINUTE	  (60 * (int64_t)1000000000)
#define MAX_AGE	  (60 * MINUTE)
#define STALE	  (10 * MINUTE) /* who pushes does so more often */
#define TRIED	  16u		/* profiles, until it is known what a dictionary is good for */
#define PLENTY	  512u		/* stacks: it can be told from fewer profiles */

struct briefs {
	uint64_t seed;
	pthread_mutex_t mutex; /* of what follows */
	struct dictionary dictionaries[BRIEF_MAX_DICTIONARIES];
	int64_t last_id;
};

int briefs_new(struct briefs **ret_briefs)
{
	struct briefs *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	/* It has to be secret, so it is waited for early in a boot: random(4). */
	if (getrandom(&b->seed, sizeof(b->seed), 0) != sizeof(b->seed)) {
		free(b);
		return -EIO;
	}
	pthread_mutex_init(&b->mutex, NULL);
	*ret_briefs = b;
	return 0;
}

struct briefs *briefs_free(struct briefs *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES; i++)
		dictionary_fini(&b->dictionaries[i]);
	pthread_mutex_destroy(&b->mutex);
	free(b);
	return NULL;
}

/* ---- what can be put in brief ------------------------------------------------------------ */

static bool has_type(const struct pprof_profile *p, size_t number, const char *type,
		     const char *unit)
{
	const struct pprof_value_type v = pprof_sample_type(p, number);

	return !strcmp(v.type, type) && !strcmp(v.unit, unit);
}

static bool has_types(const struct pprof_profile *p)
{
	const struct pprof_value_type period = pprof_header(p).period_type;

	return pprof_n_sample_types(p) == BRIEF_TYPES && has_type(p, 0, "samples", "count") &&
	       has_type(p, 1, "cpu", "nanoseconds") && !strcmp(period.type, "cpu") &&
	       !strcmp(period.unit, "nanoseconds");
}

static bool adds_up(const struct pprof_profile *p)
{
	int64_t left[BRIEF_TYPES] = { BRIEF_MAX_VALUE, BRIEF_MAX_VALUE };

	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		const int64_t *values = pp_values(p, (uint32_t)i);

		for (size_t k = 0; k < BRIEF_TYPES; k++) {
			if (values[k] < 0 || values[k] > left[k])
				return false;
			left[k] -= values[k];
		}
		if (values[0] && !values[1])
			return false;
	}
	return true;
}

static bool is_cpu(const struct pprof_profile *p)
{
	return has_types(p) && pprof_n_samples(p);
}

static bool fits(const struct pprof_profile *p)
{
	return pprof_n_samples(p) <= BRIEF_MAX_STACKS && !pp_has_labels(p) && adds_up(p);
}

static uint64_t hash_program(const struct briefs *b, const struct brief_owner *owner)
{
	uint64_t hash = pp_hash_bytes(b->seed, owner->tenant, strlen(owner->tenant) + 1);

	hash = pp_hash_bytes(hash, owner->service, strlen(owner->service) + 1);
	return pp_hash_bytes(hash, owner->package, strlen(owner->package) + 1);
}

/* Who pushes, and with the main binary. */
struct whose {
	uint64_t program, owner;
};

static struct whose whose_is(const struct briefs *b, const struct brief_owner *owner,
			     const struct pprof_profile *p)
{
	const uint64_t parts[] = { hash_program(b, owner), pp_fingerprint_main(p, b->seed) };
	const uint64_t hash = pp_hash_bytes(b->seed, parts, sizeof(parts));

	return (struct whose){ parts[0], hash ? hash : 1 };
}

/* ---- dictionaries; with the lock held ---------------------------------------------------- */

static bool is_beyond(int64_t time, int64_t now, int64_t span)
{
	return now - time > span || now < time - span;
}

/* What was given up before it was known is tried again soon: a program's start is not its life. */
static bool is_old(const struct dictionary *d, int64_t now)
{
	return is_beyond(d->id, now, d->given_up && d->n_profiles < TRIED ? STALE : MAX_AGE);
}

/* It may make room for another. */
static bool is_free(const struct dictionary *d, int64_t now)
{
	return !d->owner || is_beyond(d->used, now, STALE);
}

/*
 * In the place of the one that was not used for longest; NULL: all are in use. Were those to make
 * room, then of more programs than there are places none would find its stacks again.
 */
static struct dictionary *begin(struct briefs *b, struct whose whose, int64_t now)
{
	struct dictionary *oldest = &b->dictionaries[0];

	for (size_t i = 1; i < BRIEF_MAX_DICTIONARIES; i++)
		if (b->dictionaries[i].used < oldest->used)
			oldest = &b->dictionaries[i];
	if (!is_free(oldest, now))
		return NULL;
	dictionary_fini(oldest);
	b->last_id = now > b->last_id ? now : b->last_id + 1;
	oldest->owner = whose.owner;
	oldest->program = whose.program;
	oldest->id = b->last_id;
	return oldest;
}

static struct dictionary *find(struct briefs *b, struct whose whose, int64_t now)
{
	struct dictionary *d = NULL;

	for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES && !d; i++)
		if (b->dictionaries[i].owner == whose.owner)
			d = &b->dictionaries[i];
	if (d && is_old(d, now))
		dictionary_fini(d);
	if (!d || !d->owner)
		d = begin(b, whose, now);
	if (d)
		d->used = now;
	return d;
}

/* No more briefs of this program until it is old. */
static void give_up(struct dictionary *d)
{
	free(TAKE_PTR(d->slots));
	d->capacity = 0;
	d->given_up = true;
}

/*
 * Where every second stack comes for the first time it is as well to read profiles. That can be
 * told early: where all stacks are as frequent, and half of the first 16 profiles' are new, that
 * are 0.95 of the first 2, 0.86 of 4, 0.70 of 8; less where some are more frequent than others. The
 * bound is 0.97, 0.9, 0.77 and 0.5.
 */
static bool is_in_vain(const struct dictionary *d)
{
	const uint32_t n = d->n_profiles < TRIED ? d->n_profiles : TRIED;

	if (n < 2 || (n < TRIED && d->seen < PLENTY))
		return false;
	return d->n > d->seen - d->seen * (n - 1) / (2 * (TRIED - 1));
}

/* False: those that are in use take it all, and so it is @d that goes without. */
static bool keep_within(struct briefs *b, struct dictionary *d, int64_t now)
{
	uint64_t slots = 0;

	for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES; i++)
		slots += b->dictionaries[i].capacity;
	for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES && slots > MAX_SLOTS; i++) {
		struct dictionary *other = &b->dictionaries[i];

		if (other == d || !is_free(other, now))
			continue;
		slots -= other->capacity;
		dictionary_fini(other);
	}
	if (slots > MAX_SLOTS)
		give_up(d);
	return slots <= MAX_SLOTS;
}

/* The stacks of a profile, and which of them are new. */
struct numbering {
	uint64_t *hashes;
	uint32_t *numbers, *new; /* of samples; numbers of the samples that are new */
	uint32_t n;
};

static void numbering_fini(struct numbering *x)
{
	free(x->hashes);
	free(x->numbers);
	free(x->new);
}

/* Those that have none are told by DICTIONARY_NONE, and counted. */
static uint32_t find_numbers(const struct dictionary *d, struct numbering *x)
{
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < x->n; i++) {
		x->numbers[i] = dictionary_find(d, x->hashes[i]);
		unknown += x->numbers[i] == DICTIONARY_NONE;
	}
	return unknown;
}

static void number_others(struct dictionary *d, struct numbering *x, struct brief *ret)
{
	ret->dictionary = d->id;
	ret->first = d->n;
	for (uint32_t i = 0; i < x->n; i++) {
		const uint32_t before = d->n;

		if (x->numbers[i] != DICTIONARY_NONE)
			continue;
		x->numbers[i] = dictionary_number(d, x->hashes[i]);
		if (d->n > before)
			x->new[ret->n++] = i;
	}
	d->seen += x->n;
	d->n_profiles++;
	if (is_in_vain(d))
		give_up(d);
}

static bool is_worth_it(struct briefs *b, struct whose whose, int64_t now)
{
	pthread_mutex_lock(&b->mutex);
	const struct dictionary *d = find(b, whose, now);
	bool worth = d && !d->given_up;
	pthread_mutex_unlock(&b->mutex);
	return worth;
}

/* A program whose profiles cannot be put in brief: it is no use to decode the next ones. */
static void note_unfit(struct briefs *b, struct whose whose, int64_t now)
{
	pthread_mutex_lock(&b->mutex);
	struct dictionary *d = find(b, whose, now);
	if (d && ++d->n_unfit > d->n_profiles)
		give_up(d);
	pthread_mutex_unlock(&b->mutex);
}

/* With the lock held. */
static int number_within(struct briefs *b, struct whose whose, int64_t now, struct numbering *x,
			 struct brief *ret)
{
	struct dictionary *d = find(b, whose, now);

	if (!d || d->given_up)
		return BRIEF_E_NONE;
	uint32_t n = find_numbers(d, x);
	if (n > BRIEF_MAX_STACKS - d->n) {
		dictionary_fini(d);
		d = find(b, whose, now);
		n = find_numbers(d, x);
	}
	int r = dictionary_reserve(d, n);
	if (r != 0)
		return r;
	if (!keep_within(b, d, now))
		return BRIEF_E_NONE;
	number_others(d, x, ret);
	return 0;
}

static int give_numbers(struct briefs *b, struct whose whose, int64_t now, struct numbering *x,
			struct brief *ret)
{
	pthread_mutex_lock(&b->mutex);
	int r = number_within(b, whose, now, x, ret);
	pthread_mutex_unlock(&b->mutex);
	return r;
}

/* ---- making ------------------------------------------------------------------------------ */

static int write_stacks(const struct pprof_profile *p, const struct numbering *x, struct brief *ret)
{
	_cleanup_(freep) uint8_t *plain = NULL;
	size_t size;

	if (!ret->n)
		return 0;
	int r = pp_excerpt(p, x->new, ret->n, &plain, &size);
	if (r == 0)
		r = pp_gzip_fast(plain, size, &ret->stacks, &ret->stacks_size);
	return r > 0 ? BRIEF_E_NONE : r;
}

static int write_counts(const struct pprof_profile *p, const struct numbering *x, size_t most,
			struct brief *ret)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(most);
	const struct pprof_header h = pprof_header(p);
	const struct counts_header header = { h.time_nanos, h.duration_nanos, h.period, x->n };

	counts_begin(&b, &header);
	for (uint32_t i = 0; i < x->n; i++) {
		const int64_t *values = pp_values(p, i);
		const struct count count = { x->numbers[i], values[0], values[1] };

		counts_put(&b, &header, &count, i ? x->numbers[i - 1] : 0);
	}
	int r = counts_end(&b);
	if (r != 0)
		return r == -E2BIG ? BRIEF_E_NONE : r;
	ret->counts = TAKE_PTR(b.data);
	ret->counts_size = b.size;
	return 0;
}

bool brief_expects(struct briefs *b, const struct brief_owner *owner, int64_t now)
{
	const uint64_t program = hash_program(b, owner);
	bool known = false, good = false, room = false;

	pthread_mutex_lock(&b->mutex);
	for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES; i++) {
		const struct dictionary *d = &b->dictionaries[i];
		const bool mine = d->owner && d->program == program;

		known |= mine;
		good |= mine && (!d->given_up || is_old(d, now));
		room |= is_free(d, now);
	}
	pthread_mutex_unlock(&b->mutex);
	return known ? good : room;
}

int brief_make(struct briefs *b, const struct brief_owner *owner, const struct pprof_profile *p,
	       size_t most, int64_t now, struct brief *ret_brief)
{
	_cleanup_(numbering_fini) struct numbering x = { .n = (uint32_t)pprof_n_samples(p) };
	const struct whose whose = whose_is(b, owner, p);
	struct brief made = BRIEF_NULL;

	if (!is_cpu(p))
		return BRIEF_E_NONE;
	if (!fits(p)) {
		note_unfit(b, whose, now);
		return BRIEF_E_NONE;
	}
	if (!is_worth_it(b, whose, now))
		return BRIEF_E_NONE;
	x.numbers = malloc(x.n * sizeof(*x.numbers));
	x.new = malloc(x.n * sizeof(*x.new));
	int r = x.numbers && x.new ? pp_fingerprints(p, b->seed, &x.hashes) : -ENOMEM;
	if (r == 0)
		r = give_numbers(b, whose, now, &x, &made);
	if (r == 0)
		r = write_counts(p, &x, most, &made);
	if (r == 0)
		r = write_stacks(p, &x, &made);
	if (r == 0) {
		*ret_brief = made;
		return 0;
	}
	brief_end(b, &made, false);
	if (r > 0)
		note_unfit(b, whose, now);
	return r;
}

void brief_end(struct briefs *b, struct brief *brief, bool stored)
{
	if (!stored && brief->n) {
		pthread_mutex_lock(&b->mutex);
		for (size_t i = 0; i < BRIEF_MAX_DICTIONARIES; i++)
			if (b->dictionaries[i].id == brief->dictionary)
				dictionary_fini(&b->dictionaries[i]);
		pthread_mutex_unlock(&b->mutex);
	}
	free(brief->stacks);
	free(brief->counts);
	*brief = (struct brief)BRIEF_NULL;
}
