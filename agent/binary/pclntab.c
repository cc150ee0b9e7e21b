/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/pclntab.h"

#include "base/cleanup.h"

/* runtime2.go _func, 1.20 to 1.27 */
#define RECORD_SIZE 44
#define PAIR_SIZE   8

static bool known_magic(uint32_t magic)
{
	return magic == PCLNTAB_GO_1_20 || magic == PCLNTAB_GO_1_18 || magic == PCLNTAB_GO_1_16 ||
	       magic == PCLNTAB_GO_1_2;
}

/* The eight bytes that every pclntab begins with. */
static bool begins_header(const struct elf *e, struct span at, uint32_t *ret_magic)
{
	uint8_t h[8];

	if (!span_read(at, 0, h, sizeof(h)))
		return false;
	memcpy(ret_magic, h, sizeof(*ret_magic));
	return known_magic(*ret_magic) && h[4] == 0 && h[5] == 0 &&
	       h[6] == (e->arch == BINARY_AMD64 ? 1 : 4) && h[7] == 8;
}

/* Offsets that rise within the segment: five regions, or four before 1.16 had its names. */
static bool region_offsets(struct span whole, uint64_t at, unsigned int n, uint64_t *ret_offsets)
{
	uint64_t last = at + n * 8 - 1;

	for (unsigned int i = 0; i < n; i++) {
		if (!span_u64(whole, at + i * 8, &ret_offsets[i]) || ret_offsets[i] <= last ||
		    ret_offsets[i] >= whole.size)
			return false;
		last = ret_offsets[i];
	}
	return true;
}

static bool parse_regions(struct pclntab *t, const uint64_t offsets[5])
{
	struct span *regions[] = { &t->names, &t->cutab, &t->files, &t->pctab };

	for (unsigned int i = 0; i < ARRAY_SIZE(regions); i++)
		if (!span_sub(t->whole, offsets[i], offsets[i + 1] - offsets[i], regions[i]))
			return false;
	t->names_vaddr = t->vaddr + offsets[0];
	t->functions_vaddr = t->vaddr + offsets[4];
	return span_from(t->whole, offsets[4], &t->functions);
}

int pclntab_parse(const struct elf *e, uint64_t vaddr, struct pclntab *ret_tab)
{
	struct pclntab *t = ret_tab;
	uint64_t n, text_start, offsets[5];
	uint32_t magic, end;

	*t = (struct pclntab){ .vaddr = vaddr };
	if (!elf_at(e, vaddr, &t->whole) || !begins_header(e, t->whole, &magic) ||
	    !span_u64(t->whole, 8, &n) || n == 0 || n > t->whole.size / PAIR_SIZE)
		return BINARY_E_NOT_GO;
	/* Before 1.16 the function table follows the count at once: no offsets to check. */
	if (magic == PCLNTAB_GO_1_2)
		return BINARY_E_TOO_OLD;
	if (!region_offsets(t->whole, magic == PCLNTAB_GO_1_16 ? 24 : 32, 5, offsets))
		return BINARY_E_NOT_GO;
	if (magic != PCLNTAB_GO_1_20)
		return BINARY_E_TOO_OLD;
	t->n_functions = n;
	t->quantum = e->arch == BINARY_AMD64 ? 1 : 4;
	if (!parse_regions(t, offsets) || !span_u64(t->whole, 24, &text_start) ||
	    !pclntab_entry(t, t->n_functions, &end))
		return BINARY_E_NOT_GO;
	t->text_start_unset = text_start == 0;
	return 0;
}

/* Sections first (their names by build mode: non-PIE or 1.26+, internal PIE, external PIE). */
static const struct {
	const char *name;
	bool begins; /* the table is at the section's beginning */
} section_hints[] = {
	{ ".gopclntab", true },
	{ ".data.rel.ro.gopclntab", true },
	{ ".data.rel.ro", false },
};

static bool scan(const struct elf *e, struct elf_range range, uint64_t *offset, uint64_t *ret_vaddr)
{
	struct span at;
	uint32_t magic;

	*offset += -(range.vaddr + *offset) & 7;
	for (; span_from(range.bytes, *offset, &at) && at.size >= 8; *offset += 8) {
		if (!begins_header(e, at, &magic))
			continue;
		*ret_vaddr = range.vaddr + *offset;
		*offset += 8;
		return true;
	}
	return false;
}

/* The range that a step of the search looks through; false when there is none. */
static bool search_range(const struct elf *e, unsigned int step, struct elf_range *ret_range)
{
	const struct elf_segment *s;

	if (step < ARRAY_SIZE(section_hints))
		return elf_section(e, section_hints[step].name, ret_range);
	/* Data before code: that is where it is, and code is the bulk of the file. */
	step -= ARRAY_SIZE(section_hints);
	s = &e->segments[step % e->n_segments];
	if (s->executable != (step >= e->n_segments))
		return false;
	*ret_range = (struct elf_range){ .vaddr = s->vaddr, .bytes = s->bytes };
	return true;
}

bool pclntab_search_next(struct elf *e, struct pclntab_search *search, uint64_t *ret_vaddr)
{
	unsigned int steps = ARRAY_SIZE(section_hints) + 2 * e->n_segments;
	struct elf_range range;

	for (; search->step < steps; search->step++, search->offset = 0) {
		if (!search_range(e, search->step, &range))
			continue;
		if (search->step < ARRAY_SIZE(section_hints) &&
		    section_hints[search->step].begins) {
			search->step++;
			*ret_vaddr = range.vaddr;
			return true;
		}
		if (!search->offset && !elf_may_scan(e, range.bytes.size))
			continue;
		if (scan(e, range, &search->offset, ret_vaddr))
			return true;
	}
	return false;
}

bool pclntab_entry(const struct pclntab *t, uint32_t i, uint32_t *ret_entry)
{
	return i <= t->n_functions && span_u32(t->functions, (uint64_t)i * PAIR_SIZE, ret_entry);
}

bool pclntab_record(const struct pclntab *t, uint32_t record, struct pclntab_function *ret)
{
	uint8_t raw[RECORD_SIZE];
	uint32_t words[RECORD_SIZE / 4];

	if (!span_read(t->functions, record, raw, sizeof(raw)))
		return false;
	memcpy(words, raw, sizeof(raw));
	*ret = (struct pclntab_function){
		.record = record,
		.entry = words[0],
		.name = (int32_t)words[1],
		.pcsp = words[4],
		.pcfile = words[5],
		.pcln = words[6],
		.n_pcdata = words[7],
		.cu = words[8],
		.start_line = (int32_t)words[9],
		.func_id = raw[40],
		.flags = raw[41],
		.n_funcdata = raw[43],
	};
	return true;
}

bool pclntab_function(const struct pclntab *t, uint32_t i, struct pclntab_function *ret_function)
{
	uint32_t record;

	return i < t->n_functions && span_u32(t->functions, (uint64_t)i * PAIR_SIZE + 4, &record) &&
	       pclntab_record(t, record, ret_function);
}

bool pclntab_find(const struct pclntab *t, uint64_t offset, uint32_t *ret_i)
{
	uint32_t low = 0, high = t->n_functions, entry;

	if (!pclntab_entry(t, 0, &entry) || offset < entry || !pclntab_entry(t, high, &entry) ||
	    offset >= entry)
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (!pclntab_entry(t, middle, &entry))
			return false;
		if (entry <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_i = low;
	return true;
}

bool pclntab_pcdata(const struct pclntab *t, const struct pclntab_function *f, unsigned int index,
		    uint32_t *ret_program)
{
	return index < f->n_pcdata &&
	       span_u32(t->functions, (uint64_t)f->record + RECORD_SIZE + index * 4, ret_program);
}

bool pclntab_funcdata(const struct pclntab *t, const struct pclntab_function *f, unsigned int index,
		      uint32_t *ret_offset)
{
	uint64_t at = (uint64_t)f->record + RECORD_SIZE + ((uint64_t)f->n_pcdata + index) * 4;

	return index < f->n_funcdata && span_u32(t->functions, at, ret_offset) &&
	       *ret_offset != UINT32_MAX;
}

/* A value program being run: runtime/symtab.go step(). */
struct program {
	struct span bytes;
	uint64_t at;
	uint64_t pc, entry;
	uint32_t value;
	uint32_t quantum;
	uint32_t pairs; /* that may be read */
};

static uint32_t pairs_left(const struct pclntab *t)
{
	return t->left && *t->left < PCLNTAB_MAX_PAIRS ? (uint32_t)*t->left : PCLNTAB_MAX_PAIRS;
}

static struct program program_start(const struct pclntab *t, const struct pclntab_function *f,
				    uint32_t program)
{
	return (struct program){ .bytes = t->pctab,
				 .at = program,
				 .pc = f->entry,
				 .entry = f->entry,
				 .value = UINT32_MAX,
				 .quantum = t->quantum,
				 /* offset 0 is no program */
				 .pairs = program ? pairs_left(t) : 0 };
}

static bool program_step(struct program *p)
{
	uint64_t value, pc;
	uint32_t zigzag;

	if (!p->pairs || !span_uvarint(p->bytes, &p->at, &value))
		return false;
	if (value == 0 && p->pc != p->entry)
		return false;
	if (!span_uvarint(p->bytes, &p->at, &pc))
		return false;
	zigzag = value;
	p->value += (zigzag >> 1) ^ -(zigzag & 1);
	p->pc += (uint64_t)(uint32_t)pc * p->quantum;
	p->pairs--;
	return true;
}

static void program_end(const struct pclntab *t, const struct program *p, uint32_t allowed)
{
	if (t->left)
		*t->left -= allowed - p->pairs;
}

int32_t pclntab_value(const struct pclntab *t, const struct pclntab_function *f, uint32_t program,
		      uint64_t offset)
{
	struct program p = program_start(t, f, program);
	uint32_t allowed = p.pairs;
	bool found = false;

	while (!found && program_step(&p))
		found = offset < p.pc;
	program_end(t, &p, allowed);
	return found ? (int32_t)p.value : -1;
}

int32_t pclntab_value_max(const struct pclntab *t, const struct pclntab_function *f,
			  uint32_t program)
{
	struct program p = program_start(t, f, program);
	int32_t most = -1;

	while (program_step(&p))
		if ((int32_t)p.value > most)
			most = (int32_t)p.value;
	return most;
}

/* The string at @offset with its NUL within @max bytes, or an empty span. */
static struct span text_at(struct span table, uint64_t offset, size_t max)
{
	struct span rest, text;

	if (!span_from(table, offset, &rest))
		return (struct span){ 0 };
	if (rest.size > max)
		rest.size = max;
	return span_cstr(rest, 0, &text) ? text : (struct span){ 0 };
}

struct span pclntab_name(const struct pclntab *t, int32_t offset, size_t max)
{
	return offset > 0 ? text_at(t->names, (uint64_t)offset, max) : (struct span){ 0 };
}

void pclntab_line(const struct pclntab *t, const struct pclntab_function *f, uint64_t offset,
		  struct span *ret_file, int32_t *ret_line)
{
	int32_t file = pclntab_value(t, f, f->pcfile, offset);
	int32_t line = pclntab_value(t, f, f->pcln, offset);
	uint32_t at;

	*ret_file = (struct span){ 0 };
	*ret_line = 0;
	if (file < 0 || line == -1)
		return;
	*ret_line = line;
	/* An entry without a file is all ones, which is behind the end of any table. */
	if (span_u32(t->cutab, ((uint64_t)f->cu + (uint32_t)file) * 4, &at))
		*ret_file = text_at(t->files, at, PCLNTAB_MAX_NAME);
}
