/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value programs and inline trees: the first 8 bytes are a place in the function, the pc quantum
 * and where the tables begin, the rest is value table, inline tree and names at once.
 */
#include <stdlib.h>

#include "agent/binary/inline.h"
#include "agent/binary/pclntab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size), body, file;
	struct pclntab_function f = { .n_pcdata = 3, .n_funcdata = 4 };
	struct inlined_call call = { 0 };
	struct pclntab t = { 0 };
	uint16_t place[3];
	int32_t line, most;
	uint8_t quantum;

	if (!span_read(input, 0, place, sizeof(place)) || !span_u8(input, 6, &quantum) ||
	    !span_from(input, 8, &body))
		return 0;
	t.quantum = quantum & 1 ? 1 : 4;
	t.pctab = t.functions = t.names = t.files = t.cutab = body;
	f.entry = place[1];
	f.record = place[2];
	f.pcsp = f.pcfile = f.pcln = 1;
	f.name = place[2];
	most = pclntab_value_max(&t, &f, f.pcsp);
	if (pclntab_value(&t, &f, f.pcsp, f.entry + (uint64_t)place[0]) > most)
		abort();
	pclntab_line(&t, &f, f.entry + (uint64_t)place[0], &file, &line);
	(void)pclntab_name(&t, f.name, PCLNTAB_MAX_NAME);
	(void)inline_at(&t, body, &f, f.entry + (uint64_t)place[0], &call);
	return 0;
}
