/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packages.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/spawn.h"

#define MAX_ANSWER    ((size_t)64 << 20)
#define MAX_COMPLAINT 512

void packages_fini(struct packages *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].path);
		free(p->list[i].folder);
	}
	free(p->list);
	free(p->complaint);
	*p = (struct packages)PACKAGES_NULL;
}

/* ---- what it says ------------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A package without a module is of GOPATH's days, or of a folder outside any module. */
static bool is_ours(const json_t *package)
{
	const json_t *module = json_object_get(package, "Module");

	if (json_is_true(json_object_get(package, "Standard")))
		return false;
	return !module || json_is_true(json_object_get(module, "Main"));
}

static int add(struct packages *p, const char *path, const char *folder)
{
	if (p->n == PACKAGES_MAX)
		return PACKAGES_E_TOO_MANY;
	if (p->n == p->capacity) {
		size_t capacity = p->capacity ? 2 * p->capacity : 16;
		struct package *list = reallocarray(p->list, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		p->list = list;
		p->capacity = capacity;
	}
	struct package new = { strdup(path), strdup(folder) };
	p->list[p->n++] = new;
	return new.path &&new.folder ? 0 : -ENOMEM;
}

static int take(struct packages *p, const json_t *package)
{
	const json_t *error = json_object_get(package, "Error");
	const char *path = text_of(package, "ImportPath"), *folder = text_of(package, "Dir");

	if (error && !p->complaint) {
		const char *why = text_of(error, "Err");

		if (asprintf(&p->complaint, "%s: %.*s", path, MAX_COMPLAINT, why) < 0) {
			p->complaint = NULL;
			return -ENOMEM;
		}
	}
	if (strcmp(text_of(package, "Name"), "main") != 0 || !is_ours(package) || *folder != '/' ||
	    !*path)
		return 0;
	return add(p, path, folder);
}

int packages_parse(struct span json, struct packages *ret_packages)
{
	int r = 0;

	*ret_packages = (struct packages)PACKAGES_NULL;
	/* One object after the other, with white space between and at the end. */
	while (r == 0) {
		json_error_t error;

		while (json.size && memchr(" \t\r\n", json.data[0], 4))
			span_from(json, 1, &json);
		if (!json.size)
			break;
		json_t *package = json_loadb((const char *)json.data, json.size,
					     JSON_DISABLE_EOF_CHECK, &error);
		if (!json_is_object(package))
			r = PACKAGES_E_MALFORMED;
		else
			r = take(ret_packages, package);
		if (package && !span_from(json, (uint64_t)error.position, &json))
			r = PACKAGES_E_MALFORMED;
		json_decref(package);
	}
	if (r != 0)
		packages_fini(ret_packages);
	return r;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Where Go's own installer puts it, which sudo's PATH leaves out. */
static const char *find_go(void)
{
	static const char *const places[] = { "/usr/local/go/bin/go", "/usr/lib/go/bin/go" };
	const char *path = getenv("PATH");
	struct span rest = span_of(path ? path : "", path ? strlen(path) : 0);

	while (rest.size) {
		const uint8_t *colon = memchr(rest.data, ':', rest.size);
		size_t n = colon ? (size_t)(colon - rest.data) : rest.size;
		char file[4096];

		snprintf(file, sizeof(file), "%.*s/go", n < 4000 ? (int)n : 0, rest.data);
		if (n && access(file, X_OK) == 0)
			return "go";
		span_from(rest, colon ? n + 1 : n, &rest);
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static int read_all(int fd, struct buf *b)
{
	uint8_t chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			return buf_error(b);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buf_append(b, chunk, (size_t)n);
	}
}

static int run(char *const *argv, const struct sudo_user *user, struct buf *out)
{
	_cleanup_(spawn_fini) struct spawn child = SPAWN_NULL;
	_cleanup_(closep) int ours = -1;
	int status, r = spawn_start_piped(argv, user, &child, &ours);

	if (r == 0)
		r = spawn_release(&child);
	if (r != 0)
		return r;
	r = read_all(ours, out);
	closep(&ours);
	ours = -1;
	while (waitpid(child.pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (r != 0)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : PACKAGES_E_FAILED;
}

int packages_find(char *const *patterns, size_t n_patterns, const struct sudo_user *user,
		  struct packages *ret_packages)
{
	static const char *const words[] = { "list", "-e", "-find",
					     "-json=ImportPath,Dir,Name,Module,Standard,Error",
					     "--" };
	_cleanup_(buf_fini) struct buf out = BUF_INIT(MAX_ANSWER);
	_cleanup_(freep) char **argv = calloc(n_patterns + ARRAY_SIZE(words) + 2, sizeof(*argv));
	const char *go = find_go();

	*ret_packages = (struct packages)PACKAGES_NULL;
	if (!argv)
		return -ENOMEM;
	if (!go)
		return PACKAGES_E_NO_GO;
	argv[0] = (char *)go;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		argv[i + 1] = (char *)words[i];
	for (size_t i = 0; i < n_patterns; i++)
		argv[i + 1 + ARRAY_SIZE(words)] = patterns[i];
	int r = run(argv, user, &out);
	return r ? r : packages_parse(span_of(out.data, out.size), ret_packages);
}
