/* SPDX-License-Identifier: Apache-2.0 */
/* A whole executable: opened, and asked about the beginning of its text. Names must be readable. */
#include "agent/binary/binary.h"
#include "base/cleanup.h"

#define MAX_FUNCTIONS 32
#define MAX_PCS	      16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		(void)*(const volatile uint8_t *)&s.data[i];
}

static void ask_pc(const struct binary *b, const struct binary_function *f, uint64_t pc)
{
	struct binary_line lines[BINARY_MAX_LINES];
	int32_t delta;
	size_t n;
	bool cut;

	(void)binary_sp_delta(b, f, pc, &delta);
	if (binary_lines_at(b, pc, lines, BINARY_MAX_LINES, &n, &cut) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		touch(lines[i].function);
		touch(lines[i].file);
	}
}

static void ask(const struct binary *b)
{
	const struct binary_build *build = binary_build(b);
	struct binary_function f;
	uint64_t pc = binary_text(b);

	touch(build->go_version);
	touch(build->main_path);
	touch(build->main_version);
	touch(build->pgo);
	touch(build->go_build_id);
	touch(build->gnu_build_id);
	(void)binary_runtime_function(b, "runtime._System");
	for (unsigned int i = 0; i < MAX_FUNCTIONS; i++) {
		if (binary_function_at(b, pc, &f) != 0)
			return;
		for (unsigned int k = 0; k < MAX_PCS; k++)
			ask_pc(b, &f, f.entry + k);
		ask_pc(b, &f, f.end - 1);
		pc = f.end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binary *b;

	if (binary_parse(span_of(data, size), &b) == 0) {
		ask(b);
		binary_free(b);
	}
	return 0;
}
