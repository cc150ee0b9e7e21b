/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's way out: the stores of the configuration behind one delivery, and what delivery asks
 * of its owner.
 */
#pragma once

#include "agent/config/config.h"
#include "agent/deliver/deliver.h"
#include "agent/harvest.h"
#include "base/log.h"
#include "base/loop.h"

struct outbox {
	struct deliver *deliver;
	struct log *log;
	uint64_t submitted, refused; /* profiles; those refused are lost */
	uint64_t bytes;
};

/* 0; 1: it cannot be, and it has been logged why; -errno. */
int outbox_open(struct outbox *o, const struct agent_config *config, struct loop *loop,
		struct log *log);
void outbox_close(struct outbox *o);

/* Other stores from now on. As outbox_open(). */
int outbox_reload(struct outbox *o, const struct agent_config *config, struct loop *loop);

/* Send it, or count that it cannot be. 0 or -ENOMEM. */
int outbox_submit(struct outbox *o, const struct harvested *profile);
