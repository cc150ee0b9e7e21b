/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/cgroup.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/text.h"

#define ID_DIGITS	  64
#define ECS_HEX_DIGITS	  32
#define ECS_MAX_DECIMAL	  20
#define STATIC_UID_DIGITS 32

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

/* Dashes of a UUID, and what systemd has in their stead, for "-" is a level of its slices. */
static bool is_uuid(struct span s)
{
	for (size_t i = 0; i < s.size; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.data[i] != '-' && s.data[i] != '_' : text_digit(s.data[i]) >= 16)
			return false;
	}
	return s.size == POD_UID_SIZE - 1;
}

bool pod_uid_parse(struct span text, char ret_uid[POD_UID_SIZE])
{
	bool is_static =
		text.size == STATIC_UID_DIGITS && digits_at_end(text, 16) == STATIC_UID_DIGITS;

	if (!is_static && !is_uuid(text))
		return false;
	text_copy(text, ret_uid, POD_UID_SIZE);
	for (char *c = ret_uid; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

/* "pod<uid>", "kubepods-burstable-pod<uid>.slice", and that with a colon and more after it. */
static bool component_pod(struct span component, char ret_uid[POD_UID_SIZE])
{
	static const size_t sizes[] = { POD_UID_SIZE - 1, STATIC_UID_DIGITS };
	struct span name, before, uid;

	if (!text_cut(&component, ':', &name))
		return false;
	drop_suffix(&name, ".slice");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (name.size > sizes[i] && span_sub(name, 0, name.size - sizes[i], &before) &&
		    (span_equals(before, "pod") || ends_with(before, "-pod")) &&
		    span_from(name, before.size, &uid) && pod_uid_parse(uid, ret_uid))
			return true;
	return false;
}

/* cg_escape() of systemd (src/basic/cgroup-util.c): "_" before what the kernel would mistake. */
static bool component_unit(struct span component, char ret_unit[UNIT_NAME_SIZE])
{
	if (!ends_with(component, ".service") || span_starts_with(component, "user@"))
		return false;
	text_skip(&component, "_");
	return text_copy(component, ret_unit, UNIT_NAME_SIZE);
}

/* "lxc.payload.<name>", or "lxc.payload" or "lxc" and then the name. */
static bool component_lxc(struct span component, struct span before, char ret_name[LXC_NAME_SIZE])
{
	if (!text_skip(&component, "lxc.payload.") && !span_equals(before, "lxc.payload") &&
	    !span_equals(before, "lxc"))
		return false;
	return text_copy(component, ret_name, LXC_NAME_SIZE);
}

/* What a container is in says nothing of it, but the pod does. */
static void enter(struct place *p)
{
	p->container.text[0] = p->lxc[0] = p->unit[0] = '\0';
}

static void take_component(struct place *p, struct span component, struct span before)
{
	char lxc[LXC_NAME_SIZE], uid[POD_UID_SIZE], unit[UNIT_NAME_SIZE];
	struct container_id id;

	if (component_pod(component, uid))
		memcpy(p->pod_uid, uid, sizeof(uid));
	if (component_id(component, &id)) {
		enter(p);
		p->container = id;
	} else if (component_lxc(component, before, lxc)) {
		enter(p);
		memcpy(p->lxc, lxc, sizeof(lxc));
	} else if (component_unit(component, unit)) {
		memcpy(p->unit, unit, sizeof(unit));
	}
}

struct place cgroup_path_place(struct span path)
{
	struct span component, before = span_of(NULL, 0);
	struct place p = { .unit = "" };

	while (text_cut(&path, '/', &component)) {
		take_component(&p, component, before);
		before = component;
	}
	return p;
}

static bool same_container(const struct place *a, const struct place *b)
{
	return !strcmp(a->container.text, b->container.text) && !strcmp(a->lxc, b->lxc);
}

/*
 * With several hierarchies, some may not show the container, or only its runtime's own service
 * (cgroup v2 beside v1, where the runtime uses v1). Units are in systemd's own and in v2.
 */
static void merge(struct place *all, const struct place *line, bool of_systemd)
{
	bool contained = all->container.text[0] || all->lxc[0];

	if (!contained && (line->container.text[0] || line->lxc[0]))
		*all = *line;
	if (!all->pod_uid[0])
		memcpy(all->pod_uid, line->pod_uid, sizeof(all->pod_uid));
	if (of_systemd && same_container(all, line) && !all->unit[0])
		memcpy(all->unit, line->unit, sizeof(all->unit));
}

struct place cgroup_place(struct span file)
{
	struct span line, number, controllers;
	struct place p = { .unit = "" };

	while (text_line(&file, &line)) {
		if (!text_cut(&line, ':', &number) || !text_cut(&line, ':', &controllers))
			continue;
		struct place of_line = cgroup_path_place(line);
		merge(&p, &of_line, !controllers.size || span_equals(controllers, "name=systemd"));
	}
	return p;
}

struct container_id cgroup_container(struct span file)
{
	return cgroup_place(file).container;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return !strcmp(a->container.text, b->container.text) && !strcmp(a->pod_uid, b->pod_uid) &&
	       !strcmp(a->lxc, b->lxc) && !strcmp(a->unit, b->unit);
}

uint64_t place_hash(const struct place *p)
{
	const char *const texts[] = { p->container.text, p->pod_uid, p->lxc, p->unit };
	uint64_t h = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		h = hash_combine(h, hash_bytes(texts[i], strlen(texts[i])));
	return h;
}

bool container_id_at_end(struct span text, struct container_id *ret_id)
{
	struct span id;

	return digits_at_end(text, 16) == ID_DIGITS &&
	       span_from(text, text.size - ID_DIGITS, &id) &&
	       text_copy(id, ret_id->text, sizeof(ret_id->text));
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
