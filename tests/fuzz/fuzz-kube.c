/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of an API server. The first byte says what it answers (list or watch) and in pieces of
 * which size. Whole or in pieces, the outcome must be the same.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/kube/list.h"
#include "agent/kube/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
	struct pods pods;
	struct kube_sink sink;
	int outcome;
	char version[KUBE_VERSION_SIZE];
};

static const char *const everything[] = { "*" };
static const struct kube_wanted wanted = { everything, 1, everything, 1 };

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void list(struct answer *a, struct span bytes, size_t step)
{
	struct kube_list_end end;
	struct kube_list l;
	struct span piece;

	kube_list_init(&l, &a->sink);
	for (uint64_t at = 0; !a->outcome && span_from(bytes, at, &piece) && piece.size; at += step)
		a->outcome = kube_list_feed(
			&l, span_of(piece.data, piece.size < step ? piece.size : step));
	if (!a->outcome)
		a->outcome = kube_list_end(&l, &end);
	if (!a->outcome)
		memcpy(a->version, end.version, sizeof(a->version));
	expect(a->outcome || a->version[0]);
	kube_list_fini(&l);
}

static void watch(struct answer *a, struct span bytes, size_t step)
{
	struct kube_watch w;
	struct span piece;

	kube_watch_init(&w, &a->sink, "1");
	for (uint64_t at = 0; !a->outcome && span_from(bytes, at, &piece) && piece.size; at += step)
		a->outcome = kube_watch_feed(
			&w, span_of(piece.data, piece.size < step ? piece.size : step));
	memcpy(a->version, w.version, sizeof(a->version));
	expect(a->version[0]);
	kube_watch_fini(&w);
}

static void read_answer(struct answer *a, struct span bytes, bool is_list, size_t step)
{
	*a = (struct answer){ .pods = PODS_NULL };
	a->sink = (struct kube_sink){ .pods = &a->pods, .wanted = &wanted };
	if (is_list)
		list(a, bytes, step);
	else
		watch(a, bytes, step);
	expect(a->pods.n_live + a->pods.n_gone <= a->sink.n_pods);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct answer whole, pieces;
	uint8_t how;

	if (!span_u8(bytes, 0, &how) || !span_from(bytes, 1, &bytes))
		return 0;
	read_answer(&whole, bytes, how & 1, size);
	read_answer(&pieces, bytes, how & 1, (size_t)(how >> 1) + 1);
	expect(whole.outcome == pieces.outcome && !strcmp(whole.version, pieces.version));
	expect(whole.sink.n_pods == pieces.sink.n_pods);
	expect(whole.sink.n_broken == pieces.sink.n_broken);
	expect(whole.pods.memory == pieces.pods.memory);
	pods_fini(&whole.pods);
	pods_fini(&pieces.pods);
	return 0;
}
