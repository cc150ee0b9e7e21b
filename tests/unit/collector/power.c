/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/power.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "pgo/random.h"

#define SECTOR	  512
#define MAX_FILES 16

struct write {
	int64_t at;
	size_t size; /* SIZE_MAX: the file was cut to .at bytes */
	uint8_t *data;
};

struct disk_file {
	char path[256];
	bool there; /* and its name is synced */
	uint8_t *synced;
	size_t size;
	struct write *writes;
	size_t n_writes;
};

/* Opened: the usual one's own struct follows. */
struct handle {
	sqlite3_file base;
	struct disk_file *disk;
	sqlite3_file *real;
};

/* A test's own program: one set of files. */
static struct disk_file files[MAX_FILES];
static size_t n_files;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *usual;

/* ---- what is on the disk ----------------------------------------------------------------- */

static struct disk_file *find(const char *path)
{
	for (size_t i = 0; i < n_files; i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	assert(n_files < MAX_FILES);
	snprintf(files[n_files].path, sizeof(files[0].path), "%s", path);
	return &files[n_files++];
}

static void add_write(struct disk_file *f, int64_t at, const void *data, size_t size)
{
	f->writes = reallocarray(f->writes, f->n_writes + 1, sizeof(*f->writes));
	struct write *w = &f->writes[f->n_writes++];

	*w = (struct write){ at, size, NULL };
	if (size != SIZE_MAX) {
		w->data = malloc(size);
		memcpy(w->data, data, size);
	}
}

static void resize(uint8_t **data, size_t *size, size_t wanted)
{
	*data = realloc(*data, wanted + 1);
	if (wanted > *size)
		memset(*data + *size, 0, wanted - *size);
	*size = wanted;
}

static void apply(uint8_t **data, size_t *size, const struct write *w, size_t from, size_t to)
{
	if ((size_t)w->at + to > *size)
		resize(data, size, (size_t)w->at + to);
	memcpy(*data + w->at + from, w->data + from, to - from);
}

static void apply_whole(struct disk_file *f, const struct write *w)
{
	if (w->size == SIZE_MAX)
		resize(&f->synced, &f->size, (size_t)w->at);
	else
		apply(&f->synced, &f->size, w, 0, w->size);
}

static void forget_writes(struct disk_file *f)
{
	for (size_t i = 0; i < f->n_writes; i++)
		free(f->writes[i].data);
	f->n_writes = 0;
}

static void sync_file(struct disk_file *f)
{
	for (size_t i = 0; i < f->n_writes; i++)
		apply_whole(f, &f->writes[i]);
	forget_writes(f);
	f->there = true;
}

/* ---- the power goes ---------------------------------------------------------------------- */

static void cut_file(const struct disk_file *f, const char *to, struct pgo_random *rng)
{
	const char *name = strrchr(f->path, '/');
	size_t size = f->size;
	uint8_t *data = malloc(size + 1);
	char path[512];

	/* None, all, or some of what was not synced. */
	uint64_t chance = pgo_random_u64(rng) % 3 * 8;
	memcpy(data, f->synced ? f->synced : (const uint8_t *)"", size);
	for (size_t i = 0; i < f->n_writes; i++) {
		const struct write *w = &f->writes[i];

		if (w->size == SIZE_MAX) {
			if (pgo_random_u64(rng) % 16 < chance)
				resize(&data, &size, (size_t)w->at);
			continue;
		}
		for (size_t at = 0; at < w->size; at += SECTOR)
			if (pgo_random_u64(rng) % 16 < chance)
				apply(&data, &size, w, at,
				      w->size - at < SECTOR ? w->size : at + SECTOR);
	}
	snprintf(path, sizeof(path), "%s%s", to, name);
	FILE *file = fopen(path, "w");
	assert(file && fwrite(data, 1, size, file) == size);
	fclose(file);
	free(data);
}

void power_cut(const char *from, const char *to, uint64_t seed)
{
	struct pgo_random rng;

	pgo_random_init(&rng, seed);
	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < n_files; i++)
		if (strstr(files[i].path, from) && files[i].there)
			cut_file(&files[i], to, &rng);
	pthread_mutex_unlock(&mutex);
}

/* ---- methods of a file ------------------------------------------------------------------- */

#define REAL(file) (((struct handle *)(file))->real)
#define METHOD(f)  REAL(f)->pMethods
#define DISK(file) (((struct handle *)(file))->disk)

static int do_close(sqlite3_file *f)
{
	return METHOD(f)->xClose(REAL(f));
}

static int do_read(sqlite3_file *f, void *to, int size, sqlite3_int64 at)
{
	return METHOD(f)->xRead(REAL(f), to, size, at);
}

/* What is written and what is known of it change as one. */
static int do_write(sqlite3_file *f, const void *data, int size, sqlite3_int64 at)
{
	pthread_mutex_lock(&mutex);
	if (DISK(f))
		add_write(DISK(f), at, data, (size_t)size);
	int r = METHOD(f)->xWrite(REAL(f), data, size, at);
	pthread_mutex_unlock(&mutex);
	return r;
}

static int do_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	pthread_mutex_lock(&mutex);
	if (DISK(f))
		add_write(DISK(f), size, NULL, SIZE_MAX);
	int r = METHOD(f)->xTruncate(REAL(f), size);
	pthread_mutex_unlock(&mutex);
	return r;
}

static int do_sync(sqlite3_file *f, int flags)
{
	(void)flags; /* there is no disk below that would keep it */
	pthread_mutex_lock(&mutex);
	if (DISK(f))
		sync_file(DISK(f));
	pthread_mutex_unlock(&mutex);
	return SQLITE_OK;
}

static int do_size(sqlite3_file *f, sqlite3_int64 *ret_size)
{
	return METHOD(f)->xFileSize(REAL(f), ret_size);
}

static int do_lock(sqlite3_file *f, int lock)
{
	return METHOD(f)->xLock(REAL(f), lock);
}

static int do_unlock(sqlite3_file *f, int lock)
{
	return METHOD(f)->xUnlock(REAL(f), lock);
}

static int do_check_lock(sqlite3_file *f, int *ret_locked)
{
	return METHOD(f)->xCheckReservedLock(REAL(f), ret_locked);
}

static int do_control(sqlite3_file *f, int what, void *argument)
{
	return METHOD(f)->xFileControl(REAL(f), what, argument);
}

static int do_sector(sqlite3_file *f)
{
	(void)f;
	return SECTOR;
}

/* Nothing is promised. */
static int do_promises(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int do_map(sqlite3_file *f, int region, int size, int extend, void volatile **ret_map)
{
	return METHOD(f)->xShmMap(REAL(f), region, size, extend, ret_map);
}

static int do_map_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return METHOD(f)->xShmLock(REAL(f), offset, n, flags);
}

static void do_barrier(sqlite3_file *f)
{
	METHOD(f)->xShmBarrier(REAL(f));
}

static int do_unmap(sqlite3_file *f, int remove)
{
	return METHOD(f)->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = do_close,
	.xRead = do_read,
	.xWrite = do_write,
	.xTruncate = do_truncate,
	.xSync = do_sync,
	.xFileSize = do_size,
	.xLock = do_lock,
	.xUnlock = do_unlock,
	.xCheckReservedLock = do_check_lock,
	.xFileControl = do_control,
	.xSectorSize = do_sector,
	.xDeviceCharacteristics = do_promises,
	.xShmMap = do_map,
	.xShmLock = do_map_lock,
	.xShmBarrier = do_barrier,
	.xShmUnmap = do_unmap,
};

/* ---- methods of the file system ---------------------------------------------------------- */

/* A new one may have the name of one that is gone. */
static void open_disk(struct handle *h, const char *name)
{
	sqlite3_int64 size = 0;

	pthread_mutex_lock(&mutex);
	h->disk = find(name);
	if (h->real->pMethods && h->real->pMethods->xFileSize(h->real, &size) == 0 && !size) {
		forget_writes(h->disk);
		h->disk->size = 0;
		h->disk->there = false;
	}
	pthread_mutex_unlock(&mutex);
}

static int do_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct handle *h = (struct handle *)f;

	(void)vfs;
	h->real = (sqlite3_file *)(h + 1);
	int r = usual->xOpen(usual, name, h->real, flags, ret_flags);
	h->disk = NULL;
	if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))
		open_disk(h, name);
	h->base.pMethods = h->real->pMethods ? &methods : NULL;
	return r;
}

/* Whether its name is gone nobody knows before the folder is synced: here it is at once. */
static int do_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	pthread_mutex_lock(&mutex);
	struct disk_file *f = find(name);
	forget_writes(f);
	f->size = 0;
	f->there = false;
	int r = usual->xDelete(usual, name, sync);
	pthread_mutex_unlock(&mutex);
	return r;
}

void power_init(void)
{
	static sqlite3_vfs vfs;

	usual = sqlite3_vfs_find(NULL);
	vfs = *usual;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct handle) + usual->szOsFile;
	vfs.xOpen = do_open;
	vfs.xDelete = do_delete;
	assert(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
