/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/environ.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define ALL ((1u << ENVIRON_N) - 1)

/* With the "=", so that what agrees to the end of it is the whole name. */
static const char *const variables[ENVIRON_N] = {
	[ENVIRON_OTEL_SERVICE_NAME] = "OTEL_SERVICE_NAME=",
	[ENVIRON_OTEL_RESOURCE_ATTRIBUTES] = "OTEL_RESOURCE_ATTRIBUTES=",
	[ENVIRON_DD_SERVICE] = "DD_SERVICE=",
};

static struct span trim(struct span s)
{
	text_skip_blanks(&s);
	while (s.size && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
		s.size--;
	return s;
}

static unsigned int hex_digit(uint8_t c)
{
	return text_digit(c >= 'A' && c <= 'F' ? (uint8_t)(c - 'A' + 'a') : c);
}

/* "%2F" is "/"; a "%" that stands before anything else stands for itself. */
static bool decode_percent(struct span s, char *ret_text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (c == '%' && span_has(s, i, 3) && hex_digit(s.data[i + 1]) < 16 &&
		    hex_digit(s.data[i + 2]) < 16) {
			c = (uint8_t)(hex_digit(s.data[i + 1]) << 4 | hex_digit(s.data[i + 2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		ret_text[n++] = (char)c;
	}
	ret_text[n] = '\0';
	return n > 0;
}

bool environ_attribute(struct span attributes, const char *key, char *ret_value, size_t size)
{
	struct span pair, name;

	while (text_cut(&attributes, ',', &pair))
		if (text_cut(&pair, '=', &name) && span_equals(trim(name), key))
			return decode_percent(trim(pair), ret_value, size);
	return false;
}

void environ_scan_init(struct environ_scan *s)
{
	*s = (struct environ_scan){ .fits = ALL };
}

/* A list that was cut is good up to its last comma. */
static struct span value_of(const struct environ_scan *s)
{
	const char *comma;

	if (s->size < sizeof(s->value))
		return span_of(s->value, s->size);
	comma = memrchr(s->value, ',', s->size);
	return span_of(s->value, comma ? (size_t)(comma - s->value) : 0);
}

static void keep(struct environ_scan *s, enum environ_variable which)
{
	struct span value = value_of(s);
	char *name = s->names[which];

	/* As execve(2) and libc have it, the first of several counts. */
	if (s->seen[which])
		return;
	s->seen[which] = true;
	if (which == ENVIRON_OTEL_RESOURCE_ATTRIBUTES) {
		if (!environ_attribute(value, "service.name", name, SERVICE_NAME_SIZE))
			name[0] = '\0';
	} else if (!text_copy(trim(value), name, SERVICE_NAME_SIZE)) {
		name[0] = '\0';
	}
}

static void end_variable(struct environ_scan *s)
{
	for (unsigned int i = 0; i < ENVIRON_N; i++)
		if (s->fits & 1u << i && s->at >= strlen(variables[i]))
			keep(s, (enum environ_variable)i);
	s->at = s->size = 0;
	s->fits = ALL;
}

/* Whether @c goes on with one of the names, or is of the value of the one that is complete. */
static void take_byte(struct environ_scan *s, char c)
{
	for (unsigned int i = 0; i < ENVIRON_N; i++) {
		size_t length = strlen(variables[i]);

		if (!(s->fits & 1u << i))
			continue;
		if (s->at < length && variables[i][s->at] != c)
			s->fits &= ~(1u << i);
		else if (s->at >= length && s->size < sizeof(s->value))
			s->value[s->size++] = c;
	}
	s->at++;
}

void environ_scan(struct environ_scan *s, struct span bytes)
{
	while (bytes.size) {
		if (!bytes.data[0]) {
			end_variable(s);
			span_from(bytes, 1, &bytes);
		} else if (s->fits) {
			take_byte(s, (char)bytes.data[0]);
			span_from(bytes, 1, &bytes);
		} else {
			const uint8_t *nul = memchr(bytes.data, 0, bytes.size);

			if (!nul)
				return;
			span_from(bytes, (uint64_t)(nul - bytes.data), &bytes);
		}
	}
}

void environ_scan_end(struct environ_scan *s, char ret_name[SERVICE_NAME_SIZE])
{
	ret_name[0] = '\0';
	for (unsigned int i = 0; i < ENVIRON_N && !ret_name[0]; i++)
		memcpy(ret_name, s->names[i], SERVICE_NAME_SIZE);
}

static bool seen_all(const struct environ_scan *s)
{
	for (unsigned int i = 0; i < ENVIRON_N; i++)
		if (!s->seen[i])
			return false;
	return true;
}

int environ_service_name(int dir, char ret_name[SERVICE_NAME_SIZE])
{
	_cleanup_(closep) int fd = openat(dir, "environ", O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) struct environ_scan *s = NULL;
	uint8_t chunk[4096];
	size_t total = 0;
	ssize_t n;

	ret_name[0] = '\0';
	if (fd < 0)
		return 0;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	environ_scan_init(s);
	while (total < ENVIRON_MAX_BYTES && !seen_all(s) &&
	       (n = read(fd, chunk, sizeof(chunk))) > 0) {
		environ_scan(s, span_of(chunk, (size_t)n));
		total += (size_t)n;
	}
	environ_scan_end(s, ret_name);
	explicit_bzero(chunk, sizeof(chunk));
	explicit_bzero(s, sizeof(*s));
	return 0;
}
