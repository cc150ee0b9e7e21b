/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, as the format wants its texts: RFC 3629, and so without surrogates. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Where the first byte is that belongs to no character of @text; @size when all do. */
size_t pp_find_not_utf8(const uint8_t *text, size_t size);

/* Put "?" in the place of each such byte. */
void pp_make_utf8(uint8_t *text, size_t size);
