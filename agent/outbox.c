/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/reshape.h"
#include "base/cleanup.h"
#include "store/store.h"

#define USER_AGENT "hone-agent"
#define WRONG	   1

/* As many as deliver makes use of. At a store that takes 0.5 s for each (Grafana Pyroscope: the
 * time of a segment) 100 profiles are there in 13 s. */
#define PUSHES_AT_ONCE 4

static const enum deliver_old old_ones[] = {
	[CONFIG_TOO_OLD_SEND] = DELIVER_OLD_SEND,
	[CONFIG_TOO_OLD_DROP] = DELIVER_OLD_DROP,
	[CONFIG_TOO_OLD_RESTAMP] = DELIVER_OLD_RESTAMP,
};

static_assert(sizeof(struct label) == sizeof(struct store_label), "the same shape");

/* ---- stores ------------------------------------------------------------------------------ */

struct opened {
	struct deliver_store stores[CONFIG_MAX_STORES];
	char keys[CONFIG_MAX_STORES][DELIVER_KEY_SIZE];
	uint32_t n;
};

static void opened_fini(struct opened *o)
{
	for (uint32_t i = 0; i < o->n; i++)
		store_close(o->stores[i].store);
}

/* What is 0 in the configuration is no limit of ours: "as the store has it" is 0 to it as well. */
static uint64_t age_limit(const struct config_store *c)
{
	return c->max_past ? c->max_past : STORE_NO_LIMIT;
}

static int open_store(const struct config_store *c, struct loop *loop, struct log *log,
		      struct store **ret_store)
{
	char why[STORE_TEXT_SIZE] = "";
	const struct store_options options = {
		.url = c->url,
		.user_agent = USER_AGENT,
		.timeout = c->timeout,
		.pushes = PUSHES_AT_ONCE,
		.tenant = c->tenant,
		.auth = c->token_file	 ? STORE_AUTH_BEARER :
			c->password_file ? STORE_AUTH_BASIC :
					   STORE_AUTH_NONE,
		.user = c->user,
		.auth_file = c->token_file ? c->token_file : c->password_file,
		.ca_file = c->ca_file,
		.cert_file = c->cert_file,
		.key_file = c->key_file,
		.proxy = c->proxy,
		.no_proxy = c->no_proxy,
		.headers = c->headers,
		.n_headers = (uint32_t)c->n_headers,
		.keep_shapes = c->keep_shapes,
		.limits = {
			.raw_bytes = c->max_bytes,
			.samples = c->max_samples,
			.age = age_limit(c),
		},
	};
	int r = store_open(&options, loop, ret_store, why);
	if (r <= 0)
		return r;
	log_error(log, "store cannot be used", log_text("store", c->url), log_text("reason", why));
	return WRONG;
}

static int open_stores(const struct agent_config *config, struct loop *loop, struct log *log,
		       struct opened *ret_opened)
{
	for (size_t i = 0; i < config->n_stores; i++) {
		const struct config_store *c = &config->stores[i];
		struct deliver_store *to = &ret_opened->stores[i];
		char *key = ret_opened->keys[i];
		int r = open_store(c, loop, log, &to->store);

		if (r != 0)
			return r;
		ret_opened->n++;
		deliver_key(c->url, c->tenant, key);
		to->key = key;
		to->old = old_ones[c->too_old];
		to->max_future = c->max_future;
	}
	return 0;
}

/* ---- what delivery asks ------------------------------------------------------------------ */

static void on_dropped(struct log *log, const struct deliver_event *e)
{
	log_warning(log, "profiles were dropped", log_text("store", e->store),
		    log_text("reason", deliver_reason_name(e->reason)), log_text("profile", e->id),
		    log_u64("http_status", e->http_status), log_text("said", e->text),
		    log_u64("count", e->count));
}

static void on_event(void *context, const struct deliver_event *e)
{
	struct outbox *o = context;

	switch (e->kind) {
	case DELIVER_DROPPED:
		on_dropped(o->log, e);
		break;
	case DELIVER_STORE_FAILS:
		log_warning(o->log, "store does not take profiles", log_text("store", e->store),
			    log_u64("http_status", e->http_status), log_text("said", e->text));
		break;
	case DELIVER_STORE_WORKS:
		log_info(o->log, "store takes profiles again", log_text("store", e->store));
		break;
	case DELIVER_SPOOL_FAILS:
		log_warning(o->log, "spool does not take profiles", log_text("said", e->text));
		break;
	case DELIVER_SPOOL_WORKS:
		log_info(o->log, "spool takes profiles again");
		break;
	case DELIVER_SPOOL_DAMAGED:
		log_warning(o->log, "spool held what is no profile", log_text("said", e->text));
		break;
	case DELIVER_EVENT_N:
		break;
	}
}

/* ------------------------------------------------------------------------------------------ */

static int say_no_spool(struct log *log, const char *dir, int error)
{
	const char *why = error == DELIVER_E_LOCKED    ? "another process uses it"
			  : error == DELIVER_E_VERSION ? "another version of hone wrote it"
			  : error == DELIVER_E_FOREIGN ? "it is not empty, and no spool"
						       : strerror(-error);

	log_error(log, "spool cannot be used", log_text("spool", dir), log_text("reason", why));
	return WRONG;
}

int outbox_open(struct outbox *o, const struct agent_config *config, struct loop *loop,
		struct log *log)
{
	struct opened opened = { 0 };

	*o = (struct outbox){ .log = log };
	int r = open_stores(config, loop, log, &opened);
	if (r != 0) {
		opened_fini(&opened);
		return r;
	}
	const struct deliver_options options = {
		.stores = opened.stores,
		.n_stores = opened.n,
		.spool = config->spool.dir,
		.max_bytes = config->spool.bytes,
		.max_age = config->spool.age,
		.max_memory = config->spool.memory,
		.owner = {
			.split = reshape_split,
			.adapt = reshape_adapt,
			.event = on_event,
			.context = o,
		},
	};
	r = deliver_open(&options, loop, &o->deliver);
	return r == 0 || r == -ENOMEM ? r : say_no_spool(log, config->spool.dir, r);
}

void outbox_close(struct outbox *o)
{
	o->deliver = deliver_close(o->deliver);
}

int outbox_reload(struct outbox *o, const struct agent_config *config, struct loop *loop)
{
	struct opened opened = { 0 };
	int r = open_stores(config, loop, o->log, &opened);

	if (r != 0) {
		opened_fini(&opened);
		return r;
	}
	return deliver_reload(o->deliver, opened.stores, opened.n);
}

int outbox_submit(struct outbox *o, const struct harvested *profile)
{
	const struct delivery delivery = {
		.id = profile->id,
		.labels = (const struct store_label *)profile->labels->list,
		.n_labels = profile->labels->n,
		.n_samples = (uint32_t)profile->samples,
		.raw_size = reshape_raw_size(profile->pprof),
		.pprof = profile->pprof,
		.time = profile->time,
	};
	int r = deliver_submit(o->deliver, &delivery);

	if (r == 0 || r == DELIVER_E_MEMORY) {
		o->submitted++;
		o->bytes += profile->pprof.size;
		return 0;
	}
	o->refused++;
	return r == -ENOMEM ? r : 0;
}
