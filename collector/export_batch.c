/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/export_batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "libpprof/pprof.h"
#include "pgo/shapes.h"

#define TRIES	 8u
#define MAX_TEXT ((size_t)1 << 20) /* of the labels of one */

static void pprof_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static void item_fini(struct export_item *item)
{
	buf_fini(&item->text);
	free(item->pprof);
	*item = (struct export_item){ 0 };
}

void export_batch_clear(struct export_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		item_fini(&b->items[i]);
	b->n = 0;
}

/* ---- one of them ------------------------------------------------------------------------- */

/* The same id each time: what was taken before is not taken twice by a store that looks at it. */
static void make_id(const uint8_t *key, char *ret_id)
{
	for (size_t i = 0; i < 16; i++)
		ret_id += sprintf(ret_id, "%s%02x",
				  i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", key[i]);
}

static int copy_labels(struct export_item *item, const struct depot_profile *p)
{
	size_t n = p->n_labels < DEPOT_MAX_LABELS ? p->n_labels : DEPOT_MAX_LABELS;

	item->text = (struct buf)BUF_INIT(MAX_TEXT);
	for (size_t i = 0; i < n; i++) {
		buf_append(&item->text, p->labels[i].name, strlen(p->labels[i].name) + 1);
		buf_append(&item->text, p->labels[i].value, strlen(p->labels[i].value) + 1);
	}
	if (buf_error(&item->text))
		return buf_error(&item->text);
	const char *at = (const char *)item->text.data;
	for (size_t i = 0; i < n; i++) {
		item->labels[i].name = at;
		item->labels[i].value = at + strlen(at) + 1;
		at = item->labels[i].value + strlen(item->labels[i].value) + 1;
	}
	item->profile.labels = item->labels;
	item->profile.n_labels = (uint32_t)n;
	return 0;
}

static int set_start(struct export_item *item, const struct depot_profile *from)
{
	_cleanup_(pprof_freep) struct pprof_profile *p = NULL;
	int r = pprof_decode(from->pprof.data, from->pprof.size, NULL, &p, NULL);

	if (r != 0)
		return r < 0 ? r : EXPORT_BATCH_E_BROKEN;
	struct pprof_header header = pprof_header(p);
	if (header.time_nanos > 0)
		return 0;
	header.time_nanos = from->start;
	r = pprof_set_header(p, &header);
	return r ? r : pprof_encode(p, PPROF_GZIP, &item->pprof, &item->profile.pprof.size);
}

static int escape_names(struct export_item *item)
{
	uint8_t *escaped;
	size_t size;
	int r = pgo_shapes_escape(item->pprof, item->profile.pprof.size, &escaped, &size);

	if (r == PGO_SHAPES_E_NONE)
		return 0;
	if (r != 0)
		return r < 0 ? r : EXPORT_BATCH_E_BROKEN;
	free(item->pprof);
	item->pprof = escaped;
	item->profile.pprof.size = size;
	return 0;
}

static int copy_pprof(struct export_item *item, const struct depot_profile *p, bool escape)
{
	int r = set_start(item, p);

	if (r == 0 && !item->pprof) {
		item->pprof = malloc(p->pprof.size);
		if (!item->pprof)
			return -ENOMEM;
		memcpy(item->pprof, p->pprof.data, p->pprof.size);
		item->profile.pprof.size = p->pprof.size;
	}
	if (r == 0 && escape)
		r = escape_names(item);
	item->profile.pprof.data = item->pprof;
	return r;
}

int export_batch_add(struct export_batch *b, const struct depot_replayed *one, bool escape)
{
	struct export_item *item = &b->items[b->n];

	*item = (struct export_item){ .row = one->id,
				      .profile.time = (uint64_t)one->profile->start };
	make_id(one->profile->key, item->id);
	item->profile.id = item->id;
	snprintf(item->service, sizeof(item->service), "%s", one->profile->service);
	int r = copy_labels(item, one->profile);
	if (r == 0)
		r = copy_pprof(item, one->profile, escape);
	if (r == 0)
		b->n++;
	else
		item_fini(item);
	return r > 0 ? EXPORT_BATCH_E_BROKEN : r;
}

/* ---- all of them ------------------------------------------------------------------------- */

struct push {
	struct export_batch *batch;
	struct export_item *item;
};

static int on_done(void *context, const struct store_result *result)
{
	struct push *push = context;

	push->item->result = *result;
	if (--push->batch->under_way == 0)
		loop_quit(push->batch->loop);
	return 0;
}

/*
 * May it be taken yet? What speaks of the setup (a wrong token, a wrong address) will not change
 * while we wait.
 */
static bool is_pending(const struct export_item *item)
{
	uint32_t status = item->result.http_status;

	return item->result.outcome == STORE_E_RETRY &&
	       (!status || status == 408 || status == 425 || status == 429 || status >= 499) &&
	       status != 501;
}

static uint64_t longest(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t most = a > b ? a : b;

	return most > c ? most : c;
}

static int wait_for_all(struct export_batch *b)
{
	return b->under_way ? loop_run(b->loop) : 0;
}

/* *ret_wait: how long one of them asks to be left alone, in ns; 0 where all are done. */
static int push_once(struct export_batch *b, struct store *s, uint64_t least, uint64_t *ret_wait)
{
	struct push pushes[EXPORT_BATCH];
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n; i++) {
		pushes[i] = (struct push){ b, &b->items[i] };
		if (!is_pending(&b->items[i]))
			continue;
		if (!store_room(s))
			r = wait_for_all(b);
		if (r == 0)
			r = store_push(s, &b->items[i].profile, on_done, &pushes[i]);
		b->under_way += r == 0;
	}
	if (r == 0)
		r = wait_for_all(b);
	if (r != 0)
		store_cancel(s);
	*ret_wait = 0;
	for (size_t i = 0; i < b->n; i++)
		if (is_pending(&b->items[i]))
			*ret_wait = longest(*ret_wait, least, b->items[i].result.retry_after);
	return r;
}

int export_batch_push(struct export_batch *b, struct store *s)
{
	uint64_t pause = NSEC_PER_SEC / 2, wait = 1;
	int r = 0;

	b->under_way = 0;
	for (size_t i = 0; i < b->n; i++)
		b->items[i].result = (struct store_result){ .outcome = STORE_E_RETRY };
	for (unsigned int i = 0; r == 0 && wait && i < TRIES; i++, pause *= 2) {
		r = push_once(b, s, pause, &wait);
		if (r == 0 && wait && i + 1 < TRIES)
			clock_sleep(wait);
	}
	return r;
}
