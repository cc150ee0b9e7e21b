/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	unsigned int status;
	const char *name;
} codes[] = {
	[REFUSAL_NONE] = { 200, "ok" },
	[REFUSAL_INVALID] = { 400, "invalid_argument" },
	[REFUSAL_TOO_LARGE] = { 413, "resource_exhausted" },
	[REFUSAL_UNSUPPORTED] = { 415, "unimplemented" },
	[REFUSAL_UNIMPLEMENTED] = { 501, "unimplemented" },
	[REFUSAL_FULL] = { 507, "resource_exhausted" },
	[REFUSAL_BUSY] = { 503, "unavailable" },
	[REFUSAL_TIMEOUT] = { 504, "deadline_exceeded" },
	[REFUSAL_INTERNAL] = { 500, "internal" },
};

int refuse(struct refusal *why, enum refusal_code code, const char *format, ...)
{
	va_list arguments;

	why->code = code;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return INGEST_E_REFUSED;
}

unsigned int refusal_status(enum refusal_code code)
{
	return codes[code].status;
}

const char *refusal_name(enum refusal_code code)
{
	return codes[code].name;
}
