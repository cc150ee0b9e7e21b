/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filename.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MAX_PART 40u

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const char *label(const struct store_profile *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_labels; i++)
		if (!strcmp(p->labels[i].name, name))
			return p->labels[i].value;
	return "";
}

/* Room was made by whoever chose MAX_PART. */
static char *add(char *at, const char *text)
{
	for (unsigned int i = 0; *text && i < MAX_PART; i++, text++)
		*at++ = is_alphanumeric(*text) || (i && *text == '.') ? *text : '-';
	return at;
}

/* Nothing of a name may hide the file, or look like an option to somebody's command. */
static char *add_service(char *at, const char *service)
{
	while (*service && !is_alphanumeric(*service))
		service++;
	return add(at, *service ? service : "unknown");
}

bool filename_is_of(const char *name, const char *service)
{
	char part[MAX_PART + 1] = "";
	size_t n = (size_t)(add_service(part, service) - part);

	return !strncmp(name, part, n) && name[n] == '_';
}

void filename_make(const struct store_profile *p, char ret_name[FILENAME_SIZE])
{
	static const char *const names[] = { "namespace", "pod", "container" };
	time_t seconds = (time_t)(p->time / NSEC_PER_SEC);
	char when[24] = "";
	struct tm utc;

	char *at = add_service(ret_name, label(p, "service_name"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = label(p, names[i]);

		if (!*value)
			continue;
		*at++ = '_';
		at = add(at, value);
	}
	if (gmtime_r(&seconds, &utc))
		strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(at, (size_t)(ret_name + FILENAME_SIZE - at), "_%s_%s.pb.gz", when, p->id);
}
