/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of store is made of. Inside of this room: store.c hands every call on. */
#pragma once

#include "store/store.h"

struct store_backend {
	struct store *(*close)(struct store *s);
	int (*push)(struct store *s, const struct store_profile *profile, store_done done,
		    void *context);
	void (*cancel)(struct store *s);
	uint32_t (*room)(const struct store *s);
};

/* Embedded, first, in each kind's own struct. */
struct store {
	const struct store_backend *backend;
	struct store_limits limits;
};

/* As store_open(). */
int pyroscope_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
		   char *ret_text);
int directory_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
		   char *ret_text);

/* The folder that a file:///DIR names, with a slash at its end. 0, STORE_E_OPTIONS or -ENOMEM. */
int directory_path(const char *url, char **ret_path, char *ret_text);

/* Say in @ret_text, of STORE_TEXT_SIZE, why the options cannot work. */
int store_bad_options(char *ret_text, const char *format, ...) _printf_(2, 3);
