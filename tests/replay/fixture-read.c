/* SPDX-License-Identifier: Apache-2.0 */
/* The other half of fixture.c: text in, fixture out. */
#include <stdlib.h>
#include <string.h>

#include "agent/capture/record.h"
#include "base/cleanup.h"
#include "tests/replay/fixture.h"

#define MAX_NUMBERS SAMPLE_MAX_WORDS

struct reader {
	struct fixture *fixture;
	uint64_t numbers[MAX_NUMBERS]; /* of the line */
	size_t n;
	/* The sample that is being read. */
	bool in_sample;
	struct fixture_sample sample;
	uint64_t lists[FIXTURE_LISTS][MAX_NUMBERS];
	uint16_t n_list[FIXTURE_LISTS];
	struct sample head; /* it ends with data[] */
};

/* A number, or one that is repeated: "4f165a", "4f165a*12". */
static bool read_number(const char **text, uint64_t *ret_number, unsigned long *ret_times)
{
	char *end;

	*ret_times = 1;
	*ret_number = strtoull(*text, &end, 16);
	if (end == *text)
		return false;
	if (*end == '*')
		*ret_times = strtoul(end + 1, &end, 10);
	*text = end;
	return true;
}

static bool read_numbers(struct reader *r, const char *text)
{
	unsigned long times;
	uint64_t number;

	for (r->n = 0; *text && *text != '\n';) {
		if (!read_number(&text, &number, &times) || times > MAX_NUMBERS - r->n)
			return false;
		while (times--)
			r->numbers[r->n++] = number;
	}
	for (size_t i = r->n; i < FIXTURE_MAX_MEMBERS; i++)
		r->numbers[i] = 0;
	return true;
}

static bool special_of(const char *name, uint8_t *ret_special)
{
	for (uint8_t i = 0; fixture_special(i); i++)
		if (strcmp(fixture_special(i), name) == 0) {
			*ret_special = i;
			return true;
		}
	return false;
}

static bool read_function(struct reader *r, const char *value)
{
	struct fixture_function f = { 0 };
	unsigned long long entry;
	unsigned int flags;
	char special[32];

	if (sscanf(value, "%llx %x %31s %231[^\n]", &entry, &flags, special, f.name) != 4 ||
	    !special_of(special, &f.special))
		return false;
	f.entry = entry;
	f.flags = (uint8_t)flags;
	fixture_add_function(r->fixture, &f);
	return true;
}

static bool read_fact(struct reader *r, const char *value)
{
	unsigned long long address, entry;
	char delta[16];

	if (sscanf(value, "%llx %llx %15s", &address, &entry, delta) != 3)
		return false;
	const struct fixture_function *f = fixture_function(r->fixture, entry);
	if (entry && !f)
		return false;
	fixture_add_fact(r->fixture,
			 &(struct fact){
				 .address = address,
				 .entry = entry,
				 .sp_delta = delta[0] == '-' ? FACTS_NO_DELTA
							     : (int32_t)strtoul(delta, NULL, 16),
				 .flags = f ? f->flags : 0,
				 .special = f ? f->special : 0,
			 });
	return true;
}

static bool read_frame(struct reader *r, const char *value)
{
	struct stack *s = &r->sample.stack;
	unsigned long times;
	uint64_t address;

	if (!read_number(&value, &address, &times) || times > ARRAY_SIZE(s->frames) - s->n)
		return false;
	while (times--)
		s->frames[s->n++] = (uint32_t)(address - r->fixture->text) |
				    (strncmp(value, " w ", 3) == 0 ? FRAME_SHOW_WRAPPERS : 0);
	return true;
}

static bool read_outcome(struct reader *r, const char *value)
{
	bool stack = strncmp(value, "stack", 5) == 0;

	r->sample.outcome = stack ? 0 : UNWIND_E_NOT_SAMPLED;
	r->sample.stack.truncated = strstr(value, " truncated") != NULL;
	r->sample.stack.external = strstr(value, " external") != NULL;
	return stack || strncmp(value, "not-sampled", 11) == 0;
}

/* Put the record together. False if it is none. */
static bool end_sample(struct reader *r)
{
	size_t n = 0;

	if (!r->in_sample)
		return true;
	for (int i = 0; i < FIXTURE_LISTS; i++)
		n += r->n_list[i];
	struct sample *s = calloc(1, sizeof(*s) + 8 * n);
	if (!s)
		abort();
	memcpy(s, &r->head, sizeof(*s));
	s->header.type = RECORD_SAMPLE;
	s->header.size = (uint32_t)(sizeof(*s) + 8 * n);
	s->n_words = r->n_list[0];
	s->n_frames = r->n_list[1];
	s->n_sched_words = r->n_list[2];
	s->n_sched_frames = r->n_list[3];
	n = 0;
	for (int i = 0; i < FIXTURE_LISTS; i++) {
		memcpy(s->data + n, r->lists[i], 8 * r->n_list[i]);
		n += r->n_list[i];
	}
	r->sample.sample = s;
	fixture_add_sample(r->fixture, &r->sample);
	r->in_sample = false;
	return record_check(span_of((const uint8_t *)s, s->header.size));
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)strcspn(from, "\n"), from);
}

static bool begin_sample(struct reader *r, const char *kind)
{
	bool ok = end_sample(r);

	memset(&r->sample, 0, sizeof(r->sample));
	memset(&r->head, 0, sizeof(r->head));
	memset(r->n_list, 0, sizeof(r->n_list));
	copy_text(r->sample.kind, sizeof(r->sample.kind), kind);
	r->in_sample = true;
	return ok;
}

static bool read_list(struct reader *r, const char *key)
{
	for (int i = 0; i < FIXTURE_LISTS; i++)
		if (strcmp(fixture_lists[i], key) == 0) {
			memcpy(r->lists[i], r->numbers, 8 * r->n);
			r->n_list[i] = (uint16_t)r->n;
			return true;
		}
	return false;
}

static bool read_members(struct reader *r, const char *key, const struct fixture_member *members,
			 void *of)
{
	for (; members->key; members++)
		if (strcmp(members->key, key) == 0) {
			memcpy((uint8_t *)of + members->offset, r->numbers, 8 * members->n);
			return true;
		}
	return false;
}

static bool read_program(struct reader *r, const char *key, const char *value)
{
	struct fixture *f = r->fixture;

	if (strcmp(key, "go") == 0) {
		copy_text(f->go, sizeof(f->go), value);
		return true;
	}
	if (strcmp(key, "arch") == 0) {
		f->arch = strncmp(value, "arm64", 5) == 0 ? BINARY_ARM64 : BINARY_AMD64;
		return true;
	}
	return read_numbers(r, value) && read_members(r, key, fixture_members, f);
}

static bool read_record(struct reader *r, const char *key, const char *value)
{
	if (!read_numbers(r, value))
		return false;
	if (strcmp(key, "flags") == 0) {
		r->head.flags = (uint32_t)r->numbers[0];
		return true;
	}
	return read_list(r, key) || read_members(r, key, fixture_sample_members, &r->head);
}

static bool read_line(struct reader *r, const char *key, const char *value)
{
	if (strcmp(key, "sample") == 0)
		return begin_sample(r, value);
	if (strcmp(key, "function") == 0)
		return read_function(r, value);
	if (strcmp(key, "at") == 0)
		return read_fact(r, value);
	if (!r->in_sample)
		return read_program(r, key, value);
	if (strcmp(key, "=") == 0)
		return read_frame(r, value);
	if (strcmp(key, "outcome") == 0)
		return read_outcome(r, value);
	return read_record(r, key, value);
}

static bool read_lines(struct reader *r, const char *path, FILE *file)
{
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0;
	int number = 0;

	while (getline(&line, &capacity, file) >= 0) {
		char key[32];
		int at = 0;

		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "%31s%n", key, &at) != 1 || line[at] != ' ' ||
		    !read_line(r, key, line + at + 1)) {
			fprintf(stderr, "%s:%d: not understood\n", path, number);
			return false;
		}
	}
	return end_sample(r);
}

bool fixture_read(const char *path, struct fixture *ret_fixture)
{
	static struct reader r;
	FILE *file = fopen(path, "r");

	memset(&r, 0, sizeof(r));
	memset(ret_fixture, 0, sizeof(*ret_fixture));
	r.fixture = ret_fixture;
	if (!file) {
		perror(path);
		return false;
	}
	bool ok = read_lines(&r, path, file);

	fclose(file);
	if (!ok)
		fixture_fini(ret_fixture);
	return ok;
}
