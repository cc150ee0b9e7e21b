/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare BINARY DUMP: what agent/binary reads from BINARY against what BINARY's own runtime said
 * of every pc (program/main.go has the form of the dump). The first differences are printed, then
 * one line of counts. Status 0 only if every pc was compared and none differs.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/binary/binary.h"
#include "base/cleanup.h"
#include "base/filemap.h"

#define MAGIC	  "hone symbols 1\n"
#define MAX_SHOWN 10
/* Of a run: a byte more and it would be a table of another shape. */
#define FRAME_SIZE 24

struct frame {
	uint64_t pc;
	uint32_t function, file;
	int32_t line, start_line;
};

struct comparison {
	struct span dump;
	uint64_t at; /* in dump */
	const struct binary *binary;
	uint64_t bias, stride, end;
	struct span *strings;
	size_t n_strings, max_strings;
	uint64_t compared, inlined, last_bytes, differences;
};

static void die(const char *what)
{
	fprintf(stderr, "compare: %s\n", what);
	exit(1);
}

static void take(struct comparison *c, void *ret_value, size_t size)
{
	if (!span_read(c->dump, c->at, ret_value, size))
		die("the dump is cut short");
	c->at += size;
}

static uint32_t take_u32(struct comparison *c)
{
	uint32_t value;

	take(c, &value, sizeof(value));
	return value;
}

static uint64_t take_u64(struct comparison *c)
{
	uint64_t value;

	take(c, &value, sizeof(value));
	return value;
}

static void take_string(struct comparison *c)
{
	uint32_t size = take_u32(c);

	if (c->n_strings == c->max_strings) {
		c->max_strings = c->max_strings ? 2 * c->max_strings : 1024;
		c->strings = realloc(c->strings, c->max_strings * sizeof(*c->strings));
		if (!c->strings)
			die("no memory");
	}
	if (!span_sub(c->dump, c->at, size, &c->strings[c->n_strings++]))
		die("the dump is cut short");
	c->at += size;
}

static struct span string(const struct comparison *c, uint32_t number)
{
	if (number >= c->n_strings)
		die("no such string in the dump");
	return c->strings[number];
}

static bool same(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The runtime says "?" where it does not know the file. */
static bool same_file(struct span ours, struct span theirs)
{
	return same(ours, theirs) || (ours.size == 0 && span_equals(theirs, "?"));
}

/* What Go prints of a name: runtime/symtab.go funcNameForPrint. */
static struct span printed_name(struct span name, char *buffer, size_t size)
{
	const uint8_t *open = name.size ? memchr(name.data, '[', name.size) : NULL;
	const uint8_t *close = name.size ? memrchr(name.data, ']', name.size) : NULL;
	int n;

	if (!open || !close || close <= open)
		return name;
	n = snprintf(buffer, size, "%.*s[...]%.*s", (int)(open - name.data), name.data,
		     (int)(name.data + name.size - close - 1), close + 1);
	if (n < 0 || (size_t)n >= size)
		die("a name is too long");
	return span_of(buffer, n);
}

static bool elides(const struct binary_line *callee)
{
	return callee->special != BINARY_GOPANIC && callee->special != BINARY_SIGPANIC &&
	       callee->special != BINARY_PANICWRAP;
}

/*
 * Wrappers left out as runtime/symtab.go runtime_expandFinalInlineFrame does: not where nothing is
 * inlined, and in 1.20 never the physical function.
 */
static size_t without_wrappers(const struct comparison *c, struct binary_line *lines, size_t n)
{
	bool keep_last = binary_build(c->binary)->minor == 20;
	size_t kept = 0;
	struct binary_line before = { 0 };

	if (n == 1)
		return 1;
	for (size_t i = 0; i < n; i++) {
		struct binary_line line = lines[i];

		if (line.special != BINARY_WRAPPER || !elides(&before) || (keep_last && i == n - 1))
			lines[kept++] = line;
		before = line;
	}
	return kept;
}

static bool same_frame(const struct comparison *c, const struct binary_line *ours,
		       const struct frame *theirs, bool last_byte)
{
	struct span name = ours->function;
	char buffer[4096];

	if (last_byte)
		name = printed_name(name, buffer, sizeof(buffer));
	return same(name, string(c, theirs->function)) &&
	       same_file(ours->file, string(c, theirs->file)) && ours->line == theirs->line &&
	       ours->pc == theirs->pc - c->bias &&
	       (last_byte || ours->start_line == theirs->start_line);
}

static void show(const struct comparison *c, uint64_t pc, const struct binary_line *lines, size_t n,
		 const struct frame *frames, size_t n_frames)
{
	printf("0x%" PRIx64 ":\n", pc);
	for (size_t i = 0; i < n; i++)
		printf("  ours    0x%" PRIx64 " %.*s %.*s:%d start %d special %d\n", lines[i].pc,
		       (int)lines[i].function.size, lines[i].function.data, (int)lines[i].file.size,
		       lines[i].file.data, lines[i].line, lines[i].start_line, lines[i].special);
	for (size_t i = 0; i < n_frames; i++) {
		struct span function = string(c, frames[i].function);
		struct span file = string(c, frames[i].file);

		printf("  runtime 0x%" PRIx64 " %.*s %.*s:%d start %d\n", frames[i].pc - c->bias,
		       (int)function.size, function.data, (int)file.size, file.data, frames[i].line,
		       frames[i].start_line);
	}
}

static void compare_pc(struct comparison *c, uint64_t pc, const struct frame *frames, size_t n,
		       bool last_byte)
{
	struct binary_line lines[BINARY_MAX_LINES];
	size_t ours = 0;
	bool cut = false, equal;
	int r;

	r = binary_lines_at(c->binary, pc, lines, BINARY_MAX_LINES, &ours, &cut);
	if (r != 0)
		ours = 0;
	c->inlined += ours > 1;
	c->last_bytes += last_byte;
	if (last_byte)
		ours = ours ? 1 : 0;
	else
		ours = without_wrappers(c, lines, ours);
	equal = !cut && ours == n;
	for (size_t i = 0; equal && i < n; i++)
		equal = same_frame(c, &lines[i], &frames[i], last_byte);
	c->compared++;
	if (!equal && c->differences++ < MAX_SHOWN)
		show(c, pc, lines, ours, frames, n);
}

/* One run of pcs; returns the first pc after it. */
static uint64_t compare_run(struct comparison *c, bool last_byte)
{
	struct frame frames[BINARY_MAX_LINES];
	uint64_t first = take_u64(c);
	uint32_t n_pcs = take_u32(c);
	uint8_t n;

	take(c, &n, sizeof(n));
	if (n > BINARY_MAX_LINES)
		die("too many frames");
	for (uint8_t i = 0; i < n; i++) {
		static_assert(sizeof(frames[0]) == FRAME_SIZE, "as in the dump");
		take(c, &frames[i], FRAME_SIZE);
	}
	for (uint32_t i = 0; i < n_pcs; i++) {
		compare_pc(c, first - c->bias + i * c->stride, frames, n, last_byte);
		if (n)
			frames[0].pc += c->stride;
	}
	return first + n_pcs * c->stride;
}

static void compare_all(struct comparison *c)
{
	uint64_t first = take_u64(c), end = take_u64(c), pc = first;
	struct binary_function f;
	char tag;

	/* Both ends of the runtime's text are ours, and nothing beyond them is. */
	c->bias = first - binary_text(c->binary);
	if (binary_function_at(c->binary, end - 1 - c->bias, &f) != 0 ||
	    binary_function_at(c->binary, end - c->bias, &f) == 0 ||
	    binary_function_at(c->binary, first - 1 - c->bias, &f) == 0)
		die("Go text is not where the runtime has it");
	for (;;) {
		take(c, &tag, 1);
		if (tag == 's') {
			take_string(c);
			continue;
		}
		if (tag == 'e')
			break;
		uint64_t here = pc;
		pc = compare_run(c, tag == 'l');
		if (pc <= here)
			die("the dump does not go on");
	}
	if (pc < end)
		die("the dump ends early");
}

static void map(const char *path, struct filemap *ret_map)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || filemap_open(fd, ret_map) < 0)
		die(path);
}

static struct binary *open_binary(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct binary *b = NULL;
	int r = fd < 0 ? -errno : binary_open(fd, &b);

	if (r != 0)
		die(r < 0 ? strerror(-r) : binary_outcome_text(r));
	return b;
}

int main(int argc, char **argv)
{
	struct comparison c = { 0 };
	struct filemap dump;

	if (argc != 4)
		die("usage: compare BINARY DUMP STRIDE");
	map(argv[2], &dump);
	c.dump = dump.bytes;
	c.stride = strtoul(argv[3], NULL, 10);
	c.binary = open_binary(argv[1]);
	if (!span_starts_with(c.dump, MAGIC))
		die("not a dump");
	c.at = strlen(MAGIC);
	compare_all(&c);
	printf("%" PRIu64 " pcs, %" PRIu64 " of them inlined, %" PRIu64 " last bytes, %" PRIu64
	       " different\n",
	       c.compared, c.inlined, c.last_bytes, c.differences);
	binary_free((struct binary *)c.binary);
	filemap_close(&dump);
	free(c.strings);
	return c.differences || !c.compared || !c.inlined ? 1 : 0;
}
