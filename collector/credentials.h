/* SPDX-License-Identifier: Apache-2.0 */
/* The files with secrets that the settings name: read at the start and at every reload. */
#pragma once

#include "collector/access/tokens.h"
#include "collector/http/http.h"
#include "collector/settings/settings.h"

#define CREDENTIALS_WHY_SIZE 512u

struct credentials {
	struct tokens *tokens; /* NULL: there is no file of them */
	struct buf certificate, key, client_ca;
};

#define CREDENTIALS_E_WRONG 1

/*
 * 0; CREDENTIALS_E_WRONG, and @ret_why, of CREDENTIALS_WHY_SIZE, is a sentence; or -ENOMEM. To be
 * ended also then.
 */
int credentials_read(const struct settings *s, struct credentials *ret, char *ret_why);
void credentials_fini(struct credentials *c);
