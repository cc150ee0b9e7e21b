/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print-edges FILE...: for each profile a line "OUTCOME SIZE", then SIZE bytes, which are the text
 * of go tool preprofile.
 */
#include <stdio.h>

#include "base/file.h"
#include "pgo/edges.h"

#define MAX_FILE (64U << 20)

static const char *const names[] = {
	[0] = "ok",
	[PGO_E_MALFORMED] = "malformed",
	[PGO_E_NO_SAMPLE_TYPE] = "no-sample-type",
	[PGO_E_NO_START_LINES] = "no-start-lines",
	[PGO_E_ALL_ZERO] = "all-zero",
	[PGO_E_EMPTY] = "empty",
	[PGO_E_NO_EDGES] = "no-edges",
	[PGO_E_TOO_LARGE] = "too-large",
};

static int edges_of(const struct buf *file, struct pgo_edges **ret_edges)
{
	struct pprof_profile *profile = NULL;
	int r;

	if (file->size == 0)
		return PGO_E_EMPTY;
	r = pprof_decode(file->data, file->size, NULL, &profile, NULL);
	if (r == 0)
		r = pgo_edges_new(profile, ret_edges);
	else if (r > 0)
		r = r == PPROF_E_MALFORMED ? PGO_E_MALFORMED : PGO_E_TOO_LARGE;
	pprof_free(profile);
	return r;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_FILE), text = BUF_INIT(MAX_FILE);
		_cleanup_(pgo_edges_freep) struct pgo_edges *edges = NULL;
		int r = file_read(argv[i], &file);

		if (r == 0)
			r = edges_of(&file, &edges);
		if (r < 0) {
			fprintf(stderr, "%s: error %d\n", argv[i], r);
			return 1;
		}
		pgo_edges_print(edges, &text);
		printf("%s %zu\n", names[r], text.size);
		fwrite(text.data, 1, text.size, stdout);
	}
	return 0;
}
