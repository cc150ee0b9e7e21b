/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/inside.h"

#include <errno.h>

#include "base/clock.h"
#include "base/notify.h"

static int set_rate(struct agent *a, uint64_t frequency)
{
	struct capture_detail detail;
	int r = capture_set_frequency(a->recorder.capture, (uint32_t)frequency, &detail);

	/* Nothing is sampled any more: to go on would look as if all were well. */
	return r > 0 && agent_say_no_capture(a, r, &detail) ? -EIO : r;
}

/* The stores are its already. The capture stays open throughout. Where a rate changes, a window
 * ends: its samples had another period. */
static int apply(struct agent *a, struct agent_config *config)
{
	bool other_rate = config->frequency != a->config.frequency;
	bool other_window = config->window != a->config.window;
	int r = 0;

	if (other_rate || other_window)
		r = turn_close(a);
	if (r == 0 && other_rate)
		r = set_rate(a, config->frequency);
	if (r != 0)
		return r;
	agent_config_fini(&a->config);
	a->config = *config;
	*config = (struct agent_config){ 0 };
	a->recorder.cgroups.budget = a->config.budget * a->config.window / NSEC_PER_SEC;
	a->groups.read_environment = a->config.read_environment;
	r = recorder_reconsider(&a->recorder);
	if (r < 0)
		return r;
	return other_rate || other_window ? turn_schedule(a) : 0;
}

static void end_reload(struct agent *a, int outcome)
{
	a->reload_failed = outcome != 0;
	if (outcome == 0) {
		a->reloaded = clock_realtime();
		log_info(a->log, "configuration reloaded");
	}
	notify_ready(a->notify, a->reload_failed ? "the new configuration is wrong" : "profiling");
}

/* First the stores, of which some may not be usable; the rest is sure to be. */
static int on_stores_reloaded(void *context, int outcome)
{
	struct agent *a = context;
	int r = outcome;

	a->reloading = false;
	if (r == 0 && !a->stopping)
		r = apply(a, &a->next);
	if (r != 0 || a->stopping)
		agent_config_fini(&a->next);
	a->next = (struct agent_config){ 0 };
	if (r < 0 || a->stopping)
		return r < 0 ? r : 0;
	end_reload(a, r);
	return a->reload_again ? reload(a) : 0;
}

int reload(struct agent *a)
{
	const char *key;
	int r;

	a->reload_again = a->reloading;
	if (a->reloading)
		return 0;
	notify_reloading(a->notify);
	r = a->reload(a->context, &a->next);
	if (r != 0) {
		end_reload(a, r);
		return r < 0 ? r : 0;
	}
	key = config_restart_key(&agent_config_schema, &a->config, &a->next);
	if (key)
		log_warning(a->log, "this takes effect after a restart only", log_text("key", key));
	a->reloading = true;
	courier_reload(a->courier, &a->next, a->log, on_stores_reloaded, a);
	return 0;
}
