/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as each of the files of /proc/PID that are read: cgroup, stat, status. What
 * a parser takes for true must be well-formed and come out of the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/target/cgroup.h"
#include "agent/target/procstat.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void try_cgroup(struct span file)
{
	struct container_id id = cgroup_container(file), again;

	if (!id.text[0])
		return;
	expect(container_id_parse(id.text, &again) && !strcmp(id.text, again.text));
	expect(memmem(file.data, file.size, id.text, strlen(id.text)));
}

static void try_stat(struct span file)
{
	struct proc_stat stat;
	struct proc_status status;

	if (proc_stat_parse(file, &stat))
		expect(strnlen(stat.comm, sizeof(stat.comm)) < sizeof(stat.comm));
	if (proc_status_parse(file, &status))
		expect(status.tgid >= 0 && status.ns_pid >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = span_of(data, size);

	try_cgroup(file);
	try_stat(file);
	return 0;
}
