/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/privilege/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Debian 12's headers know them; those of older systems may not. */
#ifndef CAP_PERFMON
#define CAP_PERFMON	       38
#define CAP_BPF		       39
#define CAP_CHECKPOINT_RESTORE 40
#endif

#define BIT(capability) (1ull << (capability))

struct rule {
	unsigned int capability;
	unsigned int since_major, since_minor; /* of Linux; before, CAP_SYS_ADMIN is it */
	bool must;
	const char *name, *why;
};

static const struct rule rules[] = {
	{ CAP_BPF, 5, 8, true, "CAP_BPF", "to load the sampling program and read its maps" },
	{ CAP_PERFMON, 5, 8, true, "CAP_PERFMON",
	  "to sample on the clock and read other processes' registers and stacks" },
	{ CAP_SYS_PTRACE, 0, 0, true, "CAP_SYS_PTRACE",
	  "to see the executables and mappings of other users' processes" },
	{ CAP_DAC_READ_SEARCH, 0, 0, false, "CAP_DAC_READ_SEARCH",
	  "to open executables that only their owner may read" },
	{ CAP_CHECKPOINT_RESTORE, 5, 9, false, "CAP_CHECKPOINT_RESTORE",
	  "to open executables that were replaced or removed while they run" },
};

static const struct rule memlock = {
	CAP_SYS_RESOURCE,
	0,
	0,
	true,
	"CAP_SYS_RESOURCE",
	"to lift the limit on locked memory, which counts BPF maps before Linux 5.11",
};

static bool is_before(const struct privilege_facts *facts, unsigned int major, unsigned int minor)
{
	return facts->kernel_major < major ||
	       (facts->kernel_major == major && facts->kernel_minor < minor);
}

int privilege_read(struct privilege_facts *ret_facts)
{
	struct utsname system;
	struct rlimit locked;
	uint64_t major, minor;

	*ret_facts = (struct privilege_facts){ 0 };
	if (uname(&system) < 0 || getrlimit(RLIMIT_MEMLOCK, &locked) < 0)
		return -errno;
	struct span release = span_of(system.release, strlen(system.release));
	if (!text_number(&release, 10, &major) || !text_skip(&release, ".") ||
	    !text_number(&release, 10, &minor))
		return -EINVAL;
	ret_facts->kernel_major = (unsigned int)major;
	ret_facts->kernel_minor = (unsigned int)minor;
	ret_facts->locks_memory = locked.rlim_cur == RLIM_INFINITY;
	if (capng_get_caps_process() < 0)
		return -EIO;
	for (unsigned int capability = 0; capability <= CAP_CHECKPOINT_RESTORE; capability++)
		if (capng_have_capability(CAPNG_PERMITTED, capability))
			ret_facts->permitted |= BIT(capability);
	return 0;
}

static bool is_held(const struct privilege_facts *facts, const struct rule *rule)
{
	if (!is_before(facts, rule->since_major, rule->since_minor) &&
	    facts->permitted & BIT(rule->capability))
		return true;
	return rule->since_major && facts->permitted & BIT(CAP_SYS_ADMIN);
}

size_t privilege_missing(const struct privilege_facts *facts,
			 struct privilege_need ret_needs[PRIVILEGE_MAX_NEEDS])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];
		bool old = is_before(facts, rule->since_major, rule->since_minor);

		if (!is_held(facts, rule))
			ret_needs[n++] = (struct privilege_need){
				.name = old ? "CAP_SYS_ADMIN" : rule->name,
				.why = rule->why,
				.must = rule->must,
			};
	}
	if (is_before(facts, 5, 11) && !facts->locks_memory && !is_held(facts, &memlock))
		ret_needs[n++] = (struct privilege_need){ .name = memlock.name,
							  .why = memlock.why,
							  .must = memlock.must };
	return n;
}

uint64_t privilege_kept(const struct privilege_facts *facts)
{
	uint64_t kept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		bool old = is_before(facts, rules[i].since_major, rules[i].since_minor);
		bool own = !old && facts->permitted & BIT(rules[i].capability);

		/* Where a capability is not there, or not held, the one that stands for it is kept.
		 */
		kept |= own		       ? BIT(rules[i].capability)
			: rules[i].since_major ? BIT(CAP_SYS_ADMIN)
					       : 0;
	}
	return kept & facts->permitted;
}

int privilege_drop(uint64_t kept)
{
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned int capability = 0; capability <= CAP_CHECKPOINT_RESTORE; capability++)
		if (kept & BIT(capability) &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability) < 0)
			return -EINVAL;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
