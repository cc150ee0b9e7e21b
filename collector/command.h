/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector COMMAND: what is done to a collector's data. One file for each. */
#pragma once

#include <stdbool.h>

#include "collector/depot/depot.h"

enum command_status { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_WRONG = 2 };

/* Is it a command, and not the collector's own options? */
bool command_known(int argc, char **argv);
enum command_status command_run(int argc, char **argv);

enum command_status command_backup(int argc, char **argv);
enum command_status command_compact(int argc, char **argv);
enum command_status command_export(int argc, char **argv);
enum command_status command_token(int argc, char **argv);
enum command_status command_verify(int argc, char **argv);

/* ---- for the commands -------------------------------------------------------------------- */

/* Where profiles are kept if nothing else is said. */
const char *command_data(void);

/* "30d": ns. "2GiB": bytes. False: it was said what is wrong. */
bool command_age(const char *option, const char *text, int64_t *ret_age);
bool command_bytes(const char *option, const char *text, uint64_t *ret_bytes);

/* Why a folder cannot be used, a clause; of an outcome of depot.h or repair.h, or -errno. */
const char *command_trouble(int result);

/* Open one that is there, or say on stderr why not. */
enum command_status command_open(const char *data, struct depot **ret_depot);
