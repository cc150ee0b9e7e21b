/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/textset.h"

#include <errno.h>
#include <string.h>

void textset_fini(struct textset *s)
{
	buf_fini(&s->text);
	free(TAKE_PTR(s->items));
	s->n = 0;
}

int textset_add(struct textset *s, size_t at)
{
	if (buf_error(&s->text))
		return buf_error(&s->text);
	if (s->n == TEXTSET_MAX)
		return -E2BIG;
	if (!(s->n & (s->n - 1))) { /* 0, or a power of two: it is full */
		struct textset_item *items =
			reallocarray(s->items, s->n ? s->n * 2 : 1, sizeof(*items));

		if (!items)
			return -ENOMEM;
		s->items = items;
	}
	s->items[s->n++] = (struct textset_item){ at, s->text.size - at };
	return 0;
}

static int compare(const void *a, const void *b, void *context)
{
	const struct textset_item *x = a, *y = b;
	const uint8_t *text = context;
	size_t n = x->size < y->size ? x->size : y->size;
	int r = n ? memcmp(text + x->at, text + y->at, n) : 0;

	return r ? r : (x->size > y->size) - (x->size < y->size);
}

void textset_finish(struct textset *s)
{
	size_t n = 0;

	if (s->n)
		qsort_r(s->items, s->n, sizeof(*s->items), compare, s->text.data);
	for (size_t i = 0; i < s->n; i++)
		if (!n || compare(&s->items[n - 1], &s->items[i], s->text.data) != 0)
			s->items[n++] = s->items[i];
	s->n = n;
}
