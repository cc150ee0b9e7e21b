/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main packages of the user's module, and where they lie.
 *
 * Only the go command can tell: build constraints, workspaces, vendor folders, patterns. So it is
 * asked (go list -e -find -json, Go 1.19 or later), as the user who called sudo, and without a look
 * at dependencies: that needs no network. Packages of other modules are left out: their folders are
 * not the user's.
 */
#pragma once

#include <stddef.h>

#include "base/span.h"
#include "cli/sudo.h"

#define PACKAGES_MAX 4096

enum packages_outcome {
	PACKAGES_E_NO_GO = 1, /* there is no go command */
	PACKAGES_E_FAILED,    /* it failed, and has said why on standard error */
	PACKAGES_E_MALFORMED, /* its answer cannot be read */
	PACKAGES_E_TOO_MANY,  /* over PACKAGES_MAX */
};

struct package {
	char *path;   /* import path: what the binary's build info calls it */
	char *folder; /* absolute */
};

struct packages {
	struct package *list;
	size_t n, capacity;
	char *complaint; /* the first that go had about a package, NULL for none */
};

#define PACKAGES_NULL \
	{             \
		0     \
	}

void packages_fini(struct packages *p);

/* By the go command. @user NULL: as we are. 0, an outcome, or -errno. */
int packages_find(char *const *patterns, size_t n_patterns, const struct sudo_user *user,
		  struct packages *ret_packages);

/* From what go list -json printed. 0, PACKAGES_E_MALFORMED, PACKAGES_E_TOO_MANY or -ENOMEM. */
int packages_parse(struct span json, struct packages *ret_packages);
