/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service name that a process was given in its environment: OTEL_SERVICE_NAME, service.name
 * in OTEL_RESOURCE_ATTRIBUTES, or DD_SERVICE, in this order of preference (OpenTelemetry
 * specification, "Environment Variable Specification" and "Resource SDK"; Datadog's "Unified
 * Service Tagging").
 *
 * Environments hold secrets, so nothing but these variables is ever kept: the bytes pass through
 * one small buffer that is wiped, and reading ends once all has been seen, or after 256 KB.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

#define ENVIRON_MAX_BYTES (256u << 10)

/* A longer name is none. */
#define SERVICE_NAME_SIZE 256

/* A longer OTEL_RESOURCE_ATTRIBUTES is cut. */
#define ENVIRON_VALUE_SIZE 4096

enum environ_variable {
	ENVIRON_OTEL_SERVICE_NAME,
	ENVIRON_OTEL_RESOURCE_ATTRIBUTES,
	ENVIRON_DD_SERVICE,
	ENVIRON_N,
};

/* The pieces of an environment may end anywhere. */
struct environ_scan {
	size_t at;	   /* in the variable that is being read */
	unsigned int fits; /* variables whose name agrees so far, as bits */
	bool seen[ENVIRON_N];
	size_t size; /* of value */
	char value[ENVIRON_VALUE_SIZE];
	char names[ENVIRON_N][SERVICE_NAME_SIZE];
};

void environ_scan_init(struct environ_scan *s);

/* The next bytes of it. */
void environ_scan(struct environ_scan *s, struct span bytes);

/*
 * All read: *ret_name is what it says, empty for nothing. A variable that has not come to its NUL
 * is not whole and does not count.
 */
void environ_scan_end(struct environ_scan *s, char ret_name[SERVICE_NAME_SIZE]);

/*
 * That of the process whose /proc/PID is @dir. 0, also when it says nothing or may not be read, or
 * -ENOMEM.
 */
int environ_service_name(int dir, char ret_name[SERVICE_NAME_SIZE]);

/*
 * The value of @key in "key1=value1,key2=value2", percent-encoded. False when there is none, it is
 * empty or too long.
 */
bool environ_attribute(struct span attributes, const char *key, char *ret_value, size_t size);
