/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/report.h"

#include "base/clock.h"

#define QUIET (60 * NSEC_PER_SEC)

uint64_t report_boot(const struct report *r)
{
	return r->clock.boot ? r->clock.boot(r->clock.context) : clock_now(CLOCK_BOOTTIME);
}

uint64_t report_wall(const struct report *r)
{
	return r->clock.wall ? r->clock.wall(r->clock.context) : clock_realtime();
}

void report(const struct report *r, struct report_limits *limits, struct deliver_event event)
{
	uint64_t now = report_boot(r);

	if (!r->owner.event)
		return;
	event.count = ++limits->of[event.kind].untold;
	if (now < limits->of[event.kind].next)
		return;
	limits->of[event.kind].next = now + QUIET;
	limits->of[event.kind].untold = 0;
	event.store = event.store ? event.store : "";
	event.id = event.id ? event.id : "";
	event.text = event.text ? event.text : "";
	r->owner.event(r->owner.context, &event);
}
