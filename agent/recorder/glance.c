/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/inside.h"

#include <errno.h>

void glance_fini(struct glance *g)
{
	if (g->is_there)
		process_close(&g->process);
}

int glance(struct recorder *r, struct glance *g, process_look look_at)
{
	if (g->tried)
		return 0;
	g->tried = true;
	r->counters.looks++;
	int e = look_at(r->options.procfs, (int32_t)g->header->pid, &g->process);
	if (e != 0)
		return e == -ENOMEM ? e : 0;
	g->is_there = true;
	if (process_started_at(&g->process, g->header->start_time))
		return 0;
	glance_fini(g);
	g->is_there = false;
	return 0;
}
