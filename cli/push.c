/* SPDX-License-Identifier: Apache-2.0 */
/* hone push: a profile from a file to a store, as hone-agent sends its own. */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/push_labels.h"
#include "cli/remote.h"
#include "cli/say.h"
#include "pgo/shapes.h"

#define COMMAND		"push"
#define MAX_FILE	((size_t)64 << 20)
#define DEFAULT_TIMEOUT (30 * NSEC_PER_SEC)

static const char help[] =
	"Usage: hone push [OPTIONS] FILE\n"
	"\n"
	"Sends a pprof profile to a store, as hone-agent sends its own. FILE is gzip or plain; -\n"
	"is standard input. The same file with the same labels counts once, however often it is\n"
	"pushed.\n"
	"\n"
	"  --label NAME=VALUE   one more label; may be given again\n"
	"  --service NAME       the service, without which it is the last part of the main\n"
	"                       package's path\n"
	"  --exe FILE           the Go program that was profiled: its build info becomes labels,\n"
	"                       main_package above all, which hone pull asks for\n"
	"  --quiet              print only errors\n"
	"  --help               this text\n"
	"\n"
	"The store:\n" REMOTE_HELP "\n"
	"Exit status: 0 stored, 3 the store refuses this profile, 1 error, 2 wrong usage.\n";

struct push {
	struct remote remote;
	const char *path, *exe;
	bool quiet;
	struct labels labels;
	struct buf bytes; /* as they are sent */
	struct pprof_profile *profile;
	struct binary *binary;
	struct loop loop;
	struct store *store;
	struct store_result result;
};

static void push_fini(struct push *p)
{
	labels_fini(&p->labels);
	buf_fini(&p->bytes);
	pprof_free(p->profile);
	binary_free(p->binary);
	store_close(p->store);
	loop_fini(&p->loop);
}

/* ---- arguments --------------------------------------------------------------------------- */

static int take_label(struct push *p, const char *pair)
{
	if (push_labels_add(&p->labels, pair))
		return -1;
	return say_usage(COMMAND,
			 "--label wants NAME=VALUE with a name of letters, digits and _, "
			 "not \"%s\".",
			 pair);
}

/* -1 or an exit code. */
static int take(struct push *p, int option, char **argv)
{
	switch (option) {
	case 'l':
		return take_label(p, optarg);
	case 's':
		labels_add_text(&p->labels, "service_name", optarg);
		return -1;
	case 'e':
		p->exe = optarg;
		return -1;
	case 'q':
		p->quiet = true;
		return -1;
	case 'h':
		return say("%s", help) ? HONE_OK : HONE_ERROR;
	case ':':
	case '?':
		return say_option(COMMAND, option, argv);
	}
	return remote_take(&p->remote, COMMAND, option, optarg) == 0 ? -1 : HONE_USAGE;
}

static int parse(struct push *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ "label", required_argument, NULL, 'l' },
		{ "service", required_argument, NULL, 's' },
		{ "exe", required_argument, NULL, 'e' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		REMOTE_LONG_OPTIONS,
		{ 0 },
	};
	int option, r = -1;

	optind = 0;
	opterr = 0;
	while (r == -1 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		r = take(p, option, argv);
	if (r != -1)
		return r;
	if (argc - optind != 1)
		return say_usage(COMMAND, "it takes one profile, not %d.", argc - optind);
	p->path = argv[optind];
	if (p->labels.n_left_out)
		return say_usage(COMMAND, "a label was given twice, or there are over %d.",
				 LABELS_MAX);
	if (remote_finish(&p->remote, COMMAND) != 0)
		return HONE_USAGE;
	if (!p->remote.options.timeout)
		p->remote.options.timeout = DEFAULT_TIMEOUT;
	return -1;
}

/* ---- what is sent ------------------------------------------------------------------------ */

static int fail(const char *what, const char *why)
{
	say_error(COMMAND, "%s: %s.", what, why);
	return HONE_ERROR;
}

static int load(struct push *p)
{
	const char *file = strcmp(p->path, "-") == 0 ? "/dev/stdin" : p->path, *why;
	int r = file_read(file, &p->bytes);

	if (r == -E2BIG)
		return fail(p->path, "over 64 MiB");
	if (r < 0)
		return fail(p->path, strerror(-r));
	r = pprof_decode(p->bytes.data, p->bytes.size, NULL, &p->profile, &why);
	if (r < 0)
		return fail(p->path, strerror(-r));
	if (r > 0) {
		fail(p->path, why);
		return HONE_REFUSED;
	}
	return HONE_OK;
}

static int replace(struct push *p, const uint8_t *data, size_t size)
{
	buf_fini(&p->bytes);
	p->bytes = (struct buf)BUF_INIT(MAX_FILE);
	buf_append(&p->bytes, data, size);
	return buf_error(&p->bytes) ? fail(p->path, "no memory") : HONE_OK;
}

/* Compressed, and with names escaped for a store that would cut them. */
static int prepare(struct push *p)
{
	_cleanup_(freep) uint8_t *data = NULL, *escaped = NULL;
	bool is_gzip = span_starts_with(span_of(p->bytes.data, p->bytes.size), "\x1f\x8b");
	size_t size;
	int r;

	if (!is_gzip) {
		r = pprof_encode(p->profile, PPROF_GZIP, &data, &size);
		if (r != 0 || replace(p, data, size) != HONE_OK)
			return fail(p->path, "it cannot be compressed");
	}
	if (!store_limits(p->store)->escape_shapes)
		return HONE_OK;
	r = pgo_shapes_escape(p->bytes.data, p->bytes.size, &escaped, &size);
	if (r == PGO_SHAPES_E_NONE)
		return HONE_OK;
	return r == 0 ? replace(p, escaped, size)
		      : fail(p->path, "its generic names cannot be escaped");
}

static int open_exe(struct push *p)
{
	if (!p->exe)
		return HONE_OK;
	_cleanup_(closep) int fd = open(p->exe, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(p->exe, strerror(errno));
	int r = binary_open(fd, &p->binary);
	if (r != 0)
		return fail(p->exe, r > 0 ? binary_outcome_text(r) : strerror(-r));
	return HONE_OK;
}

static int make_labels(struct push *p)
{
	int r = open_exe(p);

	if (r != HONE_OK)
		return r;
	r = push_labels_finish(&p->labels, p->binary ? binary_build(p->binary) : NULL, p->profile);
	switch (r) {
	case 0:
		return HONE_OK;
	case PUSH_LABELS_E_SERVICE:
		return say_usage(COMMAND,
				 "nothing tells what program %s is of: give --service or "
				 "--exe.",
				 p->path);
	case PUSH_LABELS_E_KIND:
		return say_usage(COMMAND,
				 "nothing tells what kind of profile %s is: give --label "
				 "__name__=mutex, for example.",
				 p->path);
	case PUSH_LABELS_E_TOO_MANY:
		return say_usage(COMMAND, "there may be %d labels.", LABELS_MAX);
	}
	return fail(p->path, strerror(-r));
}

/* The same for the same profile and labels: a UUID of version 8 (RFC 9562). */
static void make_id(const struct push *p, char ret_id[37])
{
	static const uint8_t groups[] = { 4, 2, 2, 2, 6 };
	uint8_t digest[SHA256_DIGEST_SIZE], *d = digest;
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, p->labels.text.size, p->labels.text.data);
	sha256_update(&h, p->bytes.size, p->bytes.data);
	sha256_digest(&h, sizeof(digest), digest);
	digest[6] = 0x80 | (digest[6] & 0x0f);
	digest[8] = 0x80 | (digest[8] & 0x3f);
	for (size_t i = 0; i < sizeof(groups); i++) {
		if (i)
			*ret_id++ = '-';
		for (uint8_t k = 0; k < groups[i]; k++)
			ret_id += sprintf(ret_id, "%02x", *d++);
	}
}

/* ---- sending ----------------------------------------------------------------------------- */

static int on_done(void *context, const struct store_result *result)
{
	struct push *p = context;

	p->result = *result;
	loop_quit(&p->loop);
	return 0;
}

static int open_store(struct push *p)
{
	char why[STORE_TEXT_SIZE];
	int r = loop_init(&p->loop);

	if (r == 0)
		r = store_open(&p->remote.options, &p->loop, &p->store, why);
	/* The URL may hold a password: that it must not, @why says without it. */
	if (r == STORE_E_OPTIONS)
		return fail("--store", why);
	return r == 0 ? HONE_OK : fail(p->remote.options.url, strerror(-r));
}

_Static_assert(sizeof(struct label) == sizeof(struct store_label), "the same shape");

static int send_it(struct push *p)
{
	const struct pprof_header header = pprof_header(p->profile);
	char id[37];
	struct store_profile profile = {
		.id = id,
		.labels = (const struct store_label *)(const void *)p->labels.list,
		.n_labels = p->labels.n,
		.pprof = span_of(p->bytes.data, p->bytes.size),
		.time = header.time_nanos > 0 ? (uint64_t)header.time_nanos : clock_realtime(),
	};

	make_id(p, id);
	int r = store_push(p->store, &profile, on_done, p);
	if (r == 0)
		r = loop_run(&p->loop);
	if (r != 0)
		return fail(p->remote.options.url, strerror(-r));
	if (p->result.outcome == STORE_OK)
		return HONE_OK;
	fail(p->remote.options.url, p->result.text);
	return p->result.outcome == STORE_E_RETRY ? HONE_ERROR : HONE_REFUSED;
}

static bool report(const struct push *p)
{
	const char *package = labels_value(&p->labels, "main_package");

	return p->quiet ||
	       say_row("%s: stored for service %s%s%s%s", p->path,
		       labels_value(&p->labels, "service_name"), package ? ", main package " : "",
		       package ? package : "",
		       package ? ""
			       : "; without --exe or a main_package, hone pull finds it by "
				 "--service only");
}

int cmd_push(int argc, char **argv)
{
	_cleanup_(push_fini) struct push p = { .labels = LABELS_NULL,
					       .bytes = BUF_INIT(MAX_FILE),
					       .loop = LOOP_NULL };
	int code = parse(&p, argc, argv);

	if (code >= 0)
		return code;
	/* As base/curl_loop.h asks. */
	signal(SIGPIPE, SIG_IGN);
	code = load(&p);
	if (code == HONE_OK)
		code = make_labels(&p);
	if (code == HONE_OK)
		code = open_store(&p);
	if (code == HONE_OK)
		code = prepare(&p);
	if (code == HONE_OK)
		code = send_it(&p);
	if (code == HONE_OK && !report(&p))
		code = HONE_ERROR;
	return code;
}
