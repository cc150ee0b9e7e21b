/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/multipart.h"

#include <stdio.h>
#include <strings.h>

#include "base/text.h"

#define MAX_BOUNDARY 70 /* RFC 2046 §5.1.1 */
#define MAX_PARTS    64

static const char form[] = "multipart/form-data";

bool multipart_is(const char *content_type)
{
	return content_type && !strncasecmp(content_type, form, sizeof(form) - 1);
}

static bool starts_with_any_case(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.size >= n && !strncasecmp((const char *)s.data, prefix, n);
}

/* The value of parameter @name in "type; name=value; name="value"". */
static bool find_parameter(struct span header, const char *name, struct span *ret_value)
{
	struct span part;

	text_cut(&header, ';', &part);
	while (text_cut(&header, ';', &part)) {
		text_skip_blanks(&part);
		size_t n = strlen(name);
		if (!starts_with_any_case(part, name) || part.size <= n || part.data[n] != '=')
			continue;
		span_from(part, n + 1, &part);
		if (text_skip(&part, "\""))
			return text_cut(&part, '"', ret_value);
		while (part.size &&
		       (part.data[part.size - 1] == ' ' || part.data[part.size - 1] == '\r'))
			part.size--;
		*ret_value = part;
		return part.size > 0;
	}
	return false;
}

/* Cut @rest at the next delimiter, which is dropped. */
static bool cut_at(struct span *rest, const char *delimiter, struct span *ret_part)
{
	size_t n = strlen(delimiter);
	const uint8_t *at = rest->size ? memmem(rest->data, rest->size, delimiter, n) : NULL;

	if (!at)
		return false;
	*ret_part = span_of(rest->data, (size_t)(at - rest->data));
	return span_from(*rest, ret_part->size + n, rest);
}

/* Split a part at the empty line behind its header; true when the header names @name. */
static bool is_part(struct span part, const char *name, struct span *ret_content)
{
	struct span head, line, value;

	/* The first line break is that of the delimiter's line. */
	if (!cut_at(&part, "\r\n\r\n", &head))
		return false;
	while (text_line(&head, &line)) {
		if (!starts_with_any_case(line, "content-disposition:"))
			continue;
		span_from(line, strlen("content-disposition:"), &line);
		if (find_parameter(line, "name", &value) && span_equals(value, name)) {
			*ret_content = part;
			return true;
		}
	}
	return false;
}

bool multipart_find(const char *content_type, struct span body, const char *name,
		    struct span *ret_content)
{
	char delimiter[MAX_BOUNDARY + 5];
	struct span boundary, part;

	if (!multipart_is(content_type) ||
	    !find_parameter(span_of(content_type, strlen(content_type)), "boundary", &boundary) ||
	    !boundary.size || boundary.size > MAX_BOUNDARY)
		return false;
	/* Each delimiter begins a line, so the first one may stand at the very beginning. */
	snprintf(delimiter, sizeof(delimiter), "\r\n--%.*s", (int)boundary.size,
		 (const char *)boundary.data);
	if (!text_skip(&body, delimiter + 2) && !cut_at(&body, delimiter, &part))
		return false;
	for (int i = 0; i < MAX_PARTS && cut_at(&body, delimiter, &part); i++)
		if (is_part(part, name, ret_content))
			return true;
	return false;
}
