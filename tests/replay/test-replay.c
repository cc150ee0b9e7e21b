/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-replay FOLDER: unwind each sample of the fixtures in it (fixture.h), and hold the stack
 * against the one that is expected, frame by frame. With facts in place of agent/binary.
 */
#undef NDEBUG
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/replay/fixture.h"

static void print_stack(const char *title, const struct fixture *f, int outcome,
			const struct stack *s)
{
	printf("  %s: %s%s%s\n", title, outcome ? "not sampled" : "stack",
	       s->truncated ? ", truncated" : "", s->external ? ", external" : "");
	for (uint32_t i = 0; !outcome && i < s->n; i++)
		printf("    %llx%s\n",
		       (unsigned long long)((s->frames[i] & FRAME_ADDRESS) + f->text),
		       s->frames[i] & FRAME_SHOW_WRAPPERS ? " w" : "");
}

static bool same(const struct fixture_sample *expected, int outcome, const struct stack *s)
{
	const struct stack *e = &expected->stack;

	if (outcome || expected->outcome)
		return outcome == expected->outcome;
	return s->n == e->n && s->truncated == e->truncated && s->external == e->external &&
	       memcmp(s->frames, e->frames, s->n * sizeof(s->frames[0])) == 0;
}

static int replay(const char *path, const struct fixture *f)
{
	const struct binary binary = fixture_binary(f);
	struct unwinder u;
	int bad = 0;

	unwinder_init(&u, &binary);
	for (size_t i = 0; i < f->n_samples; i++) {
		const struct fixture_sample *s = &f->samples[i];
		static struct stack stack;
		int outcome = unwind_sample(&u, s->sample, &stack);

		if (same(s, outcome, &stack))
			continue;
		printf("%s: %s, %s\n", path, f->go, s->kind);
		print_stack("expected", f, s->outcome, &s->stack);
		print_stack("found", f, outcome, &stack);
		bad++;
	}
	unwinder_fini(&u);
	return bad;
}

int main(int argc, char **argv)
{
	char pattern[4096];
	glob_t found;
	size_t n = 0;
	int bad = 0;

	assert(argc == 2);
	snprintf(pattern, sizeof(pattern), "%s/*.txt", argv[1]);
	assert(glob(pattern, 0, NULL, &found) == 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_(fixture_fini) struct fixture f;

		if (!fixture_read(found.gl_pathv[i], &f))
			return 1;
		assert(f.n_samples);
		n += f.n_samples;
		bad += replay(found.gl_pathv[i], &f);
	}
	globfree(&found);
	printf("%zu samples, %d wrong\n", n, bad);
	return n && !bad ? 0 : 1;
}
