/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-corpus FOLDER FIXTURE...: seeds for tests/fuzz/fuzz-unwind, one for each sample of the
 * fixtures that is not too large, with no more facts than are asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/fuzz/fuzzed-program.h"
#include "tests/replay/fixture.h"

#define MAX_SEED 2048u

static void append_facts(const struct fixture *f, const struct unwinder *u, FILE *file,
			 struct fuzzed_program *program)
{
	for (uint32_t i = 0; i < u->cache.capacity; i++) {
		const struct fact *fact = fixture_fact(f, u->cache.infos[i].address);

		if (!fact || program->n_facts == FUZZED_MAX_FACTS)
			continue;
		const struct fuzzed_fact fuzzed = {
			.address = fact->address,
			.entry = fact->entry,
			.sp_delta = fact->sp_delta,
			.flags = fact->flags,
			.special = fact->special,
		};
		fwrite(&fuzzed, sizeof(fuzzed), 1, file);
		program->n_facts++;
	}
}

/* All of a seed but its head comes to @file. */
static struct fuzzed_program make(const struct fixture *f, const struct sample *sample, FILE *file)
{
	const struct binary binary = fixture_binary(f);
	struct fuzzed_program program = {
		.text = f->text,
		.start_code = f->start_code,
		.external = f->external,
		.system = f->system,
		.arm64 = f->arch == BINARY_ARM64,
	};
	static struct stack stack;
	struct unwinder u;

	unwinder_init(&u, &binary);
	if (unwind_sample(&u, sample, &stack) < 0)
		abort();
	append_facts(f, &u, file, &program);
	unwinder_fini(&u);
	fwrite(sample, sample->header.size, 1, file);
	return program;
}

static bool write_seed(const char *folder, const struct fixture *f, const struct fixture_sample *s)
{
	char path[4096];
	char *rest = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&rest, &size);

	if (!memory)
		return false;
	const struct fuzzed_program program = make(f, s->sample, memory);
	fclose(memory);
	if (sizeof(program) + size <= MAX_SEED) {
		snprintf(path, sizeof(path), "%s/%s-%s", folder, f->go, s->kind);
		FILE *file = fopen(path, "wb");

		if (!file || fwrite(&program, sizeof(program), 1, file) != 1 ||
		    fwrite(rest, size, 1, file) != 1 || fclose(file) != 0) {
			perror(path);
			return false;
		}
	}
	free(rest);
	return true;
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		_cleanup_(fixture_fini) struct fixture f;

		if (!fixture_read(argv[i], &f))
			return 1;
		for (size_t j = 0; j < f.n_samples; j++)
			if (!write_seed(argv[1], &f, &f.samples[j]))
				return 1;
	}
	return argc > 2 ? 0 : 2;
}
