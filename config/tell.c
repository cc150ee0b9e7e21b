/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tell.h"

#include "base/file.h"

#define MAX_TEXT ((size_t)4 << 20)

static int tell(const struct buf *text, int fd)
{
	int r = buf_error(text);

	return r ? r : file_write(fd, text->data, text->size);
}

int config_tell(const struct config_schema *schema, const void *config, enum config_action action,
		const char *version, int fd)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(MAX_TEXT);

	switch (action) {
	case CONFIG_RUN:
		break;
	case CONFIG_HELP:
		config_help(schema, &text);
		break;
	case CONFIG_VERSION:
		buf_printf(&text, "%s\n", version);
		break;
	case CONFIG_CHECK:
		config_print(schema, config, &text);
		break;
	}
	return tell(&text, fd);
}

int config_tell_problems(const struct config_problems *problems, const char *program, int fd)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(MAX_TEXT);

	for (size_t i = 0; i < problems->n; i++)
		buf_printf(&text, "%s: %s\n", program, problems->texts[i]);
	if (problems->more)
		buf_printf(&text, "%s: and %zu more.\n", program, problems->more);
	return tell(&text, fd);
}
