/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/parked.h"

#include <stdlib.h>
#include <string.h>

uint64_t parked_clear(struct parked *p)
{
	uint64_t ticks = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		ticks += SAMPLE_WEIGHT(p->items[i]->flags);
		free(p->items[i]);
	}
	p->n = 0;
	p->bytes = 0;
	return ticks;
}

void parked_fini(struct parked *p)
{
	parked_clear(p);
}

bool parked_add(struct parked *p, const struct sample *s)
{
	size_t size = s->header.size;
	struct sample *copy;

	if (p->n == PARKED_MAX || size > PARKED_MAX_BYTES - p->bytes)
		return false;
	copy = malloc(size);
	if (!copy)
		return false;
	memcpy(copy, s, size);
	p->items[p->n++] = copy;
	p->bytes += size;
	return true;
}

static bool is_of(const struct sample *s, const struct exe_key *exe)
{
	return memcmp(&s->header.exe, exe, sizeof(*exe)) == 0;
}

struct sample *parked_take(struct parked *p, const struct exe_key *exe)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct sample *s = p->items[i];

		if (!is_of(s, exe))
			continue;
		p->bytes -= s->header.size;
		p->n--;
		memmove(&p->items[i], &p->items[i + 1], (p->n - i) * sizeof(p->items[0]));
		return s;
	}
	return NULL;
}
