/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/capture/diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU
/* PROC_TIME_INIT_INO */
#define INITIAL_TIME_NAMESPACE 0xEFFFFFFAU

/* Not yet in the headers of all systems (Linux 5.8). */
#define CAPABILITY_PERFMON 38
#define CAPABILITY_BPF	   39

bool capabilities_parse(const char *status, uint64_t *ret_capabilities)
{
	const char *line = strstr(status, "CapEff:");
	char *end;

	if (!line)
		return false;
	line += strlen("CapEff:");
	*ret_capabilities = strtoull(line, &end, 16);
	return end != line;
}

bool lockdown_is_confidential(const char *text)
{
	return strstr(text, "[confidentiality]");
}

/* Is @name a controller of one of the lines ID:CONTROLLERS:PATH? cgroups(7) */
static bool has_controller(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n)
		if (at > text && (at[-1] == ':' || at[-1] == ',') && (at[n] == ':' || at[n] == ','))
			return true;
	return false;
}

enum cgroup_hierarchy hierarchy_parse(const char *text)
{
	static const struct {
		const char *name;
		enum cgroup_hierarchy hierarchy;
	} controllers[] = {
		{ "memory", CGROUP_V1_MEMORY },
		{ "pids", CGROUP_V1_PIDS },
		{ "cpu", CGROUP_V1_CPU },
		{ "devices", CGROUP_V1_DEVICES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (has_controller(text, controllers[i].name))
			return controllers[i].hierarchy;
	return CGROUP_V2;
}

/* The beginning of a small text file; false where there is none. */
static bool text_read(const char *root, const char *path, char *text, size_t size)
{
	char full[256];
	_cleanup_(closep) int fd = -1;
	ssize_t n;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	if (n < 0)
		return false;
	text[n] = 0;
	return true;
}

static bool file_exists(const char *root, const char *path)
{
	char full[256];

	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) &&
	       access(full, R_OK) == 0;
}

/* A kernel without such namespaces has the initial one only. */
static bool is_initial(const char *root, const char *namespace, ino_t number)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/proc/self/ns/%s", root, namespace);
	return stat(path, &st) < 0 || st.st_ino == number;
}

static void kernel_release_read(struct system_facts *f)
{
	struct utsname name;

	if (uname(&name) < 0)
		return;
	snprintf(f->release, sizeof(f->release), "%.63s", name.release);
	if (sscanf(name.release, "%d.%d", &f->kernel_major, &f->kernel_minor) != 2)
		f->kernel_major = f->kernel_minor = 0;
}

void system_facts_read(const char *root, struct system_facts *ret_facts)
{
	struct system_facts f = { .capabilities = UINT64_MAX };
	char text[4096];

	if (text_read(root, "/proc/self/status", text, sizeof(text)))
		capabilities_parse(text, &f.capabilities);
	if (text_read(root, "/sys/kernel/security/lockdown", text, sizeof(text)))
		f.confidential = lockdown_is_confidential(text);
	if (text_read(root, "/proc/sys/kernel/perf_event_paranoid", text, sizeof(text)))
		f.perf_paranoid = atoi(text);
	if (text_read(root, "/proc/self/cgroup", text, sizeof(text)))
		f.hierarchy = hierarchy_parse(text);
	f.has_btf = file_exists(root, "/sys/kernel/btf/vmlinux");
	f.initial_pid_namespace = is_initial(root, "pid", INITIAL_PID_NAMESPACE);
	f.initial_time_namespace = is_initial(root, "time", INITIAL_TIME_NAMESPACE);
	kernel_release_read(&f);
	*ret_facts = f;
}

bool cpu_list_has(const char *list, uint32_t cpu)
{
	for (const char *at = list;; at++) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		if (*end != ',')
			return false;
		at = end;
	}
}

void cpus_online_read(const char *root, char *ret_list, size_t size)
{
	if (!text_read(root, "/sys/devices/system/cpu/online", ret_list, size))
		snprintf(ret_list, size, "0-%u", UINT32_MAX);
}

static bool has_capability(const struct system_facts *f, int number)
{
	return f->capabilities >> number & 1;
}

static bool kernel_before(const struct system_facts *f, int major, int minor)
{
	if (!f->kernel_major)
		return false;
	return f->kernel_major < major || (f->kernel_major == major && f->kernel_minor < minor);
}

/* CAP_SYS_ADMIN stands for the two others. */
static bool lacks_capabilities(const struct system_facts *f, struct capture_detail *d)
{
	bool bpf = has_capability(f, CAPABILITY_BPF),
	     perfmon = has_capability(f, CAPABILITY_PERFMON);

	if (has_capability(f, CAP_SYS_ADMIN) || (bpf && perfmon))
		return false;
	/* The outcome's sentence names both. */
	if (bpf || perfmon)
		snprintf(d->text, sizeof(d->text), "%s is missing",
			 bpf ? "CAP_PERFMON" : "CAP_BPF");
	return true;
}

static int diagnose_load(const struct system_facts *f, int error, struct capture_detail *d)
{
	if (lacks_capabilities(f, d))
		return CAPTURE_E_PERMISSION;
	if (kernel_before(f, 5, 10)) {
		snprintf(d->text, sizeof(d->text), "%s", f->release);
		return CAPTURE_E_KERNEL_OLD;
	}
	if (!f->has_btf)
		return CAPTURE_E_NO_BTF;
	if (f->confidential)
		return CAPTURE_E_LOCKDOWN;
	if (error != -EPERM)
		return CAPTURE_E_REFUSED;
	return kernel_before(f, 5, 11) ? CAPTURE_E_MEMLOCK : CAPTURE_E_PERMISSION;
}

static int diagnose_tick(const struct system_facts *f, int error, struct capture_detail *d)
{
	if (error == -ENOENT || error == -ENOSYS || error == -EOPNOTSUPP)
		return CAPTURE_E_NO_PERF;
	if (error != -EPERM && error != -EACCES)
		return error;
	if (f->confidential)
		return CAPTURE_E_LOCKDOWN;
	if (lacks_capabilities(f, d))
		return CAPTURE_E_PERMISSION;
	if (f->perf_paranoid > 2) {
		snprintf(d->text, sizeof(d->text), "it is %d", f->perf_paranoid);
		return CAPTURE_E_PARANOID;
	}
	return CAPTURE_E_NO_PERF;
}

int capture_diagnose(const struct system_facts *facts, enum capture_step step, int error,
		     struct capture_detail *ret_detail)
{
	if (error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EINTR)
		return error;
	if (step == CAPTURE_STEP_LOAD)
		return diagnose_load(facts, error, ret_detail);
	return diagnose_tick(facts, error, ret_detail);
}

const char *capture_outcome_text(int outcome)
{
	switch (outcome) {
	case CAPTURE_E_PERMISSION:
		return "the kernel does not permit sampling: run as root (sudo), or grant CAP_BPF "
		       "and CAP_PERFMON";
	case CAPTURE_E_PID_NAMESPACE:
		return "this is a pid namespace of its own, in which the kernel's process ids mean "
		       "nothing: run on the host or in its pid namespace (--pid=host, hostPID: "
		       "true)";
	case CAPTURE_E_TIME_NAMESPACE:
		return "this is a time namespace of its own, in which processes seem to have begun "
		       "at other times than the kernel knows: run in the host's (nsenter -T -t 1)";
	case CAPTURE_E_NO_BTF:
		return "this kernel has no type information (/sys/kernel/btf/vmlinux): it must be "
		       "built with CONFIG_DEBUG_INFO_BTF=y";
	case CAPTURE_E_KERNEL_OLD:
		return "this kernel is too old: 5.10 or later is needed";
	case CAPTURE_E_LOCKDOWN:
		return "kernel lockdown in confidentiality mode forbids BPF to read: boot with "
		       "lockdown=integrity or without it";
	case CAPTURE_E_PARANOID:
		return "kernel.perf_event_paranoid forbids clock events: set it to 2 or less "
		       "(sysctl), or be root with all capabilities: above 2, Debian's and Ubuntu's "
		       "kernels want CAP_SYS_ADMIN beside CAP_PERFMON";
	case CAPTURE_E_MEMLOCK:
		return "the limit on locked memory is too low: ulimit -l unlimited (needed before "
		       "Linux 5.11)";
	case CAPTURE_E_NO_PERF:
		return "perf events cannot be opened: the kernel lacks them "
		       "(CONFIG_PERF_EVENTS), or a seccomp filter forbids perf_event_open";
	case CAPTURE_E_REFUSED:
		return "the kernel refused the sampling program";
	case CAPTURE_E_FULL:
		return "too many processes are watched already";
	default:
		return "no such outcome";
	}
}
