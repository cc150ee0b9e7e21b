/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something was not taken, in the terms of the Connect protocol (connectrpc.com/docs/protocol,
 * error codes), for all ways in.
 */
#pragma once

#include "base/cleanup.h"

#define REFUSAL_SIZE 256u

enum refusal_code {
	REFUSAL_NONE,
	REFUSAL_INVALID,       /* invalid_argument, 400 */
	REFUSAL_TOO_LARGE,     /* resource_exhausted, 413: it will never fit */
	REFUSAL_UNSUPPORTED,   /* 415: another codec than ours */
	REFUSAL_UNIMPLEMENTED, /* unimplemented, 501 */
	REFUSAL_FULL,	       /* resource_exhausted, 507: no room on the disk */
	REFUSAL_BUSY,	       /* unavailable, 503 */
	REFUSAL_TIMEOUT,       /* deadline_exceeded, 504 */
	REFUSAL_INTERNAL,      /* internal, 500 */
};

/* What every call of this room answers when it does not take something: @why says more. */
#define INGEST_E_REFUSED 1

struct refusal {
	enum refusal_code code;
	char text[REFUSAL_SIZE]; /* a sentence without its full stop */
};

/* Fill in @why; always INGEST_E_REFUSED. */
int refuse(struct refusal *why, enum refusal_code code, const char *format, ...) _printf_(3, 4);

unsigned int refusal_status(enum refusal_code code); /* HTTP's */
const char *refusal_name(enum refusal_code code);    /* Connect's */
