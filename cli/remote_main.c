/* SPDX-License-Identifier: Apache-2.0 */
/* hone-remote: the commands of hone that speak with a store. hone runs it, with its own arguments.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/say.h"

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "pull"))
		return cmd_pull(argc - 1, argv + 1);
	if (!strcmp(name, "push"))
		return cmd_push(argc - 1, argv + 1);
	return say_usage(NULL, "this is a part of hone: say hone pull, or hone push.");
}
