/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside, made fit to be sent and shown. */
#pragma once

#include "base/span.h"

/*
 * Copy as much of @s as fits into @ret_text as one line of printable ASCII: every run of anything
 * else becomes one blank, none at the ends. For what a server says; it may end up in a log.
 */
void text_one_line(struct span s, char *ret_text, size_t size);

/*
 * The length of the first character of @s if it is well-formed UTF-8 (RFC 3629: shortest form, no
 * surrogates, up to U+10FFFF), else 0. For an empty @s 0.
 */
size_t text_utf8(struct span s);
