/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process is: the labels of its profiles.
 *
 * In two steps, since a process is there early and its pod's names come late. A *subject* is what
 * only the living process can tell; it is taken once for each place (container, pod, unit) and
 * build, not for each process, let alone each sample. From it, the build info and what is known
 * of the pods by then, *labels* are made when they are needed, at the end of a window.
 *
 *	subject_of(&process, &subject);	           as the process is opened
 *	...
 *	identity_of(&subject, build, pod, container, &identity);
 *	target_rules_match(&rules, &identity.facts, &action, &rule);
 *	identity_labels(&options, rule, &subject, build, &identity, &labels);
 *
 * The service name is the first that there is of:
 *	the rule that matched; the annotation hone.io/service; the annotation
 *	resource.opentelemetry.io/service.name; the process's environment (environ.h); the label
 *	app.kubernetes.io/name (not …/instance: instances of one program share its profile); the
 *	workload; the container; the systemd unit, without instance and ".service"; the main
 * package's last element, as `go build` names an executable; the executable's own name.
 */
#pragma once

#include "agent/binary/binary.h"
#include "agent/target/environ.h"
#include "agent/target/labels.h"
#include "agent/target/pods.h"
#include "agent/target/process.h"
#include "agent/target/rules.h"

#define IDENTITY_SERVICE_ANNOTATION "hone.io/service"
#define IDENTITY_OTEL_ANNOTATION    "resource.opentelemetry.io/service.name"
#define IDENTITY_NAME_LABEL	    "app.kubernetes.io/name"

#define SUBJECT_EXE_SIZE 256

/* Plain values: no descriptors, nothing to free. */
struct subject {
	struct place place;
	char exe[SUBJECT_EXE_SIZE]; /* path; the end of a longer one */
	char environ_service[SERVICE_NAME_SIZE];
};

/* 0 or -ENOMEM. */
int subject_of(const struct process *p, struct subject *ret_subject);

/*
 * For a process that was gone before it could be opened: what its cgroup (cgroup_tree.h) and its
 * samples told. @exe may be empty.
 */
void subject_of_place(const struct place *place, struct span exe, struct subject *ret_subject);

/* What a subject is, with the names of its pod. Borrowed from all that it was made of. */
struct identity {
	const struct pod *pod;		       /* NULL: in none, or none that is known */
	const struct pod_container *container; /* NULL as well */
	struct target_facts facts;	       /* for target_rules_match() */
	char main_package[1024];	       /* a longer one is cut */
};

/* @pod and @container: as pods_find() or pod_files_find() has them, or NULL. */
void identity_of(const struct subject *s, const struct binary_build *build, const struct pod *pod,
		 const struct pod_container *container, struct identity *ret_identity);

/* The service name that the labels will have, cut where it is too long. @rule: as below. */
void identity_service(const struct target_rule *rule, const struct subject *s,
		      const struct binary_build *build, const struct identity *identity,
		      char ret_name[SERVICE_NAME_SIZE]);

/* ---- labels ------------------------------------------------------------------------------ */

struct identity_options {
	const char *node;	   /* kubernetes' name of it; NULL: none */
	const char *hostname;	   /* NULL: none */
	const struct label *fixed; /* of every profile: { "cluster", "eu-1" } */
	size_t n_fixed;
	/* Those of pods to take over, name to the pod's key: { "team", "example.com/team" } */
	const struct label *pod_labels, *pod_annotations;
	size_t n_pod_labels, n_pod_annotations;
};

/*
 * Those there are of: __name__ (process_cpu), service_name, namespace, pod, container,
 * container_id, workload_kind, workload, node, hostname, systemd_unit, exe (its name without
 * folders), main_package, module_version, vcs_revision, go_version, pgo (the name of the profile
 * the build was given, or "off"), build_id (GNU's in hexadecimal, else Go's); then those of
 * @options. @rule: the one that matched, or NULL. 0 or -ENOMEM; labels_fini() may follow either.
 */
int identity_labels(const struct identity_options *options, const struct target_rule *rule,
		    const struct subject *s, const struct binary_build *build,
		    const struct identity *identity, struct labels *ret_labels);
