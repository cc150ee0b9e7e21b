/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"

void queue_init(struct queue *q)
{
	*q = (struct queue){ .n_items = 0 };
	TAILQ_INIT(&q->items);
}

void lane_init(struct lane *lane, const char *key)
{
	*lane = (struct lane){ .dir = -1 };
	TAILQ_INIT(&lane->copies);
	text_copy(span_of(key, strlen(key)), lane->counters.key, sizeof(lane->counters.key));
	spool_folder_name(key, lane->folder);
}

struct item *item_free(struct item *item)
{
	if (item)
		free(item->memory);
	free(item);
	return NULL;
}

/* Added to, or taken from, what is counted. */
static void account(struct queue *q, const struct item *item, int sign)
{
	uint64_t one = sign < 0 ? -(uint64_t)1 : 1;

	if (item->memory) {
		q->in_memory += one;
		q->memory_bytes += one * item->size;
	} else {
		q->files += one;
		q->files_bytes += one * item->size;
	}
}

static void link_item(struct queue *q, struct item *item)
{
	struct item *before = TAILQ_LAST(&q->items, item_list);

	while (before && before->name.sequence > item->name.sequence)
		before = TAILQ_PREV(before, item_list, in_queue);
	if (before)
		TAILQ_INSERT_AFTER(&q->items, before, item, in_queue);
	else
		TAILQ_INSERT_HEAD(&q->items, item, in_queue);
	q->n_items++;
	account(q, item, 1);
}

static void unlink_item(struct queue *q, struct item *item)
{
	TAILQ_REMOVE(&q->items, item, in_queue);
	q->n_items--;
	account(q, item, -1);
	item_free(item);
}

int queue_add_copy(struct queue *q, struct item *item, struct lane *lane)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	struct copy *before = TAILQ_LAST(&lane->copies, copy_list);

	if (!copy)
		return -ENOMEM;
	*copy = (struct copy){ .item = item, .lane = lane };
	while (before && before->item->name.sequence > item->name.sequence)
		before = TAILQ_PREV(before, copy_list, in_lane);
	if (before)
		TAILQ_INSERT_AFTER(&lane->copies, before, copy, in_lane);
	else
		TAILQ_INSERT_HEAD(&lane->copies, copy, in_lane);
	TAILQ_INSERT_TAIL(&item->copies, copy, of_item);
	lane->counters.pending++;
	q->n_copies++;
	return 0;
}

static void unlink_copy(struct queue *q, struct copy *copy)
{
	TAILQ_REMOVE(&copy->lane->copies, copy, in_lane);
	TAILQ_REMOVE(&copy->item->copies, copy, of_item);
	copy->lane->counters.pending--;
	q->n_copies--;
	free(copy);
}

int queue_add(struct queue *q, struct item *item, struct lane *const *lanes, uint32_t n_lanes)
{
	int r = 0;

	TAILQ_INIT(&item->copies);
	for (uint32_t i = 0; i < n_lanes && !r; i++)
		r = queue_add_copy(q, item, lanes[i]);
	if (!r)
		link_item(q, item);
	else
		while (!TAILQ_EMPTY(&item->copies))
			unlink_copy(q, TAILQ_FIRST(&item->copies));
	return r;
}

void queue_remove(struct queue *q, struct copy *copy)
{
	struct item *item = copy->item;

	unlink_copy(q, copy);
	if (TAILQ_EMPTY(&item->copies))
		unlink_item(q, item);
}

void queue_move(struct queue *q, struct item *item, uint8_t *memory)
{
	account(q, item, -1);
	free(item->memory);
	item->memory = memory;
	account(q, item, 1);
}

bool item_is_idle(const struct item *item)
{
	const struct copy *copy;

	TAILQ_FOREACH(copy, &item->copies, of_item)
	{
		if (copy->busy)
			return false;
	}
	return true;
}

static bool is_at(const struct item *item, enum queue_place place)
{
	return place == QUEUE_ANYWHERE || (place == QUEUE_IN_MEMORY) == (item->memory != NULL);
}

struct item *queue_oldest(const struct queue *q, enum queue_place place)
{
	struct item *item;

	TAILQ_FOREACH(item, &q->items, in_queue)
	{
		if (is_at(item, place) && item_is_idle(item))
			return item;
	}
	return NULL;
}

void queue_fini(struct queue *q)
{
	while (!TAILQ_EMPTY(&q->items)) {
		struct item *item = TAILQ_FIRST(&q->items);

		while (TAILQ_FIRST(&item->copies) != TAILQ_LAST(&item->copies, copy_list))
			unlink_copy(q, TAILQ_FIRST(&item->copies));
		queue_remove(q, TAILQ_FIRST(&item->copies));
	}
}
