/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/fake-kube.h"

struct kube server;

int kube_open(const struct kube_options *options, struct loop *loop, struct kube **ret_kube)
{
	(void)options;
	(void)loop;
	*ret_kube = &server;
	return 0;
}

struct kube *kube_close(struct kube *k)
{
	if (k)
		pods_fini(&k->pods);
	return NULL;
}

const struct pods *kube_pods(const struct kube *k)
{
	return &k->pods;
}

void kube_state(const struct kube *k, struct kube_state *ret_state)
{
	(void)k;
	*ret_state = (struct kube_state){ 0 };
}
