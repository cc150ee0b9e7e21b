/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/push_labels.h"

#include <string.h>

#include "base/text.h"

bool push_labels_add(struct labels *l, const char *pair)
{
	struct span rest = span_of(pair, strlen(pair)), name;
	char text[LABELS_MAX_NAME + 1];

	if (!strchr(pair, '=') || !text_cut(&rest, '=', &name) ||
	    !text_copy(name, text, sizeof(text)) || !label_name_valid(text))
		return false;
	labels_add(l, text, rest);
	return true;
}

/* Where it was not said yet. */
static bool has(struct labels *l, const char *name)
{
	labels_finish(l);
	return labels_value(l, name);
}

static void add(struct labels *l, const char *name, struct span value)
{
	if (!has(l, name))
		labels_add(l, name, value);
}

/* ---- from the executable, and from the profile ------------------------------------------- */

static void add_build(struct labels *l, const struct binary_build *b)
{
	add(l, "main_package", b->main_path);
	add(l, "module_version", b->main_version);
	add(l, "vcs_revision", b->vcs_revision);
	add(l, "go_version", b->go_version);
	add(l, "build_id", b->go_build_id);
}

/* agent/symbolize/profile.h: `hone: key=value key=value…` */
static void add_pair(struct labels *l, struct span pair)
{
	static const struct {
		const char *key, *label;
	} known[] = {
		{ "main=", "main_package" },	 { "version=", "module_version" },
		{ "revision=", "vcs_revision" }, { "go=", "go_version" },
		{ "build-id=", "build_id" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_skip(&pair, known[i].key)) {
			add(l, known[i].label, pair);
			return;
		}
}

static void add_comments(struct labels *l, const struct pprof_profile *p)
{
	for (size_t i = 0; i < pprof_n_comments(p); i++) {
		const char *text = pprof_comment(p, i);
		struct span line = span_of(text, strlen(text)), pair;

		if (!text_skip(&line, "hone: "))
			continue;
		while (text_cut(&line, ' ', &pair))
			add_pair(l, pair);
	}
}

/* ---- what must be there ------------------------------------------------------------------ */

static struct span base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	return span_of(base, strlen(base));
}

static bool find_service(struct labels *l, const struct pprof_profile *p)
{
	if (!has(l, "service_name") && has(l, "main_package"))
		labels_add(l, "service_name", base_name(labels_value(l, "main_package")));
	/* Mapping 0 is the main binary. */
	if (!has(l, "service_name") && pprof_n_mappings(p))
		labels_add(l, "service_name", base_name(pprof_mapping(p, 0).file));
	return has(l, "service_name");
}

/* As Pyroscope calls the kinds that runtime/pprof makes. */
static const char *kind_of(const char *type)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = {
		{ "cpu", "process_cpu" },     { "samples", "process_cpu" },
		{ "inuse_space", "memory" },  { "alloc_space", "memory" },
		{ "goroutine", "goroutine" }, { "goroutines", "goroutine" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(type, kinds[i].type))
			return kinds[i].kind;
	return NULL;
}

static bool find_kind(struct labels *l, const struct pprof_profile *p)
{
	const char *kind = NULL;

	if (has(l, "__name__"))
		return true;
	for (size_t i = 0; !kind && i < pprof_n_sample_types(p); i++)
		kind = kind_of(pprof_sample_type(p, i).type);
	labels_add_text(l, "__name__", kind);
	return kind;
}

int push_labels_finish(struct labels *l, const struct binary_build *build,
		       const struct pprof_profile *p)
{
	if (build)
		add_build(l, build);
	add_comments(l, p);
	if (!find_kind(l, p))
		return PUSH_LABELS_E_KIND;
	if (!find_service(l, p))
		return PUSH_LABELS_E_SERVICE;
	if (l->n_left_out)
		return PUSH_LABELS_E_TOO_MANY;
	return labels_finish(l);
}
