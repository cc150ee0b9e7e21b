/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot in Prometheus' text format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/ and /docs/practices/naming/:
 * counters end in _total, units are seconds and bytes, all lines of a metric stand together below
 * its HELP and TYPE. The labels' values are ours or the operator's: no pid, no container, so that
 * there are as many series as the configuration has stores, and not as the node has processes.
 */
#include <inttypes.h>

#include "agent/expose/expose.h"
#include "base/exposition.h"

#define PREFIX "hone_agent_"

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

/* A line for each of @counts. */
static void by_label(struct buf *to, const char *name, const char *type, const char *help,
		     const char *label, const struct snapshot_counts *counts)
{
	if (!counts->n)
		return;
	exposition_head(to, name, type, help);
	for (size_t i = 0; i < counts->n; i++) {
		buf_printf(to, "%s{", name);
		exposition_label(to, label, counts->items[i].name);
		buf_printf(to, "} %" PRIu64 "\n", counts->items[i].n);
	}
}

static void put_agent(struct buf *to, const struct agent_snapshot *s)
{
	exposition_head(to, PREFIX "build_info", "gauge", "Version of the agent, always 1.");
	buf_append_text(to, PREFIX "build_info{");
	exposition_label(to, "version", s->version ? s->version : "");
	buf_append_text(to, "} 1\n");
	exposition_one(to, PREFIX "ready", "gauge", "1 when /readyz says so.", !s->not_ready);
	exposition_real(to, PREFIX "window_seconds", "gauge", "Length of a profile.",
			seconds(s->window));
	exposition_one(to, PREFIX "frequency_hertz", "gauge", "Samples per second and CPU.",
		       s->frequency);
	exposition_one(to, PREFIX "windows_total", "counter", "Windows closed.", s->windows);
	exposition_one(to, PREFIX "windows_early_total", "counter",
		       "Windows closed early, for the memory that their stacks took.",
		       s->windows_early);
	exposition_one(to, PREFIX "config_reload_success", "gauge",
		       "1 unless the last configuration read was wrong.", !s->reload_failed);
	exposition_real(to, PREFIX "config_reload_success_timestamp_seconds", "gauge",
			"When the configuration in force was read.", seconds(s->reloaded));
	exposition_one(to, PREFIX "log_lines_dropped_total", "counter",
		       "Lines that nobody read from standard error in time.", s->log_dropped);
	by_label(to, PREFIX "memory_bytes", "gauge", "Memory held now.", "part", &s->memory);
	by_label(to, PREFIX "cache_evictions_total", "counter",
		 "Entries thrown out while they were of use.", "cache", &s->evictions);
	by_label(to, PREFIX "cache_refused_total", "counter", "Entries that found no room.",
		 "cache", &s->refused);
	exposition_one(to, PREFIX "verdicts_repeated_total", "counter",
		       "Executables that the kernel was told of again, as it had no room for all.",
		       s->verdicts_repeated);
}

static void put_samples(struct buf *to, const struct agent_snapshot *s)
{
	by_label(to, PREFIX "samples_total", "counter", "Samples taken, by what became of them.",
		 "result", &s->samples);
	by_label(to, PREFIX "samples_lost_total", "counter", "Samples lost.", "reason", &s->lost);
	exposition_one(to, PREFIX "stacks_truncated_total", "counter",
		       "Samples whose stack breaks off before its root.", s->truncated);
	exposition_one(to, PREFIX "samples_recovered_total", "counter",
		       "Samples counted only when their executable ran again.", s->recovered);
	by_label(to, PREFIX "unwind_errors_total", "counter", "Stacks that are not whole.", "kind",
		 &s->unwind_errors);
	by_label(to, PREFIX "symbolization_total", "counter",
		 "Samples in profiles, by whether their function and its caller have a name.",
		 "result", &s->symbolization);
	exposition_one(to, PREFIX "processes_tracked", "gauge",
		       "Go processes that are known one by one, not by their container.",
		       s->processes);
	exposition_one(to, PREFIX "containers_tracked", "gauge", "Containers and pods known now.",
		       s->containers);
	exposition_one(
		to, PREFIX "groups_refused_total", "counter",
		"Processes that count as of no container or unit, for there are too many of these.",
		s->groups_refused);
	exposition_one(to, PREFIX "binaries_cached", "gauge", "Executables held open.",
		       s->binaries);
	exposition_one(to, PREFIX "binaries_cached_bytes", "gauge", "Memory held for executables.",
		       s->binaries_bytes);
	exposition_one(
		to, PREFIX "binaries_unreadable_total", "counter",
		"Go programs of which no profile can be made: built before Go 1.20, packed or "
		"obfuscated.",
		s->binaries_unreadable);
	exposition_one(to, PREFIX "profiles_written_total", "counter", "Profiles made.",
		       s->profiles);
	exposition_one(to, PREFIX "profile_bytes_total", "counter",
		       "Size of the profiles made, gzip.", s->profiles_bytes);
}

static void put_handed_over(struct buf *to, const struct snapshot_handed_over *h)
{
	exposition_one(to, PREFIX "handed_over_profiles", "gauge",
		       "Profiles that wait for the disk of the spool, or of a store.", h->profiles);
	exposition_one(to, PREFIX "handed_over_bytes", "gauge",
		       "Size of the profiles that wait for the disk.", h->bytes);
	exposition_real(to, PREFIX "handed_over_oldest_seconds", "gauge",
			"For how long the first of them waits.", seconds(h->oldest));
	exposition_one(to, PREFIX "handed_over_refused_total", "counter",
		       "Profiles lost as the disk took none for too long.", h->refused);
}

static void put_spool(struct buf *to, const struct deliver_counters *d)
{
	exposition_one(to, PREFIX "profiles_accepted_total", "counter",
		       "Profiles accepted for delivery.", d->accepted);
	exposition_one(to, PREFIX "profiles_refused_total", "counter",
		       "Profiles larger than all the room there is.", d->no_room);
	exposition_one(to, PREFIX "spool_files", "gauge", "Profiles in the spool.", d->files);
	exposition_one(to, PREFIX "spool_bytes", "gauge", "Size of the spool.", d->files_bytes);
	exposition_one(to, PREFIX "spool_memory_profiles", "gauge", "Profiles in memory only.",
		       d->in_memory);
	exposition_one(to, PREFIX "spool_memory_bytes", "gauge",
		       "Size of the profiles in memory only.", d->memory_bytes);
	exposition_real(to, PREFIX "spool_oldest_seconds", "gauge",
			"Age of the oldest profile waiting.", seconds(d->oldest));
	exposition_one(to, PREFIX "spool_errors_total", "counter",
		       "Times that the disk took no profile.", d->spool_errors);
	exposition_one(to, PREFIX "spool_damaged_total", "counter",
		       "Files in the spool that were no longer what was written.", d->damaged);
	exposition_one(to, PREFIX "spool_torn_total", "counter",
		       "Files in the spool that were cut short, as by a power cut.", d->torn);
	exposition_one(to, PREFIX "spool_failing", "gauge", "1 while the disk takes no profiles.",
		       d->spool_failing);
}

/* "name{store="KEY"", which more labels or a brace may follow. */
static void begin(struct buf *to, const char *name, const struct deliver_store_counters *store)
{
	buf_printf(to, "%s{", name);
	exposition_label(to, "store", store->key);
}

/* One number of each store, which is @offset bytes into its counters. */
static void of_stores(struct buf *to, const struct agent_snapshot *s, const char *name,
		      const char *type, const char *help, size_t offset)
{
	exposition_head(to, name, type, help);
	for (size_t i = 0; i < s->n_stores; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&s->stores[i] + offset, sizeof(value));
		begin(to, name, &s->stores[i]);
		buf_printf(to, "} %" PRIu64 "\n", value);
	}
}

static void put_codes(struct buf *to, const struct agent_snapshot *s)
{
	static const char name[] = PREFIX "push_requests_total";

	exposition_head(to, name, "counter", "Pushes by the store's answer; 0: there was none.");
	for (size_t i = 0; i < s->n_stores; i++) {
		const struct deliver_store_counters *store = &s->stores[i];

		for (size_t c = 0; c < DELIVER_N_CODES && store->codes[c].n; c++) {
			begin(to, name, store);
			buf_printf(to, ",code=\"%" PRIu32 "\"} %" PRIu64 "\n",
				   store->codes[c].status, store->codes[c].n);
		}
		if (store->codes_other) {
			begin(to, name, store);
			buf_printf(to, ",code=\"other\"} %" PRIu64 "\n", store->codes_other);
		}
	}
}

static void put_dropped(struct buf *to, const struct agent_snapshot *s)
{
	static const char name[] = PREFIX "push_dropped_profiles_total";

	exposition_head(to, name, "counter",
			"Profiles that did not reach the store and never will.");
	for (size_t i = 0; i < s->n_stores; i++)
		for (int reason = 0; reason < DELIVER_DROP_N; reason++) {
			begin(to, name, &s->stores[i]);
			buf_printf(to, ",reason=\"%s\"} %" PRIu64 "\n",
				   deliver_reason_name((enum deliver_reason)reason),
				   s->stores[i].dropped[reason]);
		}
}

/* Buckets of a histogram hold all that is below them, too. */
static void put_latency(struct buf *to, const struct agent_snapshot *s)
{
	static const char name[] = PREFIX "push_latency_seconds";

	exposition_head(to, name, "histogram", "How long pushes took.");
	for (size_t i = 0; i < s->n_stores; i++) {
		const struct deliver_store_counters *store = &s->stores[i];
		uint64_t total = 0;

		for (size_t b = 0; b < DELIVER_N_LATENCIES; b++) {
			total += store->latency[b];
			begin(to, PREFIX "push_latency_seconds_bucket", store);
			if (b < DELIVER_N_LATENCIES - 1)
				buf_printf(to, ",le=\"%g\"} %" PRIu64 "\n",
					   seconds(deliver_latency_bounds[b]), total);
			else
				buf_printf(to, ",le=\"+Inf\"} %" PRIu64 "\n", total);
		}
		begin(to, PREFIX "push_latency_seconds_sum", store);
		buf_printf(to, "} %.9f\n", seconds(store->latency_sum));
		begin(to, PREFIX "push_latency_seconds_count", store);
		buf_printf(to, "} %" PRIu64 "\n", total);
	}
}

static void put_last_success(struct buf *to, const struct agent_snapshot *s)
{
	static const char name[] = PREFIX "last_success_timestamp_seconds";

	exposition_head(to, name, "gauge", "When a profile last reached the store; 0: never.");
	for (size_t i = 0; i < s->n_stores; i++) {
		begin(to, name, &s->stores[i]);
		buf_printf(to, "} %.9f\n", seconds(s->stores[i].last_success));
	}
}

#define OF_STORES(to, s, name, type, help, member) \
	of_stores(to, s, PREFIX name, type, help, offsetof(struct deliver_store_counters, member))

static void put_stores(struct buf *to, const struct agent_snapshot *s)
{
	if (!s->n_stores)
		return;
	put_codes(to, s);
	OF_STORES(to, s, "push_retries_total", "counter", "Pushes done again.", retried);
	OF_STORES(to, s, "push_delivered_profiles_total", "counter",
		  "Profiles that the store has got.", delivered);
	OF_STORES(to, s, "push_delivered_bytes_total", "counter", "Size of these profiles.",
		  delivered_bytes);
	put_dropped(to, s);
	OF_STORES(to, s, "push_dropped_bytes_total", "counter", "Size of the profiles dropped.",
		  dropped_bytes);
	OF_STORES(to, s, "push_pending_profiles", "gauge",
		  "Profiles that the store has not got yet.", pending);
	put_latency(to, s);
	put_last_success(to, s);
}

static void put_kubernetes(struct buf *to, const struct snapshot_kubernetes *k)
{
	const struct snapshot_count left_out[] = { { "too_big", k->too_big },
						   { "broken", k->broken } };

	exposition_one(to, PREFIX "k8s_watch_connected", "gauge", "1 while pods are watched.",
		       k->connected);
	exposition_one(to, PREFIX "k8s_watch_relists_total", "counter",
		       "Times that all pods were listed.", k->relists);
	exposition_one(to, PREFIX "k8s_pods", "gauge", "Pods known.", k->pods);
	by_label(to, PREFIX "k8s_left_out_total", "counter",
		 "Pods, and events of pods, that the API server sent and that were not taken.",
		 "reason", &(struct snapshot_counts){ left_out, ARRAY_SIZE(left_out) });
}

/* The heap; and names without a prefix, which every client of Prometheus has. */
static void put_process(struct buf *to, const struct snapshot_process *p)
{
	const struct snapshot_count heap[] = { { "used", p->heap_used }, { "free", p->heap_free } };

	by_label(to, PREFIX "heap_bytes", "gauge",
		 "Address space that malloc() holds; pages of what is free may have been given "
		 "back.",
		 "state", &(struct snapshot_counts){ heap, ARRAY_SIZE(heap) });
	exposition_real(to, "process_cpu_seconds_total", "counter", "User and system CPU time.",
			seconds(p->cpu_user + p->cpu_system));
	exposition_one(to, "process_resident_memory_bytes", "gauge", "Resident memory.",
		       p->resident);
	exposition_one(to, "process_open_fds", "gauge", "Open file descriptors.", p->files);
	exposition_real(to, "process_start_time_seconds", "gauge", "When the process started.",
			seconds(p->started));
}

void expose_metrics(const struct agent_snapshot *s, struct buf *to)
{
	put_agent(to, s);
	put_samples(to, s);
	put_handed_over(to, &s->handed_over);
	if (s->deliver)
		put_spool(to, s->deliver);
	put_stores(to, s);
	if (s->kubernetes.enabled)
		put_kubernetes(to, &s->kubernetes);
	put_process(to, &s->process);
}
