/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/say.h"

json_t *json_text(const char *text)
{
	json_t *value = json_string(text);

	if (value)
		return value;
	_cleanup_(freep) char *plain = strdup(text);
	for (char *c = plain; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return plain ? json_string(plain) : NULL;
}

json_t *json_number(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

bool json_say(json_t *value)
{
	_cleanup_(freep) char *text =
		value ? json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;

	json_decref(value);
	return text && say("%s\n", text);
}
