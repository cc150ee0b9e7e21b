/* SPDX-License-Identifier: Apache-2.0 */
/* What is on disk at the start becomes the table in memory. Only headers are read. */
#include <errno.h>
#include <stdlib.h>

#include "agent/deliver/shelf.h"
#include "base/clock.h"

/* Enough for nearly all headers. */
#define HEADER_READ 4096u
/* Below this, files that are too old are given a chance: the clock may have been stepped. */
#define GRACE (600 * NSEC_PER_SEC)
/* More names than that, in caps of profiles, are not even looked at. */
#define MOST_NAMES 4u

struct found {
	struct spool_name name;
	struct lane *lane;
};

struct scan {
	struct shelf *shelf;
	struct lane *lane; /* whose folder is read */
	struct found *found;
	uint64_t n, capacity, most;
};

static void scan_fini(struct scan *scan)
{
	free(scan->found);
}

/* There is no telling which are the oldest before all are known: beyond the cap, those found last
 * go. */
static int too_many(struct scan *scan, const struct spool_name *name)
{
	scan->lane->counters.recovered++;
	scan->lane->counters.dropped[DELIVER_DROP_SPACE]++;
	spool_remove(scan->lane->dir, name);
	return 0;
}

static int on_name(void *context, const struct spool_name *name)
{
	struct scan *scan = context;

	if (scan->n == scan->most)
		return too_many(scan, name);
	if (scan->n == scan->capacity) {
		uint64_t capacity = scan->capacity ? 2 * scan->capacity : 256;
		struct found *grown = realloc(scan->found, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		scan->found = grown;
		scan->capacity = capacity;
	}
	scan->found[scan->n++] = (struct found){ .name = *name, .lane = scan->lane };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->name.sequence != y->name.sequence)
		return x->name.sequence < y->name.sequence ? -1 : 1;
	return memcmp(&x->name.id, &y->name.id, sizeof(x->name.id));
}

static bool same_name(const struct found *a, const struct found *b)
{
	return compare(a, b) == 0;
}

static int read_header(const struct found *f, struct buf *start, struct spool_file *ret_file,
		       struct image *ret_image)
{
	uint32_t size;
	int r = spool_read(f->lane->dir, &f->name, HEADER_READ, start, ret_file);

	if (!r)
		r = image_header_size(span_of(start->data, start->size), &size);
	if (!r && size > start->size && start->size == HEADER_READ) {
		start->size = 0;
		r = spool_read(f->lane->dir, &f->name, size, start, ret_file);
	}
	if (!r)
		r = image_parse_header(span_of(start->data, start->size), ret_file->size,
				       ret_image);
	if (!r && !uuid_equal(&ret_image->id, &f->name.id))
		r = IMAGE_E_DAMAGED;
	if (!r && ret_file->size > IMAGE_MAX_SIZE)
		r = IMAGE_E_DAMAGED;
	return r;
}

/* How old it is by the time of day, as far as that can be true. */
static uint64_t believable_age(const struct shelf *s, const struct found *f, uint32_t n,
			       const struct spool_file *file)
{
	uint64_t now = report_wall(s->report), age = 0;
	uint64_t most = s->max_age > GRACE ? s->max_age - GRACE : 0;

	if (file->written <= now)
		age = now - file->written;
	else
		for (uint32_t i = 0; i < n; i++)
			spool_redate(f[i].lane->dir, &f[i].name, now);
	return age < most ? age : most;
}

static struct item *make_item(const struct shelf *s, const struct found *f, uint32_t n,
			      const struct spool_file *file, const struct image *image)
{
	struct item *item = calloc(1, sizeof(*item));
	uint64_t age = believable_age(s, f, n, file);

	if (item)
		*item = (struct item){ .name = f->name,
				       .parent = image->parent,
				       .born = (int64_t)report_boot(s->report) - (int64_t)age,
				       .time = image->time,
				       .raw_size = image->raw_size,
				       .n_samples = image->n_samples,
				       .size = (uint32_t)file->size };
	return item;
}

static void remove_all(const struct found *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		spool_remove(f[i].lane->dir, &f[i].name);
}

static void count_bad(struct shelf *s, const struct found *f, int outcome)
{
	char id[UUID_TEXT_SIZE];

	if (outcome == IMAGE_E_TORN) {
		s->counters.torn++;
		return;
	}
	s->counters.damaged++;
	uuid_format(&f->name.id, id);
	report(s->report, &s->limits,
	       (struct deliver_event){ .kind = DELIVER_SPOOL_DAMAGED,
				       .store = f->lane->counters.key,
				       .id = id,
				       .text = "a file in the spool was damaged and is removed" });
}

/* One file: @n names of it, in the folders of as many stores. */
static int recover_one(struct shelf *s, const struct found *f, uint32_t n)
{
	_cleanup_(buf_fini) struct buf start = BUF_INIT(IMAGE_MAX_HEADER);
	struct lane *lanes[SHELF_MAX_LANES];
	struct spool_file file = { .size = 0 };
	struct image image;
	int r = read_header(f, &start, &file, &image);

	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;
	if (r) {
		count_bad(s, f, r);
		remove_all(f, n);
		return 0;
	}
	struct item *item = make_item(s, f, n, &file, &image);
	if (!item)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		lanes[i] = f[i].lane;
	r = queue_add(&s->queue, item, lanes, n);
	if (r) {
		item_free(item);
		return r;
	}
	for (uint32_t i = 0; i < n; i++)
		lanes[i]->counters.recovered++;
	return 0;
}

/* A profile was being split when we were killed: it stands next to its pieces, and is still whole.
 */
static bool whole_is_there(const struct copy *piece)
{
	const struct copy *other;

	if (uuid_is_nil(&piece->item->parent))
		return false;
	TAILQ_FOREACH(other, &piece->lane->copies, in_lane)
	{
		if (other->item->name.sequence > piece->item->name.sequence)
			break;
		if (uuid_equal(&other->item->name.id, &piece->item->parent))
			return true;
	}
	return false;
}

static void forget_pieces(struct shelf *s, struct lane *lane)
{
	struct copy *copy = TAILQ_FIRST(&lane->copies), *next;

	for (; copy; copy = next) {
		next = TAILQ_NEXT(copy, in_lane);
		if (!whole_is_there(copy))
			continue;
		lane->counters.recovered--;
		shelf_done(s, copy);
	}
}

static void keep_caps(struct shelf *s)
{
	while (s->queue.n_items > s->max_items || s->queue.files_bytes > s->max_bytes)
		shelf_drop_item(s, TAILQ_FIRST(&s->queue.items), DELIVER_DROP_SPACE);
}

static int recover_found(struct shelf *s, struct scan *scan)
{
	uint64_t n;
	int r = 0;

	qsort(scan->found, scan->n, sizeof(*scan->found), compare);
	for (uint64_t i = 0; i < scan->n && !r; i += n) {
		for (n = 1; i + n < scan->n && same_name(&scan->found[i], &scan->found[i + n]);)
			n++;
		r = recover_one(s, &scan->found[i], (uint32_t)n);
		s->next_sequence = scan->found[i].name.sequence + 1;
	}
	return r;
}

int shelf_recover(struct shelf *s)
{
	_cleanup_(scan_fini) struct scan scan = { .shelf = s,
						  .most = (uint64_t)MOST_NAMES * s->max_items };
	int r = 0;

	for (uint32_t i = 0; i < s->n_lanes && !r; i++) {
		scan.lane = s->lanes[i];
		if (scan.lane->dir >= 0)
			r = spool_scan(scan.lane->dir, on_name, &scan);
	}
	if (!r && scan.n)
		r = recover_found(s, &scan);
	for (uint32_t i = 0; i < s->n_lanes && !r; i++)
		forget_pieces(s, s->lanes[i]);
	if (!r)
		keep_caps(s);
	return r;
}
