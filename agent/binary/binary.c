/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/binary.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/binary/buildinfo.h"
#include "agent/binary/elf.h"
#include "agent/binary/inline.h"
#include "agent/binary/moduledata.h"
#include "agent/binary/pclntab.h"
#include "agent/binary/runtime.h"
#include "base/cleanup.h"
#include "base/filemap.h"
#include "base/hash.h"

/* Of the file's beginning: headers, and where Go puts them, the build ids. */
#define HEAD 4096
/* Things that look like a pclntab and turn out not to be this program's. */
#define MAX_PCLNTABS 64
/* The newest Go whose layouts are known. */
#define NEWEST_MINOR 27
/* UPX puts its mark behind the program headers, and again before the end. */
#define PACKER_MARK  "UPX!"
#define PACKER_REACH 1024

struct binary {
	struct filemap map;
	struct elf elf;
	struct pclntab tab;
	struct moduledata module;
	struct binary_build build;
	struct runtime_functions functions;
	struct binary_runtime runtime;
	uint64_t pairs_left;
	uint64_t identity; /* when it was opened */
	bool rewritten;
};

static void binary_freep(struct binary **b)
{
	binary_free(*b);
}

/* The pclntab that a moduledata refers to; its outcome where there is none. */
static int find_tables(struct binary *b)
{
	struct pclntab_search search = { 0 };
	int r, outcome = BINARY_E_NOT_GO;
	uint64_t vaddr;

	for (unsigned int i = 0; i < MAX_PCLNTABS; i++) {
		if (!pclntab_search_next(&b->elf, &search, &vaddr))
			break;
		r = pclntab_parse(&b->elf, vaddr, &b->tab);
		if (r == 0)
			r = moduledata_find(&b->elf, &b->tab, b->build.minor, &b->module);
		if (r == 0)
			return 0;
		if (outcome == BINARY_E_NOT_GO)
			outcome = r;
	}
	return outcome;
}

static bool is_packed(struct span file)
{
	size_t size = file.size < PACKER_REACH ? file.size : PACKER_REACH;

	return memmem(file.data, size, PACKER_MARK, strlen(PACKER_MARK)) ||
	       memmem(file.data + file.size - size, size, PACKER_MARK, strlen(PACKER_MARK));
}

/* Why there are no tables. */
static int explain(const struct binary *b, bool has_build, int outcome)
{
	struct elf_range range;

	if (outcome != BINARY_E_NOT_GO)
		return outcome;
	if (is_packed(b->elf.file))
		return BINARY_E_PACKED;
	if (has_build && b->build.minor && b->build.minor < 20)
		return BINARY_E_TOO_OLD;
	if (elf_section(&b->elf, ".gopclntab", &range))
		return b->build.minor > NEWEST_MINOR ? BINARY_E_TOO_NEW : BINARY_E_GARBLED;
	return has_build ? BINARY_E_PACKED : BINARY_E_NOT_GO;
}

/*
 * Most executables on a machine are not Go's and shall not be read from end to end: any of these
 * sections is in each of Go's, unless it has none at all.
 */
static bool may_be_go(const struct elf *e)
{
	static const char *const sections[] = { ".go.buildinfo", ".gopclntab",
						".data.rel.ro.gopclntab", ".note.go.buildid" };
	struct elf_range range;

	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++)
		if (elf_section(e, sections[i], &range))
			return true;
	return !elf_has_sections(e);
}

static int parse(struct binary *b, struct span file)
{
	bool has_build;
	int r;

	r = elf_parse(file, &b->elf);
	if (r)
		return r;
	if (!may_be_go(&b->elf))
		return explain(b, false, BINARY_E_NOT_GO);
	has_build = buildinfo_read(&b->elf, &b->build);
	r = find_tables(b);
	if (r)
		return explain(b, has_build, r);
	if (!b->build.minor)
		b->build.minor = b->module.minor;
	runtime_functions_find(&b->tab, &b->functions);
	if (!b->functions.found)
		return BINARY_E_GARBLED;
	runtime_state_find(&b->elf, &b->tab, &b->functions, b->module.text, b->build.minor,
			   &b->runtime);
	return 0;
}

int binary_parse(struct span file, struct binary **ret_binary)
{
	_cleanup_(binary_freep) struct binary *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	r = parse(b, file);
	if (r)
		return r;
	*ret_binary = TAKE_PTR(b);
	return 0;
}

/* Of what is in the file now, where that was which tells one build from another. */
static uint64_t identity_of(const struct binary *b)
{
	const struct binary_build *i = &b->build;
	const struct span file = b->map.bytes, tab = b->tab.whole;
	const struct span spans[] = {
		span_of(file.data, file.size < HEAD ? file.size : HEAD),
		span_of(tab.data, tab.size < HEAD ? tab.size : HEAD),
		i->go_build_id,
		i->gnu_build_id,
		i->go_version,
		i->main_path,
		i->main_version,
		i->vcs_revision,
		i->vcs_time,
	};
	uint64_t identity = 0;

	for (unsigned int n = 0; n < ARRAY_SIZE(spans); n++)
		identity = hash_combine(identity, hash_bytes(spans[n].data, spans[n].size));
	return identity;
}

/*
 * Go's build id ends in a hash of the content, after a slash (cmd/go/internal/work/buildid.go).
 * Other build systems put a word there, or nothing.
 */
static bool has_content_id(const struct binary *b)
{
	struct span id = b->build.go_build_id;

	return id.size && memchr(id.data, '/', id.size);
}

int binary_open(int fd, struct binary **ret_binary)
{
	_cleanup_(binary_freep) struct binary *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	r = filemap_open(fd, &b->map);
	if (r)
		return r == FILEMAP_E_HOLES ? BINARY_E_BROKEN : r;
	r = parse(b, b->map.bytes);
	if (r)
		return filemap_torn(&b->map) ? BINARY_E_BROKEN : r;
	b->identity = identity_of(b);
	filemap_rest(&b->map);
	*ret_binary = TAKE_PTR(b);
	return 0;
}

struct binary *binary_free(struct binary *b)
{
	if (b)
		filemap_close(&b->map);
	free(b);
	return NULL;
}

void binary_rest(const struct binary *b)
{
	filemap_rest(&b->map);
}

bool binary_rewritten(struct binary *b)
{
	/* Renewed before it is read: what is written after that is seen the next time. */
	if (!b->rewritten && filemap_rewritten(&b->map))
		b->rewritten = !filemap_renew(&b->map) || !has_content_id(b) ||
			       identity_of(b) != b->identity || filemap_torn(&b->map);
	return b->rewritten;
}

const char *binary_outcome_text(int outcome)
{
	switch (outcome) {
	case BINARY_E_NOT_ELF:
		return "not an ELF executable";
	case BINARY_E_ARCH:
		return "not an executable for 64-bit little-endian amd64 or arm64; build it for "
		       "one "
		       "of these (GOARCH)";
	case BINARY_E_NOT_GO:
		return "not a Go program: it has no pclntab and no Go build info";
	case BINARY_E_TOO_OLD:
		return "built with Go before 1.20, which records no start lines of functions: no "
		       "profile of it could be used by go build; rebuild it with a newer Go";
	case BINARY_E_TOO_NEW:
		return "built with a Go whose tables this version does not know; take a newer hone";
	case BINARY_E_PACKED:
		return "packed or stripped of its pclntab: the functions are not in the file; use "
		       "the executable as go build made it";
	case BINARY_E_GARBLED:
		return "obfuscated: its pclntab or the names in it are not as Go made them, so a "
		       "profile would match no source; record a build without that";
	case BINARY_E_BROKEN:
		return "a damaged or incomplete ELF file; build or copy it anew";
	case BINARY_E_NO_FUNCTION:
		return "no Go function at this address";
	}
	return "unknown outcome";
}

enum binary_arch binary_arch(const struct binary *b)
{
	return b->elf.arch;
}

const struct binary_build *binary_build(const struct binary *b)
{
	return &b->build;
}

const struct binary_runtime *binary_runtime(const struct binary *b)
{
	return &b->runtime;
}

uint64_t binary_text(const struct binary *b)
{
	return b->module.text;
}

uint64_t binary_etext(const struct binary *b)
{
	return b->module.etext;
}

uint64_t binary_start_code(const struct binary *b)
{
	return b->elf.start_code;
}

struct binary_segment binary_text_segment(const struct binary *b)
{
	uint64_t text = binary_text(b);

	for (unsigned int i = 0; i < b->elf.n_segments; i++) {
		const struct elf_segment *s = &b->elf.segments[i];

		if (s->executable && text - s->vaddr < s->bytes.size)
			return (struct binary_segment){
				.address = s->vaddr,
				.size = s->bytes.size,
				.offset = (uint64_t)(s->bytes.data - b->elf.file.data),
			};
	}
	return (struct binary_segment){ 0 };
}

uint64_t binary_runtime_function(const struct binary *b, const char *name)
{
	uint32_t entry;

	if (!runtime_function_entry(&b->tab, &b->functions, name, &entry))
		return 0;
	return b->module.text + entry;
}

void binary_allow(struct binary *b, uint64_t pairs)
{
	b->pairs_left = pairs;
	b->tab.left = &b->pairs_left;
}

bool binary_is_exhausted(const struct binary *b)
{
	return b->tab.left && !b->pairs_left;
}

int binary_function_at(const struct binary *b, uint64_t pc, struct binary_function *ret_function)
{
	struct pclntab_function f;
	uint32_t i, entry, end;

	/* Below text, the difference wraps to where no function is. */
	if (!pclntab_find(&b->tab, pc - b->module.text, &i) || !pclntab_function(&b->tab, i, &f) ||
	    !pclntab_entry(&b->tab, i, &entry) || !pclntab_entry(&b->tab, i + 1, &end))
		return BINARY_E_NO_FUNCTION;
	*ret_function = (struct binary_function){
		.entry = b->module.text + entry,
		.end = b->module.text + end,
		.record = f.record,
		.flags = f.flags,
		.special = runtime_special(&b->functions, &f),
	};
	return 0;
}

bool binary_sp_delta(const struct binary *b, const struct binary_function *function, uint64_t pc,
		     int32_t *ret_delta)
{
	struct pclntab_function f;

	if (!pclntab_record(&b->tab, function->record, &f))
		return false;
	*ret_delta = pclntab_value(&b->tab, &f, f.pcsp, pc - b->module.text);
	return *ret_delta != -1;
}

static struct binary_line physical_line(const struct binary *b, const struct pclntab_function *f)
{
	return (struct binary_line){
		.function = pclntab_name(&b->tab, f->name, PCLNTAB_MAX_NAME),
		.start_line = f->start_line,
		.special = runtime_special(&b->functions, f),
	};
}

static struct binary_line inlined_line(const struct binary *b, const struct inlined_call *call)
{
	return (struct binary_line){
		.function = pclntab_name(&b->tab, call->name, PCLNTAB_MAX_NAME),
		.start_line = call->start_line,
		.special = runtime_special_inlined(&b->functions, call->func_id),
	};
}

int binary_lines_at(const struct binary *b, uint64_t pc, struct binary_line *lines, size_t max,
		    size_t *ret_n, bool *ret_cut)
{
	struct binary_function function;
	struct pclntab_function f;
	struct inlined_call call = { 0 };
	uint64_t offset;
	bool inlined = true;

	if (binary_function_at(b, pc, &function) != 0 ||
	    !pclntab_record(&b->tab, function.record, &f))
		return BINARY_E_NO_FUNCTION;
	offset = pc - b->module.text;
	*ret_n = 0;
	while (inlined && *ret_n < max && *ret_n < BINARY_MAX_LINES) {
		struct binary_line *line = &lines[(*ret_n)++];

		inlined = inline_at(&b->tab, b->module.gofunc, &f, offset, &call);
		*line = inlined ? inlined_line(b, &call) : physical_line(b, &f);
		line->pc = b->module.text + offset;
		pclntab_line(&b->tab, &f, offset, &line->file, &line->line);
		offset = call.parent;
	}
	*ret_cut = inlined;
	return 0;
}
