/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/text.h"

#define FORMAT_FILE ".format"
#define FORMAT	    "hone-agent spool 1\n"
#define TEMP_PREFIX ".spool-"
#define TEMP_SIZE   32u
#define READ_CHUNK  65536u

static int write_all(int fd, struct span bytes)
{
	while (bytes.size) {
		ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			span_from(bytes, (uint64_t)n, &bytes);
	}
	return 0;
}

int spool_sync(int dir)
{
	return fsync(dir) < 0 ? -errno : 0;
}

static int write_format(const struct spool *s)
{
	_cleanup_(closep) int fd = openat(s->dir, FORMAT_FILE, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = write_all(fd, span_of(FORMAT, strlen(FORMAT)));
	if (!r)
		r = spool_sync(fd);
	if (r)
		(void)!ftruncate(fd, 0);
	return r ? r : spool_sync(s->dir);
}

/* Whose spool is it? An empty file is that of one who was killed right here, or of nobody. */
static int check_format(const struct spool *s)
{
	char text[sizeof(FORMAT)];
	ssize_t n = pread(s->lock, text, sizeof(text), 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return write_format(s);
	return span_equals(span_of(text, (size_t)n), FORMAT) ? 0 : SPOOL_E_VERSION;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* To read the names in @dir from the start, whatever was read before. */
static int list(int dir, DIR **ret_list)
{
	_cleanup_(closep) int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_list = fdopendir(fd);
	if (!*ret_list)
		return -errno;
	take_fd(&fd);
	return 0;
}

/* The next name, NULL at the end, -errno in @ret_error. */
static const char *next_name(DIR *dir, int *ret_error)
{
	errno = 0;
	const struct dirent *entry = readdir(dir);

	*ret_error = -errno;
	return entry ? entry->d_name : NULL;
}

/* A folder without a format is to become a spool. */
static int check_empty(const struct spool *s)
{
	_cleanup_(closedirp) DIR *names = NULL;
	const char *name;
	int r = list(s->dir, &names);

	while (!r && (name = next_name(names, &r))) {
		if (strcmp(name, ".") && strcmp(name, "..") && strcmp(name, "lost+found") &&
		    strcmp(name, FORMAT_FILE))
			return SPOOL_E_FOREIGN;
	}
	return r;
}

static int open_format(struct spool *s)
{
	/* Not for writing: that would keep the disk from being made read-only. */
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;

	s->lock = openat(s->dir, FORMAT_FILE, flags);
	if (s->lock >= 0 || errno != ENOENT)
		return s->lock < 0 ? -errno : 0;
	int r = check_empty(s);
	if (r)
		return r;
	s->lock = openat(s->dir, FORMAT_FILE, flags | O_CREAT, 0600);
	return s->lock < 0 ? -errno : 0;
}

/* And the one it is in: nobody made /var/lib/hone where no service manager did. */
static int make_folder(const char *path)
{
	const char *name = strrchr(path, '/');

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !name || name == path)
		return -errno;
	_cleanup_(freep) char *parent = strndup(path, (size_t)(name - path));
	if (!parent)
		return -ENOMEM;
	return mkdir(parent, 0755) < 0 || mkdir(path, 0700) < 0 ? -errno : 0;
}

static int open_and_lock(struct spool *s, const char *path)
{
	int r = make_folder(path);

	if (r)
		return r;
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return -errno;
	r = open_format(s);
	if (r)
		return r;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? SPOOL_E_LOCKED : -errno;
	return check_format(s);
}

int spool_open(struct spool *s, const char *path)
{
	*s = (struct spool)SPOOL_NULL;
	int r = open_and_lock(s, path);
	if (r)
		spool_close(s);
	return r;
}

void spool_close(struct spool *s)
{
	closep(&s->lock);
	closep(&s->dir);
	*s = (struct spool)SPOOL_NULL;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

void spool_folder_name(const char *key, char ret_name[SPOOL_FOLDER_SIZE])
{
	/* What is left for the name's own characters when it ends in a dash and a sum. */
	const size_t room = SPOOL_FOLDER_SIZE - sizeof("-%XX01234567");
	size_t n = 0;

	for (const char *c = key; *c; c++) {
		if (n >= room) {
			snprintf(ret_name + n, SPOOL_FOLDER_SIZE - n, "-%08lx",
				 crc32(0, (const Bytef *)key, (uInt)strlen(key)));
			return;
		}
		if (is_plain(*c) && (n || *c != '.'))
			ret_name[n++] = *c;
		else
			n += (size_t)snprintf(ret_name + n, SPOOL_FOLDER_SIZE - n, "%%%02X",
					      (unsigned char)*c);
	}
	ret_name[n] = '\0';
}

int spool_folder_open(const struct spool *s, const char *name, int *ret_dir)
{
	if (mkdirat(s->dir, name, 0700) == 0) {
		int r = spool_sync(s->dir);
		if (r)
			return r;
	} else if (errno != EEXIST) {
		return -errno;
	}
	*ret_dir = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_dir < 0 ? -errno : 0;
}

void spool_folder_remove(const struct spool *s, const char *name)
{
	unlinkat(s->dir, name, AT_REMOVEDIR);
}

static bool is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Not lost+found, nor anything else that spool_folder_name() does not make. */
static bool may_be_ours(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++) {
		if (!is_plain(name[i]) && name[i] != '%')
			return false;
	}
	return name[0] != '.' && n < SPOOL_FOLDER_SIZE;
}

int spool_folders(const struct spool *s, int (*found)(void *context, const char *name),
		  void *context)
{
	_cleanup_(closedirp) DIR *names = NULL;
	const char *name;
	int r = list(s->dir, &names);

	while (!r && (name = next_name(names, &r))) {
		if (may_be_ours(name) && is_folder(s->dir, name))
			r = found(context, name);
	}
	return r;
}

void spool_name_format(const struct spool_name *name, char ret_text[SPOOL_NAME_SIZE])
{
	char id[UUID_TEXT_SIZE];

	uuid_format(&name->id, id);
	snprintf(ret_text, SPOOL_NAME_SIZE, "%016llx-%s", (unsigned long long)name->sequence, id);
}

bool spool_name_parse(const char *text, struct spool_name *ret_name)
{
	struct span rest = span_of(text, strlen(text));

	return rest.size == SPOOL_NAME_SIZE - 1 && text_number(&rest, 16, &ret_name->sequence) &&
	       text_skip(&rest, "-") && rest.size == UUID_TEXT_SIZE - 1 &&
	       uuid_parse(rest, &ret_name->id);
}

int spool_scan(int dir, int (*found)(void *context, const struct spool_name *name), void *context)
{
	_cleanup_(closedirp) DIR *names = NULL;
	struct spool_name profile;
	const char *name;
	int r = list(dir, &names);

	while (!r && (name = next_name(names, &r))) {
		if (!strncmp(name, TEMP_PREFIX, strlen(TEMP_PREFIX)))
			unlinkat(dir, name, 0);
		else if (spool_name_parse(name, &profile))
			r = found(context, &profile);
	}
	return r;
}

/* A file with a temporary name in the first of the folders; what a kill leaves, the next scan
 * finds. */
struct draft {
	int fd, dir;
	char temp[TEMP_SIZE]; /* empty: none */
};

static void draft_fini(struct draft *d)
{
	if (d->temp[0])
		unlinkat(d->dir, d->temp, 0);
	closep(&d->fd);
}

static int draft_open(struct draft *d)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	snprintf(d->temp, sizeof(d->temp), TEMP_PREFIX "%016llx", (unsigned long long)random);
	d->fd = openat(d->dir, d->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->fd >= 0)
		return 0;
	d->temp[0] = '\0';
	return -errno;
}

/* The first folder last: there it takes the place of the temporary name. */
static int give_names(struct draft *d, const int *dirs, uint32_t n_dirs, const char *name)
{
	for (uint32_t i = 1; i < n_dirs; i++) {
		if (linkat(d->dir, d->temp, dirs[i], name, 0) < 0)
			return -errno;
	}
	if (renameat(d->dir, d->temp, d->dir, name) < 0)
		return -errno;
	d->temp[0] = '\0';
	return 0;
}

static int sync_all(const struct draft *d, const int *dirs, uint32_t n_dirs)
{
	int r = spool_sync(d->fd);

	for (uint32_t i = 0; i < n_dirs && !r; i++)
		r = spool_sync(dirs[i]);
	return r;
}

int spool_write(const int *dirs, uint32_t n_dirs, const struct spool_name *name, struct span bytes)
{
	_cleanup_(draft_fini) struct draft draft = { .fd = -1, .dir = dirs[0] };
	char text[SPOOL_NAME_SIZE];
	int r = draft_open(&draft);

	if (!r)
		r = write_all(draft.fd, bytes);
	if (r)
		return r;
	spool_name_format(name, text);
	r = give_names(&draft, dirs, n_dirs, text);
	if (!r)
		r = sync_all(&draft, dirs, n_dirs);
	for (uint32_t i = 0; r && i < n_dirs; i++)
		unlinkat(dirs[i], text, 0);
	return r;
}

int spool_remove(int dir, const struct spool_name *name)
{
	char text[SPOOL_NAME_SIZE];

	spool_name_format(name, text);
	return unlinkat(dir, text, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int read_up_to(int fd, uint64_t most, struct buf *b)
{
	_cleanup_(freep) uint8_t *chunk = malloc(READ_CHUNK);

	if (!chunk)
		return -ENOMEM;
	while (most && !buf_error(b)) {
		ssize_t n = read(fd, chunk, most < READ_CHUNK ? (size_t)most : READ_CHUNK);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0) {
			buf_append(b, chunk, (size_t)n);
			most -= (uint64_t)n;
		}
	}
	return buf_error(b);
}

static uint64_t ns_of(struct timespec ts)
{
	return ts.tv_sec < 0 ? 0 : (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int spool_read(int dir, const struct spool_name *name, uint64_t most, struct buf *b,
	       struct spool_file *ret_file)
{
	char text[SPOOL_NAME_SIZE];
	struct stat st;

	spool_name_format(name, text);
	/* Not to wait for the writer of a pipe that somebody put there. */
	_cleanup_(closep) int fd =
		openat(dir, text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_file =
		(struct spool_file){ .size = (uint64_t)st.st_size, .written = ns_of(st.st_mtim) };
	return read_up_to(fd, most, b);
}

int spool_redate(int dir, const struct spool_name *name, uint64_t written)
{
	char text[SPOOL_NAME_SIZE];
	struct timespec ts = { .tv_sec = (time_t)(written / NSEC_PER_SEC),
			       .tv_nsec = (long)(written % NSEC_PER_SEC) };
	struct timespec both[2] = { ts, ts };

	spool_name_format(name, text);
	return utimensat(dir, text, both, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
