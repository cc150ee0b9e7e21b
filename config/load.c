/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config/parse.h"

int config_load(const struct config_schema *schema, const struct config_input *input,
		const struct config_choice *choice, void *ret_config,
		struct config_problems *ret_problems)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(CONFIG_MAX_FILE);
	struct config_input whole = *input;
	int r = file_read(choice->file, &file);

	if (r == -ENOMEM)
		return r;
	if (r < 0 && (choice->named || r != -ENOENT)) {
		memset(ret_config, 0, schema->table->size);
		ret_problems->n = 1;
		ret_problems->more = 0;
		snprintf(ret_problems->texts[0], CONFIG_PROBLEM_SIZE, "%.200s: cannot be read: %s.",
			 choice->file, strerror(-r));
		return CONFIG_E_WRONG;
	}
	whole.file_name = choice->file;
	whole.file = file.size ? span_of(file.data, file.size) : span_of("", 0);
	return config_parse(schema, &whole, ret_config, ret_problems);
}
