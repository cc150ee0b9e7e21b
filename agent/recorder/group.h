/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What samples are counted apart for: a container, as a rule. The recorder only tells groups apart;
 * what one is, its owner knows, who embeds this in what it keeps of one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct group {
	uint32_t references;
	bool has_cgroup;    /* all processes of its cgroup are of it, as those of a container */
	bool shares_cgroup; /* those may be of several groups, which are of use or not as one: a
			       unit's, of which some were given another name */
	void (*end)(struct group *group); /* nobody refers to it any more */
};

static inline struct group *group_ref(struct group *group)
{
	if (group)
		group->references++;
	return group;
}

static inline void group_unref(struct group *group)
{
	if (group && --group->references == 0)
		group->end(group);
}
