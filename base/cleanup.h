/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-exit cleanup for locals, and the hand-over of what outlives the scope.
 *
 *	_cleanup_(freep) char *text = NULL;
 *	...
 *	*ret_text = TAKE_PTR(text);
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)	     __attribute__((cleanup(f)))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _must_check_	     __attribute__((warn_unused_result))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* The value of @p, which becomes NULL. */
#define TAKE_PTR(p)                       \
	({                                \
		__typeof__(p) *_p = &(p); \
		__typeof__(p) _v = *_p;   \
		*_p = NULL;               \
		_v;                       \
	})

/* The value of @fd, which becomes -1. */
static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
