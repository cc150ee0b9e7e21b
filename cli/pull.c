/* SPDX-License-Identifier: Apache-2.0 */
/* hone pull: the default.pgo of each main package, from where profiles are kept. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/packages.h"
#include "cli/pull_item.h"
#include "cli/pull_report.h"
#include "cli/say.h"
#include "pgo/cold.h"

#define COMMAND	  "pull"
#define FILE_NAME "default.pgo"
#define MAX_COLD  ((size_t)4 << 20) /* bytes, as hone-collector takes */

struct pull {
	struct pull_options options;
	struct sudo_user user;
	bool has_user;
	struct pull_item *items;
	size_t n;
	char error[PULL_WHY_SIZE]; /* that concerns all */
};

static void pull_fini(struct pull *p)
{
	for (size_t i = 0; i < p->n; i++)
		pull_item_fini(&p->items[i]);
	free(p->items);
	cold_free(p->options.cold);
}

static int give_up(struct pull *p, const char *what)
{
	snprintf(p->error, sizeof(p->error), "%s", what);
	pull_complain(&p->options, "%s.", what);
	return 1;
}

/* ---- what is wanted ---------------------------------------------------------------------- */

static int add_item(struct pull *p, const char *name, const char *file)
{
	int r = pull_item_init(&p->items[p->n], name, file);

	p->n++;
	return r;
}

static int add_packages(struct pull *p, const struct packages *packages)
{
	int r = 0;

	p->items = calloc(packages->n + 1, sizeof(*p->items));
	if (!p->items)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < packages->n; i++) {
		const struct package *package = &packages->list[i];
		char *file;

		if (asprintf(&file, "%s/" FILE_NAME, package->folder) < 0)
			return -ENOMEM;
		r = add_item(p, p->options.service ? p->options.service : package->path, file);
		free(file);
	}
	return r;
}

static const char *packages_text(int outcome)
{
	switch (outcome) {
	case PACKAGES_E_NO_GO:
		return "there is no go command to find the main packages with; install Go, or "
		       "name one package and its file with -o";
	case PACKAGES_E_FAILED:
		return "go list cannot find the main packages";
	case PACKAGES_E_TOO_MANY:
		return "there are too many main packages";
	}
	return "what go list says cannot be read";
}

/* 0; 1 where there is nothing to do, and it was said why; -errno. */
static int find_packages(struct pull *p)
{
	static char everything[] = "./...";
	char *const all[] = { everything };
	const struct pull_options *o = &p->options;
	_cleanup_(packages_fini) struct packages packages = PACKAGES_NULL;
	int r = packages_find(o->n_patterns ? o->patterns : all, o->n_patterns ? o->n_patterns : 1,
			      p->has_user ? &p->user : NULL, &packages);

	if (r != 0)
		return r > 0 ? give_up(p, packages_text(r)) : r;
	if (packages.complaint)
		pull_complain(o, "go list says of %s.", packages.complaint);
	if (!packages.n)
		return give_up(p, "there is no main package here");
	if (o->service && packages.n > 1)
		return give_up(p, "--service is one program, and there are several main packages: "
				  "name one");
	return add_packages(p, &packages);
}

static int find_items(struct pull *p)
{
	const struct pull_options *o = &p->options;

	if (!o->output)
		return find_packages(p);
	p->items = calloc(1, sizeof(*p->items));
	if (!p->items)
		return -ENOMEM;
	const char *name = o->service ? o->service : o->n_patterns ? o->patterns[0] : o->from[0];
	return add_item(p, name, o->output);
}

/* 0; 1 where the file is of no use, and it was said why; -errno. */
static int find_cold(struct pull *p)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(MAX_COLD);
	const char *file = p->options.cold_file;
	char why[PULL_WHY_SIZE];
	size_t line;
	int r = file ? file_read(file, &text) : 0;

	if (r < 0) {
		snprintf(why, sizeof(why), "%.500s: %s", file, strerror(-r));
		return give_up(p, why);
	}
	r = cold_new(span_of(text.data, text.size), &p->options.cold, &line);
	if (r <= 0)
		return r;
	snprintf(why, sizeof(why), "%.500s: line %zu is not the name of a function", file, line);
	return give_up(p, why);
}

/* ---- fetching ---------------------------------------------------------------------------- */

static bool is_of(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static int ask_source(struct pull *p)
{
	const struct pull_options *o = &p->options;
	const char *url = o->remote.options.url;

	if (o->n_from)
		return pull_from_programs(o, p->items, p->n);
	if (is_of(url, "file:"))
		return pull_from_folder(o, p->items, p->n);
	if (is_of(url, "http://") || is_of(url, "https://"))
		return pull_from_server(o, p->items, p->n);
	return give_up(p, "a store is http://..., https://... or file:///DIR");
}

static int fetch(struct pull *p)
{
	const struct pull_options *o = &p->options;
	int r = ask_source(p);

	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = pull_judge(o, &p->items[i], clock_realtime());
	for (size_t i = 0; r == 0 && i < p->n && !o->dry_run; i++)
		pull_write(&p->items[i], p->has_user ? &p->user : NULL);
	return r;
}

/* ---- the command ------------------------------------------------------------------------- */

static int find_user(struct pull *p)
{
	int r = sudo_user_find(&p->user);

	if (r == SUDO_E_INVALID) {
		say_error(COMMAND, "SUDO_UID and SUDO_GID do not name a user and a group. Unset "
				   "them, or set them right.");
		return HONE_ERROR;
	}
	p->has_user = r == 0;
	return HONE_OK;
}

static int end(const struct pull *p, int r)
{
	const struct pull_options *o = &p->options;
	const struct pull_counts counts = pull_count(p->items, p->n);
	bool ok = true;

	if (r == 0 && !o->json)
		ok = pull_report(o, p->items, p->n);
	else if (o->json)
		ok = pull_report_json(o, p->items, r == 0 ? p->n : 0, r ? p->error : NULL);
	if (!ok)
		return HONE_ERROR;
	if (!o->fail)
		return HONE_OK;
	if (r != 0 || counts.failed)
		return HONE_ERROR;
	return counts.kept ? HONE_REFUSED : HONE_OK;
}

int cmd_pull(int argc, char **argv)
{
	_cleanup_(pull_fini) struct pull p = { 0 };
	int code = pull_options_parse(&p.options, argc, argv);

	if (code >= 0)
		return code;
	code = find_user(&p);
	if (code != HONE_OK)
		return code;
	/* libcurl's and ours: a connection, or a pipe, that is gone is an error like others. */
	signal(SIGPIPE, SIG_IGN);
	int r = find_cold(&p);
	if (r == 0)
		r = find_items(&p);
	if (r == 0)
		r = fetch(&p);
	if (r < 0)
		give_up(&p, strerror(-r));
	return end(&p, r);
}
