/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/expose/snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define PATH_SIZE 256

/* Field number @at, from 0, of words separated by blanks. */
static uint64_t number_at(struct span words, unsigned int at)
{
	uint64_t value = 0;
	struct span word;

	for (unsigned int i = 0; i <= at; i++)
		if (!text_cut(&words, ' ', &word))
			return 0;
	return text_number(&word, 10, &value) ? value : 0;
}

static uint64_t of_time(struct timeval time)
{
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * 1000;
}

/* The numbers of a small file of the own process. */
static void read_own(const char *proc, const char *name, struct buf *ret_text)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/self/%s", proc, name);
	if (file_read(path, ret_text) < 0)
		ret_text->size = 0;
}

/* proc(5): field 22 of stat is when the process started, in ticks since boot; fields are counted
 * behind the name, which may hold anything. */
static uint64_t started(struct span stat)
{
	const uint8_t *end = stat.size ? memrchr(stat.data, ')', stat.size) : NULL;
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), up = clock_now(CLOCK_BOOTTIME);
	struct span rest;

	if (!end || !span_from(stat, (uint64_t)(end - stat.data) + 2, &rest))
		return 0;
	uint64_t since = number_at(rest, 19) * (NSEC_PER_SEC / ticks);
	return since && since <= up ? clock_realtime() - (up - since) : 0;
}

static uint64_t count_files(const char *proc)
{
	char path[PATH_SIZE];
	uint64_t n = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/self/fd", proc);
	folder = opendir(path);
	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n ? n - 1 : 0; /* without the folder just read */
}

void snapshot_process_read(const char *proc, struct snapshot_process *ret_process)
{
	struct buf text = BUF_INIT(4096);
	struct mallinfo2 heap = mallinfo2(); /* of all arenas, whatever mallinfo(3) says */
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	*ret_process = (struct snapshot_process){
		.cpu_user = of_time(usage.ru_utime),
		.cpu_system = of_time(usage.ru_stime),
		.heap_used = heap.uordblks + heap.hblkhd,
		.heap_free = heap.fordblks,
		.files = count_files(proc),
	};
	read_own(proc, "statm", &text);
	ret_process->resident =
		number_at(span_of(text.data, text.size), 1) * (uint64_t)sysconf(_SC_PAGESIZE);
	text.size = 0;
	read_own(proc, "stat", &text);
	ret_process->started = started(span_of(text.data, text.size));
	buf_fini(&text);
}
