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

#define MAX_DICTIONARIES 64u
#define MAX_SLOTS	 (1u << 18) /* of all of them: 4 MiB */
#define MAX_AGE		 (3600 * (int64_t)1000000000)
#define MAX_COUNTS	 ((size_t)2 << 20)
#define TRIED		 16u /* profiles, until it is judged what a dictionary is good for */

struct briefs {
	uint64_t seed;
	pthread_mutex_t mutex; /* of what follows */
	struct dictionary dictionaries[MAX_DICTIONARIES];
	uint64_t calls;
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
	for (size_t i = 0; i < MAX_DICTIONARIES; i++)
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

static bool fits(const struct pprof_profile *p)
{
	return has_types(p) && pprof_n_samples(p) && pprof_n_samples(p) <= BRIEF_MAX_STACKS &&
	       !pp_has_labels(p) && adds_up(p);
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

/* In the place of the one that was not used for longest. */
static struct dictionary *begin(struct briefs *b, struct whose whose, int64_t now)
{
	struct dictionary *oldest = &b->dictionaries[0];

	for (size_t i = 1; i < MAX_DICTIONARIES; i++)
		if (b->dictionaries[i].used < oldest->used)
			oldest = &b->dictionaries[i];
	dictionary_fini(oldest);
	b->last_id = now > b->last_id ? now : b->last_id + 1;
	oldest->owner = whose.owner;
	oldest->program = whose.program;
	oldest->id = b->last_id;
	return oldest;
}

static bool is_old(const struct dictionary *d, int64_t now)
{
	return now - d->id > MAX_AGE || now < d->id - MAX_AGE;
}

static struct dictionary *find(struct briefs *b, struct whose whose, int64_t now)
{
	struct dictionary *d = NULL;

	for (size_t i = 0; i < MAX_DICTIONARIES && !d; i++)
		if (b->dictionaries[i].owner == whose.owner)
			d = &b->dictionaries[i];
	if (d && is_old(d, now))
		dictionary_fini(d);
	if (!d || !d->owner)
		d = begin(b, whose, now);
	d->used = ++b->calls;
	return d;
}

/* Where every second stack comes for the first time it is as well to read profiles. */
static bool is_in_vain(const struct dictionary *d)
{
	return d->n_profiles >= TRIED && d->n > d->seen / 2;
}

static void keep_within(struct briefs *b, const struct dictionary *d)
{
	for (;;) {
		struct dictionary *oldest = NULL;
		uint64_t slots = 0;

		for (size_t i = 0; i < MAX_DICTIONARIES; i++) {
			struct dictionary *other = &b->dictionaries[i];

			slots += other->capacity;
			if (other != d && other->capacity &&
			    (!oldest || other->used < oldest->used))
				oldest = other;
		}
		if (slots <= MAX_SLOTS || !oldest)
			return;
		dictionary_fini(oldest);
	}
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

static int number_all(struct briefs *b, struct dictionary *d, struct numbering *x,
		      struct brief *ret)
{
	int r = dictionary_reserve(d, x->n);

	if (r != 0)
		return r;
	keep_within(b, d);
	ret->dictionary = d->id;
	ret->first = d->n;
	for (uint32_t i = 0; i < x->n; i++) {
		const uint32_t before = d->n;

		x->numbers[i] = dictionary_number(d, x->hashes[i]);
		if (d->n > before)
			x->new[ret->n++] = i;
	}
	d->seen += x->n;
	d->n_profiles++;
	return 0;
}

static bool is_worth_it(struct briefs *b, struct whose whose, int64_t now)
{
	pthread_mutex_lock(&b->mutex);
	bool vain = is_in_vain(find(b, whose, now));
	pthread_mutex_unlock(&b->mutex);
	return !vain;
}

static int give_numbers(struct briefs *b, struct whose whose, int64_t now, struct numbering *x,
			struct brief *ret)
{
	pthread_mutex_lock(&b->mutex);
	struct dictionary *d = find(b, whose, now);

	if (d->n + x->n > BRIEF_MAX_STACKS) {
		dictionary_fini(d);
		d = find(b, whose, now);
	}
	int r = number_all(b, d, x, ret);
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

static int write_counts(const struct pprof_profile *p, const struct numbering *x, struct brief *ret)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(MAX_COUNTS);
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
	bool vain = false, good = false;

	pthread_mutex_lock(&b->mutex);
	for (size_t i = 0; i < MAX_DICTIONARIES; i++) {
		const struct dictionary *d = &b->dictionaries[i];

		if (!d->owner || d->program != program || is_old(d, now))
			continue;
		*(is_in_vain(d) ? &vain : &good) = true;
	}
	pthread_mutex_unlock(&b->mutex);
	return good || !vain;
}

int brief_make(struct briefs *b, const struct brief_owner *owner, const struct pprof_profile *p,
	       int64_t now, struct brief *ret_brief)
{
	_cleanup_(numbering_fini) struct numbering x = { .n = (uint32_t)pprof_n_samples(p) };
	const struct whose whose = whose_is(b, owner, p);
	struct brief made = BRIEF_NULL;

	if (!fits(p) || !is_worth_it(b, whose, now))
		return BRIEF_E_NONE;
	x.numbers = malloc(x.n * sizeof(*x.numbers));
	x.new = malloc(x.n * sizeof(*x.new));
	int r = x.numbers && x.new ? pp_fingerprints(p, b->seed, &x.hashes) : -ENOMEM;
	if (r == 0)
		r = give_numbers(b, whose, now, &x, &made);
	if (r == 0)
		r = write_stacks(p, &x, &made);
	if (r == 0)
		r = write_counts(p, &x, &made);
	if (r == 0)
		*ret_brief = made;
	else
		brief_end(b, &made, false);
	return r;
}

void brief_end(struct briefs *b, struct brief *brief, bool stored)
{
	if (!stored && brief->n) {
		pthread_mutex_lock(&b->mutex);
		for (size_t i = 0; i < MAX_DICTIONARIES; i++)
			if (b->dictionaries[i].id == brief->dictionary)
				dictionary_fini(&b->dictionaries[i]);
		pthread_mutex_unlock(&b->mutex);
	}
	free(brief->stacks);
	free(brief->counts);
	*brief = (struct brief)BRIEF_NULL;
}
