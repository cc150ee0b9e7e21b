/* SPDX-License-Identifier: Apache-2.0 */
/* documents help|manual|example: print what is made from the table of keys. */
#include <stdio.h>
#include <string.h>

#include "agent/config/config.h"

int main(int argc, char **argv)
{
	struct buf text = BUF_INIT(1 << 20);

	if (argc == 2 && !strcmp(argv[1], "help"))
		config_help(&text);
	else if (argc == 2 && !strcmp(argv[1], "manual"))
		config_manual(&text);
	else if (argc == 2 && !strcmp(argv[1], "example"))
		config_example(&text);
	else
		return 2;
	if (buf_error(&text) || fwrite(text.data, 1, text.size, stdout) != text.size)
		return 1;
	buf_fini(&text);
	return 0;
}
