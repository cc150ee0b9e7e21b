/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles as files in a directory, for whoever has no server. A file is whole, synced and named
 * before done is called, and so is its name: then a power cut takes neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/backend.h"
#include "store/filename.h"
#include "store/url.h"

#define NEW_FOLDER_MODE 0755
/* A full or broken disk does not get better in milliseconds. */
#define PATIENCE (10 * NSEC_PER_SEC)

struct directory {
	struct store store;
	char *path; /* ends in a slash */
	struct loop_timer later;
	struct store_profile profile; /* of the push under way */
	store_done done;	      /* NULL: none */
	void *context;
};

static struct directory *directory_of(const struct store *s)
{
	return container_of(s, struct directory, store);
}

/* ---- a push ------------------------------------------------------------------------------ */

/* The entry, that is; the file itself is synced already. Not every file system knows how. */
static int sync_folder(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int write_file(const char *path, struct span bytes)
{
	_cleanup_(file_writer_fini) struct file_writer w = FILE_WRITER_NULL;

	int r = file_writer_open(&w, path, (uid_t)-1, (gid_t)-1);
	if (!r)
		r = file_writer_write(&w, bytes.data, bytes.size);
	return r ? r : file_writer_commit(&w);
}

static int write_profile(const struct directory *d)
{
	_cleanup_(freep) char *path = NULL;
	char name[FILENAME_SIZE];

	filename_make(&d->profile, name);
	if (asprintf(&path, "%s%s", d->path, name) < 0)
		return -ENOMEM;
	int r = write_file(path, d->profile.pprof);
	return r ? r : sync_folder(d->path);
}

static void judge(const struct directory *d, int r, struct store_result *ret_result)
{
	*ret_result = (struct store_result){ 0 };
	if (!r)
		return;
	ret_result->outcome = STORE_E_RETRY;
	ret_result->retry_after = PATIENCE;
	snprintf(ret_result->text, sizeof(ret_result->text), "%.160s: %s", d->path,
		 r == FILE_E_NOT_REGULAR ? "the file's name is taken" : strerrordesc_np(-r));
}

static int on_later(struct loop_timer *timer)
{
	struct directory *d = container_of(timer, struct directory, later);
	store_done done = d->done;
	struct store_result result;

	if (!done)
		return 0;
	judge(d, write_profile(d), &result);
	d->done = NULL;
	return done(d->context, &result);
}

/* ---- the backend ------------------------------------------------------------------------- */

static int directory_push(struct store *s, const struct store_profile *profile, store_done done,
			  void *context)
{
	struct directory *d = directory_of(s);

	int r = loop_timer_set(&d->later, 1, 0);
	if (r)
		return r;
	d->profile = *profile;
	d->done = done;
	d->context = context;
	return 0;
}

static void directory_cancel(struct store *s)
{
	directory_of(s)->done = NULL;
}

static uint32_t directory_room(const struct store *s)
{
	return directory_of(s)->done ? 0 : 1;
}

static struct store *directory_close(struct store *s)
{
	struct directory *d = directory_of(s);

	loop_timer_fini(&d->later);
	free(d->path);
	free(d);
	return NULL;
}

static const struct store_backend directory_backend = {
	.close = directory_close,
	.push = directory_push,
	.cancel = directory_cancel,
	.room = directory_room,
};

/* ---- opening ----------------------------------------------------------------------------- */

/* RFC 8089: file:///DIR, bytes that a URL cannot hold as %XX. */
int directory_path(const char *url, char **ret_path, char *ret_text)
{
	_cleanup_(curl_url_cleanupp) CURLU *u = curl_url();
	_cleanup_(curl_freep) char *path = NULL;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PATH, &path, CURLU_URLDECODE) != CURLUE_OK)
		return store_bad_options(ret_text,
					 "a directory is file:///DIR, with three slashes");
	if (url_has(u, CURLUPART_QUERY) || url_has(u, CURLUPART_FRAGMENT))
		return store_bad_options(ret_text, "in a file:/// URL ? and # are %%3F and %%23");
	if (asprintf(ret_path, "%s/", path) < 0) {
		*ret_path = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int open_folder(const char *path, char *ret_text)
{
	if (mkdir(path, NEW_FOLDER_MODE) < 0 && errno != EEXIST)
		return store_bad_options(ret_text, "%.160s: %s", path, strerrordesc_np(errno));
	int r = sync_folder(path);
	return r ? store_bad_options(ret_text, "%.160s: %s", path, strerrordesc_np(-r)) : 0;
}

static int set_up(struct directory *d, const struct store_options *options, struct loop *loop,
		  char *ret_text)
{
	int r = directory_path(options->url, &d->path, ret_text);

	if (!r)
		r = open_folder(d->path, ret_text);
	return r ? r : loop_timer_init(&d->later, loop, on_later);
}

int directory_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
		   char *ret_text)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	*d = (struct directory){ .store = { .backend = &directory_backend },
				 .later = LOOP_TIMER_NULL };
	int r = set_up(d, options, loop, ret_text);
	if (r) {
		directory_close(&d->store);
		return r;
	}
	*ret_store = &d->store;
	return 0;
}
