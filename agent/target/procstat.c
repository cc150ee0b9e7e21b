/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/procstat.h"

#include "base/cleanup.h"
#include "base/text.h"

/* The kernel nests pid namespaces no deeper (linux/pid_namespace.h, MAX_PID_NS_LEVEL). */
#define MAX_PID_NAMESPACES 32

/* Fields of stat by their numbers in proc(5); the first two are the pid and "(comm)". */
enum { FIELD_AFTER_COMM = 3, FIELD_FLAGS = 9, FIELD_START = 22 };

/* A name may hold anything, spaces and brackets too: the last bracket is the one that closes it. */
static bool take_comm(struct span *rest, char *ret_comm)
{
	struct span pid, comm, after;

	if (!text_cut(rest, '(', &pid))
		return false;
	const uint8_t *end = rest->size ? memrchr(rest->data, ')', rest->size) : NULL;
	if (!end || !span_sub(*rest, 0, (uint64_t)(end - rest->data), &comm) ||
	    !span_from(*rest, comm.size + 1, &after))
		return false;
	text_copy(comm, ret_comm, PROC_COMM_SIZE);
	*rest = after;
	return text_skip(rest, " ");
}

bool proc_stat_parse(struct span file, struct proc_stat *ret_stat)
{
	struct span field;
	uint64_t flags;

	if (!take_comm(&file, ret_stat->comm))
		return false;
	for (int number = FIELD_AFTER_COMM; number <= FIELD_START; number++) {
		if (!text_cut(&file, ' ', &field))
			return false;
		if (number != FIELD_FLAGS)
			continue;
		if (!text_number(&field, 10, &flags))
			return false;
		ret_stat->flags = (uint32_t)flags;
	}
	return text_number(&field, 10, &ret_stat->start_ticks);
}

/* The number at @index of "\t1\t2\t3", or the last one where there are fewer. */
static bool take_number(struct span line, unsigned int index, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	bool found = false;

	for (unsigned int i = 0; i <= index; i++) {
		text_skip_blanks(&line);
		if (!text_number(&line, 10, &value) || value > max)
			break;
		*ret_value = value;
		found = true;
	}
	return found;
}

bool proc_status_parse(struct span file, struct proc_status *ret_status)
{
	const struct {
		const char *name;
		unsigned int index;
		uint64_t max;
	} wanted[] = {
		{ "Tgid:", 0, INT32_MAX },
		{ "NSpid:", MAX_PID_NAMESPACES, INT32_MAX },
		{ "Uid:", 1, UINT32_MAX },
		{ "Gid:", 1, UINT32_MAX },
	};
	uint64_t values[ARRAY_SIZE(wanted)];
	unsigned int found = 0;
	struct span line;

	while (text_line(&file, &line))
		for (unsigned int i = 0; i < ARRAY_SIZE(wanted); i++)
			if (text_skip(&line, wanted[i].name) &&
			    take_number(line, wanted[i].index, wanted[i].max, &values[i]))
				found |= 1u << i;
	if (found != (1u << ARRAY_SIZE(wanted)) - 1)
		return false;
	*ret_status = (struct proc_status){
		.tgid = (int32_t)values[0],
		.ns_pid = (int32_t)values[1],
		.uid = (uint32_t)values[2],
		.gid = (uint32_t)values[3],
	};
	return true;
}
