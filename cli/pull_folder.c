/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a directory, as hone-agent fills it (store/store.h, file:///DIR): profiles of all programs,
 * each naming its own in a comment. A file's name ends in _20261121T123100Z_ID.pb.gz, so the window
 * is known without opening it. What is not of that form, or cannot be read, is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/load.h"
#include "cli/pull_blend.h"
#include "cli/pull_item.h"
#include "store/filename.h"
#include "store/folder.h"

#define DEFAULT_WINDOW (72 * 3600 * NSEC_PER_SEC)

struct reading {
	const struct pull_options *options;
	struct pull_item *items;
	struct blend *blends; /* of each item */
	size_t n;
	size_t unreadable;
};

static bool fits(const struct pull_options *o, const struct pull_item *item,
		 const struct blend_origin *origin, const char *file)
{
	return o->service ? filename_is_of(file, o->service)
			  : !strcmp(item->name, origin->main_package);
}

static int add(struct reading *r, struct pprof_profile *p, const char *file)
{
	struct blend_origin origin;
	int e = 0;

	blend_origin(p, &origin);
	for (size_t i = 0; e == 0 && i < r->n; i++)
		if (r->items[i].outcome == PULL_PENDING &&
		    fits(r->options, &r->items[i], &origin, file))
			e = blend_add(&r->blends[i], origin.build, p);
	return e;
}

static int read_one(struct reading *r, const struct folder *folder, const char *name)
{
	_cleanup_(load_profile_freep) struct pprof_profile *p = NULL;
	_cleanup_(buf_fini) struct buf bytes = BUF_INIT(PULL_MAX_PROFILE);
	int e = folder_read(folder, name, &bytes);

	if (e == 0)
		e = pprof_decode(bytes.data, bytes.size, NULL, &p, NULL);
	if (e == 0)
		e = add(r, p, name);
	if (e == -ENOMEM || e == 0)
		return e;
	r->unreadable++;
	return 0;
}

static int finish(struct reading *r, size_t i)
{
	_cleanup_(blend_result_fini) struct blend_result result = BLEND_RESULT_NULL;
	struct pull_item *item = &r->items[i];

	if (item->outcome != PULL_PENDING)
		return 0;
	blend_order(&r->blends[i]);
	int e = blend_make(&r->blends[i], r->options->cold, &result);
	if (e == 0) {
		item->got = result.pprof;
		result.pprof = (struct buf){ 0 };
		item->until = result.until;
	} else if (e == BLEND_E_EMPTY) {
		pull_item_end(item, PULL_KEPT, "the directory has no profile of it in the window");
	} else if (e > 0) {
		pull_item_end(item, PULL_FAILED, "its profiles are too large to be added up");
	}
	return e < 0 ? e : 0;
}

static int read_all(struct reading *r, const struct folder *folder)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < folder->n; i++)
		e = read_one(r, folder, folder->files[i].name);
	for (size_t i = 0; e == 0 && i < r->n; i++)
		e = finish(r, i);
	return e;
}

int pull_from_folder(const struct pull_options *o, struct pull_item *items, size_t n)
{
	_cleanup_(folder_close) struct folder folder = FOLDER_NULL;
	const uint64_t window = o->window ? o->window : DEFAULT_WINDOW;
	struct reading r = { .options = o, .items = items, .n = n };
	char why[STORE_TEXT_SIZE];
	int e = folder_open(&folder, o->remote.options.url, clock_realtime() - window, why);

	if (e == 0 && o->n_labels) {
		strcpy(why, "the files of a directory have no labels (--label)");
		e = FOLDER_E_CANNOT;
	}
	if (e > 0) {
		for (size_t i = 0; i < n; i++)
			pull_item_end(&items[i], PULL_FAILED, "%s", why);
		return 0;
	}
	if (e == 0)
		r.blends = calloc(n, sizeof(*r.blends));
	if (e == 0 && !r.blends)
		e = -ENOMEM;
	if (e == 0)
		e = read_all(&r, &folder);
	for (size_t i = 0; r.blends && i < n; i++)
		blend_fini(&r.blends[i]);
	free(r.blends);
	return e;
}
