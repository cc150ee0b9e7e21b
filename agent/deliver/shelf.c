/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DISK_RETRY  NSEC_PER_SEC
#define TEND_DROPS  256u
#define TEND_WRITES 16u

static void close_folders(struct shelf *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		closep(&s->lanes[i]->dir);
		s->lanes[i]->dir = -1;
	}
}

static int open_folders(struct shelf *s)
{
	int r = 0;

	for (uint32_t i = 0; i < s->n_lanes && !r; i++) {
		struct lane *lane = s->lanes[i];

		if (lane->dir < 0)
			r = spool_folder_open(&s->spool, lane->folder, &lane->dir);
	}
	return r;
}

/* All of it anew. Another's spool in our place is as bad as a full disk, and as curable. */
static int reopen(struct shelf *s)
{
	close_folders(s);
	spool_close(&s->spool);
	int r = spool_open(&s->spool, s->path);
	if (r > 0)
		return -EBUSY;
	return r ? r : open_folders(s);
}

static void disk_failed(struct shelf *s, int error)
{
	s->failing = true;
	s->retry_at = report_boot(s->report) + DISK_RETRY;
	s->counters.spool_errors++;
	report(s->report, &s->limits,
	       (struct deliver_event){ .kind = DELIVER_SPOOL_FAILS,
				       .text = strerrordesc_np(-error) });
}

static void disk_works(struct shelf *s)
{
	if (!s->failing)
		return;
	s->failing = false;
	report(s->report, &s->limits, (struct deliver_event){ .kind = DELIVER_SPOOL_WORKS });
}

static bool is_passing(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EROFS || error == -EIO;
}

int shelf_open(struct shelf *s, const char *path, const struct report *report_to)
{
	s->report = report_to;
	s->spool = (struct spool)SPOOL_NULL;
	s->next_sequence = 1;
	queue_init(&s->queue);
	if (!path)
		return 0;
	s->path = strdup(path);
	if (!s->path)
		return -ENOMEM;
	int r = spool_open(&s->spool, path);
	if (is_passing(r)) {
		disk_failed(s, r);
		return 0;
	}
	return r;
}

void shelf_close(struct shelf *s)
{
	queue_fini(&s->queue);
	close_folders(s);
	spool_close(&s->spool);
	free(s->path);
	s->path = NULL;
}

int shelf_attach(struct shelf *s, struct lane *lane)
{
	if (s->n_lanes == SHELF_MAX_LANES)
		return SHELF_E_NO_ROOM;
	s->lanes[s->n_lanes++] = lane;
	if (s->spool.dir < 0)
		return 0;
	int r = open_folders(s);
	if (r)
		disk_failed(s, r);
	return 0;
}

void shelf_detach(struct shelf *s, struct lane *lane)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		if (s->lanes[i] != lane)
			continue;
		s->lanes[i] = s->lanes[--s->n_lanes];
		if (lane->dir >= 0 && (lane->counters.accepted || lane->counters.recovered))
			spool_folder_remove(&s->spool, lane->folder);
		closep(&lane->dir);
		lane->dir = -1;
		return;
	}
}

uint64_t shelf_age(const struct shelf *s, const struct item *item)
{
	int64_t age = (int64_t)report_boot(s->report) - item->born;

	return age > 0 ? (uint64_t)age : 0;
}

static void forget(struct shelf *s, struct copy *copy)
{
	if (!copy->item->memory && spool_remove(copy->lane->dir, &copy->item->name) < 0)
		s->counters.remove_errors++;
	queue_remove(&s->queue, copy);
}

void shelf_done(struct shelf *s, struct copy *copy)
{
	forget(s, copy);
}

void shelf_replaced(struct shelf *s, struct copy *copy)
{
	int dir = copy->lane->dir;

	forget(s, copy);
	if (dir >= 0)
		spool_sync(dir);
}

void shelf_drop(struct shelf *s, struct copy *copy, enum deliver_reason reason,
		const struct store_result *answer)
{
	struct lane *lane = copy->lane;
	char id[UUID_TEXT_SIZE];

	uuid_format(&copy->item->name.id, id);
	lane->counters.dropped[reason]++;
	lane->counters.dropped_bytes += copy->item->size;
	forget(s, copy);
	report(s->report, &lane->limits,
	       (struct deliver_event){ .kind = DELIVER_DROPPED,
				       .reason = reason,
				       .store = lane->counters.key,
				       .id = id,
				       .http_status = answer ? answer->http_status : 0,
				       .text = answer ? answer->text : NULL });
}

void shelf_drop_item(struct shelf *s, struct item *item, enum deliver_reason reason)
{
	bool last;

	do {
		struct copy *copy = TAILQ_FIRST(&item->copies);

		last = !TAILQ_NEXT(copy, of_item);
		shelf_drop(s, copy, reason, NULL);
	} while (!last);
}

/* Drop the oldest there until @size more bytes fit. */
static int make_room(struct shelf *s, enum queue_place place, uint64_t size)
{
	const uint64_t *used =
		place == QUEUE_ON_DISK ? &s->queue.files_bytes : &s->queue.memory_bytes;
	uint64_t most = place == QUEUE_ON_DISK ? s->max_bytes : s->max_memory;

	if (size > most)
		return SHELF_E_NO_ROOM;
	while (*used > most - size) {
		struct item *oldest = queue_oldest(&s->queue, place);

		if (!oldest)
			return SHELF_E_NO_ROOM;
		shelf_drop_item(s, oldest, DELIVER_DROP_SPACE);
	}
	return 0;
}

static int make_room_in_table(struct shelf *s)
{
	while (s->queue.n_items >= s->max_items) {
		struct item *oldest = queue_oldest(&s->queue, QUEUE_ANYWHERE);

		if (!oldest)
			return SHELF_E_NO_ROOM;
		shelf_drop_item(s, oldest, DELIVER_DROP_SPACE);
	}
	return 0;
}

/* A folder that was removed under us is made again, once. */
static int try_write(struct shelf *s, const struct spool_name *name, struct span bytes,
		     struct lane *const *lanes, uint32_t n_lanes)
{
	int dirs[SHELF_MAX_LANES], r = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		if (s->spool.dir < 0 || r == -ENOENT)
			r = reopen(s);
		else
			r = open_folders(s);
		for (uint32_t i = 0; i < n_lanes; i++)
			dirs[i] = lanes[i]->dir;
		if (!r)
			r = spool_write(dirs, n_lanes, name, bytes);
		if (r != -ENOENT)
			break;
	}
	return r;
}

static bool may_ask_disk(const struct shelf *s)
{
	return s->path && (!s->failing || report_boot(s->report) >= s->retry_at);
}

static int write_to_disk(struct shelf *s, const struct spool_name *name, struct span bytes,
			 struct lane *const *lanes, uint32_t n_lanes)
{
	if (!may_ask_disk(s))
		return SHELF_E_MEMORY;
	int r = make_room(s, QUEUE_ON_DISK, bytes.size);
	if (r)
		return r;
	r = try_write(s, name, bytes, lanes, n_lanes);
	if (r) {
		disk_failed(s, r);
		return SHELF_E_MEMORY;
	}
	disk_works(s);
	return 0;
}

static struct item *item_of(const struct shelf *s, const struct image *image, uint64_t sequence,
			    size_t size)
{
	struct item *item = calloc(1, sizeof(*item));

	if (item)
		*item = (struct item){ .name = { .sequence = sequence, .id = image->id },
				       .parent = image->parent,
				       .born = (int64_t)report_boot(s->report),
				       .time = image->time,
				       .raw_size = image->raw_size,
				       .n_samples = image->n_samples,
				       .size = (uint32_t)size };
	return item;
}

/* Into memory: the buffer becomes the item's. */
static int keep_in_memory(struct shelf *s, struct item *item, struct buf *bytes)
{
	int r = make_room(s, QUEUE_IN_MEMORY, item->size);
	if (r)
		return r;
	uint8_t *fitted = realloc(bytes->data, bytes->size);
	item->memory = fitted ? fitted : bytes->data;
	bytes->data = NULL;
	return 0;
}

static int keep(struct shelf *s, struct item *item, struct buf *bytes, struct lane *const *lanes,
		uint32_t n_lanes)
{
	int r = make_room_in_table(s), kept = SHELF_E_MEMORY;

	if (!r && s->path)
		r = kept = write_to_disk(s, &item->name, span_of(bytes->data, bytes->size), lanes,
					 n_lanes);
	if (kept == SHELF_E_MEMORY && (!r || r == SHELF_E_MEMORY))
		r = keep_in_memory(s, item, bytes);
	if (r)
		return r;
	r = queue_add(&s->queue, item, lanes, n_lanes);
	for (uint32_t i = 0; r && !item->memory && i < n_lanes; i++)
		spool_remove(lanes[i]->dir, &item->name);
	return r ? r : (s->path ? kept : 0);
}

int shelf_add(struct shelf *s, const struct image *image, uint64_t sequence,
	      struct lane *const *lanes, uint32_t n_lanes)
{
	_cleanup_(buf_fini) struct buf bytes = BUF_INIT(IMAGE_MAX_SIZE);
	int r = image_encode(image, &bytes);
	if (r)
		return r;
	struct item *item = item_of(s, image, sequence ? sequence : s->next_sequence, bytes.size);
	if (!item)
		return -ENOMEM;
	r = keep(s, item, &bytes, lanes, n_lanes);
	if (r < 0 || r == SHELF_E_NO_ROOM)
		item_free(item);
	else if (!sequence)
		s->next_sequence++;
	return r;
}

static int load_file(const struct copy *copy, struct buf *file)
{
	struct spool_file stat;

	if (copy->lane->dir < 0)
		return SHELF_E_LOST;
	int r = spool_read(copy->lane->dir, &copy->item->name, UINT64_MAX, file, &stat);
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		return r;
	return r ? SHELF_E_LOST : 0;
}

int shelf_load(const struct shelf *s, const struct copy *copy, struct buf *file,
	       struct image *ret_image)
{
	const struct item *item = copy->item;
	int r = 0;

	(void)s;
	if (!item->memory)
		r = load_file(copy, file);
	if (r)
		return r;
	struct span bytes =
		item->memory ? span_of(item->memory, item->size) : span_of(file->data, file->size);
	if (image_parse(bytes, ret_image) || !uuid_equal(&ret_image->id, &item->name.id))
		return SHELF_E_DAMAGED;
	return 0;
}

static bool drop_old(struct shelf *s)
{
	struct item *item = TAILQ_FIRST(&s->queue.items), *next;

	for (uint32_t n = 0; item; item = next) {
		next = TAILQ_NEXT(item, in_queue);
		if (shelf_age(s, item) <= s->max_age || !item_is_idle(item))
			continue;
		shelf_drop_item(s, item, DELIVER_DROP_AGE);
		if (++n == TEND_DROPS)
			return true;
	}
	return false;
}

/* From memory to disk. Whether the disk took it. */
static bool settle_one(struct shelf *s, struct item *item)
{
	struct lane *lanes[SHELF_MAX_LANES];
	struct copy *copy;
	uint32_t n = 0;

	TAILQ_FOREACH(copy, &item->copies, of_item)
	lanes[n++] = copy->lane;
	if (write_to_disk(s, &item->name, span_of(item->memory, item->size), lanes, n))
		return false;
	queue_move(&s->queue, item, NULL);
	return true;
}

/* At most @most of them. Whether the disk takes more. */
static bool settle(struct shelf *s, uint32_t most)
{
	for (uint32_t n = 0; s->queue.in_memory && may_ask_disk(s); n++) {
		struct item *item = queue_oldest(&s->queue, QUEUE_IN_MEMORY);

		if (n == most)
			return true;
		if (!item || !settle_one(s, item))
			break;
	}
	return false;
}

void shelf_settle(struct shelf *s, uint64_t budget)
{
	uint64_t end = report_boot(s->report) + budget;

	s->retry_at = 0;
	while (report_boot(s->report) < end && settle(s, 1))
		;
}

bool shelf_tend(struct shelf *s)
{
	bool more = drop_old(s);

	return settle(s, TEND_WRITES) || more;
}
