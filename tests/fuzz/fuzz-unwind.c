/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample record and the facts of a binary, both as somebody else would have them: what comes out
 * must be one of the outcomes, no more frames than there is room for, and the same again.
 *
 * The bytes: struct fuzzed_program, its facts, the record. Seeds are made of the fixtures of
 * tests/replay.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/capture/record.h"
#include "agent/unwind/unwind.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzzed-program.h"
#include "tests/unit/unwind/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static bool read_program(struct span *input, struct fact *facts, struct binary *ret_binary)
{
	struct fuzzed_program p;
	struct fuzzed_fact f;
	uint64_t at = sizeof(p);

	if (!span_read(*input, 0, &p, sizeof(p)))
		return false;
	*ret_binary = (struct binary){
		.arch = p.arm64 ? BINARY_ARM64 : BINARY_AMD64,
		.text = p.text,
		.start_code = p.start_code,
		.external = p.external,
		.system = p.system,
		.facts = facts,
	};
	for (int i = 0; i < p.n_facts; i++, at += sizeof(f)) {
		if (!span_read(*input, at, &f, sizeof(f)))
			return false;
		facts[ret_binary->n_facts++] = (struct fact){
			.address = f.address,
			.entry = f.entry,
			.sp_delta = f.sp_delta,
			.flags = f.flags,
			.special = f.special,
		};
	}
	return span_from(*input, at, input);
}

static void unwind(const struct binary *binary, const struct sample *sample)
{
	static struct stack first, again;
	struct unwinder u;

	unwinder_init(&u, binary);
	int r = unwind_sample(&u, sample, &first);
	expect(r == 0 || r == UNWIND_E_NOT_SAMPLED);
	expect(unwind_sample(&u, sample, &again) == r);
	if (r == 0) {
		expect(first.n <= ARRAY_SIZE(first.frames) && first.n == again.n);
		expect(memcmp(first.frames, again.frames, 4 * first.n) == 0);
		expect(first.truncated == again.truncated && first.external == again.external);
	}
	unwinder_fini(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fact facts[FUZZED_MAX_FACTS];
	struct span input = span_of(data, size);
	struct binary binary;

	if (!read_program(&input, facts, &binary) || !input.size)
		return 0;
	/* Exactly as large as the record, and aligned as the ring aligns it. */
	void *record = malloc(input.size);
	memcpy(record, input.data, input.size);
	const struct record_header *h = record;
	if (record_check(span_of(record, input.size)) && h->type == RECORD_SAMPLE)
		unwind(&binary, record);
	free(record);
	return 0;
}
