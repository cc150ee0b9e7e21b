/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot as JSON, for people's tools and hone-agent status. Times are seconds, as in metrics.
 */
#include <errno.h>
#include <jansson.h>

#include "agent/expose/expose.h"
#include "base/escape.h"

/* jansson takes UTF-8 only; of anything else the escapes are shown. NULL is null. */
static json_t *text_of(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	if (value)
		return value;
	struct span rest = span_of(text, strlen(text));
	struct buf plain = BUF_INIT(64 << 10);
	char character[ESCAPE_MAX];
	while (rest.size)
		buf_append(&plain, character, escape_next(&rest, character));
	value = buf_error(&plain) ? NULL : json_stringn((const char *)plain.data, plain.size);
	buf_fini(&plain);
	return value;
}

static json_t *number_of(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *seconds_of(uint64_t ns)
{
	return json_real((double)ns / (double)NSEC_PER_SEC);
}

/* Each of these takes @value, also where it fails; @failed remembers. */
static void put(json_t *object, const char *key, json_t *value, bool *failed)
{
	*failed |= json_object_set_new(object, key, value) < 0;
}

static void add(json_t *array, json_t *value, bool *failed)
{
	*failed |= json_array_append_new(array, value) < 0;
}

static json_t *counts_of(const struct snapshot_counts *counts, bool *failed)
{
	json_t *object = json_object();

	for (size_t i = 0; i < counts->n; i++)
		put(object, counts->items[i].name, number_of(counts->items[i].n), failed);
	return object;
}

static json_t *target_of(const struct snapshot_target *t, bool *failed)
{
	json_t *object = json_object();

	put(object, "service", text_of(t->service), failed);
	put(object, "namespace", text_of(t->namespace), failed);
	put(object, "pod", text_of(t->pod), failed);
	put(object, "container", text_of(t->container), failed);
	put(object, "unit", text_of(t->unit), failed);
	put(object, "main_package", text_of(t->main_package), failed);
	put(object, "samples", number_of(t->samples), failed);
	put(object, "weight", number_of(t->weight), failed);
	return object;
}

static json_t *targets_of(const struct agent_snapshot *s, bool *failed)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->n_targets && i < EXPOSE_MAX_TARGETS; i++)
		add(array, target_of(&s->targets[i], failed), failed);
	return array;
}

static json_t *handed_over_of(const struct snapshot_handed_over *h, bool *failed)
{
	json_t *object = json_object();

	put(object, "profiles", number_of(h->profiles), failed);
	put(object, "bytes", number_of(h->bytes), failed);
	put(object, "oldest_seconds", seconds_of(h->oldest), failed);
	put(object, "refused", number_of(h->refused), failed);
	return object;
}

static json_t *spool_of(const struct deliver_counters *d, bool *failed)
{
	json_t *object = json_object();

	put(object, "files", number_of(d->files), failed);
	put(object, "bytes", number_of(d->files_bytes), failed);
	put(object, "memory_profiles", number_of(d->in_memory), failed);
	put(object, "memory_bytes", number_of(d->memory_bytes), failed);
	put(object, "oldest_seconds", seconds_of(d->oldest), failed);
	put(object, "failing", json_boolean(d->spool_failing), failed);
	put(object, "damaged", number_of(d->damaged), failed);
	put(object, "torn", number_of(d->torn), failed);
	return object;
}

static json_t *store_of(const struct deliver_store_counters *c, bool *failed)
{
	static const char *const states[] = { "idle", "pushing", "waiting", "absent" };
	json_t *object = json_object(), *dropped = json_object();

	put(object, "store", text_of(c->key), failed);
	put(object, "state", json_string(states[c->state]), failed);
	put(object, "delivered", number_of(c->delivered), failed);
	put(object, "delivered_bytes", number_of(c->delivered_bytes), failed);
	put(object, "pending", number_of(c->pending), failed);
	put(object, "retried", number_of(c->retried), failed);
	for (int reason = 0; reason < DELIVER_DROP_N; reason++)
		if (c->dropped[reason])
			put(dropped, deliver_reason_name((enum deliver_reason)reason),
			    number_of(c->dropped[reason]), failed);
	put(object, "dropped", dropped, failed);
	put(object, "oldest_seconds", seconds_of(c->oldest), failed);
	put(object, "last_success", seconds_of(c->last_success), failed);
	put(object, "next_try_seconds", seconds_of(c->next_try), failed);
	put(object, "failures", number_of(c->failures), failed);
	put(object, "last_failure", text_of(c->last_failure), failed);
	return object;
}

static json_t *stores_of(const struct agent_snapshot *s, bool *failed)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->n_stores; i++)
		add(array, store_of(&s->stores[i], failed), failed);
	return array;
}

static void put_agent(json_t *object, const struct agent_snapshot *s, bool *failed)
{
	put(object, "version", text_of(s->version), failed);
	put(object, "node", text_of(s->node), failed);
	put(object, "ready", json_boolean(!s->not_ready), failed);
	put(object, "not_ready", text_of(s->not_ready), failed);
	put(object, "started", seconds_of(s->process.started), failed);
	put(object, "cpu_seconds", seconds_of(s->process.cpu_user + s->process.cpu_system), failed);
	put(object, "resident_bytes", number_of(s->process.resident), failed);
	put(object, "window_seconds", seconds_of(s->window), failed);
	put(object, "frequency", number_of(s->frequency), failed);
	put(object, "windows", number_of(s->windows), failed);
	put(object, "reload_failed", json_boolean(s->reload_failed), failed);
}

static void put_counts(json_t *object, const struct agent_snapshot *s, bool *failed)
{
	put(object, "samples", counts_of(&s->samples, failed), failed);
	put(object, "lost", counts_of(&s->lost, failed), failed);
	put(object, "truncated", number_of(s->truncated), failed);
	put(object, "recovered", number_of(s->recovered), failed);
	put(object, "unwind_errors", counts_of(&s->unwind_errors, failed), failed);
	put(object, "memory", counts_of(&s->memory, failed), failed);
	put(object, "evictions", counts_of(&s->evictions, failed), failed);
	put(object, "refused", counts_of(&s->refused, failed), failed);
	put(object, "processes", number_of(s->processes), failed);
	put(object, "containers", number_of(s->containers), failed);
	put(object, "groups_refused", number_of(s->groups_refused), failed);
	put(object, "binaries", number_of(s->binaries), failed);
	put(object, "profiles", number_of(s->profiles), failed);
	put(object, "profiles_bytes", number_of(s->profiles_bytes), failed);
}

int expose_status(const struct agent_snapshot *s, struct buf *to)
{
	json_t *object = json_object();
	bool failed = !object;
	char *text = NULL;

	put_agent(object, s, &failed);
	put_counts(object, s, &failed);
	if (s->kubernetes.enabled) {
		put(object, "kubernetes_connected", json_boolean(s->kubernetes.connected), &failed);
		put(object, "kubernetes_pods", number_of(s->kubernetes.pods), &failed);
	}
	put(object, "handed_over", handed_over_of(&s->handed_over, &failed), &failed);
	if (s->deliver)
		put(object, "spool", spool_of(s->deliver, &failed), &failed);
	put(object, "stores", stores_of(s, &failed), &failed);
	put(object, "targets", targets_of(s, &failed), &failed);
	put(object, "targets_total", number_of(s->n_targets), &failed);
	if (!failed)
		text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(object);
	if (!text)
		return -ENOMEM;
	buf_append_text(to, text);
	buf_append_u8(to, '\n');
	free(text);
	return 0;
}
