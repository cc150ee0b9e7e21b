/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a watch, as it comes in: pieces of any size in, pods into the table. Each line is
 * one event:
 *
 *	{"type":"ADDED|MODIFIED|DELETED|BOOKMARK|ERROR","object":{…}}
 *
 * (kubernetes.io, "Kubernetes API Concepts", "Efficient detection of changes"). A line that has not
 * come to its end when the connection breaks does not count.
 */
#pragma once

#include "agent/kube/list.h"

enum kube_watch_outcome {
	KUBE_WATCH_E_GONE = 1, /* 410: what is asked for is too old, list again */
	KUBE_WATCH_E_FAILED,   /* another ERROR event; .message tells */
	KUBE_WATCH_E_BROKEN,   /* a line that is no event */
};

struct kube_watch {
	struct kube_sink *sink;
	struct buf line;
	bool skipping; /* the rest of a line that is too long */
	uint64_t n_events, n_bookmarks;
	char version[KUBE_VERSION_SIZE]; /* up to which all is known */
	char message[256];		 /* of an ERROR */
};

/* @version: that of the list, or that which the last watch came to. */
void kube_watch_init(struct kube_watch *w, struct kube_sink *sink, const char *version);
void kube_watch_fini(struct kube_watch *w);

/* 0, an outcome, after which there is nothing more to feed, or -ENOMEM. */
int kube_watch_feed(struct kube_watch *w, struct span bytes);
