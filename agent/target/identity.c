/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/identity.h"

#include <string.h>

#include "agent/target/service.h"
#include "base/cleanup.h"
#include "base/text.h"

#define PROFILE_NAME "process_cpu"

/* ---- the subject ------------------------------------------------------------------------- */

/* Of a path that is too long, its end tells more. */
static void copy_end(struct span path, char *ret_text, size_t size)
{
	if (path.size >= size)
		span_from(path, path.size - (size - 1), &path);
	text_copy(path, ret_text, size);
}

void subject_of_place(const struct place *place, struct span exe, struct subject *ret_subject)
{
	*ret_subject = (struct subject){ .place = *place };
	copy_end(exe, ret_subject->exe, sizeof(ret_subject->exe));
}

int subject_of(const struct process *p, struct subject *ret_subject)
{
	subject_of_place(&p->place, span_of(p->exe_path, strlen(p->exe_path)), ret_subject);
	return environ_service_name(p->dir, ret_subject->environ_service);
}

/* ---- the facts --------------------------------------------------------------------------- */

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

/* In a pod of which not all names are there yet that will be. */
static bool is_pending(const struct identity *i, const struct place *place)
{
	return place->pod_uid[0] && (!i->pod || (place->container.text[0] && !i->container));
}

static void take_pod(struct target_facts *facts, const struct pod *pod)
{
	facts->namespace = pod->namespace;
	facts->pod = pod->name;
	facts->labels = pod->labels;
	facts->n_labels = pod->n_labels;
	facts->annotations = pod->annotations;
	facts->n_annotations = pod->n_annotations;
}

void identity_of(const struct subject *s, const struct binary_build *build, const struct pod *pod,
		 const struct pod_container *container, struct identity *ret_identity)
{
	struct identity *i = ret_identity;
	struct target_facts *facts = &i->facts;

	*i = (struct identity){ .pod = pod, .container = container };
	text_copy(build->main_path, i->main_package, sizeof(i->main_package));
	facts->container = container ? container->name : or_null(s->place.lxc);
	facts->container_id = or_null(s->place.container.text);
	facts->unit = or_null(s->place.unit);
	facts->exe = or_null(s->exe);
	facts->main_package = or_null(i->main_package);
	facts->pod_pending = is_pending(i, &s->place);
	if (pod)
		take_pod(facts, pod);
}

/* ---- the service name -------------------------------------------------------------------- */

static const char *annotation(const struct target_facts *f, const char *key)
{
	return target_pair_value(f->annotations, f->n_annotations, key);
}

/* Of the candidates that are texts as they are, the first that is not empty; NULL for none. */
static const char *given_service(const struct target_rule *rule, const struct subject *s,
				 const struct identity *i)
{
	const struct target_facts *f = &i->facts;
	const char *const candidates[] = {
		rule ? rule->service : NULL,
		annotation(f, IDENTITY_SERVICE_ANNOTATION),
		annotation(f, IDENTITY_OTEL_ANNOTATION),
		s->environ_service,
		target_pair_value(f->labels, f->n_labels, IDENTITY_NAME_LABEL),
		i->pod ? i->pod->workload : NULL,
		f->container,
	};

	for (size_t n = 0; n < ARRAY_SIZE(candidates); n++)
		if (or_null(candidates[n]))
			return candidates[n];
	return NULL;
}

/* Borrowed, from @unit too. */
static struct span find_service(const struct target_rule *rule, const struct subject *s,
				const struct binary_build *build, const struct identity *i,
				char unit[UNIT_NAME_SIZE])
{
	const char *given = given_service(rule, s, i);
	struct span package = service_of_package(build->main_path);

	if (!given && service_of_unit(s->place.unit, unit, UNIT_NAME_SIZE))
		given = unit;
	if (given)
		return span_of(given, strlen(given));
	return package.size ? package : service_base_name(span_of(s->exe, strlen(s->exe)));
}

void identity_service(const struct target_rule *rule, const struct subject *s,
		      const struct binary_build *build, const struct identity *identity,
		      char ret_name[SERVICE_NAME_SIZE])
{
	char unit[UNIT_NAME_SIZE];
	struct span name = find_service(rule, s, build, identity, unit);

	text_copy(name, ret_name, SERVICE_NAME_SIZE);
}

static void add_service(struct labels *l, const struct target_rule *rule, const struct subject *s,
			const struct binary_build *build, const struct identity *i)
{
	char unit[UNIT_NAME_SIZE];

	labels_add(l, "service_name", find_service(rule, s, build, i, unit));
}

/* ---- the labels -------------------------------------------------------------------------- */

static void add_place(struct labels *l, const struct identity_options *options,
		      const struct subject *s, const struct identity *i)
{
	labels_add_text(l, "namespace", i->facts.namespace);
	labels_add_text(l, "pod", i->facts.pod);
	labels_add_text(l, "container", i->facts.container);
	labels_add_text(l, "container_id", i->facts.container_id);
	labels_add_text(l, "workload_kind", i->pod ? i->pod->workload_kind : NULL);
	labels_add_text(l, "workload", i->pod ? i->pod->workload : NULL);
	labels_add_text(l, "node", options->node);
	labels_add_text(l, "hostname", options->hostname);
	labels_add_text(l, "systemd_unit", i->facts.unit);
	labels_add(l, "exe", service_base_name(span_of(s->exe, strlen(s->exe))));
}

static void add_build_id(struct labels *l, const struct binary_build *build)
{
	static const char digits[] = "0123456789abcdef";
	char hex[128];
	size_t n = 0;

	for (size_t i = 0; i < build->gnu_build_id.size && n + 2 <= sizeof(hex); i++) {
		hex[n++] = digits[build->gnu_build_id.data[i] >> 4];
		hex[n++] = digits[build->gnu_build_id.data[i] & 15];
	}
	labels_add(l, "build_id", n ? span_of(hex, n) : build->go_build_id);
}

/* -pgo is a path of the machine that built; its folders say nothing of the program. */
static void add_build(struct labels *l, const struct binary_build *build)
{
	labels_add(l, "main_package", build->main_path);
	labels_add(l, "module_version", build->main_version);
	labels_add(l, "vcs_revision", build->vcs_revision);
	labels_add(l, "go_version", build->go_version);
	if (build->pgo.size)
		labels_add(l, "pgo", service_base_name(build->pgo));
	else if (build->main_path.size)
		labels_add_text(l, "pgo", "off");
	add_build_id(l, build);
}

static void add_pairs(struct labels *l, const struct label *wanted, size_t n_wanted,
		      const struct target_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n_wanted; i++)
		labels_add_text(l, wanted[i].name, target_pair_value(pairs, n, wanted[i].value));
}

int identity_labels(const struct identity_options *options, const struct target_rule *rule,
		    const struct subject *s, const struct binary_build *build,
		    const struct identity *identity, struct labels *ret_labels)
{
	const struct target_facts *f = &identity->facts;
	struct labels *l = ret_labels;

	*l = (struct labels)LABELS_NULL;
	labels_add_text(l, "__name__", PROFILE_NAME);
	add_service(l, rule, s, build, identity);
	add_place(l, options, s, identity);
	add_build(l, build);
	for (size_t i = 0; i < options->n_fixed; i++)
		labels_add_text(l, options->fixed[i].name, options->fixed[i].value);
	add_pairs(l, options->pod_labels, options->n_pod_labels, f->labels, f->n_labels);
	add_pairs(l, options->pod_annotations, options->n_pod_annotations, f->annotations,
		  f->n_annotations);
	return labels_finish(l);
}
