/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/survey.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/version.h"
#include "base/text.h"

/* An array of counts, and the list that points to it. */
#define COUNTS(to, array, ...)                                                                 \
	do {                                                                                   \
		const struct snapshot_count counts_[] = { __VA_ARGS__ };                       \
		static_assert(sizeof(counts_) == sizeof(array), "a place for each");           \
		memcpy(array, counts_, sizeof(counts_));                                       \
		(to) = (struct snapshot_counts){ .items = (array), .n = ARRAY_SIZE(counts_) }; \
	} while (0)

void survey_fini(struct survey *s)
{
	free(TAKE_PTR(s->stores));
	free(TAKE_PTR(s->targets));
	free(TAKE_PTR(s->names));
}

/* ---- samples ----------------------------------------------------------------------------- */

static void count_samples(struct agent *a, struct agent_snapshot *to)
{
	const struct recorder_counters *c = &a->recorder.counters;
	const struct harvest_counters *h = &a->harvest.counters;
	struct survey *s = &a->surveyed;
	struct capture_counters capture;

	capture_counters(a->recorder.capture, &capture);
	COUNTS(to->samples, s->samples, { "counted", c->counted - c->without_group },
	       { "counted_place_unknown", c->without_group }, { "not_sampled", c->not_sampled },
	       { "not_go", c->foreign }, { "ignored", c->ignored });
	COUNTS(to->lost, s->lost, { "ring_full", capture.lost }, { "malformed", capture.malformed },
	       { "process_gone", c->unnamed }, { "too_many_executables", c->unopened },
	       { "table_full", c->refused }, { "file_rewritten", h->rewritten });
	COUNTS(to->unwind_errors, s->unwind_errors, { "no_stack", capture.no_stack },
	       { "not_go_code", c->external }, { "truncated", c->truncated });
	COUNTS(to->symbolization, s->symbolization, { "named", h->samples - h->unsymbolized },
	       { "unnamed", h->unsymbolized });
	to->truncated = c->truncated;
	to->recovered = c->recovered;
	to->verdicts_repeated = c->repeated;
	to->profiles = h->profiles;
	to->profiles_bytes = h->bytes;
}

static void count_kube(const struct agent *a, struct agent_snapshot *to)
{
	struct kube_state state;

	if (!a->names.kube)
		return;
	kube_state(a->names.kube, &state);
	to->kubernetes = (struct snapshot_kubernetes){
		.enabled = true,
		.connected = state.connected,
		.relists = state.n_relists,
		.pods = kube_pods(a->names.kube)->n_live,
		.too_big = state.n_too_big,
		.broken = state.n_broken,
	};
}

/* ---- memory ------------------------------------------------------------------------------ */

static uint64_t harvest_memory(const struct harvest *h)
{
	uint64_t bytes = 0;

	for (uint32_t i = h->next; i < h->tallies.n; i++)
		bytes += stacks_memory(&h->tallies.items[i]->stacks);
	return bytes;
}

static void count_memory(struct agent *a, struct agent_snapshot *to)
{
	const struct recorder *r = &a->recorder;
	const struct cgroup_tree *tree = &a->groups.tree;
	struct survey *s = &a->surveyed;
	struct names_counters names;

	names_counters(&a->names, &names);
	COUNTS(to->evictions, s->evictions, { "binaries", r->counters.builds_evicted },
	       { "addresses", r->counters.addresses_evicted }, { "processes", r->members.evicted },
	       { "cgroups", r->cgroups.evicted }, { "cgroup_places", tree->n_forgotten },
	       { "pods", names.evicted }, { "binaries_too_costly", r->counters.exhausted });
	COUNTS(to->refused, s->refused, { "pods", names.refused },
	       { "pod_details", names.left_out }, { "cgroup_folders", tree->n_beyond });
	COUNTS(to->memory, s->memory, { "stacks", r->bytes },
	       { "stacks_of_last_window", harvest_memory(&a->harvest) },
	       { "binaries", builds_memory(&r->builds) },
	       { "processes", members_memory(&r->members) },
	       { "cgroups", cgroups_memory(&r->cgroups) }, { "groups", groups_memory(&a->groups) },
	       { "pods", names_memory(&a->names) },
	       { "delivery",
		 s->deliver.table_bytes + s->deliver.memory_bytes + s->courier.waiting_bytes },
	       { "kernel", capture_memory(r->capture) });
	to->binaries = r->builds.n_open;
	to->binaries_unreadable = r->counters.unreadable;
	to->binaries_bytes = builds_memory(&r->builds);
	to->processes = r->members.lru.n;
	to->containers = a->groups.n_contained;
	to->groups_refused = a->groups.refused;
}

/* ---- stores ------------------------------------------------------------------------------ */

static void count_stores(struct agent *a, struct agent_snapshot *to)
{
	struct survey *s = &a->surveyed;

	if (courier_count(a->courier, &s->courier, &s->deliver, &s->stores) < 0)
		return;
	to->handed_over = (struct snapshot_handed_over){
		.profiles = s->courier.waiting,
		.bytes = s->courier.waiting_bytes,
		.oldest = s->courier.oldest,
		.refused = s->courier.refused,
	};
	to->log_dropped += s->courier.log_dropped;
	to->deliver = &s->deliver;
	to->stores = s->stores;
	to->n_stores = s->deliver.n_stores;
}

/* ---- targets ----------------------------------------------------------------------------- */

static void name_place(const struct place *place, const struct pod *pod,
		       const struct pod_container *container, struct snapshot_target *to)
{
	to->unit = place->unit[0] ? place->unit : NULL;
	to->container = place->container.text[0] ? place->container.text : NULL;
	if (!pod)
		return;
	to->namespace = pod->namespace;
	to->pod = pod->name;
	if (container)
		to->container = container->name;
}

/*
 * By what is known now: the profile may yet get another name. All targets point into the table of
 * pods, so it must not change meanwhile.
 */
static void name_target(const struct agent *a, const struct tally *t, struct survey_name *name,
			struct snapshot_target *to)
{
	static const struct place nowhere;
	const struct binary_build *build = binary_build(t->build->binary);
	const struct agent_group *group = agent_group_of(t->group);
	const struct place *place = group ? &group->place : &nowhere;
	const struct pod_container *container;
	const struct pod *pod = names_known(&a->names, place, &container);
	const struct target_rule *rule;
	struct identity identity;
	struct subject subject;
	enum rule_action action;

	subject_of_place(place, span_of(t->build->path, strlen(t->build->path)), &subject);
	if (group)
		strcpy(subject.environ_service, group->service);
	identity_of(&subject, build, pod, container, &identity);
	target_rules_match(&a->config.rules, &identity.facts, &action, &rule);
	identity_service(rule, &subject, build, &identity, name->service);
	text_copy(build->main_path, name->main_package, SURVEY_MAIN_SIZE);
	to->service = name->service;
	to->main_package = name->main_package;
	name_place(place, pod, container, to);
}

static void list_targets(struct agent *a, struct agent_snapshot *to)
{
	const struct tallies *t = &a->recorder.tallies;
	struct survey *s = &a->surveyed;
	uint32_t n = t->n < EXPOSE_MAX_TARGETS ? t->n : EXPOSE_MAX_TARGETS;

	s->targets = calloc(n, sizeof(*s->targets));
	s->names = calloc(n, sizeof(*s->names));
	if (!s->targets || !s->names)
		return;
	/* Once, before any is looked up. Where it fails, names are missing and no more. */
	(void)names_refresh(&a->names);
	for (uint32_t i = 0; i < n; i++) {
		s->targets[i] = (struct snapshot_target){
			.samples = t->items[i]->stacks.total,
			.weight = t->items[i]->max_weight,
		};
		name_target(a, t->items[i], &s->names[i], &s->targets[i]);
		binary_rest(t->items[i]->build->binary);
	}
	to->targets = s->targets;
	to->n_targets = t->n;
}

void survey(void *context, struct agent_snapshot *snapshot)
{
	struct agent *a = context;

	survey_fini(&a->surveyed);
	snapshot->version = HONE_VERSION;
	snapshot->node = a->node_label ? a->node_label : a->node;
	snapshot->not_ready = a->stopping ? "it is stopping" : NULL;
	snapshot->window = a->config.window;
	snapshot->frequency = a->config.frequency;
	snapshot->windows = a->windows;
	snapshot->windows_early = a->windows_early;
	snapshot->reload_failed = a->reload_failed;
	snapshot->reloaded = a->reloaded;
	snapshot->log_dropped = a->log->dropped;
	snapshot_process_read(a->config.host.proc, &snapshot->process);
	count_kube(a, snapshot);
	count_samples(a, snapshot);
	count_stores(a, snapshot);
	count_memory(a, snapshot);
	list_targets(a, snapshot);
}
