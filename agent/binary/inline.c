/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/inline.h"

#define INLINED_CALL_SIZE 16

bool inline_at(const struct pclntab *t, struct span gofunc, const struct pclntab_function *f,
	       uint64_t offset, struct inlined_call *ret_call)
{
	uint32_t tree, program;
	int32_t index, parent;
	uint64_t at;

	if (!pclntab_funcdata(t, f, FUNCDATA_INL_TREE, &tree) ||
	    !pclntab_pcdata(t, f, PCDATA_INL_TREE_INDEX, &program))
		return false;
	index = pclntab_value(t, f, program, offset);
	if (index < 0)
		return false;
	at = tree + (uint64_t)index * INLINED_CALL_SIZE;
	if (!span_u8(gofunc, at, &ret_call->func_id) ||
	    !span_i32(gofunc, at + 4, &ret_call->name) || !span_i32(gofunc, at + 8, &parent) ||
	    !span_i32(gofunc, at + 12, &ret_call->start_line) || parent < 0)
		return false;
	ret_call->parent = f->entry + (uint32_t)parent;
	return true;
}
