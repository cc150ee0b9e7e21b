/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can this server read on after a header: where its body ends (RFC 9112 §6.3), and whether what is
 * kept of it leaves room for the body. Texts in, a verdict out. Inside of this room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct framing {
	unsigned int lengths, encodings;
	const char *length, *encoding; /* the last of each, borrowed */
	bool strange;		       /* a name that is none */
	size_t kept;		       /* bytes */
};

/* An argument or cookie; @value may be NULL. */
void framing_weigh(struct framing *f, const char *name, const char *value);

/* A field of the header. */
void framing_add(struct framing *f, const char *name, const char *value);

/*
 * NULL, or why not: a sentence, and the status. @room: bytes that may be kept. *ret_announced:
 * those of the body by Content-Length, 0 where there is none.
 */
const char *framing_refusal(const struct framing *f, size_t room, unsigned int *ret_status,
			    uint64_t *ret_announced);
