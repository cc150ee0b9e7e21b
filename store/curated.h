/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone-collector's GET /pgo/NAME: what is asked, and what the answer's header tells of the profile.
 * Pure.
 */
#pragma once

#include "base/buf.h"
#include "store/fetch.h"

#define CURATED_NAME_SIZE 1024

enum curated_outcome {
	CURATED_E_NAME = 1, /* no main package has such a name, and no path may be made of it */
};

struct curated_question {
	const char *name; /* main package path or service */
	const char *tag;  /* NULL: none */
	uint64_t window;  /* ns; 0: the collector's own; not with a tag, likewise .any */
	const struct store_label *labels; /* only series that have all of these */
	size_t n_labels;
	bool any; /* even one that is not good enough */
};

/*
 * Path and query for struct fetch, NUL-terminated, into buffers of the caller's. 0, CURATED_E_NAME
 * (also of a tag), or -ENOMEM.
 */
int curated_ask(const struct curated_question *q, struct buf *ret_path, struct buf *ret_query);

struct curated_facts {
	bool by_collector; /* the answer is hone-collector's, and of a profile */
	uint64_t until;	   /* end of the newest part, ns since the epoch; 0: not said */
	char builds[256];  /* newest first; "" for not said */
};

void curated_read(const struct fetch *f, struct curated_facts *ret_facts);
