/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/service.h"

#include "base/text.h"

struct span service_base_name(struct span path)
{
	const uint8_t *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;

	if (slash)
		span_from(path, (uint64_t)(slash - path.data) + 1, &path);
	return path;
}

/* module.isVersionElement of cmd/go: "v2", not "v1", "v0" or "v02". */
static bool is_major_version(struct span s)
{
	if (s.size < 2 || s.data[0] != 'v' || s.data[1] == '0' || (s.data[1] == '1' && s.size == 2))
		return false;
	for (size_t i = 1; i < s.size; i++)
		if (text_digit(s.data[i]) >= 10)
			return false;
	return true;
}

struct span service_of_package(struct span path)
{
	struct span last = service_base_name(path);

	if (span_equals(path, "command-line-arguments"))
		return span_of(NULL, 0);
	if (is_major_version(last) && path.size > last.size + 1 &&
	    span_sub(path, 0, path.size - last.size - 1, &path))
		last = service_base_name(path);
	return last;
}

/* The byte that "\x2d" at the front of @s stands for. */
static bool escaped(struct span s, uint8_t *ret_byte)
{
	struct span digits;
	uint64_t value;

	if (!span_sub(s, 0, 4, &digits) || !text_skip(&digits, "\\x") ||
	    !text_number(&digits, 16, &value) || digits.size || !value)
		return false;
	*ret_byte = (uint8_t)value;
	return true;
}

bool service_of_unit(const char *unit, char *ret_name, size_t size)
{
	struct span name = span_of(unit, strlen(unit)), rest, part;
	const uint8_t *dot = name.size ? memrchr(name.data, '.', name.size) : NULL;
	size_t n = 0;
	uint8_t c;

	if (dot)
		name.size = (size_t)(dot - name.data);
	rest = name;
	if (!text_cut(&rest, '@', &part))
		return false;
	while (part.size && n + 1 < size) {
		bool is_escaped = escaped(part, &c);

		if (!is_escaped)
			span_u8(part, 0, &c);
		ret_name[n++] = (char)c;
		span_from(part, is_escaped ? 4 : 1, &part);
	}
	ret_name[n] = '\0';
	return n && !part.size;
}
