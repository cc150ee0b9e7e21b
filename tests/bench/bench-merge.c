/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-merge [-n PROFILES] [-s STACKS] [-b BUILDS] FILE...: what adding up many profiles costs a
 * profile, by part: to inflate it; to decode it alone (decode) or where others were (reread); and
 * the whole way from stored bytes into a sum, as each of the three who add up do it.
 *
 * The profiles are dealt out from those of FILE: each has STACKS distinct stacks of theirs, drawn
 * at random, with their own lines, functions and mappings. Builds differ in addresses, lines and
 * build id, as those of one program do. The last line names the sums, for two versions to be
 * compared.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "collector/query/fold.h"
#include "libpprof/gzip.h"
#include "libpprof/pprof.h"
#include "pgo/trim.h"
#include "tests/bench/report.h"

#define SHARES 20 /* of the profiles: the values of a row */

struct bytes {
	uint8_t *data;
	size_t size;
};

struct bench {
	size_t n_builds, n, n_stacks;
	struct bytes *packed, *plain;
	uint64_t random;
	struct pprof_profile *from;
	struct pprof_merger *merger;
	struct fold *fold;
	struct trim *trim;
};

/* ---- profiles ---------------------------------------------------------------------------- */

static int read_bytes(const char *path, struct bytes *ret)
{
	struct stat st;
	FILE *f = fopen(path, "rbe");

	if (!f || fstat(fileno(f), &st) != 0)
		return -EIO;
	*ret = (struct bytes){ malloc((size_t)st.st_size + 1), (size_t)st.st_size };
	if (!ret->data || fread(ret->data, 1, ret->size, f) != ret->size)
		return -EIO;
	fclose(f);
	return 0;
}

static int add_file(struct pprof_profile *to, const char *path)
{
	struct pprof_profile *p;
	struct bytes b = { 0 };
	int r = read_bytes(path, &b);

	if (r == 0)
		r = pprof_decode(b.data, b.size, NULL, &p, NULL);
	if (r != 0)
		return r;
	free(b.data);
	r = pprof_merge(to, p);
	pprof_free(p);
	return r;
}

/* splitmix64 */
static uint64_t draw(struct bench *b)
{
	uint64_t x = b->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* A stack of build @build as one more sample of @to. */
static int deal_stack(struct pprof_profile *to, struct pprof_profile *from, size_t build,
		      size_t number)
{
	const struct pprof_sample s = pprof_sample(from, number);
	uint32_t stack[1024];
	size_t n = s.n_locations < 1024 ? s.n_locations : 1024;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct pprof_location l = pprof_location(from, s.locations[i]);
		struct pprof_line lines[64];

		l.n_lines = l.n_lines < 64 ? l.n_lines : 64;
		for (size_t k = 0; r == 0 && k < l.n_lines; k++) {
			struct pprof_function f = pprof_function(from, l.lines[k].function);

			f.start_line += f.start_line ? (int64_t)build : 0;
			lines[k] = l.lines[k];
			lines[k].line += (int64_t)build;
			r = pprof_add_function(to, &f, &lines[k].function);
		}
		l.lines = lines;
		l.mapping = pprof_n_mappings(to) ? 0 : PPROF_NONE;
		l.address += build * 0x40;
		r = r ?: pprof_add_location(to, &l, &stack[i]);
	}
	const struct pprof_sample dealt = { .locations = stack,
					    .n_locations = n,
					    .values = (int64_t[]){ 1, 10000000 } };
	return r ?: pprof_add_sample(to, &dealt, NULL);
}

static int deal(struct bench *b, struct pprof_profile *from, size_t number)
{
	const struct pprof_value_type cpu = { "cpu", "nanoseconds" };
	const struct pprof_value_type samples = { "samples", "count" };
	size_t build = number * b->n_builds / b->n;
	struct pprof_header header = { .time_nanos = 1 + (int64_t)number,
				       .duration_nanos = 10000000000,
				       .period = 10000000,
				       .period_type = cpu };
	struct pprof_mapping mapping = { .start = 0x400000,
					 .limit = 0x4000000,
					 .file = "/bin/app" };
	struct pprof_profile *to;
	char id[32];
	int r = pprof_new(&to);

	snprintf(id, sizeof(id), "%zu", build);
	mapping.build_id = id;
	r = r ?: pprof_set_header(to, &header);
	r = r ?: pprof_add_sample_type(to, &samples);
	r = r ?: pprof_add_sample_type(to, &cpu);
	r = r ?: pprof_add_mapping(to, &mapping, NULL);
	while (r == 0 && pprof_n_samples(to) < b->n_stacks)
		r = deal_stack(to, from, build, draw(b) % pprof_n_samples(from));
	r = r ?: pprof_encode(to, PPROF_PLAIN, &b->plain[number].data, &b->plain[number].size);
	r = r ?: pprof_encode(to, PPROF_GZIP, &b->packed[number].data, &b->packed[number].size);
	pprof_free(to);
	return r;
}

/* ---- adding up --------------------------------------------------------------------------- */

static int inflate_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	struct pp_array bytes;
	int r = pp_gunzip(b->packed[i].data, b->packed[i].size, SIZE_MAX >> 1, &bytes);

	(void)to;
	pp_array_fini(&bytes);
	return r;
}

static int decode_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	struct pprof_profile *p;
	int r = pprof_decode(b->plain[i].data, b->plain[i].size, NULL, &p, NULL);

	(void)to;
	if (r == 0)
		pprof_free(p);
	return r;
}

static int merge_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	struct pprof_profile *p;
	int r = pprof_decode(b->packed[i].data, b->packed[i].size, NULL, &p, NULL);

	if (r == 0) {
		r = pprof_merge(to, p);
		pprof_free(p);
	}
	return r;
}

static int merger_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	int r = b->from ? 0 : pprof_new(&b->from);

	r = r ?: pprof_reread(b->from, b->packed[i].data, b->packed[i].size, NULL, NULL);
	if (r == 0 && !b->merger)
		r = pprof_merger_new(to, &b->merger);
	return r ?: pprof_merger_add(b->merger, b->from);
}

static int fold_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	static const struct fold_options whole = { .shape = FOLD_WHOLE };
	struct pprof_profile *p;
	int r = pprof_decode(b->packed[i].data, b->packed[i].size, NULL, &p, NULL);

	if (r == 0) {
		r = fold_add(to, 0, p, 1, &whole);
		pprof_free(p);
	}
	return r;
}

static int fold_next_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	static const struct fold_options whole = { .shape = FOLD_WHOLE };
	int r = b->from ? 0 : pprof_new(&b->from);

	r = r ?: pprof_reread(b->from, b->packed[i].data, b->packed[i].size, NULL, NULL);
	if (r == 0 && !b->fold)
		r = fold_open(to, 0, &whole, &b->fold);
	return r ?: fold_next(b->fold, b->from, 1);
}

static int trim_next_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	int r = b->from ? 0 : pprof_new(&b->from);

	r = r ?: pprof_reread(b->from, b->packed[i].data, b->packed[i].size, NULL, NULL);
	if (r == 0 && !b->trim)
		r = trim_open(to, 2, &b->trim);
	return r ?: trim_next(b->trim, b->from);
}

static int reread_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	(void)to;
	int r = b->from ? 0 : pprof_new(&b->from);
	return r ?: pprof_reread(b->from, b->plain[i].data, b->plain[i].size, NULL, NULL);
}

static int trim_one(struct bench *b, size_t i, struct pprof_profile *to)
{
	struct pprof_profile *p;
	int r = pprof_decode(b->packed[i].data, b->packed[i].size, NULL, &p, NULL);

	if (r == 0) {
		r = trim_add(to, p, 2);
		pprof_free(p);
	}
	return r;
}

static int fold_sum(struct pprof_profile **ret)
{
	const struct pprof_value_type cpu = { "cpu", "nanoseconds" };

	return fold_new(&cpu, &cpu, 1, ret);
}

static const struct part {
	const char *name;
	int (*new)(struct pprof_profile **ret);
	int (*add)(struct bench *b, size_t i, struct pprof_profile *to);
} parts[] = {
	{ "inflate", pprof_new, inflate_one },	  { "decode", pprof_new, decode_one },
	{ "reread", pprof_new, reread_one },	  { "pprof_merge", pprof_new, merge_one },
	{ "merger", pprof_new, merger_one },	  { "fold_add", fold_sum, fold_one },
	{ "fold_next", fold_sum, fold_next_one }, { "trim_add", trim_new, trim_one },
	{ "trim_next", trim_new, trim_next_one },
};

/* ---- measuring --------------------------------------------------------------------------- */

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int print_sum(const char *name, struct pprof_profile *sum)
{
	struct bytes b;
	int r = pprof_encode(sum, PPROF_PLAIN, &b.data, &b.size);

	if (r != 0)
		return r;
	printf("%s: %zu stacks, %zu locations, crc %08lx\n", name, pprof_n_samples(sum),
	       pprof_n_locations(sum), crc32(0, b.data, (uInt)b.size));
	free(b.data);
	return 0;
}

static int measure(struct bench *b, const struct part *part)
{
	struct series s = { .measure = part->name, .unit = "ms CPU a profile" };
	struct pprof_profile *sum;
	int r = part->new (&sum);

	for (size_t share = 0, i = 0; r == 0 && share < SHARES; share++) {
		size_t begin = i, end = b->n * (share + 1) / SHARES;
		double before = cpu_ms();

		for (; r == 0 && i < end; i++)
			r = part->add(b, i, sum);
		if (end > begin)
			series_add(&s, (cpu_ms() - before) / (double)(end - begin));
	}
	series_print(&s);
	if (r == 0 && pprof_n_samples(sum))
		r = print_sum(part->name, sum);
	pprof_free(sum);
	return r;
}

static int deal_all(struct bench *b, char **paths, int n_paths)
{
	struct pprof_profile *all;
	size_t packed = 0, plain = 0;
	int r = pprof_new(&all);

	b->packed = calloc(b->n, sizeof(*b->packed));
	b->plain = calloc(b->n, sizeof(*b->plain));
	for (int i = 0; r == 0 && i < n_paths; i++)
		r = add_file(all, paths[i]);
	if (r == 0 && pprof_n_samples(all) < 2 * b->n_stacks)
		r = -ENODATA;
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		r = deal(b, all, i);
		packed += b->packed[i].size;
		plain += b->plain[i].size;
	}
	printf("%zu profiles of %zu builds: %zu bytes, %zu inflated\n", b->n, b->n_builds,
	       packed / b->n, plain / b->n);
	pprof_free(all);
	return r;
}

int main(int argc, char **argv)
{
	struct bench b = { .n = 400, .n_stacks = 900, .n_builds = 1 };
	int option;

	while ((option = getopt(argc, argv, "n:s:b:")) != -1) {
		size_t value = strtoul(optarg ?: "", NULL, 10);

		if (option == '?' || !value)
			return 2;
		*(option == 'n' ? &b.n : option == 's' ? &b.n_stacks : &b.n_builds) = value;
	}
	int r = deal_all(&b, argv + optind, argc - optind);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(*parts); i++)
		r = measure(&b, &parts[i]);
	if (r != 0)
		fprintf(stderr, "bench-merge: %s\n", r < 0 ? strerror(-r) : "not a profile");
	return r ? 1 : 0;
}
