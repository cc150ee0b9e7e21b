/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull_item.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/load.h"
#include "pgo/compare.h"
#include "pgo/hotset.h"

int pull_item_init(struct pull_item *item, const char *name, const char *file)
{
	*item = (struct pull_item){ .old = BUF_INIT(PULL_MAX_PROFILE),
				    .got = BUF_INIT(PULL_MAX_PROFILE),
				    .name = strdup(name),
				    .file = strdup(file) };
	if (!item->name || !item->file)
		return -ENOMEM;
	int r = file_read(file, &item->old);
	if (r == -ENOMEM)
		return r;
	/* One that cannot be read is one to replace; whether it can be, writing will tell. */
	item->exists = r != -ENOENT;
	if (r < 0) {
		buf_fini(&item->old);
		item->old = (struct buf)BUF_INIT(PULL_MAX_PROFILE);
	}
	return 0;
}

void pull_item_fini(struct pull_item *item)
{
	free(item->name);
	free(item->file);
	buf_fini(&item->old);
	buf_fini(&item->got);
}

void pull_item_end(struct pull_item *item, enum pull_outcome outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(item->why, sizeof(item->why), format, args);
	va_end(args);
	/* A server's own sentence: ours goes on. */
	size_t n = strlen(item->why);
	if (n && item->why[n - 1] == '.')
		item->why[n - 1] = '\0';
	item->outcome = outcome;
}

/* ---- judging ----------------------------------------------------------------------------- */

static void edges_freep(struct pgo_edges **edges)
{
	pgo_edges_free(*edges);
}

/* 0; 1: not a profile for the compiler, *ret_why says why; -errno. */
static int assess(const struct buf *bytes, struct pgo_quality *ret_quality,
		  struct pgo_edges **ret_edges, const char **ret_why)
{
	_cleanup_(load_profile_freep) struct pprof_profile *p = NULL;
	int r = pprof_decode(bytes->data, bytes->size, NULL, &p, ret_why);

	if (r == 0)
		r = pgo_assess(p, ret_quality, ret_edges);
	if (r != 0)
		return r < 0 ? r : 1;
	if (ret_quality->verdict != PGO_REFUSED)
		return 0;
	*ret_why = pgo_outcome_text(ret_quality->outcome);
	return 1;
}

static int compare(struct pull_item *item, const struct pgo_edges *old, const struct pgo_edges *new)
{
	const struct pgo_compare_options options = { .seed = 1, .splits = 1 };
	struct pgo_comparison c = { .names = PGO_NAMES_NULL };
	int r = pgo_compare(old, new, &options, &c);

	if (r == 0)
		item->change = (struct pull_change){ .known = true,
						     .hot_in = c.hot_b - c.hot_both,
						     .hot_out = c.hot_a - c.hot_both,
						     .hot_both = c.hot_both,
						     .overlap = c.edges.overlap };
	pgo_comparison_fini(&c);
	return r < 0 ? r : 0;
}

static bool too_old(const struct pull_options *o, struct pull_item *item, uint64_t now)
{
	const uint64_t hour = 3600 * NSEC_PER_SEC;

	if (!o->max_age || (item->until && item->until + o->max_age >= now))
		return false;
	if (!item->until)
		pull_item_end(item, PULL_KEPT, "nobody says how old its samples are (--max-age)");
	else
		pull_item_end(item, PULL_KEPT, "its newest sample is %llu hours old (--max-age)",
			      (unsigned long long)((now - item->until) / hour));
	return true;
}

static bool too_poor(const struct pull_options *o, struct pull_item *item)
{
	const struct pgo_quality *q = &item->quality;

	if (q->verdict < PGO_FAIR && !o->any)
		pull_item_end(item, PULL_KEPT,
			      "its %lld samples have seen %.1f %% of the program's calls, which is "
			      "not enough (--any takes it all the same)",
			      (long long)q->samples, q->coverage * 100);
	else if (q->coverage < o->min_coverage)
		pull_item_end(item, PULL_KEPT,
			      "its samples have seen %.1f %% of the program's calls "
			      "(--min-coverage %.4g)",
			      q->coverage * 100, o->min_coverage * 100);
	else
		return false;
	return true;
}

/* Against the file there is, if the compiler could use that. */
static int judge_change(const struct pull_options *o, struct pull_item *item,
			const struct pgo_edges *edges)
{
	_cleanup_(edges_freep) struct pgo_edges *old = NULL;
	struct pgo_quality quality;
	const char *why;
	int r = item->old.size ? assess(&item->old, &quality, &old, &why) : 1;

	if (r == 0)
		r = compare(item, old, edges);
	if (r != 0)
		return r < 0 ? r : 0;
	if (quality.verdict >= PGO_FAIR && item->quality.verdict < PGO_FAIR)
		pull_item_end(item, PULL_KEPT, "it is not good enough, and the one there is good");
	else if (item->change.known && 1 - item->change.overlap < o->min_change)
		pull_item_end(item, PULL_UNCHANGED, "%s", "");
	return 0;
}

int pull_judge(const struct pull_options *o, struct pull_item *item, uint64_t now)
{
	_cleanup_(edges_freep) struct pgo_edges *edges = NULL;
	const char *why = "it is too large to judge";

	if (item->outcome != PULL_PENDING)
		return 0;
	int r = assess(&item->got, &item->quality, &edges, &why);
	if (r != 0) {
		if (r > 0)
			pull_item_end(item, PULL_FAILED,
				      "what came is no profile for the compiler: %s", why);
		return r < 0 ? r : 0;
	}
	item->judged = true;
	if (too_old(o, item, now) || too_poor(o, item))
		return 0;
	if (item->old.size == item->got.size &&
	    !memcmp(item->old.data, item->got.data, item->got.size)) {
		pull_item_end(item, PULL_UNCHANGED, "%s", "");
		return 0;
	}
	r = judge_change(o, item, edges);
	if (r == 0 && item->outcome == PULL_PENDING)
		item->outcome = PULL_WRITTEN;
	return r;
}

/* ---- writing ----------------------------------------------------------------------------- */

void pull_write(struct pull_item *item, const struct sudo_user *user)
{
	_cleanup_(file_writer_fini) struct file_writer w = FILE_WRITER_NULL;
	uid_t uid = user ? user->uid : (uid_t)-1;
	gid_t gid = user ? user->gid : (gid_t)-1;

	if (item->outcome != PULL_WRITTEN)
		return;
	int r = file_writer_open(&w, item->file, uid, gid);
	if (r == 0)
		r = file_writer_write(&w, item->got.data, item->got.size);
	if (r == 0)
		r = file_writer_commit(&w);
	if (r == FILE_E_NOT_REGULAR)
		pull_item_end(item, PULL_FAILED, "it is not a regular file");
	else if (r != 0)
		pull_item_end(item, PULL_FAILED, "it cannot be written: %s", strerror(-r));
}
