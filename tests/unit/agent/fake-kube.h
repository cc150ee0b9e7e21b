/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of agent/kube: an API server that tells of what is put into .pods. */
#pragma once

#include "agent/kube/kube.h"

struct kube {
	struct pods pods;
};

/* What kube_open() gives; emptied by kube_close(). */
extern struct kube server;
