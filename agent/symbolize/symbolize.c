/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/symbolize/symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/unwind/unwind.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/index.h"
#include "libpprof/utf8.h"

/* What a frame became. */
struct symbol {
	uint32_t frame;	   /* as struct stack has it */
	uint32_t location; /* in the profile, or PPROF_NONE for a frame that is not shown */
	uint16_t n_lines;
	bool is_named;
};

struct symbolizer {
	const struct binary *binary;
	struct symbolize_options options;
	struct pprof_profile *profile;
	uint32_t mapping;
	struct symbol *symbols;
	uint32_t n_symbols, capacity;
	struct index index;
	size_t text; /* bytes of names and files in the profile, of SYMBOLIZE_MAX_TEXT */
	/* For symbolizer_update(), of each stack: how often it is in the profile. */
	uint64_t *added;
	uint32_t n_added;
	struct symbolize_counts counts;
};

static void symbolizer_fini(struct symbolizer *z)
{
	free(z->symbols);
	free(z->added);
	index_fini(&z->index);
}

/* ---- one frame --------------------------------------------------------------------------- */

/* In UTF-8, whatever a symbol or a path is made of: for one that is not, stores refuse all. */
static char *span_text(struct span s)
{
	char *text = s.size ? strndup((const char *)s.data, s.size) : strdup("");

	if (text)
		pp_make_utf8((uint8_t *)text, strlen(text));
	return text;
}

static int add_function(struct symbolizer *z, const struct binary_line *line,
			uint32_t *ret_function)
{
	_cleanup_(freep) char *name = span_text(line->function);
	_cleanup_(freep) char *file = span_text(line->file);

	if (!name || !file)
		return -ENOMEM;
	const struct pprof_function f = {
		.name = name,
		.system_name = name,
		.file = file,
		.start_line = line->start_line,
	};
	size_t n = pprof_n_functions(z->profile);
	int r = pprof_add_function(z->profile, &f, ret_function);

	if (pprof_n_functions(z->profile) > n)
		z->text += line->function.size + line->file.size;
	return r;
}

/*
 * The lines that are shown. A wrapper is left out unless what it calls is the panic machinery; for
 * the innermost line that is the frame before, which the unwinder knew.
 */
static int add_lines(struct symbolizer *z, const struct binary_line *from, size_t n,
		     bool show_first, struct pprof_line *ret_lines, size_t *ret_n)
{
	bool show = show_first;

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		if (from[i].special != BINARY_WRAPPER || show) {
			struct pprof_line *line = &ret_lines[(*ret_n)++];
			int r = add_function(z, &from[i], &line->function);

			if (r < 0)
				return r;
			line->line = from[i].line;
		}
		show = from[i].special == BINARY_GOPANIC || from[i].special == BINARY_SIGPANIC ||
		       from[i].special == BINARY_PANICWRAP;
	}
	return 0;
}

static bool all_named(const struct symbolizer *z, const struct pprof_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!*pprof_function(z->profile, lines[i].function).name)
			return false;
	return n > 0;
}

static int symbolize_frame(struct symbolizer *z, uint32_t frame, struct symbol *ret_symbol)
{
	struct binary_line from[BINARY_MAX_LINES];
	struct pprof_line lines[BINARY_MAX_LINES] = { 0 };
	uint64_t address = binary_text(z->binary) + (frame & FRAME_ADDRESS);
	size_t n = 0, n_lines = 0;
	bool cut = false;

	*ret_symbol = (struct symbol){ .frame = frame, .location = PPROF_NONE };
	if (z->text > SYMBOLIZE_MAX_TEXT ||
	    binary_lines_at(z->binary, address, from, BINARY_MAX_LINES, &n, &cut) != 0)
		n = 0;
	int r = add_lines(z, from, n, frame & FRAME_SHOW_WRAPPERS, lines, &n_lines);
	if (r < 0)
		return r;
	if (n && !n_lines)
		return 0; /* nothing but wrappers */
	ret_symbol->n_lines = (uint16_t)(n_lines ? n_lines : 1);
	ret_symbol->is_named = all_named(z, lines, n_lines);
	const struct pprof_location location = {
		.mapping = z->mapping,
		.address = address,
		.lines = lines,
		.n_lines = n_lines,
	};
	return pprof_add_location(z->profile, &location, &ret_symbol->location);
}

static int remember(struct symbolizer *z, uint64_t hash, const struct symbol *symbol)
{
	if (z->n_symbols == z->capacity) {
		uint32_t capacity = z->capacity ? z->capacity * 2 : 1024;
		struct symbol *symbols = reallocarray(z->symbols, capacity, sizeof(*symbols));

		if (!symbols)
			return -ENOMEM;
		z->symbols = symbols;
		z->capacity = capacity;
	}
	z->symbols[z->n_symbols] = *symbol;
	return index_add(&z->index, hash, z->n_symbols++);
}

/* The symbol of a frame: each distinct one is looked up once. */
static int symbol_of(struct symbolizer *z, uint32_t frame, struct symbol *ret_symbol)
{
	uint64_t hash = hash_u64(frame);
	uint32_t at = INDEX_START, id;

	while (index_next(&z->index, hash, &at, &id))
		if (z->symbols[id].frame == frame) {
			*ret_symbol = z->symbols[id];
			return 0;
		}
	int r = symbolize_frame(z, frame, ret_symbol);
	return r < 0 ? r : remember(z, hash, ret_symbol);
}

/* ---- one stack --------------------------------------------------------------------------- */

static int add_stack(struct symbolizer *z, const uint32_t *frames, uint32_t n, uint64_t count)
{
	uint32_t locations[SYMBOLIZE_MAX_LOGICAL_FRAMES];
	size_t n_locations = 0, n_logical = 0;
	bool complete = true;

	for (uint32_t i = 0; i < n && n_logical < SYMBOLIZE_MAX_LOGICAL_FRAMES; i++) {
		struct symbol symbol;
		int r = symbol_of(z, frames[i], &symbol);

		if (r < 0)
			return r;
		if (symbol.location == PPROF_NONE)
			continue;
		if (n_locations < 2)
			complete = complete && symbol.is_named;
		locations[n_locations++] = symbol.location;
		n_logical += symbol.n_lines;
		if (n_locations == z->options.physical_frames)
			break;
	}
	const int64_t values[] = { (int64_t)count, (int64_t)(count * z->options.period) };
	const struct pprof_sample sample = {
		.locations = locations,
		.n_locations = n_locations,
		.values = values,
	};
	z->counts.samples += count;
	z->counts.unsymbolized += complete ? 0 : count;
	return pprof_add_sample(z->profile, &sample, NULL);
}

static int add_mapping(struct symbolizer *z)
{
	const struct span id = binary_build(z->binary)->gnu_build_id;
	const char *path = z->options.mapping_file;
	_cleanup_(freep) char *name = path ? span_text(span_of(path, strlen(path))) : NULL;
	char hex[2 * 64 + 1] = "";

	for (size_t i = 0; i < id.size && i < 64; i++) {
		static const char digits[] = "0123456789abcdef";

		hex[2 * i] = digits[id.data[i] >> 4];
		hex[2 * i + 1] = digits[id.data[i] & 15];
		hex[2 * i + 2] = 0;
	}
	if (path && !name)
		return -ENOMEM;
	const struct binary_segment segment = binary_text_segment(z->binary);
	const struct pprof_mapping m = {
		.start = segment.address,
		.limit = segment.address + segment.size,
		.offset = segment.offset,
		.file = name,
		.build_id = hex,
		.has_functions = true,
	};
	return pprof_add_mapping(z->profile, &m, &z->mapping);
}

static int symbolizer_init(struct symbolizer *z, const struct binary *binary,
			   const struct symbolize_options *options, struct pprof_profile *profile)
{
	*z = (struct symbolizer){
		.binary = binary,
		.options = *options,
		.profile = profile,
		.index = INDEX_NULL,
	};
	return add_mapping(z);
}

int symbolize_stacks(const struct binary *binary, const struct stacks *stacks,
		     const struct symbolize_options *options, struct pprof_profile *profile,
		     struct symbolize_counts *ret_counts)
{
	_cleanup_(symbolizer_fini) struct symbolizer z;
	int r = symbolizer_init(&z, binary, options, profile);

	for (uint32_t i = 0; r >= 0 && i < stacks->n_entries; i++) {
		const struct stacks_entry *e = &stacks->entries[i];

		r = add_stack(&z, stacks_frames(stacks, e), e->n, e->count);
	}
	*ret_counts = z.counts;
	return r < 0 ? r : 0;
}

/* ---- bit by bit -------------------------------------------------------------------------- */

int symbolizer_new(const struct binary *binary, const struct symbolize_options *options,
		   struct pprof_profile *profile, struct symbolizer **ret_symbolizer)
{
	_cleanup_(freep) struct symbolizer *z = malloc(sizeof(*z));

	if (!z)
		return -ENOMEM;
	int r = symbolizer_init(z, binary, options, profile);
	if (r < 0)
		return r;
	*ret_symbolizer = TAKE_PTR(z);
	return 0;
}

struct symbolizer *symbolizer_free(struct symbolizer *z)
{
	if (z)
		symbolizer_fini(z);
	free(z);
	return NULL;
}

/* Stacks that are new have not been added at all. */
static int know_stacks(struct symbolizer *z, uint32_t n)
{
	if (n <= z->n_added)
		return 0;
	uint64_t *added = reallocarray(z->added, n, sizeof(*added));
	if (!added)
		return -ENOMEM;
	memset(added + z->n_added, 0, (n - z->n_added) * sizeof(*added));
	z->added = added;
	z->n_added = n;
	return 0;
}

int symbolizer_update(struct symbolizer *z, const struct stacks *stacks)
{
	int r = know_stacks(z, stacks->n_entries);

	for (uint32_t i = 0; r >= 0 && i < stacks->n_entries; i++) {
		const struct stacks_entry *e = &stacks->entries[i];

		if (e->count == z->added[i])
			continue;
		r = add_stack(z, stacks_frames(stacks, e), e->n, e->count - z->added[i]);
		z->added[i] = e->count;
	}
	return r < 0 ? r : 0;
}
