/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/pod_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

enum { CONTAINERS, PODS, N_FOLDERS };

#define WATCHED                                                                                \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | \
	 IN_ONLYDIR)

#define MAX_REMOVED 64
#define LOOK_EVERY  (10 * NSEC_PER_SEC)
#define MAX_NAME    253 /* RFC 1123, as kubernetes has it */

/* ---- names ------------------------------------------------------------------------------- */

/* What kubernetes lets a name be: lower case, digits, "-" and ".". */
static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		if (text_digit(s.data[i]) >= 36 && s.data[i] != '-' && s.data[i] != '.')
			return false;
	return s.size && s.size <= MAX_NAME;
}

/* "<container>-<64>.log" */
static bool take_container(struct span s, struct pod_file_name *n)
{
	const size_t suffix = strlen(".log"), id = CONTAINER_ID_SIZE - 1;
	struct span ending, dash;

	return s.size > suffix + id + 1 && span_from(s, s.size - suffix, &ending) &&
	       span_equals(ending, ".log") && span_sub(s, 0, s.size - suffix, &s) &&
	       container_id_at_end(s, &n->id) && span_sub(s, s.size - id - 1, 1, &dash) &&
	       span_equals(dash, "-") && span_sub(s, 0, s.size - id - 1, &n->container) &&
	       is_name(n->container);
}

bool pod_file_parse_link(struct span name, struct pod_file_name *ret_name)
{
	*ret_name = (struct pod_file_name){ .uid = "" };
	return text_cut(&name, '_', &ret_name->pod) && text_cut(&name, '_', &ret_name->namespace) &&
	       is_name(ret_name->pod) && is_name(ret_name->namespace) &&
	       take_container(name, ret_name);
}

bool pod_file_parse_folder(struct span name, struct pod_file_name *ret_name)
{
	*ret_name = (struct pod_file_name){ .uid = "" };
	return text_cut(&name, '_', &ret_name->namespace) && text_cut(&name, '_', &ret_name->pod) &&
	       is_name(ret_name->namespace) && is_name(ret_name->pod) &&
	       pod_uid_parse(name, ret_name->uid);
}

/* The folder of the pod in ".../<namespace>_<pod>_<uid>/<container>/<n>.log". */
static void take_uid(struct pod_file_name *n, struct span target)
{
	struct pod_file_name folder;
	struct span part;

	while (text_cut(&target, '/', &part))
		if (pod_file_parse_folder(part, &folder))
			memcpy(n->uid, folder.uid, sizeof(n->uid));
}

/* ---- into the table ---------------------------------------------------------------------- */

struct name_text {
	char text[MAX_NAME + 1];
};

static const char *text_of(struct span s, struct name_text *t)
{
	return text_copy(s, t->text, sizeof(t->text)) && s.size ? t->text : NULL;
}

/* The containers it had before, the newest last. */
static size_t add_container(const struct pod *before, const struct pod_container *container,
			    struct pod_container list[POD_MAX_CONTAINERS + 1])
{
	size_t n = 0;

	for (size_t i = 0; before && i < before->n_containers; i++)
		if (strcmp(before->containers[i].id.text, container->id.text) != 0)
			list[n++] = before->containers[i];
	if (container->name)
		list[n++] = *container;
	return n;
}

static int put(struct pods *pods, const struct pod_file_name *name)
{
	struct pod_container list[POD_MAX_CONTAINERS + 1];
	struct name_text namespace, pod_name, container_name;
	struct pod_container container = { .id = name->id,
					   .name = text_of(name->container, &container_name) };
	struct pod pod = {
		.namespace = text_of(name->namespace, &namespace),
		.name = text_of(name->pod, &pod_name),
		.uid = name->uid[0] ? name->uid : NULL,
	};

	size_t n = add_container(pods_find_pod(pods, &pod), &container, list);
	pod.n_left_out = n > POD_MAX_CONTAINERS; /* the oldest */
	pod.containers = list + pod.n_left_out;
	pod.n_containers = n - pod.n_left_out;
	int r = pods_put(pods, &pod);
	return r < 0 ? r : 0; /* PODS_E_FULL is counted there */
}

static int add_link(struct pod_files *f, const char *text)
{
	struct pod_file_name name;
	char path[PATH_MAX], target[PATH_MAX];

	if (!pod_file_parse_link(span_of(text, strlen(text)), &name))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", f->paths[CONTAINERS], text);
	ssize_t n = readlink(path, target, sizeof(target));
	if (n > 0)
		take_uid(&name, span_of(target, (size_t)n));
	return put(&f->pods, &name);
}

static int add_folder(struct pod_files *f, const char *text)
{
	struct pod_file_name name;

	return pod_file_parse_folder(span_of(text, strlen(text)), &name) ? put(&f->pods, &name) : 0;
}

static int add(struct pod_files *f, int which, const char *text)
{
	return which == CONTAINERS ? add_link(f, text) : add_folder(f, text);
}

static void removed(struct pod_files *f, int which, const char *text)
{
	struct pod_file_name name;

	if (which == CONTAINERS)
		f->n_removed++;
	else if (pod_file_parse_folder(span_of(text, strlen(text)), &name))
		pods_remove(&f->pods, name.uid);
}

/* ---- folders ----------------------------------------------------------------------------- */

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int scan_folder(struct pod_files *f, int which)
{
	_cleanup_(closedirp) DIR *dir = opendir(f->paths[which]);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0;
	while (!r && (entry = readdir(dir)))
		r = add(f, which, entry->d_name);
	return r;
}

static int scan(struct pod_files *f)
{
	int r = 0;

	f->n_scans++;
	f->n_removed = 0;
	pods_begin_round(&f->pods);
	for (int i = 0; !r && i < N_FOLDERS; i++)
		if (f->watches[i] >= 0)
			r = scan_folder(f, i);
	if (!r)
		pods_end_round(&f->pods);
	return r;
}

static void lose_folder(struct pod_files *f, int which)
{
	inotify_rm_watch(f->inotify, f->watches[which]);
	f->watches[which] = -1;
}

/* The watch comes first, so that nothing falls between it and reading the folder. */
static bool find_folder(struct pod_files *f, int which)
{
	if (f->watches[which] >= 0)
		return false;
	f->watches[which] = inotify_add_watch(f->inotify, f->paths[which], WATCHED);
	return f->watches[which] >= 0;
}

static int look_for_folders(struct pod_files *f)
{
	bool found = false;

	f->looked_at = clock_monotonic();
	for (int i = 0; i < N_FOLDERS; i++)
		found |= find_folder(f, i);
	return found ? scan(f) : 0;
}

/* ---- what changes ------------------------------------------------------------------------ */

static int take_event(struct pod_files *f, const struct inotify_event *event, const char *name)
{
	if (event->mask & IN_Q_OVERFLOW) {
		f->n_overflows++;
		return scan(f);
	}
	for (int i = 0; i < N_FOLDERS; i++) {
		if (event->wd != f->watches[i])
			continue;
		if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
			lose_folder(f, i);
		else if (event->mask & (IN_CREATE | IN_MOVED_TO))
			return add(f, i, name);
		else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
			removed(f, i, name);
	}
	return 0;
}

/* Events are as inotify(7) has them: a header, and a name that ends in NULs. */
static int take_events(struct pod_files *f, struct span bytes)
{
	struct inotify_event event;
	struct span name;
	int r = 0;

	while (!r && span_read(bytes, 0, &event, sizeof(event))) {
		if (!span_from(bytes, sizeof(event), &bytes))
			break;
		r = take_event(f, &event,
			       span_cstr(bytes, 0, &name) && event.len ? (const char *)name.data
								       : "");
		if (!span_from(bytes, event.len, &bytes))
			break;
	}
	return r;
}

int pod_files_refresh(struct pod_files *f)
{
	uint8_t bytes[16384];
	ssize_t n;
	int r = 0;

	while (!r && (n = read(f->inotify, bytes, sizeof(bytes))) > 0)
		r = take_events(f, span_of(bytes, (size_t)n));
	if (!r && f->n_removed > MAX_REMOVED)
		r = scan(f);
	if (!r && (f->watches[CONTAINERS] < 0 || f->watches[PODS] < 0) &&
	    clock_monotonic() >= f->looked_at + LOOK_EVERY)
		r = look_for_folders(f);
	return r;
}

/* ---- finding ----------------------------------------------------------------------------- */

/* The one folder inside that of @pod, if it is the only one. */
static bool only_container(const struct pod_files *f, const struct pod *pod,
			   struct name_text *ret_name)
{
	char path[PATH_MAX];
	unsigned int n = 0;

	snprintf(path, sizeof(path), "%s/%s_%s_%s", f->paths[PODS], pod->namespace, pod->name,
		 pod->uid);
	_cleanup_(closedirp) DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *e; n < 2 && (e = readdir(dir));) {
		struct span name = span_of(e->d_name, strlen(e->d_name));

		if (e->d_name[0] != '.' && is_name(name) && text_of(name, ret_name))
			n++;
	}
	return n == 1;
}

static int name_by_folder(struct pod_files *f, const struct pod *pod, const struct place *place)
{
	struct pod_file_name name = { .id = place->container };
	struct name_text container;

	if (!pod->uid || !only_container(f, pod, &container))
		return 0;
	name.namespace = span_of(pod->namespace, strlen(pod->namespace));
	name.pod = span_of(pod->name, strlen(pod->name));
	name.container = span_of(container.text, strlen(container.text));
	text_copy(span_of(pod->uid, strlen(pod->uid)), name.uid, sizeof(name.uid));
	return put(&f->pods, &name);
}

int pod_files_find(struct pod_files *f, const struct place *place, const struct pod **ret_pod,
		   const struct pod_container **ret_container)
{
	*ret_pod = pods_find(&f->pods, place, ret_container);
	if (*ret_container || (!place->container.text[0] && !place->pod_uid[0]))
		return 0;
	int r = pod_files_refresh(f);
	*ret_pod = pods_find(&f->pods, place, ret_container);
	if (r || !*ret_pod || *ret_container || !place->container.text[0])
		return r;
	r = name_by_folder(f, *ret_pod, place);
	*ret_pod = pods_find(&f->pods, place, ret_container);
	return r;
}

int pod_files_open(struct pod_files *f, const struct pod_files_options *options)
{
	*f = (struct pod_files)POD_FILES_NULL;
	f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->inotify < 0)
		return -errno;
	f->paths[CONTAINERS] = strdup(options->containers);
	f->paths[PODS] = strdup(options->pods);
	int r = f->paths[CONTAINERS] && f->paths[PODS] ? look_for_folders(f) : -ENOMEM;
	if (r)
		pod_files_close(f);
	return r;
}

void pod_files_close(struct pod_files *f)
{
	for (int i = 0; i < N_FOLDERS; i++)
		free(f->paths[i]);
	closep(&f->inotify);
	pods_fini(&f->pods);
	*f = (struct pod_files)POD_FILES_NULL;
}
