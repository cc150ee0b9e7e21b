/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: hour by hour, and which services have fallen silent. */
#pragma once

#include "base/buf.h"
#include "collector/depot/programs.h"
#include "collector/meter/meter.h"
#include "collector/web/services.h"

#define INGEST_HOURS 24u

struct ingest_page {
	int64_t now;			       /* ns */
	struct depot_hour hours[INGEST_HOURS]; /* the newest, which is not over, is first */
	struct depot_extent extent;
	const struct depot_programs *programs; /* and what services were made of them */
	const struct services *services;
	const struct meter_intake *intake; /* of all tenants; NULL where that is not to be told */
};

void ingest_write(struct buf *to, const struct ingest_page *p);
