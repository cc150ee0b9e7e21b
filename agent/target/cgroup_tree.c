/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"

/* include/linux/exportfs.h: the handle is the 64-bit id of the node. */
#define FILEID_KERNFS 0xfe
#define ROOT_ID	      1

#define WALK_EVERY NSEC_PER_SEC
#define WALK_REST  20 /* times the CPU time that a walk took */

/* Systemd's "hybrid" mounts v2 here, beside the v1 hierarchies. */
static const char *const hierarchies[] = { ".", "unified" };

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* -1 for none. */
static int open_hierarchy(int base)
{
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies); i++) {
		_cleanup_(closep) int fd =
			openat(base, hierarchies[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && is_cgroup2(fd))
			return take_fd(&fd);
	}
	return -1;
}

/* All at once: the places of cgroups that exist are found again, only those gone are lost. */
static void forget(struct cgroup_tree *t)
{
	t->n_forgotten += t->n;
	t->n = 0;
	index_clear(&t->by_id);
}

static int make_room(struct cgroup_tree *t)
{
	if (t->n == CGROUP_TREE_MAX_PLACES)
		forget(t);
	if (t->n < t->capacity)
		return 0;
	uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
	struct cgroup_tree_entry *entries = reallocarray(t->entries, capacity, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	t->entries = entries;
	t->capacity = capacity;
	return 0;
}

static const struct place *known(const struct cgroup_tree *t, uint64_t id)
{
	uint32_t at = INDEX_START, number;

	while (index_next(&t->by_id, hash_u64(id), &at, &number))
		if (t->entries[number].id == id)
			return &t->entries[number].place;
	return NULL;
}

static bool says_something(const struct place *p)
{
	return p->container.text[0] || p->pod_uid[0] || p->lxc[0] || p->unit[0];
}

static int remember(struct cgroup_tree *t, uint64_t id, const char *path)
{
	struct cgroup_tree_entry entry = { .id = id,
					   .place =
						   cgroup_path_place(span_of(path, strlen(path))) };

	if (!says_something(&entry.place) || known(t, id))
		return 0;
	int r = make_room(t);
	if (!r)
		r = index_add(&t->by_id, hash_u64(id), t->n);
	if (!r)
		t->entries[t->n++] = entry;
	return r;
}

/* ---- all folders ------------------------------------------------------------------------- */

struct walk {
	struct cgroup_tree *tree;
	uint64_t wanted; /* the one to make room for; 0: none */
	unsigned int n_folders, depth;
	char path[PATH_MAX];
	size_t length;
};

static int walk_folder(struct walk *w, int parent, const char *name);

static int take(struct walk *w, uint64_t id)
{
	if (w->tree->n < CGROUP_TREE_MAX_PLACES || id == w->wanted)
		return remember(w->tree, id, w->path);
	w->tree->n_beyond++;
	return 0;
}

static int visit(struct walk *w, int folder, const struct dirent *entry)
{
	size_t length = w->length;
	int n = snprintf(w->path + length, sizeof(w->path) - length, "/%s", entry->d_name);

	if (w->n_folders == CGROUP_TREE_MAX_FOLDERS || w->depth == CGROUP_TREE_MAX_DEPTH ||
	    (size_t)n >= sizeof(w->path) - length) {
		w->tree->n_beyond++;
		w->path[length] = '\0';
		return 0;
	}
	w->n_folders++;
	w->length += (size_t)n;
	int r = take(w, entry->d_ino);
	if (!r)
		r = walk_folder(w, folder, entry->d_name);
	w->length = length;
	w->path[length] = '\0';
	return r;
}

/* A folder that cannot be opened has gone meanwhile, or is nobody's business. */
static int walk_folder(struct walk *w, int parent, const char *name)
{
	_cleanup_(closep) int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0;
	int folder = take_fd(&fd);
	w->depth++;
	while (!r && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = visit(w, folder, entry);
	w->depth--;
	return r;
}

static int walk(struct cgroup_tree *t, uint64_t wanted)
{
	struct walk w = { .tree = t, .wanted = wanted };
	uint64_t began = clock_now(CLOCK_THREAD_CPUTIME_ID);

	t->n_walks++;
	int r = walk_folder(&w, t->fd, ".");
	uint64_t rest = WALK_REST * (clock_now(CLOCK_THREAD_CPUTIME_ID) - began);
	t->next_walk = clock_monotonic() + (rest > WALK_EVERY ? rest : WALK_EVERY);
	return r;
}

/* ---- one, by its id ---------------------------------------------------------------------- */

/*
 * 0, also when there is none; *ret_path is its path below some folder above. -EPERM and the like:
 * this kernel, or what it grants us, does not do it.
 */
static int path_of(const struct cgroup_tree *t, uint64_t id, char ret_path[PATH_MAX])
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char link[32];

	ret_path[0] = '\0';
	memcpy(h.handle.f_handle, &id, sizeof(id));
	_cleanup_(closep) int fd = open_by_handle_at(t->fd, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? 0 : -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, ret_path, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	ret_path[n] = '\0';
	return 0;
}

static int look(struct cgroup_tree *t, uint64_t id)
{
	char path[PATH_MAX];

	if (t->by_handle) {
		int r = path_of(t, id, path);

		if (!r)
			return path[0] ? remember(t, id, path) : 0;
		if (r == -EMFILE || r == -ENFILE) /* this time */
			return 0;
		t->by_handle = false; /* not permitted, or not there */
	}
	return clock_monotonic() >= t->next_walk ? walk(t, id) : 0;
}

int cgroup_tree_find(struct cgroup_tree *t, uint64_t id, struct place *ret_place)
{
	const struct place *p;

	*ret_place = (struct place){ .unit = "" };
	if (t->fd < 0 || (t->kernel && id == ROOT_ID))
		return CGROUP_TREE_E_UNKNOWN;
	p = known(t, id);
	if (!p) {
		int r = look(t, id);

		if (r)
			return r;
		p = known(t, id);
	}
	if (!p) {
		t->n_missed++;
		return CGROUP_TREE_E_UNKNOWN;
	}
	*ret_place = *p;
	return 0;
}

int cgroup_tree_open(struct cgroup_tree *t, const char *path)
{
	_cleanup_(closep) int base = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*t = (struct cgroup_tree)CGROUP_TREE_NULL;
	if (base < 0)
		return errno == ENOENT ? 0 : -errno;
	int fd = open_hierarchy(base);
	return fd < 0 ? 0 : cgroup_tree_init(t, fd);
}

int cgroup_tree_init(struct cgroup_tree *t, int fd)
{
	bool kernel = is_cgroup2(fd);

	*t = (struct cgroup_tree){ .fd = fd, .kernel = kernel, .by_handle = kernel };
	int r = walk(t, 0);
	if (r)
		cgroup_tree_close(t);
	return r;
}

void cgroup_tree_close(struct cgroup_tree *t)
{
	closep(&t->fd);
	free(t->entries);
	index_fini(&t->by_id);
	*t = (struct cgroup_tree)CGROUP_TREE_NULL;
}

uint64_t cgroup_tree_memory(const struct cgroup_tree *t)
{
	return (uint64_t)t->capacity * sizeof(*t->entries) + index_memory(&t->by_id);
}
