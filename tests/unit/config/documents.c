/* SPDX-License-Identifier: Apache-2.0 */
/* documents agent|collector help|manual|example: print what is made from a table of keys. */
#include <stdio.h>
#include <string.h>

#include "agent/config/config.h"
#include "collector/settings/settings.h"

static const struct {
	const char *name;
	const struct config_schema *schema;
} programs[] = {
	{ "agent", &agent_config_schema },
	{ "collector", &settings_schema },
};

static const struct {
	const char *name;
	void (*print)(const struct config_schema *schema, struct buf *to);
} documents[] = {
	{ "help", config_help },
	{ "manual", config_manual },
	{ "example", config_example },
};

int main(int argc, char **argv)
{
	struct buf text = BUF_INIT(1 << 20);

	for (size_t p = 0; argc == 3 && p < ARRAY_SIZE(programs); p++)
		for (size_t d = 0; d < ARRAY_SIZE(documents); d++)
			if (!strcmp(argv[1], programs[p].name) &&
			    !strcmp(argv[2], documents[d].name))
				documents[d].print(programs[p].schema, &text);
	bool done = text.size && !buf_error(&text) &&
		    fwrite(text.data, 1, text.size, stdout) == text.size;
	buf_fini(&text);
	return done ? 0 : 2;
}
