/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: for the header of a request, before its body is taken.
 *
 * With tokens (collector/access/tokens.h), each request but those of probes has to bring one: as
 * `Authorization: Bearer TOKEN`, or as the password of basic authentication, whatever the user is
 * called (Grafana's data source and pyroscope-go can do only that). Without tokens everything is
 * everybody's, so then only this machine may be listened to.
 *
 * Pages that somebody else's site brought into a browser are kept off: at a loopback address the
 * Host must be an address, localhost or a name that was configured (DNS rebinding); and what
 * changes something must not come from a page of another origin.
 */
#pragma once

#include "collector/access/tokens.h"

enum access_need {
	ACCESS_OPEN, /* anybody: probes */
	ACCESS_PUSH,
	ACCESS_READ,
	ACCESS_READ_ALL, /* what is not of one tenant */
	ACCESS_ADMIN,
};

/* From the header; NULL where it says nothing. */
struct access_request {
	enum access_need need;
	const char *authorization, *tenant, *host, *origin;
};

#define ACCESS_WHY_SIZE 128u

struct access_answer {
	unsigned int status;		/* of HTTP: 0 where it may go on, or 400, 401, 403, 421 */
	const char *code;		/* Connect's */
	char why[ACCESS_WHY_SIZE];	/* a sentence without its full stop */
	char tenant[TOKEN_TENANT_SIZE]; /* whose it is */
};

struct access;

/* @loopback: it listens to this machine only. @hosts: names it is called by, "a,b"; or NULL. */
int access_new(bool loopback, const char *hosts, struct access **ret_access);
struct access *access_free(struct access *a);

/* @tokens, from malloc() or NULL, become its own and take the place of those before. */
void access_set_tokens(struct access *a, struct tokens *tokens);

/* Does it want tokens? Here and below: by any thread. */
bool access_wants_tokens(struct access *a);

void access_check(struct access *a, const struct access_request *r, struct access_answer *ret);
