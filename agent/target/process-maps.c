/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_code_mappings(). The maps of a large process are megabytes, so they are read piece by
 * piece, whole lines at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "agent/target/maps.h"
#include "agent/target/process.h"
#include "base/cleanup.h"
#include "base/text.h"

/* Holds the longest line: a path is under 4096 bytes, four of them for each escaped newline. */
#define WINDOW (20u << 10)

struct collector {
	const struct process *process;
	struct code_mapping *mappings;
	size_t max, n, n_lines;
};

static bool is_exe(const struct process *p, const struct mapping *m)
{
	struct span path = m->path;

	if (m->inode == p->exe_inode && m->major == major(p->exe_device) &&
	    m->minor == minor(p->exe_device))
		return true;
	return text_skip(&path, p->exe_path) && (!path.size || span_equals(path, " (deleted)"));
}

/* False when there is no room left. */
static bool collect(struct collector *c, struct span line)
{
	struct mapping m;

	c->n_lines++;
	if (!mapping_parse(line, &m) || !m.executable)
		return true;
	bool vdso = span_equals(m.path, "[vdso]");
	if (!vdso && !is_exe(c->process, &m))
		return true;
	if (c->n == c->max)
		return false;
	c->mappings[c->n++] = (struct code_mapping){
		.start = m.start, .end = m.end, .offset = m.offset, .vdso = vdso
	};
	return true;
}

/* Take the whole lines off @window, move the rest to its front. Its new size, or no room. */
static int take_lines(struct collector *c, uint8_t *window, size_t *size)
{
	struct span rest = span_of(window, *size), line;

	while (rest.size && memchr(rest.data, '\n', rest.size) && text_line(&rest, &line))
		if (!collect(c, line))
			return TARGET_E_TOO_MANY;
	/* Longer than any path: not a line of ours, and its tail will not parse as one. */
	*size = rest.size == WINDOW ? 0 : rest.size;
	memmove(window, rest.data, *size);
	return 0;
}

int process_code_mappings(const struct process *p, struct code_mapping *mappings, size_t max,
			  size_t *ret_n)
{
	_cleanup_(closep) int fd = openat(p->dir, "maps", O_RDONLY | O_CLOEXEC);
	struct collector c = { .process = p, .mappings = mappings, .max = max };
	uint8_t window[WINDOW];
	size_t size = 0;
	ssize_t n = 0;
	int r = 0;

	*ret_n = 0;
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? TARGET_E_DENIED : TARGET_E_GONE;
	while (!r && (n = read(fd, window + size, sizeof(window) - size)) > 0) {
		size += (size_t)n;
		r = take_lines(&c, window, &size);
	}
	if (n < 0 && errno != ESRCH)
		return -errno;
	*ret_n = c.n;
	/* A process that has ended has no mappings at all. */
	return r || c.n_lines ? r : TARGET_E_GONE;
}
