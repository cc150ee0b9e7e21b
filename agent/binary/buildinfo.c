/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/buildinfo.h"

#include "base/cleanup.h"

#define MAGIC	    "\xff Go buildinf:"
#define MAGIC_SIZE  14
#define HEADER_SIZE 32
#define ALIGN	    16
#define FLAG_INLINE 2
#define MARK_SIZE   16
#define MAX_VERSION 256
#define MAX_MODINFO (8u << 20)
#define NOTE_GO	    4
#define NOTE_GNU_ID 3

/* A string with its varint length at *@at, which moves past it. */
static bool read_string(struct span bytes, uint64_t *at, uint64_t limit, struct span *ret_string)
{
	uint64_t length;

	if (!span_uvarint(bytes, at, &length) || length > limit ||
	    !span_sub(bytes, *at, length, ret_string))
		return false;
	*at += length;
	return true;
}

/* "go1.26.8", "devel go1.28-abc", "go1.26.1 X:boringcrypto": the number after "go1." */
static void parse_version(struct binary_build *b)
{
	struct span rest = b->go_version;

	for (uint64_t at = 0; span_from(b->go_version, at, &rest) && rest.size; at++)
		if (span_starts_with(rest, "go1."))
			break;
	for (size_t i = 4; i < rest.size && i < 7; i++) {
		if (rest.data[i] < '0' || rest.data[i] > '9')
			break;
		b->minor = b->minor * 10 + (rest.data[i] - '0');
	}
}

/* The part of @line up to @separator; *@line keeps what follows. */
static struct span cut(struct span *line, char separator)
{
	struct span all = *line, part;
	const uint8_t *end = all.size ? memchr(all.data, separator, all.size) : NULL;

	part = end ? span_of(all.data, end - all.data) : all;
	*line = end ? span_of(end + 1, all.size - part.size - 1) : span_of(NULL, 0);
	return part;
}

/* build KEY=VALUE; a value in quotes has spaces or the like, which are kept as they are. */
static void parse_setting(struct span setting, struct binary_build *b)
{
	const struct {
		const char *key;
		struct span *value;
	} keys[] = {
		{ "vcs.revision", &b->vcs_revision }, { "vcs.time", &b->vcs_time },
		{ "vcs.modified", &b->vcs_modified }, { "-pgo", &b->pgo },
		{ "-buildmode", &b->buildmode },      { "CGO_ENABLED", &b->cgo_enabled },
	};
	struct span key = cut(&setting, '=');

	if (setting.size >= 2 && setting.data[0] == '"')
		setting = span_of(setting.data + 1, setting.size - 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (span_equals(key, keys[i].key))
			*keys[i].value = setting;
}

static void parse_module_info(struct span info, struct binary_build *b)
{
	struct span line, key;

	if (info.size < 2 * MARK_SIZE + 1)
		return;
	info = span_of(info.data + MARK_SIZE, info.size - 2 * MARK_SIZE);
	while (info.size) {
		line = cut(&info, '\n');
		key = cut(&line, '\t');
		if (span_equals(key, "path")) {
			b->main_path = line;
		} else if (span_equals(key, "mod")) {
			b->main_module = cut(&line, '\t');
			b->main_version = cut(&line, '\t');
		} else if (span_equals(key, "build")) {
			parse_setting(line, b);
		}
	}
}

bool buildinfo_parse(struct span bytes, struct binary_build *ret_build)
{
	uint64_t at = HEADER_SIZE;
	struct span version, info;
	uint8_t flags;

	if (bytes.size < HEADER_SIZE || memcmp(bytes.data, MAGIC, MAGIC_SIZE) != 0 ||
	    !span_u8(bytes, 15, &flags) || !(flags & FLAG_INLINE) ||
	    !read_string(bytes, &at, MAX_VERSION, &version) ||
	    !read_string(bytes, &at, MAX_MODINFO, &info))
		return false;
	ret_build->go_version = version;
	parse_version(ret_build);
	parse_module_info(info, ret_build);
	return true;
}

/* debug/buildinfo looks at 16-byte steps in the first writable segment; the section is quicker. */
static bool find(struct elf *e, struct binary_build *b)
{
	struct elf_range range;
	struct span at;

	if (elf_section(e, ".go.buildinfo", &range) && elf_at(e, range.vaddr, &at) &&
	    buildinfo_parse(at, b))
		return true;
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (!s->writable || !elf_may_scan(e, s->bytes.size))
			continue;
		for (uint64_t o = -s->vaddr & (ALIGN - 1);
		     span_from(s->bytes, o, &at) && at.size >= HEADER_SIZE; o += ALIGN)
			if (at.data[0] == 0xff && buildinfo_parse(at, b))
				return true;
	}
	return false;
}

bool buildinfo_read(struct elf *e, struct binary_build *ret_build)
{
	*ret_build = (struct binary_build){ 0 };
	(void)elf_note(e, "Go", NOTE_GO, &ret_build->go_build_id);
	(void)elf_note(e, "GNU", NOTE_GNU_ID, &ret_build->gnu_build_id);
	return find(e, ret_build);
}
