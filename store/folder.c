/* SPDX-License-Identifier: Apache-2.0 */
#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/backend.h"

#define SUFFIX ".pb.gz"

/* …_20261121T123100Z_ID.pb.gz */
bool folder_time(const char *name, uint64_t *ret_time)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);
	const char *id, *when = NULL;
	struct tm tm = { 0 };

	if (n <= suffix || strcmp(name + n - suffix, SUFFIX) != 0 || *name == '.')
		return false;
	id = strrchr(name, '_');
	for (const char *c = name; id && c < id; c++)
		if (*c == '_')
			when = c + 1;
	if (!when || strspn(when, "0123456789TZ") != 16 || when + 16 != id)
		return false;
	const char *end = strptime(when, "%Y%m%dT%H%M%SZ", &tm);
	time_t seconds = end == id ? timegm(&tm) : -1;
	if (seconds < 0 || (uint64_t)seconds > UINT64_MAX / NSEC_PER_SEC)
		return false;
	*ret_time = (uint64_t)seconds * NSEC_PER_SEC;
	return true;
}

/* The newest first; the name decides between equals, so that the order is always the same. */
static int compare_files(const void *a, const void *b)
{
	const struct folder_file *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void sort(struct folder *f)
{
	if (f->n)
		qsort(f->files, f->n, sizeof(*f->files), compare_files);
}

/* Leave the older half out, so that room is made for what may be newer. */
static void make_room(struct folder *f)
{
	sort(f);
	while (f->n > FOLDER_MAX_FILES) {
		free(f->files[--f->n].name);
		f->left_out++;
	}
}

static int add(struct folder *f, const char *name, uint64_t when)
{
	if (f->n == f->capacity) {
		size_t capacity = f->capacity ? 2 * f->capacity : 256;
		struct folder_file *files = reallocarray(f->files, capacity, sizeof(*files));

		if (!files)
			return -ENOMEM;
		f->files = files;
		f->capacity = capacity;
	}
	f->files[f->n] = (struct folder_file){ strdup(name), when };
	if (!f->files[f->n].name)
		return -ENOMEM;
	if (++f->n >= 2 * (size_t)FOLDER_MAX_FILES)
		make_room(f);
	return 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int list(struct folder *f, uint64_t since)
{
	_cleanup_(closedirp) DIR *d = NULL;
	int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	uint64_t when;
	int r = 0;

	if (fd >= 0)
		d = fdopendir(fd);
	if (!d) {
		r = -errno;
		closep(&fd);
		return r;
	}
	errno = 0;
	while (r == 0 && (e = readdir(d)))
		if (folder_time(e->d_name, &when) && when >= since)
			r = add(f, e->d_name, when);
	return r ? r : -errno;
}

int folder_open(struct folder *f, const char *url, uint64_t since, char *ret_text)
{
	_cleanup_(freep) char *path = NULL;

	*f = (struct folder)FOLDER_NULL;
	int r = directory_path(url, &path, ret_text);
	if (r != 0)
		return r > 0 ? FOLDER_E_CANNOT : r;
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = f->fd < 0 ? -errno : list(f, since);
	if (r == 0) {
		make_room(f);
		return 0;
	}
	folder_close(f);
	if (r == -ENOMEM)
		return r;
	snprintf(ret_text, STORE_TEXT_SIZE, "%.160s: %s", path, strerrordesc_np(-r));
	return FOLDER_E_CANNOT;
}

void folder_close(struct folder *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->files[i].name);
	free(f->files);
	closep(&f->fd);
	*f = (struct folder)FOLDER_NULL;
}

/* A pipe in there would be waited for. */
static bool is_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

int folder_read(const struct folder *f, const char *name, struct buf *bytes)
{
	return is_file(f->fd, name) ? file_read_at(f->fd, name, bytes) : -EINVAL;
}
