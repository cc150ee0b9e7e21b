/* SPDX-License-Identifier: Apache-2.0 */
/* The name of a profile in a directory. Pure. */
#pragma once

#include "store/store.h"

/* NAME_MAX and a NUL. */
#define FILENAME_SIZE 256

/*
 *	SERVICE[_NAMESPACE][_POD][_CONTAINER]_20261121T123100Z_ID.pb.gz
 *
 * from the labels service_name (else "unknown"), namespace, pod and container. Each is cut at 40
 * bytes, and what is not a letter, digit, dot or dash is a dash; so a name holds no slash and
 * no blank, and begins with a letter or digit. The id makes it unique, the same profile has the
 * same name again.
 */
void filename_make(const struct store_profile *profile, char ret_name[FILENAME_SIZE]);

/* Was the name made for this service? As far as it tells: my_api and my-api have the same. */
bool filename_is_of(const char *name, const char *service);
