/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/cgroup.h"

#include "base/text.h"

#define ID_DIGITS	64
#define ECS_HEX_DIGITS	32
#define ECS_MAX_DECIMAL 20

/* How many characters at the end of @s are digits of @base. */
static size_t digits_at_end(struct span s, unsigned int base)
{
	size_t n = 0;

	while (n < s.size && text_digit(s.data[s.size - n - 1]) < base)
		n++;
	return n;
}

static void drop_suffix(struct span *s, const char *suffix)
{
	size_t n = strlen(suffix);

	if (s->size >= n && !memcmp(s->data + s->size - n, suffix, n))
		s->size -= n;
}

static bool ends_with(struct span s, const char *suffix)
{
	size_t before = s.size;

	drop_suffix(&s, suffix);
	return s.size < before;
}

/* The length of the ECS id <32 hex>-<digits> that ends @s, 0 for none. */
static size_t ecs_id_at_end(struct span s)
{
	size_t decimal = digits_at_end(s, 10);
	struct span before;

	if (!decimal || decimal > ECS_MAX_DECIMAL || !span_sub(s, 0, s.size - decimal, &before) ||
	    !ends_with(before, "-"))
		return 0;
	before.size--;
	return digits_at_end(before, 16) == ECS_HEX_DIGITS ? ECS_HEX_DIGITS + 1 + decimal : 0;
}

static bool component_id(struct span component, struct container_id *ret_id)
{
	struct span prefix, id;

	drop_suffix(&component, ".scope");
	size_t n = digits_at_end(component, 16);
	if (n != ID_DIGITS)
		n = ecs_id_at_end(component);
	if (!n || !span_sub(component, 0, component.size - n, &prefix) ||
	    ends_with(prefix, "conmon-"))
		return false;
	return span_from(component, prefix.size, &id) &&
	       text_copy(id, ret_id->text, sizeof(ret_id->text));
}

struct container_id cgroup_container(struct span file)
{
	struct span line, number, controllers, component;

	while (text_line(&file, &line)) {
		struct container_id id, found = { "" };

		if (!text_cut(&line, ':', &number) || !text_cut(&line, ':', &controllers))
			continue;
		while (text_cut(&line, '/', &component))
			if (component_id(component, &id))
				found = id;
		if (found.text[0])
			return found;
	}
	return (struct container_id){ "" };
}

bool container_id_parse(const char *text, struct container_id *ret_prefix)
{
	const char *scheme = strstr(text, "://");
	struct span id = span_of(text, strlen(text));

	if (scheme)
		span_from(id, (uint64_t)(scheme - text) + 3, &id);
	for (size_t i = 0; i < id.size; i++)
		if (text_digit(id.data[i]) >= 16 && id.data[i] != '-')
			return false;
	return id.size && text_copy(id, ret_prefix->text, sizeof(ret_prefix->text));
}
