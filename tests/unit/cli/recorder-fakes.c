/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cli/recorder-fakes.h"

#include <string.h>

#include "agent/binary/binary.h"

struct fake_kernel fake_kernel;

struct capture {
	int unused;
};

struct binary {
	struct binary_build build;
	struct binary_runtime runtime;
};

static struct capture capture;
static struct binary binary = {
	.build.go_version = { (const uint8_t *)"go1.26.8", 8 },
	.runtime.known = true,
};

/* ---- the kernel -------------------------------------------------------------------------- */

int capture_open(const struct capture_options *options, struct capture_detail *ret_detail,
		 struct capture **ret_capture)
{
	(void)options;
	(void)ret_detail;
	*ret_capture = &capture;
	return 0;
}

struct capture *capture_close(struct capture *c)
{
	(void)c;
	return NULL;
}

int capture_watch_pid(struct capture *c, uint32_t pid)
{
	(void)c;
	fake_kernel.watched = pid;
	return 0;
}

int capture_unwatch_pid(struct capture *c, uint32_t pid)
{
	(void)c;
	if (fake_kernel.watched == pid)
		fake_kernel.watched = 0;
	return 0;
}

bool capture_watches_pid(const struct capture *c, uint32_t pid)
{
	(void)c;
	return fake_kernel.watched == pid;
}

int capture_set_policy(struct capture *c, const struct exe_key *exe,
		       const struct exe_policy *policy)
{
	(void)c;
	(void)exe;
	fake_kernel.policy = *policy;
	return 0;
}

int capture_forget_policy(struct capture *c, const struct exe_key *exe)
{
	(void)c;
	(void)exe;
	fake_kernel.policy = (struct exe_policy){ 0 };
	return 0;
}

int capture_file_key(struct capture *c, int fd, struct exe_key *ret_key)
{
	(void)c;
	(void)fd;
	*ret_key = fake_kernel.exe;
	ret_key->inode += fake_kernel.runs_other;
	return 0;
}

int capture_set_cgroup(struct capture *c, uint64_t cgroup, const struct cgroup_policy *policy)
{
	(void)c;
	fake_kernel.cgroup = cgroup;
	fake_kernel.cgroup_policy = *policy;
	return 0;
}

int capture_forget_cgroup(struct capture *c, uint64_t cgroup)
{
	(void)c;
	if (fake_kernel.cgroup == cgroup)
		fake_kernel.cgroup = 0;
	return 0;
}

int capture_drain(struct capture *c, capture_handler handler, void *context)
{
	int r = 0;

	(void)c;
	for (size_t i = 0; r == 0 && i < fake_kernel.n_records; i++) {
		fake_kernel.exe = fake_kernel.records[i]->exe;
		r = handler(fake_kernel.records[i], context);
	}
	return r;
}

void capture_counters(const struct capture *c, struct capture_counters *ret_counters)
{
	(void)c;
	*ret_counters = fake_kernel.counters;
}

/* ---- the binary -------------------------------------------------------------------------- */

static const struct fake_function *function_of(uint64_t pc)
{
	uint64_t number = (pc - FAKE_TEXT) >> 12;

	if (number >= fake_kernel.n_functions || !fake_kernel.functions[number].name)
		return NULL;
	return &fake_kernel.functions[number];
}

int binary_open(int fd, struct binary **ret_binary)
{
	(void)fd;
	fake_kernel.n_opened++;
	if (fake_kernel.open_error)
		return fake_kernel.open_error;
	if (!fake_kernel.functions)
		return BINARY_E_NOT_GO;
	*ret_binary = &binary;
	return 0;
}

struct binary *binary_free(struct binary *b)
{
	(void)b;
	return NULL;
}

void binary_rest(const struct binary *b)
{
	(void)b;
	fake_kernel.n_rested++;
}

void binary_allow(struct binary *b, uint64_t pairs)
{
	(void)b;
	fake_kernel.allowed = pairs;
}

bool binary_rewritten(struct binary *b)
{
	(void)b;
	return fake_kernel.rewritten;
}

bool binary_is_exhausted(const struct binary *b)
{
	(void)b;
	return fake_kernel.exhausted;
}

enum binary_arch binary_arch(const struct binary *b)
{
	(void)b;
	return BINARY_AMD64;
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
	(void)b;
	return FAKE_TEXT;
}

uint64_t binary_etext(const struct binary *b)
{
	(void)b;
	return FAKE_TEXT + 0x10000;
}

uint64_t binary_start_code(const struct binary *b)
{
	(void)b;
	return FAKE_TEXT;
}

struct binary_segment binary_text_segment(const struct binary *b)
{
	(void)b;
	return (struct binary_segment){ .address = FAKE_TEXT, .size = 0x10000 };
}

uint64_t binary_runtime_function(const struct binary *b, const char *name)
{
	(void)b;
	(void)name;
	return 0;
}

int binary_function_at(const struct binary *b, uint64_t pc, struct binary_function *ret_function)
{
	const struct fake_function *f = function_of(pc);

	(void)b;
	if (!f)
		return BINARY_E_NO_FUNCTION;
	*ret_function = (struct binary_function){
		.entry = pc & ~0xfffull,
		.end = (pc & ~0xfffull) + 0x1000,
		.special = f->special,
	};
	return 0;
}

bool binary_sp_delta(const struct binary *b, const struct binary_function *f, uint64_t pc,
		     int32_t *ret_delta)
{
	(void)b;
	(void)f;
	(void)pc;
	*ret_delta = 0x20;
	return true;
}

int binary_lines_at(const struct binary *b, uint64_t pc, struct binary_line *lines, size_t max,
		    size_t *ret_n, bool *ret_cut)
{
	const struct fake_function *f = function_of(pc);

	(void)b;
	(void)max;
	if (!f)
		return BINARY_E_NO_FUNCTION;
	*ret_n = 1;
	*ret_cut = false;
	lines[0] = (struct binary_line){
		.function = { (const uint8_t *)f->name, strlen(f->name) },
		.line = f->start_line + 1,
		.start_line = f->start_line,
		.special = f->special,
	};
	return 0;
}
