/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request of push.v1.PusherService/Push (proto/push.proto), in protobuf or in JSON as protojson
 * takes it (bytes in base64 of either alphabet, names in either style, unknown ones passed over).
 *
 * What a request takes of memory beside its bytes is bounded by the caps below and those of
 * labels.h, and in JSON by one on values, each of which becomes an object first.
 *
 * Protobuf is read where it lies: a profile is most of its request, and generated code would copy
 * it.
 */
#pragma once

#include "collector/ingest/labels.h"

#define PUSH_MAX_SERIES	 256u
#define PUSH_MAX_SAMPLES 1024u
#define PUSH_ID_SIZE	 64u

struct push_sample {
	uint32_t series;
	char id[PUSH_ID_SIZE]; /* "" for none, or one that is too long to be a UUID */
	struct span pprof;     /* as it came: in the body, or in .memory */
	uint8_t *memory;       /* of JSON: base64 undone */
};

struct push {
	struct label_set *series; /* finished */
	size_t n_series;
	struct push_sample *samples;
	size_t n_samples;
};

#define PUSH_NULL \
	{         \
		0 \
	}

void push_fini(struct push *p);

/*
 * 0, INGEST_E_REFUSED or -ENOMEM; *ret_push, PUSH_NULL before, is the caller's to fini, whatever is
 * returned. That of protobuf borrows from @body.
 */
int push_parse_proto(struct span body, struct push *ret_push, struct refusal *why);
int push_parse_json(struct span body, struct push *ret_push, struct refusal *why);
