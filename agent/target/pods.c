/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod is one block of memory: struct pod, its arrays, its texts. The index leads from the hash of
 * a uid or container id to a slot; a slot that has another pod by now just does not compare equal.
 */
#include "agent/target/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

#define STALE_KEYS 256

/* ---- a pod as one block ------------------------------------------------------------------ */

/* Where the next bytes go; with no block yet, only counts. */
struct packer {
	char *block;
	size_t size;
};

static void *pack(struct packer *p, const void *data, size_t size, size_t align)
{
	size_t at = (p->size + align - 1) & ~(align - 1);

	p->size = at + size;
	if (!p->block)
		return NULL;
	if (size)
		memcpy(p->block + at, data, size);
	return p->block + at;
}

static const char *pack_text(struct packer *p, const char *text)
{
	return text ? pack(p, text, strlen(text) + 1, 1) : NULL;
}

static const struct target_pair *pack_pairs(struct packer *p, const struct target_pair *pairs,
					    size_t n)
{
	struct target_pair *copy = pack(p, pairs, n * sizeof(*pairs), _Alignof(struct target_pair));

	for (size_t i = 0; i < n; i++) {
		struct target_pair pair = { pack_text(p, pairs[i].key),
					    pack_text(p, pairs[i].value) };

		if (copy)
			copy[i] = pair;
	}
	return copy;
}

static const struct pod_container *pack_containers(struct packer *p, const struct pod *pod)
{
	size_t n = pod->n_containers;
	struct pod_container *copy =
		pack(p, pod->containers, n * sizeof(*copy), _Alignof(struct pod_container));

	for (size_t i = 0; i < n; i++) {
		const char *name = pack_text(p, pod->containers[i].name);

		if (copy)
			copy[i].name = name;
	}
	return copy;
}

static struct pod *pack_pod(struct packer *p, const struct pod *from)
{
	struct pod *copy = pack(p, from, sizeof(*from), _Alignof(struct pod));
	struct pod texts = *from;

	texts.labels = pack_pairs(p, from->labels, from->n_labels);
	texts.annotations = pack_pairs(p, from->annotations, from->n_annotations);
	texts.containers = pack_containers(p, from);
	texts.namespace = pack_text(p, from->namespace);
	texts.name = pack_text(p, from->name);
	texts.uid = pack_text(p, from->uid);
	texts.workload_kind = pack_text(p, from->workload_kind);
	texts.workload = pack_text(p, from->workload);
	if (copy)
		*copy = texts;
	return copy;
}

static size_t pod_size(const struct pod *pod)
{
	struct packer counter = { 0 };

	pack_pod(&counter, pod);
	return counter.size;
}

/* Leave out what is beyond @max. */
static void cap(struct pod *pod, size_t *n, size_t max)
{
	if (*n <= max)
		return;
	pod->n_left_out += *n - max;
	*n = max;
}

static struct pod *pod_copy(const struct pod *from)
{
	struct pod capped = *from;

	cap(&capped, &capped.n_containers, POD_MAX_CONTAINERS);
	cap(&capped, &capped.n_labels, POD_MAX_PAIRS);
	cap(&capped, &capped.n_annotations, POD_MAX_PAIRS);
	struct packer packer = { .block = malloc(pod_size(&capped)) };
	return packer.block ? pack_pod(&packer, &capped) : NULL;
}

/* ---- keys -------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static uint64_t hash_text(const char *text)
{
	return hash_bytes(text, strlen(text));
}

/* By uid, or else by namespace and name. */
static uint64_t pod_hash(const struct pod *pod)
{
	if (pod->uid)
		return hash_text(pod->uid);
	return hash_combine(pod->namespace ? hash_text(pod->namespace) : 0,
			    pod->name ? hash_text(pod->name) : 0);
}

static bool same_pod(const struct pod *a, const struct pod *b)
{
	if (a->uid || b->uid)
		return same(a->uid, b->uid);
	return same(a->namespace, b->namespace) && same(a->name, b->name);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || same(a, b);
}

static bool same_pairs(const struct target_pair *a, size_t n_a, const struct target_pair *b,
		       size_t n_b)
{
	bool are = n_a == n_b;

	for (size_t i = 0; are && i < n_a; i++)
		are = same_text(a[i].key, b[i].key) && same_text(a[i].value, b[i].value);
	return are;
}

static bool same_containers(const struct pod *a, const struct pod *b)
{
	bool are = a->n_containers == b->n_containers;

	for (size_t i = 0; are && i < a->n_containers; i++)
		are = same_text(a->containers[i].id.text, b->containers[i].id.text) &&
		      same_text(a->containers[i].name, b->containers[i].name);
	return are;
}

static bool same_names(const struct pod *a, const struct pod *b)
{
	return same_text(a->namespace, b->namespace) && same_text(a->name, b->name) &&
	       same_text(a->uid, b->uid) && same_text(a->workload_kind, b->workload_kind) &&
	       same_text(a->workload, b->workload);
}

static bool is_unchanged(const struct pod *a, const struct pod *b)
{
	return same_names(a, b) && same_containers(a, b) &&
	       same_pairs(a->labels, a->n_labels, b->labels, b->n_labels) &&
	       same_pairs(a->annotations, a->n_annotations, b->annotations, b->n_annotations);
}

static uint32_t keys_of(const struct pod *pod)
{
	uint32_t n = 1;

	for (size_t i = 0; i < pod->n_containers; i++)
		n += pod->containers[i].id.text[0] != '\0';
	return n;
}

static int add_keys(struct pods *t, uint32_t number)
{
	const struct pod *pod = t->slots[number].pod;
	int r = index_add(&t->by_key, pod_hash(pod), number);

	for (size_t i = 0; !r && i < pod->n_containers; i++)
		if (pod->containers[i].id.text[0])
			r = index_add(&t->by_key, hash_text(pod->containers[i].id.text), number);
	return r;
}

static int rebuild_keys(struct pods *t)
{
	int r = 0;

	index_clear(&t->by_key);
	for (uint32_t i = 0; !r && i < t->n; i++)
		if (t->slots[i].pod)
			r = add_keys(t, i);
	return r;
}

/* ---- slots ------------------------------------------------------------------------------- */

static void free_slot(struct pods *t, struct pods_slot *slot)
{
	t->memory -= pod_size(slot->pod);
	t->n_keys -= keys_of(slot->pod);
	*(slot->gone ? &t->n_gone : &t->n_live) -= 1;
	free(slot->pod);
	*slot = (struct pods_slot){ .pod = NULL };
}

static bool free_oldest_gone(struct pods *t)
{
	struct pods_slot *oldest = NULL;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->slots[i].gone && (!oldest || t->slots[i].gone < oldest->gone))
			oldest = &t->slots[i];
	if (oldest)
		free_slot(t, oldest);
	return oldest;
}

static void set_gone(struct pods *t, struct pods_slot *slot)
{
	if (slot->gone)
		return;
	t->changes++;
	slot->gone = ++t->goings;
	t->n_live--;
	t->n_gone++;
	if (t->n_gone > PODS_MAX_GONE)
		free_oldest_gone(t);
}

static int grow(struct pods *t)
{
	uint32_t capacity = t->capacity ? t->capacity * 2 : 32;
	struct pods_slot *slots = reallocarray(t->slots, capacity, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	t->capacity = capacity;
	return 0;
}

/* A free slot. 0, PODS_E_FULL, -ENOMEM. */
static int find_free(struct pods *t, uint32_t *ret_number)
{
	if (t->n_live + t->n_gone == PODS_MAX) {
		bool has_room = free_oldest_gone(t);

		*(has_room ? &t->n_evicted : &t->n_refused) += 1;
		if (!has_room)
			return PODS_E_FULL;
	}
	if (t->n_live + t->n_gone < t->n) {
		for (uint32_t i = 0; i < t->n; i++) {
			if (!t->slots[i].pod) {
				*ret_number = i;
				return 0;
			}
		}
	}
	int r = t->n == t->capacity ? grow(t) : 0;
	if (!r) {
		t->slots[t->n] = (struct pods_slot){ .pod = NULL };
		*ret_number = t->n++;
	}
	return r;
}

static struct pods_slot *find_slot(const struct pods *t, const struct pod *like)
{
	uint32_t at = INDEX_START, number;

	while (index_next(&t->by_key, pod_hash(like), &at, &number))
		if (t->slots[number].pod && same_pod(t->slots[number].pod, like))
			return &t->slots[number];
	return NULL;
}

static int fill(struct pods *t, uint32_t number, struct pod *pod)
{
	t->slots[number] = (struct pods_slot){ .pod = pod, .round = t->round };
	t->memory += pod_size(pod);
	t->n_keys += keys_of(pod);
	t->n_live++;
	t->changes++;
	t->n_left_out += pod->n_left_out;
	return t->by_key.n > 2 * t->n_keys + STALE_KEYS ? rebuild_keys(t) : add_keys(t, number);
}

int pods_put(struct pods *t, const struct pod *pod)
{
	_cleanup_(freep) struct pod *copy = pod_copy(pod);
	uint32_t number;

	if (!copy)
		return -ENOMEM;
	struct pods_slot *slot = find_slot(t, copy);
	if (slot && !slot->gone && is_unchanged(slot->pod, copy)) {
		slot->round = t->round;
		return 0;
	}
	if (slot)
		free_slot(t, slot);
	int r = find_free(t, &number);
	return r ? r : fill(t, number, TAKE_PTR(copy));
}

void pods_remove(struct pods *t, const char *uid)
{
	struct pods_slot *slot = find_slot(t, &(struct pod){ .uid = uid });

	if (slot)
		set_gone(t, slot);
}

void pods_begin_round(struct pods *t)
{
	t->round++;
}

void pods_end_round(struct pods *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->slots[i].pod && t->slots[i].round != t->round)
			set_gone(t, &t->slots[i]);
}

static const struct pod *find_container(const struct pods *t, const char *id,
					const struct pod_container **ret_container)
{
	uint32_t at = INDEX_START, number;

	while (index_next(&t->by_key, hash_text(id), &at, &number)) {
		const struct pod *pod = t->slots[number].pod;

		for (size_t i = 0; pod && i < pod->n_containers; i++) {
			if (!strcmp(pod->containers[i].id.text, id)) {
				*ret_container = &pod->containers[i];
				return pod;
			}
		}
	}
	return NULL;
}

const struct pod *pods_find_pod(const struct pods *t, const struct pod *like)
{
	struct pods_slot *slot = find_slot(t, like);

	return slot ? slot->pod : NULL;
}

const struct pod *pods_find(const struct pods *t, const struct place *place,
			    const struct pod_container **ret_container)
{
	const struct pod *pod = NULL;

	*ret_container = NULL;
	if (place->container.text[0])
		pod = find_container(t, place->container.text, ret_container);
	if (!pod && place->pod_uid[0])
		pod = pods_find_pod(t, &(struct pod){ .uid = place->pod_uid });
	return pod;
}

uint64_t pods_memory(const struct pods *t)
{
	return t->memory + (uint64_t)t->capacity * sizeof(*t->slots) + index_memory(&t->by_key);
}

void pods_fini(struct pods *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->slots[i].pod);
	free(t->slots);
	index_fini(&t->by_key);
	*t = (struct pods)PODS_NULL;
}
