/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector is told to do, by one YAML file, flags, and HONE_COLLECTOR_... of the
 * environment (config/parse.h). What the keys are, their defaults and what they mean stands in one
 * table, collector/settings/keys.c.
 */
#pragma once

#include <stdint.h>

#include "base/log.h"
#include "config/parse.h"

#define SETTINGS_FILE "/etc/hone/collector.yaml"

/* Numbers are in ns, bytes, or as they are. Texts that were not given are NULL. */
struct settings {
	const char *listen; /* numeric address and port */
	const char *data;   /* folder; NULL: nobody said */

	const char *tokens; /* file; NULL: everything is everybody's */
	bool open;	    /* that is meant, also beyond this machine */
	const char *hosts;  /* names it is called by, "a,b" */

	struct {
		const char *cert_file, *key_file, *client_ca_file;
	} tls;

	struct {
		enum log_format format;
		enum log_level level;
		bool requests; /* a line for each */
	} log;

	struct {
		const char *policy, *cold; /* files: curate/policy.h, pgo/cold.h */
	} pgo;

	struct {
		uint64_t body, memory; /* bytes of one request's body, of all together */
		uint64_t answers;      /* of all answers on their way */
		uint64_t connections;  /* at a time */
		uint64_t per_address;  /* likewise of one address; 0: no limit */
		uint64_t idle, header_time, body_time, answer_time; /* ns */
		uint64_t workers; /* requests worked on at a time */
		/* Of what is pushed: bytes of a profile or request before compression. */
		uint64_t uncompressed, samples, labels, label_name, label_value, profiles;
		uint64_t tenant_rate, tenant_burst; /* bytes a second, 0: no limit; bytes */
	} limits;

	struct {
		uint64_t age, size;   /* ns; bytes; 0: no limit */
		uint64_t tenant_size; /* bytes of one tenant; likewise */
		uint64_t interval;    /* ns */
	} retention;

	struct config_block *blocks; /* where all of the above lies */
};

/* All there is to know of it, for config/parse.h: parse, print, --help and so on. */
extern const struct config_schema settings_schema;

/* Fine for empty ones. */
void settings_fini(struct settings *settings);
