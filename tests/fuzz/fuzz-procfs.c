/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as each of the files of /proc/PID that are read (cgroup, environ, stat, status),
 * and as names of the kubelet's files. What a parser takes for true must be well-formed and come
 * out of the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/target/cgroup.h"
#include "agent/target/environ.h"
#include "agent/target/labels.h"
#include "agent/target/pod_files.h"
#include "agent/target/procstat.h"
#include "agent/target/service.h"
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

/* Each text ends, and comes out of the bytes but for what stood for a dash. */
static void try_place(struct span file)
{
	struct place p = cgroup_place(file), of_path = cgroup_path_place(file);
	char uid[POD_UID_SIZE];

	expect(place_equal(&p, &p) && place_equal(&of_path, &of_path));
	expect(strlen(p.unit) < sizeof(p.unit) && strlen(p.lxc) < sizeof(p.lxc));
	expect(!p.pod_uid[0] || (pod_uid_parse(span_of(p.pod_uid, strlen(p.pod_uid)), uid) &&
				 !strcmp(p.pod_uid, uid)));
	expect(!p.container.text[0] || !p.lxc[0]);
}

/* The same in one piece and in two. */
static void try_environ(struct span file)
{
	static struct environ_scan s;
	char whole[SERVICE_NAME_SIZE], halves[SERVICE_NAME_SIZE];
	struct span first, second;

	environ_scan_init(&s);
	environ_scan(&s, file);
	environ_scan_end(&s, whole);
	expect(strlen(whole) < sizeof(whole));
	span_sub(file, 0, file.size / 2, &first);
	span_from(file, file.size / 2, &second);
	environ_scan_init(&s);
	environ_scan(&s, first);
	environ_scan(&s, second);
	environ_scan_end(&s, halves);
	expect(!strcmp(whole, halves));
}

static void try_names(struct span file)
{
	struct labels l = LABELS_NULL;
	struct pod_file_name name;

	if (pod_file_parse_link(file, &name))
		expect(name.pod.size && name.namespace.size && name.container.size);
	if (pod_file_parse_folder(file, &name))
		expect(name.pod.size && name.uid[0]);
	service_of_package(file);
	labels_add(&l, "x", file);
	expect(!labels_finish(&l));
	labels_fini(&l);
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
	try_place(file);
	try_environ(file);
	try_names(file);
	try_stat(file);
	return 0;
}
