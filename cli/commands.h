/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of hone. Each gets its own arguments, argv[0] being its name, prints what it has to
 * say by cli/say.h, and answers the exit code. A command is one file, one line here and one line
 * of the table in main.c; what speaks with a store is called by remote_main.c.
 */
#pragma once

enum hone_exit {
	HONE_OK = 0,
	HONE_ERROR = 1,	  /* it could not be done */
	HONE_USAGE = 2,	  /* it was asked wrongly */
	HONE_REFUSED = 3, /* done, and the answer is no: no profile, or none that would do */
};

int cmd_record(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_push(int argc, char **argv);
