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

void filename_make(const struct store_profile *p, char ret_name[FILENAME_SIZE])
{
	static const char *const names[] = { "namespace", "pod", "container" };
	const char *service = label(p, "service_name");
	time_t seconds = (time_t)(p->time / NSEC_PER_SEC);
	char when[24] = "";
	struct tm utc;

	/* Nothing of a name may hide the file, or look like an option to somebody's command. */
	while (*service && !is_alphanumeric(*service))
		service++;
	char *at = add(ret_name, *service ? service : "unknown");
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
