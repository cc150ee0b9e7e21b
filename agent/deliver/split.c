/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/split.h"

#include <stdlib.h>

/* From the most samples there can be to a single one by halves, and some trims. */
#define MAX_SPLITS 40u

struct delivery split_delivery(const struct image *image, const char *id)
{
	return (struct delivery){ .id = id,
				  .labels = image->labels,
				  .n_labels = image->n_labels,
				  .n_samples = image->n_samples,
				  .raw_size = image->raw_size,
				  .pprof = image->pprof,
				  .time = image->time };
}

static bool is_over(uint64_t value, uint64_t limit)
{
	return limit && value > limit;
}

bool split_is_needed(const struct image *image, const struct store_limits *limits)
{
	return is_over(image->raw_size, limits->raw_bytes) ||
	       is_over(image->n_samples, limits->samples);
}

static int ask_owner(const struct shelf *shelf, const struct image *whole,
		     const struct store_limits *limits,
		     struct deliver_piece ret[DELIVER_MAX_PIECES])
{
	const struct deliver_owner *owner = &shelf->report->owner;
	uint32_t samples = limits->samples < UINT32_MAX ? (uint32_t)limits->samples : UINT32_MAX;
	char id[UUID_TEXT_SIZE];

	if (!owner->split || whole->splits >= MAX_SPLITS)
		return 0;
	uuid_format(&whole->id, id);
	struct delivery delivery = split_delivery(whole, id);
	return owner->split(owner->context, &delivery, limits->raw_bytes, samples, ret);
}

static void add_piece(struct shelf *shelf, const struct copy *copy, const struct image *whole,
		      const struct deliver_piece *piece, uint8_t n)
{
	struct lane *lane = copy->lane;
	struct image image = *whole;

	image.id = uuid_of_piece(&whole->id, n);
	image.parent = whole->id;
	image.splits++;
	image.n_samples = piece->n_samples;
	image.raw_size = piece->raw_size;
	image.pprof = span_of(piece->pprof, piece->size);
	int r = shelf_add(shelf, &image, copy->item->name.sequence, &lane, 1);
	lane->counters.pieces++;
	if (r < 0 || r == SHELF_E_NO_ROOM)
		lane->counters.dropped[DELIVER_DROP_SPACE]++;
}

void split_copy(struct shelf *shelf, struct copy *copy, const struct image *image,
		const struct store_limits *limits, const struct store_result *answer)
{
	struct deliver_piece pieces[DELIVER_MAX_PIECES] = { { NULL } };
	struct lane *lane = copy->lane;
	int n = ask_owner(shelf, image, limits, pieces);

	for (int i = 0; i < n && i < (int)DELIVER_MAX_PIECES; i++)
		add_piece(shelf, copy, image, &pieces[i], (uint8_t)i);
	for (uint32_t i = 0; i < DELIVER_MAX_PIECES; i++)
		free(pieces[i].pprof);
	if (n > 0) {
		lane->counters.split++;
		shelf_replaced(shelf, copy);
	} else {
		shelf_drop(shelf, copy, DELIVER_DROP_TOO_BIG, answer);
	}
}
