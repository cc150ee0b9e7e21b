/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/runtime.h"

#include "base/cleanup.h"

/* So many functions in a row that are not of package runtime: its part of the text is over. */
#define FOREIGN_RUN 256
/* And so many functions are far more than stand before its end: 2300 in programs of 140000. */
#define MAX_REACH (1u << 16)
/* None of the names of interest is as long, with its NUL. */
#define MAX_NAME 256

static const struct {
	const char *name;
	enum binary_special special;
} by_id[] = {
	{ "runtime.goexit", BINARY_GOEXIT },
	{ "runtime.mcall", BINARY_MCALL },
	{ "runtime.morestack", BINARY_MORESTACK },
	{ "runtime.systemstack", BINARY_SYSTEMSTACK },
	{ "runtime.cgocallback", BINARY_CGOCALLBACK },
	{ "runtime.asyncPreempt", BINARY_ASYNCPREEMPT },
	{ "runtime.sigpanic", BINARY_SIGPANIC },
	{ "runtime.debugCallV2", BINARY_DEBUGCALL },
	{ "runtime.gopanic", BINARY_GOPANIC },
	{ "runtime.panicwrap", BINARY_PANICWRAP },
	{ "runtime.deferreturn", BINARY_WRAPPER },
};

/* Which of the functions of one name: an assembly function or a Go one, not their ABI wrappers. */
enum which {
	ASSEMBLY,
	GO,
	LAST, /* what assembly calls: the wrapper, which comes after the function, if there is one
	       */
};

static const struct {
	const char *name;
	enum binary_special special;
	enum which which;
} kept[RUNTIME_N_KEPT] = {
	[RUNTIME_SYSMON] = { "runtime.sysmon", BINARY_SYSMON, GO },
	[RUNTIME_CGOCALL] = { "runtime.cgocall", BINARY_CGOCALL, GO },
	[RUNTIME_TIME_NOW] = { "time.now", BINARY_CLOCK_STUB, ASSEMBLY },
	[RUNTIME_NANOTIME1] = { "runtime.nanotime1", BINARY_CLOCK_STUB, ASSEMBLY },
	[RUNTIME_WALLTIME] = { "runtime.walltime", BINARY_CLOCK_STUB, ASSEMBLY },
	[RUNTIME_CGOCALLBACK] = { "runtime.cgocallback", BINARY_ORDINARY, ASSEMBLY },
	[RUNTIME_CGOCALLBACKG] = { "runtime.cgocallbackg", BINARY_ORDINARY, LAST },
	[RUNTIME_SIGTRAMP] = { "runtime.sigtramp", BINARY_SIGNAL, ASSEMBLY },
	[RUNTIME_CGO_SIGTRAMP] = { "runtime.cgoSigtramp", BINARY_ORDINARY, ASSEMBLY },
	[RUNTIME_SIGTRAMPGO] = { "runtime.sigtrampgo", BINARY_SIGNAL, GO },
	[RUNTIME_STACKCHECK] = { "runtime.stackcheck", BINARY_ORDINARY, ASSEMBLY },
	[RUNTIME_LOAD_G] = { "runtime.load_g", BINARY_ORDINARY, ASSEMBLY },
};

static bool of_runtime(struct span name)
{
	return span_starts_with(name, "runtime.") || span_equals(name, "time.now");
}

/* ABI wrappers may come before or after deferreturn, and overwrite its mark: hence the last word.
 */
static void learn_id(struct runtime_functions *r, struct span name, uint8_t id, int *wrapper_id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(by_id); i++) {
		if (!span_equals(name, by_id[i].name))
			continue;
		r->special[id] = by_id[i].special;
		if (by_id[i].special == BINARY_WRAPPER)
			*wrapper_id = id;
		r->found |= by_id[i].special == BINARY_GOEXIT;
	}
}

static void keep(struct runtime_functions *r, struct span name, uint32_t index,
		 const struct pclntab_function *f)
{
	for (unsigned int i = 0; i < RUNTIME_N_KEPT; i++) {
		if ((kept[i].which == ASSEMBLY && !(f->flags & BINARY_FUNC_ASM)) ||
		    (kept[i].which == GO && f->func_id != 0))
			continue;
		if (span_equals(name, kept[i].name))
			r->kept[i] = (struct runtime_function){ .found = true,
								.index = index,
								.function = *f };
	}
}

void runtime_functions_find(const struct pclntab *t, struct runtime_functions *ret_functions)
{
	struct runtime_functions *r = ret_functions;
	struct pclntab_function f;
	unsigned int foreign = 0;
	int wrapper_id = -1;

	*r = (struct runtime_functions){ 0 };
	for (uint32_t i = 0; i < t->n_functions && i < MAX_REACH; i++) {
		if (r->found && foreign > FOREIGN_RUN)
			break;
		if (!pclntab_function(t, i, &f))
			break;
		struct span name = pclntab_name(t, f.name, MAX_NAME);
		if (!of_runtime(name)) {
			foreign++;
			continue;
		}
		foreign = 0;
		r->n = i + 1;
		if (f.func_id)
			learn_id(r, name, f.func_id, &wrapper_id);
		keep(r, name, i, &f);
	}
	if (wrapper_id >= 0)
		r->special[wrapper_id] = BINARY_WRAPPER;
}

uint8_t runtime_special(const struct runtime_functions *r, const struct pclntab_function *f)
{
	if (f->func_id)
		return r->special[f->func_id];
	for (unsigned int i = 0; i < RUNTIME_N_KEPT; i++)
		if (r->kept[i].found && r->kept[i].function.record == f->record)
			return kept[i].special;
	return BINARY_ORDINARY;
}

bool runtime_function_entry(const struct pclntab *t, const struct runtime_functions *r,
			    const char *name, uint32_t *ret_entry)
{
	struct pclntab_function f;

	for (uint32_t i = 0; i < r->n && pclntab_function(t, i, &f); i++) {
		if (!span_equals(pclntab_name(t, f.name, MAX_NAME), name) ||
		    (f.func_id && r->special[f.func_id] == BINARY_WRAPPER))
			continue;
		*ret_entry = f.entry;
		return true;
	}
	return false;
}
