/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pods of this node, from the cluster's API server, kept up to date: a list, then a watch from
 * where the list ended, for ever (kubernetes.io, "Kubernetes API Concepts"). HTTPS and JSON on the
 * owner's loop; nothing blocks.
 *
 *	list	GET /api/v1/pods?fieldSelector=spec.nodeName=NODE&limit=…&resourceVersion=0
 *	watch	GET …&watch=1&allowWatchBookmarks=true&resourceVersion=…&timeoutSeconds=…
 *
 * The list comes page by page, the first from the server's cache; after a 410, a consistent one is
 * asked for, since the cache may be as old as what was refused. The watch is begun again and again,
 * from the last version seen; bookmarks bring versions when nothing happens. 410, as a status or as
 * an event, means to list again, and so do several failures in a row, for a server that was
 * restored from a backup never gets there.
 *
 * After a failure it waits 1 s, then twice as long each time, at most 60 s, less up to half of it
 * at random, or as long as the server's Retry-After says. Until then what was known stays known.
 *
 * The token is read from its file for each request, as it is replaced about once an hour; the same
 * goes for the CA's certificates. No proxy is used, no redirect followed, and the token is never
 * sent but over HTTPS. Needs `list` and `watch` of pods, nothing else.
 */
#pragma once

#include "agent/kube/list.h"
#include "agent/target/pods.h"
#include "base/loop.h"

#define KUBE_TEXT_SIZE 256

/* Copied, but for the texts of .wanted. */
struct kube_options {
	const char *server;	/* "https://10.96.0.1:443", without a path */
	const char *node;	/* as spec.nodeName; NULL: pods of all nodes */
	const char *token_file; /* NULL: none is sent */
	const char *ca_file;	/* PEM; NULL: those of the system */
	struct kube_wanted wanted;

	/* 0 for what is usual. */
	uint32_t page;	       /* pods asked for at once: 100 */
	uint64_t backoff;      /* ns: 1 s */
	uint64_t max_backoff;  /* ns: 60 s */
	uint64_t list_timeout; /* ns, for a page: 60 s */
	uint64_t watch_time;   /* ns, until the server ends a watch: 300 s */
};

struct kube_state {
	bool synced;				/* all pods were listed once */
	bool connected;				/* a watch is open */
	uint64_t n_lists, n_relists, n_watches; /* relists: for a 410 or after many failures */
	uint64_t n_events, n_bookmarks, n_failures;
	uint64_t n_broken, n_too_big; /* pods and events left out */
	char failure[KUBE_TEXT_SIZE]; /* the last one, a sentence in printable ASCII; empty: none */
};

struct kube;

enum kube_outcome {
	KUBE_E_OPTIONS = 1, /* the server is no http:// or https:// URL */
};

/* Begin. 0, KUBE_E_OPTIONS, or -errno. The first answer comes once the loop runs. */
int kube_open(const struct kube_options *options, struct loop *loop, struct kube **ret_kube);
struct kube *kube_close(struct kube *k);

/* What is known by now; see kube_state.synced. */
const struct pods *kube_pods(const struct kube *k);

void kube_state(const struct kube *k, struct kube_state *ret_state);
