/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define MAX_CGROUP_FILE (64u << 10)

void pid_list_fini(struct pid_list *list)
{
	free(list->pids);
	*list = (struct pid_list)PID_LIST_NULL;
}

static int pid_list_add(struct pid_list *list, int32_t pid)
{
	if (list->n == FIND_MAX_PIDS)
		return TARGET_E_TOO_MANY;
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		int32_t *pids = reallocarray(list->pids, capacity, sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		list->pids = pids;
		list->capacity = capacity;
	}
	list->pids[list->n++] = pid;
	return 0;
}

/* What to do with each process: 0 to go on. */
struct visitor {
	int (*visit)(struct visitor *v, int proc, const char *name, int32_t pid);
};

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int visit_processes(const struct procfs *procfs, struct visitor *v)
{
	_cleanup_(closep) int fd = openat(procfs->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t pid;
	int r = 0;

	if (!dir)
		return -errno;
	take_fd(&fd);
	while (!r && (errno = 0, entry = readdir(dir))) {
		struct span name = span_of(entry->d_name, strlen(entry->d_name));

		if (text_number(&name, 10, &pid) && !name.size && pid && pid <= INT32_MAX)
			r = v->visit(v, procfs->fd, entry->d_name, (int32_t)pid);
	}
	return r ? r : -errno;
}

struct exe_search {
	struct visitor visitor;
	dev_t device;
	ino_t inode;
	const char *deleted; /* what the link reads once the file has lost its name */
	struct pid_list *same, *older;
};

static bool runs_older(const struct exe_search *s, int proc, const char *link)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(proc, link, text, sizeof(text));

	return n > 0 && span_equals(span_of(text, (size_t)n), s->deleted);
}

static int visit_exe(struct visitor *v, int proc, const char *name, int32_t pid)
{
	struct exe_search *s = container_of(v, struct exe_search, visitor);
	char link[32];
	struct stat st;

	snprintf(link, sizeof(link), "%.20s/exe", name);
	if (fstatat(proc, link, &st, 0) < 0) {
		s->same->n_denied += errno == EACCES || errno == EPERM;
		return 0;
	}
	if (st.st_dev == s->device && st.st_ino == s->inode)
		return pid_list_add(s->same, pid);
	if (st.st_dev == s->device && runs_older(s, proc, link))
		return pid_list_add(s->older, pid);
	return 0;
}

int find_by_exe(const struct procfs *procfs, const char *path, struct pid_list *ret_list)
{
	_cleanup_(pid_list_fini) struct pid_list older = PID_LIST_NULL;
	_cleanup_(freep) char *real = NULL;
	char deleted[PATH_MAX + 16];
	struct stat st;

	*ret_list = (struct pid_list)PID_LIST_NULL;
	if (stat(path, &st) < 0)
		return -errno;
	/* Not for stat(): it loses the way where that leads through /proc/PID/root. */
	real = realpath(path, NULL);
	snprintf(deleted, sizeof(deleted), "%s (deleted)", real ? real : "");
	struct exe_search s = { { visit_exe }, st.st_dev, st.st_ino, deleted, ret_list, &older };
	int r = visit_processes(procfs, &s.visitor);
	if (r || ret_list->n)
		return r;
	if (!older.n)
		return TARGET_E_NONE;
	older.n_denied = ret_list->n_denied;
	*ret_list = older;
	older = (struct pid_list)PID_LIST_NULL;
	return TARGET_E_REPLACED;
}

struct container_search {
	struct visitor visitor;
	struct span prefix;
	struct container_id found; /* the first that matched */
	struct pid_list *list;
};

static int visit_container(struct visitor *v, int proc, const char *name, int32_t pid)
{
	struct container_search *s = container_of(v, struct container_search, visitor);
	_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_CGROUP_FILE);
	char path[32];

	snprintf(path, sizeof(path), "%.20s/cgroup", name);
	int r = file_read_at(proc, path, &file);
	if (r) {
		s->list->n_denied += r == -EACCES || r == -EPERM;
		return r == -ENOMEM ? r : 0;
	}
	struct container_id id = cgroup_container(span_of(file.data, file.size));
	if (!id.text[0] || strncmp(id.text, (const char *)s->prefix.data, s->prefix.size) != 0)
		return 0;
	if (s->found.text[0] && strcmp(s->found.text, id.text) != 0)
		return TARGET_E_AMBIGUOUS;
	s->found = id;
	return pid_list_add(s->list, pid);
}

int find_by_container(const struct procfs *procfs, const struct container_id *prefix,
		      struct container_id *ret_id, struct pid_list *ret_list)
{
	struct container_search s = {
		.visitor = { visit_container },
		.prefix = span_of(prefix->text, strlen(prefix->text)),
		.list = ret_list,
	};

	*ret_list = (struct pid_list)PID_LIST_NULL;
	int r = visit_processes(procfs, &s.visitor);
	if (r)
		return r;
	*ret_id = s.found;
	return ret_list->n ? 0 : TARGET_E_NONE;
}
