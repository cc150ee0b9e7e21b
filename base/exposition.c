/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exposition.h"

#include <inttypes.h>

void exposition_head(struct buf *to, const char *name, const char *type, const char *help)
{
	buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_one(struct buf *to, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	exposition_head(to, name, type, help);
	buf_printf(to, "%s %" PRIu64 "\n", name, value);
}

void exposition_real(struct buf *to, const char *name, const char *type, const char *help,
		     double value)
{
	exposition_head(to, name, type, help);
	buf_printf(to, "%s %.9f\n", name, value);
}

/* Escaped as the format wants it: backslash, quote and newline. */
void exposition_label(struct buf *to, const char *name, const char *value)
{
	buf_printf(to, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			buf_append_text(to, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_append_u8(to, '\\'), buf_append_u8(to, (uint8_t)*value);
		else
			buf_append_u8(to, (uint8_t)*value);
	}
	buf_append_u8(to, '"');
}
