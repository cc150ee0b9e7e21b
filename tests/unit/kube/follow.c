/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow SERVER NODE TOKEN CA: what agent/kube makes of a server, for the test that plays the
 * server. Each line of its input is a container id to look up, or empty; each is answered with one
 * line of JSON, the state and the container. Ends with its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/kube/kube.h"
#include "base/clock.h"
#include "base/text.h"

struct follower {
	struct loop loop;
	struct loop_source input;
	struct kube *kube;
};

static json_t *text_of(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *pairs_of(const struct target_pair *pairs, size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, pairs[i].key, text_of(pairs[i].value));
	return object;
}

static json_t *pod_of(const struct pods *pods, const char *id)
{
	const struct pod_container *container;
	struct place place = { .unit = "" };

	text_copy(span_of(id, strlen(id)), place.container.text, sizeof(place.container.text));
	const struct pod *pod = pods_find(pods, &place, &container);
	if (!pod)
		return json_null();
	return json_pack("{so so so so so so so so}", "namespace", text_of(pod->namespace), "pod",
			 text_of(pod->name), "uid", text_of(pod->uid), "container",
			 text_of(container ? container->name : NULL), "kind",
			 text_of(pod->workload_kind), "workload", text_of(pod->workload), "labels",
			 pairs_of(pod->labels, pod->n_labels), "annotations",
			 pairs_of(pod->annotations, pod->n_annotations));
}

static void answer(const struct follower *f, const char *id)
{
	const struct pods *pods = kube_pods(f->kube);
	struct kube_state s;

	kube_state(f->kube, &s);
	json_t *line = json_pack(
		"{sb sb sI sI sI sI sI sI sI sI ss sI sI sI sI so}", "synced", s.synced,
		"connected", s.connected, "lists", (json_int_t)s.n_lists, "relists",
		(json_int_t)s.n_relists, "watches", (json_int_t)s.n_watches, "events",
		(json_int_t)s.n_events, "bookmarks", (json_int_t)s.n_bookmarks, "failures",
		(json_int_t)s.n_failures, "broken", (json_int_t)s.n_broken, "too_big",
		(json_int_t)s.n_too_big, "failure", s.failure, "live", (json_int_t)pods->n_live,
		"gone", (json_int_t)pods->n_gone, "refused", (json_int_t)pods->n_refused, "memory",
		(json_int_t)pods_memory(pods), "found", pod_of(pods, id));
	json_dumpf(line, stdout, JSON_COMPACT);
	json_decref(line);
	putchar('\n');
	fflush(stdout);
}

static int on_input(struct loop_source *source, uint32_t events)
{
	struct follower *f = container_of(source, struct follower, input);
	char line[256];

	(void)events;
	if (!fgets(line, sizeof(line), stdin)) {
		loop_quit(&f->loop);
		return 0;
	}
	line[strcspn(line, "\n")] = '\0';
	answer(f, line);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const labels[] = { "team" };
	struct follower f = { .loop = LOOP_NULL };

	if (argc != 5)
		return 2;
	const struct kube_options options = {
		.server = argv[1],
		.node = argv[2],
		.token_file = argv[3],
		.ca_file = argv[4],
		.wanted = { .labels = labels, .n_labels = 1 },
		.page = 50,
		.backoff = 20 * NSEC_PER_MSEC,
		.max_backoff = 200 * NSEC_PER_MSEC,
	};
	setvbuf(stdin, NULL, _IONBF, 0);
	int r = loop_init(&f.loop);
	if (!r)
		r = kube_open(&options, &f.loop, &f.kube);
	if (!r)
		r = loop_add(&f.loop, &f.input, STDIN_FILENO, EPOLLIN, on_input);
	if (!r)
		r = loop_run(&f.loop);
	if (r)
		fprintf(stderr, "follow: %s\n", strerror(-r));
	loop_remove(&f.input);
	kube_close(f.kube);
	loop_fini(&f.loop);
	return r != 0;
}
