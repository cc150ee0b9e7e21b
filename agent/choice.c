/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/choice.h"

#include <string.h>

#include "agent/groups.h"
#include "agent/target/identity.h"

/* Facts are made as for the labels of a profile, so that both come to the same verdict. */

bool choice_ignores_build(const struct target_rules *rules, const struct build *build)
{
	static const struct place nowhere;
	struct identity identity;
	struct subject subject;

	subject_of_place(&nowhere, span_of(build->path, strlen(build->path)), &subject);
	identity_of(&subject, binary_build(build->binary), NULL, NULL, &identity);
	return target_rules_ignore(rules, &identity.facts, RULE_KNOWS_BUILD);
}

bool choice_ignores_group(const struct target_rules *rules, const struct names *names,
			  struct group *group)
{
	static const struct binary_build unknown;
	const struct place *place = &agent_group_of(group)->place;
	const struct pod_container *container;
	const struct pod *pod = names_known(names, place, &container);
	struct identity identity;
	struct subject subject;

	subject_of_place(place, span_of("", 0), &subject);
	identity_of(&subject, &unknown, pod, container, &identity);
	/* It may be of a pod that is heard of later, though its cgroup does not say so. */
	identity.facts.pod_pending |= place->container.text[0] && !container;
	identity.facts.labels_pending = pod && !names_has_labels(names, place);
	return target_rules_ignore(rules, &identity.facts, RULE_KNOWS_PLACE);
}
