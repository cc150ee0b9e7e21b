/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/symbolize/profile.h"

#include "base/buf.h"
#include "libpprof/utf8.h"

#define MAX_COMMENT 4096u

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

/* Add the text of @line as a comment and end it. */
static int add_comment(struct pprof_profile *p, struct buf *line)
{
	if (line->size)
		pp_make_utf8(line->data, line->size);
	buf_append_u8(line, 0);
	int r = buf_error(line) ? buf_error(line) : pprof_add_comment(p, (const char *)line->data);

	buf_fini(line);
	return r;
}

static void append_value(struct buf *line, const char *key, struct span value)
{
	if (!value.size)
		return;
	buf_append_text(line, key);
	for (size_t i = 0; i < value.size; i++)
		buf_append_u8(line, value.data[i] > ' ' ? value.data[i] : '_');
}

static int comment_on_build(struct pprof_profile *p, const struct binary_build *build)
{
	struct buf line = BUF_INIT(MAX_COMMENT);

	buf_append_text(&line, "hone:");
	append_value(&line, " go=", build->go_version);
	append_value(&line, " main=", build->main_path);
	append_value(&line, " version=", build->main_version);
	append_value(&line, " revision=", build->vcs_revision);
	append_value(&line, " modified=", build->vcs_modified);
	append_value(&line, " pgo=", build->pgo);
	append_value(&line, " build-id=", build->go_build_id);
	return add_comment(p, &line);
}

static int add_types(struct pprof_profile *p)
{
	static const struct pprof_value_type types[] = {
		{ "samples", "count" },
		{ "cpu", "nanoseconds" },
	};
	int r = pprof_add_sample_type(p, &types[0]);

	return r ? r : pprof_add_sample_type(p, &types[1]);
}

int profile_new(const struct binary *binary, const struct profile_facts *facts,
		struct pprof_profile **ret_profile)
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	const struct pprof_header header = {
		.time_nanos = (int64_t)facts->start,
		.duration_nanos = (int64_t)facts->duration,
		.period = (int64_t)facts->period,
		.period_type = { "cpu", "nanoseconds" },
		.default_sample_type = "",
		.drop_frames = "",
		.keep_frames = "",
	};
	int r = pprof_new(&p);

	if (r == 0)
		r = pprof_set_header(p, &header);
	if (r == 0)
		r = add_types(p);
	if (r == 0)
		r = comment_on_build(p, binary_build(binary));
	if (r == 0)
		*ret_profile = TAKE_PTR(p);
	return r;
}

int profile_note(struct pprof_profile *profile, const struct pgo_notes *notes)
{
	struct buf line = BUF_INIT(MAX_COMMENT);

	pgo_notes_print(notes, &line);
	return add_comment(profile, &line);
}
