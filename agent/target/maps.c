/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/maps.h"

#include "base/text.h"

static bool take_device(struct span *rest, struct mapping *m)
{
	uint64_t major, minor;

	if (!text_number(rest, 16, &major) || !text_skip(rest, ":") ||
	    !text_number(rest, 16, &minor) || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	m->major = (uint32_t)major;
	m->minor = (uint32_t)minor;
	return true;
}

bool mapping_parse(struct span line, struct mapping *ret_mapping)
{
	struct mapping m = { 0 };
	struct span perms;

	if (!text_number(&line, 16, &m.start) || !text_skip(&line, "-") ||
	    !text_number(&line, 16, &m.end) || !text_skip(&line, " ") ||
	    !text_cut(&line, ' ', &perms) || perms.size != 4 || m.end < m.start)
		return false;
	m.executable = perms.data[2] == 'x';
	if (!text_number(&line, 16, &m.offset) || !text_skip(&line, " ") ||
	    !take_device(&line, &m) || !text_skip(&line, " ") || !text_number(&line, 10, &m.inode))
		return false;
	text_skip_blanks(&line);
	m.path = line;
	*ret_mapping = m;
	return true;
}
