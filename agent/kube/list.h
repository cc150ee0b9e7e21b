/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a list of pods, as it comes in: pieces of any size in, pods into the table.
 *
 *	{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"…","continue":"…"},
 *	 "items":[{…},{…}]}
 *
 * Servers answer a list from their cache whole, whatever limit was asked for, so it may be of any
 * size. Hence a small scanner finds where each item begins and ends, a JSON parser sees one item at
 * a time, and the rest of the document, its items taken out, once at the end. Memory is that of the
 * largest item.
 */
#pragma once

#include "agent/kube/pod.h"
#include "base/buf.h"

#define KUBE_MAX_ITEM	  (1u << 20)  /* bytes; etcd takes requests up to 1.5 MB */
#define KUBE_MAX_VALUES	  32768	      /* in an item: a parsed one takes some 100 bytes for each */
#define KUBE_MAX_ENVELOPE (64u << 10) /* all but the items */
#define KUBE_MAX_DEPTH	  128
#define KUBE_VERSION_SIZE 64
#define KUBE_TOKEN_SIZE	  2049 /* with its NUL; in practice some hundred bytes */

/* Borrowed; where pods go, and what is counted. */
struct kube_sink {
	struct pods *pods;
	const struct kube_wanted *wanted;
	uint64_t n_pods;    /* put or removed */
	uint64_t n_broken;  /* items and events that are no pods */
	uint64_t n_too_big; /* that were left out for their size */
};

struct kube_list {
	struct kube_sink *sink;
	struct buf envelope, item;
	unsigned int depth, n_values;
	bool in_string, escaped, in_items, broken, ended;
	char key[8]; /* the beginning of the last text at depth 1 */
	size_t key_size;
};

struct kube_list_end {
	char version[KUBE_VERSION_SIZE];      /* metadata.resourceVersion */
	char continue_token[KUBE_TOKEN_SIZE]; /* empty: this was all */
};

enum kube_list_outcome {
	KUBE_LIST_E_BROKEN = 1, /* it is not such a document, or has ended early */
};

void kube_list_init(struct kube_list *l, struct kube_sink *sink);
void kube_list_fini(struct kube_list *l);

/* 0, KUBE_LIST_E_BROKEN, or -ENOMEM. */
int kube_list_feed(struct kube_list *l, struct span bytes);

/* That was all of the answer. 0 or KUBE_LIST_E_BROKEN. */
int kube_list_end(struct kube_list *l, struct kube_list_end *ret_end);
