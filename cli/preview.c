/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preview.h"

#include "agent/symbolize/profile.h"

void preview_fini(struct preview *v)
{
	symbolizer_free(v->symbolizer);
	pprof_free(v->profile);
	*v = (struct preview)PREVIEW_NULL;
}

static int begin(struct preview *v, const struct tally *tally)
{
	const struct profile_facts facts = { .period = 1 };
	const struct symbolize_options options = {
		.mapping_file = "",
		.period = 1,
		.physical_frames = 2,
	};

	preview_fini(v);
	int r = profile_new(tally->build->binary, &facts, &v->profile);
	if (r == 0)
		r = symbolizer_new(tally->build->binary, &options, v->profile, &v->symbolizer);
	if (r == 0)
		v->tally = tally;
	return r;
}

int preview_judge(struct preview *v, const struct tally *tally, struct pgo_quality *ret_quality)
{
	int r = v->tally == tally ? 0 : begin(v, tally);

	if (r == 0)
		r = symbolizer_update(v->symbolizer, &tally->stacks);
	return r == 0 ? pgo_assess(v->profile, ret_quality, NULL) : r;
}
