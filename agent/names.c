/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/names.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WRONG 1

/* The kubelet keeps its two folders side by side. */
static int open_files(struct names *n, const char *containers)
{
	const char *slash = strrchr(containers, '/');
	char pods[PATH_MAX];

	snprintf(pods, sizeof(pods), "%.*s/pods", slash ? (int)(slash - containers) : 1,
		 slash ? containers : ".");
	const struct pod_files_options options = { .containers = containers, .pods = pods };
	return pod_files_open(&n->files, &options);
}

/* kubernetes.io, "Accessing the Kubernetes API from a Pod": every container is told so. */
static bool find_server(const struct agent_config *config, char *ret_url, size_t size)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	bool ipv6 = host && strchr(host, ':');

	if (config->kubernetes.api)
		return snprintf(ret_url, size, "%s", config->kubernetes.api) < (int)size;
	return host && port &&
	       snprintf(ret_url, size, "https://%s%s%s:%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
			port) < (int)size;
}

/* All labels and annotations are kept, as rules may come to ask for any of them. */
static int open_kube(struct names *n, const struct agent_config *config, const char *node,
		     struct loop *loop, struct log *log)
{
	static const char *const all[] = { "*" };
	const char *token = config->kubernetes.token_file;
	bool is_on = config->kubernetes.enable == CONFIG_ON;
	char url[1024];

	if (config->kubernetes.enable == CONFIG_OFF)
		return 0;
	if (!find_server(config, url, sizeof(url)) ||
	    (!is_on && (!token || access(token, R_OK) != 0))) {
		if (is_on)
			log_error(log, "no API server is known: set kubernetes.api");
		return is_on ? WRONG : 0;
	}
	const struct kube_options options = {
		.server = url,
		.node = config->node ? config->node : node,
		.token_file = token,
		.ca_file = config->kubernetes.ca_file,
		.wanted = { all, ARRAY_SIZE(all), all, ARRAY_SIZE(all) },
	};
	int r = kube_open(&options, loop, &n->kube);
	if (r > 0)
		log_error(log, "kubernetes.api is no URL of an API server", log_text("url", url));
	if (r == 0)
		log_info(log, "names of pods come from the API server", log_text("url", url),
			 log_text("node", options.node));
	return r;
}

int names_open(struct names *n, const struct agent_config *config, const char *node,
	       struct loop *loop, struct log *log)
{
	int r = open_files(n, config->host.containers);

	return r == 0 ? open_kube(n, config, node, loop, log) : r;
}

void names_close(struct names *n)
{
	n->kube = kube_close(n->kube);
	pod_files_close(&n->files);
}

static const struct pod *asked_for(const struct names *n, const struct place *place,
				   const struct pod_container **ret_container)
{
	*ret_container = NULL;
	return n->kube ? pods_find(kube_pods(n->kube), place, ret_container) : NULL;
}

/* The API server tells of a pod before it tells of the container that has just begun in it; that
 * one's name the kubelet's files have by then. */
static bool is_whole(const struct place *place, const struct pod_container *container)
{
	return container || !place->container.text[0];
}

int names_refresh(struct names *n)
{
	return pod_files_refresh(&n->files);
}

const struct pod *names_known(const struct names *n, const struct place *place,
			      const struct pod_container **ret_container)
{
	const struct pod *pod = asked_for(n, place, ret_container), *of_files;

	if (pod && is_whole(place, *ret_container))
		return pod;
	of_files = pods_find(&n->files.pods, place, ret_container);
	return pod ? pod : of_files;
}

int names_find(struct names *n, const struct place *place, const struct pod **ret_pod,
	       const struct pod_container **ret_container)
{
	const struct pod *pod = asked_for(n, place, ret_container);
	int r = 0;

	*ret_pod = pod;
	if (!pod || !is_whole(place, *ret_container))
		r = pod_files_find(&n->files, place, ret_pod, ret_container);
	if (pod)
		*ret_pod = pod;
	return r;
}

bool names_has_labels(const struct names *n, const struct place *place)
{
	const struct pod_container *container;

	return !n->kube || asked_for(n, place, &container);
}

uint64_t names_changes(const struct names *n)
{
	return n->files.pods.changes + (n->kube ? kube_pods(n->kube)->changes : 0);
}

void names_report(struct names *n, struct log *log)
{
	struct kube_state state;

	if (!n->kube)
		return;
	kube_state(n->kube, &state);
	if (state.n_failures != n->n_failures)
		log_warning(log, "the API server did not answer as it should",
			    log_u64("times", state.n_failures - n->n_failures),
			    log_text("last", state.failure));
	n->n_failures = state.n_failures;
}

static void count_pods(const struct pods *pods, struct names_counters *counters)
{
	counters->refused += pods->n_refused;
	counters->evicted += pods->n_evicted;
	counters->left_out += pods->n_left_out;
}

void names_counters(const struct names *n, struct names_counters *ret_counters)
{
	*ret_counters = (struct names_counters){ 0 };
	count_pods(&n->files.pods, ret_counters);
	if (n->kube)
		count_pods(kube_pods(n->kube), ret_counters);
}

uint64_t names_memory(const struct names *n)
{
	return pods_memory(&n->files.pods) + (n->kube ? pods_memory(kube_pods(n->kube)) : 0);
}
