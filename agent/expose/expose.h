/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent says of itself over HTTP:
 *
 *	/metrics	Prometheus' text format, version 0.0.4
 *	/healthz	200 while the agent's loop runs
 *	/readyz		200, or 503 and why
 *	/status		the snapshot as JSON, for hone-agent status
 *
 * On the owner's loop and in its thread: nothing blocks, and nobody outside can hold the agent up.
 * At most EXPOSE_MAX_CONNECTIONS at once, each with one request of at most EXPOSE_MAX_REQUEST bytes
 * and EXPOSE_DEADLINE to send it and take the answer; then it is cut, however busy it seems.
 * There is no TLS and no authentication: listen at loopback, or where only a scraper reaches it. At
 * loopback, requests whose Host is another name than localhost are refused (421).
 */
#pragma once

#include <stdint.h>

#include "agent/expose/snapshot.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"

#define EXPOSE_MAX_CONNECTIONS 16u
#define EXPOSE_MAX_REQUEST     8192u
#define EXPOSE_MAX_ANSWER      (4u << 20)
#define EXPOSE_MAX_TARGETS     500u /* that /status lists; the others are counted */
#define EXPOSE_DEADLINE	       (5 * NSEC_PER_SEC)

struct expose_options {
	const char *address; /* numeric address and port, see base/address.h; port 0: any */
	void (*fill)(void *context, struct agent_snapshot *snapshot); /* given zeroed */
	void *context;
	uint64_t deadline; /* ns; 0: EXPOSE_DEADLINE */
};

struct expose;

/* 0, or -errno: -EADDRINUSE, -EADDRNOTAVAIL, -EACCES and so on, -EINVAL for what is no address. */
int expose_open(const struct expose_options *options, struct loop *loop, struct expose **ret);

/* NULL is fine; answers NULL. */
struct expose *expose_close(struct expose *e);

/* The port listened at. */
uint16_t expose_port(const struct expose *e);

/* The bodies of the answers, appended to @to. */
void expose_metrics(const struct agent_snapshot *snapshot, struct buf *to);
int expose_status(const struct agent_snapshot *snapshot, struct buf *to); /* 0 or -ENOMEM */
