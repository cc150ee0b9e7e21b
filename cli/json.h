/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands' --json outputs have in common. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A string; bytes that are not UTF-8 become question marks. */
json_t *json_text(const char *text);

/* A number, or null for NaN. */
json_t *json_number(double number);

/* Print and release @value (NULL: no memory). False when it could not be written. */
bool json_say(json_t *value);
