/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, lists of cold functions, and what was written of a profile that was published. */
#include <stdlib.h>
#include <string.h>

#include "collector/curate/curate.h"
#include "pgo/trim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_profile(const struct cold_list *l, struct span input)
{
	struct pprof_profile *p = NULL, *trimmed = NULL, *without = NULL;
	struct cold_effect effect;
	const struct pprof_limits limits = { .size = sizeof(limits), .uncompressed = 1 << 20 };

	if (pprof_decode(input.data, input.size, &limits, &p, NULL) != 0)
		return;
	if (trim_new(&trimmed) == 0 && trim_add(trimmed, p, input.size % 3) == 0 &&
	    cold_apply(l, trimmed, &without, &effect) == 0 && without && effect.weight < 0)
		abort();
	pprof_free(without);
	pprof_free(trimmed);
	pprof_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char all[] = "main.*\nruntime.*\na*\nf*\n";
	struct curate_policy policy = CURATE_POLICY_DEFAULT;
	struct curate_explain explain;
	struct curate_rules *rules;
	struct cold_list *l;
	struct buf text = BUF_INIT(1u << 20);
	size_t line;

	if (curate_rules_new(span_of(data, size), &rules, &line) == 0) {
		curate_rules_apply(rules, "shop/api", &policy);
		curate_policy_print(&policy, &text);
		curate_rules_free(rules);
	}
	if (cold_new(span_of(data, size), &l, &line) == 0) {
		cold_has(l, "main.f");
		cold_free(l);
	}
	if (curate_explain_read(span_of(data, size), &explain) == 0)
		curate_explain_json(&explain, 0, &text);
	if (cold_new(span_of(all, sizeof(all) - 1), &l, &line) == 0) {
		try_profile(l, span_of(data, size));
		cold_free(l);
	}
	buf_fini(&text);
	return 0;
}
