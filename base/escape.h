/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside, made fit to stand in one line of a log, a JSON document or a terminal.
 *
 * Names of containers, units, files and the answers of servers are other people's: they may hold
 * newlines, quotes, escape sequences of terminals, or bytes that are no UTF-8. What could end a
 * line, move a cursor or change the direction of reading (the bidirectional controls of Unicode) is
 * escaped as in JSON (RFC 8259 §7), which logfmt readers take as well. What is no UTF-8 (RFC 3629:
 * overlong forms, surrogates and all above U+10FFFF included) becomes U+FFFD, a byte at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* One character takes no more than this: a backslash, u, and four digits. */
#define ESCAPE_MAX 6u

/*
 * Take one character off the front of @rest, which is not empty, and write it to @ret_text as it
 * may stand between double quotes. Answers its length there.
 */
size_t escape_next(struct span *rest, char ret_text[ESCAPE_MAX]);

/* True when @text is not empty and needs neither escapes nor quotes in logfmt: visible ASCII but
 * for the double quote, the equals sign and the backslash. */
bool escape_is_plain(struct span text);

/* True when all of @text is UTF-8 without control characters (C0, DEL, C1). */
bool escape_is_clean(struct span text);
