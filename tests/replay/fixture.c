/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay/fixture.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const special_names[] = {
	[BINARY_ORDINARY] = "-",
	[BINARY_GOEXIT] = "goexit",
	[BINARY_MCALL] = "mcall",
	[BINARY_MORESTACK] = "morestack",
	[BINARY_SYSTEMSTACK] = "systemstack",
	[BINARY_CGOCALLBACK] = "cgocallback",
	[BINARY_ASYNCPREEMPT] = "asyncpreempt",
	[BINARY_SIGPANIC] = "sigpanic",
	[BINARY_DEBUGCALL] = "debugcall",
	[BINARY_GOPANIC] = "gopanic",
	[BINARY_PANICWRAP] = "panicwrap",
	[BINARY_WRAPPER] = "wrapper",
	[BINARY_SYSMON] = "sysmon",
	[BINARY_CLOCK_STUB] = "clock-stub",
	[BINARY_CGOCALL] = "cgocall",
	[BINARY_SIGNAL] = "signal",
};

#define MEMBER(type, key, member, n)           \
	{                                      \
		key, offsetof(type, member), n \
	}

const struct fixture_member fixture_members[] = {
	MEMBER(struct fixture, "text", text, 1),
	MEMBER(struct fixture, "start-code", start_code, 1),
	MEMBER(struct fixture, "external", external, 1),
	MEMBER(struct fixture, "system", system, 1),
	{ 0 },
};

const struct fixture_member fixture_sample_members[] = {
	MEMBER(struct sample, "start-code", header.start_code, 1),
	MEMBER(struct sample, "pc", pc, 1),
	MEMBER(struct sample, "sp", sp, 1),
	MEMBER(struct sample, "fp", fp, 1),
	MEMBER(struct sample, "lr", lr, 1),
	MEMBER(struct sample, "chain", chain, 1),
	MEMBER(struct sample, "curg", go.curg, 1),
	MEMBER(struct sample, "sched", go.sched_pc, 4),
	MEMBER(struct sample, "syscall", go.syscall_pc, 2),
	MEMBER(struct sample, "vdso", go.vdso_pc, 2),
	MEMBER(struct sample, "ncgo", go.ncgo, 1),
	{ 0 },
};

const char *const fixture_lists[FIXTURE_LISTS] = { "words", "frames", "sched-words",
						   "sched-frames" };

const char *fixture_special(unsigned int special)
{
	return special < ARRAY_SIZE(special_names) ? special_names[special] : NULL;
}

struct binary fixture_binary(const struct fixture *f)
{
	return (struct binary){
		.arch = f->arch,
		.text = f->text,
		.start_code = f->start_code,
		.external = f->external,
		.system = f->system,
		.facts = f->facts,
		.n_facts = f->n_facts,
	};
}

void fixture_fini(struct fixture *f)
{
	for (size_t i = 0; i < f->n_samples; i++)
		free(f->samples[i].sample);
	free(f->samples);
	free(f->facts);
	free(f->functions);
	memset(f, 0, sizeof(*f));
}

const struct fixture_function *fixture_function(const struct fixture *f, uint64_t entry)
{
	for (size_t i = 0; i < f->n_functions; i++)
		if (f->functions[i].entry == entry)
			return &f->functions[i];
	return NULL;
}

const struct fact *fixture_fact(const struct fixture *f, uint64_t address)
{
	for (size_t i = 0; i < f->n_facts; i++)
		if (f->facts[i].address == address)
			return &f->facts[i];
	return NULL;
}

static void *grow(void *items, size_t n, size_t size)
{
	items = reallocarray(items, n + 1, size);
	if (!items)
		abort();
	return items;
}

void fixture_add_function(struct fixture *f, const struct fixture_function *function)
{
	f->functions = grow(f->functions, f->n_functions, sizeof(*f->functions));
	f->functions[f->n_functions++] = *function;
}

void fixture_add_fact(struct fixture *f, const struct fact *fact)
{
	f->facts = grow(f->facts, f->n_facts, sizeof(*f->facts));
	f->facts[f->n_facts++] = *fact;
}

void fixture_add_sample(struct fixture *f, const struct fixture_sample *sample)
{
	f->samples = grow(f->samples, f->n_samples, sizeof(*f->samples));
	f->samples[f->n_samples++] = *sample;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void write_numbers(FILE *file, const char *key, const uint64_t *numbers, size_t n)
{
	if (!n)
		return;
	fputs(key, file);
	for (size_t i = 0, times; i < n; i += times) {
		fprintf(file, " %llx", (unsigned long long)numbers[i]);
		for (times = 1; i + times < n && numbers[i + times] == numbers[i];)
			times++;
		if (times > 1)
			fprintf(file, "*%zu", times);
	}
	fputc('\n', file);
}

static void write_members(FILE *file, const struct fixture_member *members, const void *of)
{
	uint64_t numbers[FIXTURE_MAX_MEMBERS];

	for (; members->key; members++) {
		uint64_t any = 0;

		memcpy(numbers, (const uint8_t *)of + members->offset, 8 * members->n);
		for (size_t i = 0; i < members->n; i++)
			any |= numbers[i];
		if (any)
			write_numbers(file, members->key, numbers, members->n);
	}
}

static void write_record(const struct sample *s, FILE *file)
{
	const uint16_t n[] = { s->n_words, s->n_frames, s->n_sched_words, s->n_sched_frames };
	const uint64_t flags = s->flags, *data = s->data;

	write_numbers(file, "flags", &flags, 1);
	write_members(file, fixture_sample_members, s);
	for (int i = 0; i < FIXTURE_LISTS; i++) {
		write_numbers(file, fixture_lists[i], data, n[i]);
		data += n[i];
	}
}

/* The one among those named that @address can be in. */
static const struct fixture_function *function_of(const struct fixture *f, uint64_t address)
{
	const struct fixture_function *best = NULL;

	for (size_t i = 0; i < f->n_functions; i++)
		if (f->functions[i].entry <= address &&
		    (!best || f->functions[i].entry > best->entry))
			best = &f->functions[i];
	return best;
}

static void write_stack(const struct fixture *f, const struct fixture_sample *s, FILE *file)
{
	const struct stack *stack = &s->stack;

	if (s->outcome) {
		fputs("outcome not-sampled\n", file);
		return;
	}
	fprintf(file, "outcome stack%s%s\n", stack->truncated ? " truncated" : "",
		stack->external ? " external" : "");
	for (uint32_t i = 0, times; i < stack->n; i += times) {
		uint64_t address = (stack->frames[i] & FRAME_ADDRESS) + f->text;
		const struct fixture_function *function = function_of(f, address);

		for (times = 1;
		     i + times < stack->n && stack->frames[i + times] == stack->frames[i];)
			times++;
		fprintf(file, "= %llx", (unsigned long long)address);
		if (times > 1)
			fprintf(file, "*%u", times);
		fprintf(file, "%s %s\n", stack->frames[i] & FRAME_SHOW_WRAPPERS ? " w" : "",
			function ? function->name : "?");
	}
}

static void write_facts(const struct fixture *f, FILE *file)
{
	for (size_t i = 0; i < f->n_functions; i++) {
		const struct fixture_function *function = &f->functions[i];
		const char *special = fixture_special(function->special);

		fprintf(file, "function %llx %x %s %s\n", (unsigned long long)function->entry,
			function->flags, special ? special : "?", function->name);
	}
	for (size_t i = 0; i < f->n_facts; i++) {
		const struct fact *fact = &f->facts[i];

		fprintf(file, "at %llx %llx ", (unsigned long long)fact->address,
			(unsigned long long)fact->entry);
		if (fact->sp_delta == FACTS_NO_DELTA)
			fputs("-\n", file);
		else
			fprintf(file, "%x\n", (unsigned int)fact->sp_delta);
	}
}

void fixture_write(const struct fixture *f, FILE *file)
{
	fprintf(file, "go %s\narch %s\n", f->go, f->arch == BINARY_ARM64 ? "arm64" : "amd64");
	write_members(file, fixture_members, f);
	write_facts(f, file);
	for (size_t i = 0; i < f->n_samples; i++) {
		const struct fixture_sample *s = &f->samples[i];

		fprintf(file, "\nsample %s\n", s->kind);
		write_record(s->sample, file);
		write_stack(f, s, file);
	}
}
