/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A slot is free while start is 0, and has its bounds before it has its start. */
struct range {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
	atomic_bool torn;
};

static struct range ranges[SIGBUS_MAX_RANGES];
static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER; /* for writers */
static bool handler_installed;					/* under ranges_lock */
static struct sigaction previous;
static uintptr_t page_size;

static struct range *range_of(uintptr_t address)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		uintptr_t start = atomic_load(&ranges[i].start);

		if (start && address >= start && address < atomic_load(&ranges[i].end))
			return &ranges[i];
	}
	return NULL;
}

/* Not ours: as if this handler were not there. By default the fault is met again, and kills. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(signal, info, context);
	else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN)
		(void)sigaction(SIGBUS, &previous, NULL);
	else
		previous.sa_handler(signal);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr, start = address & ~(page_size - 1);
	struct range *r = info->si_code == BUS_ADRERR ? range_of(address) : NULL;
	int saved_errno = errno;
	void *zeros;

	if (!r) {
		pass_on(signal, info, context);
		return;
	}
	atomic_store(&r->torn, true);
	/* To the end, where the file is gone as well: page by page, mappings would run out. */
	zeros = mmap((void *)start, atomic_load(&r->end) - start, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (zeros == MAP_FAILED)
		pass_on(signal, info, context);
	errno = saved_errno;
}

static int install(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (handler_installed)
		return 0;
	page_size = sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, &previous) < 0)
		return -errno;
	handler_installed = true;
	return 0;
}

int sigbus_watch(const void *start, size_t size, unsigned int *ret_range)
{
	int r;

	pthread_mutex_lock(&ranges_lock);
	r = install();
	for (unsigned int i = 0; r == 0; i++) {
		if (i == ARRAY_SIZE(ranges)) {
			r = -ENOSPC;
			break;
		}
		if (atomic_load(&ranges[i].start))
			continue;
		atomic_store(&ranges[i].torn, false);
		atomic_store(&ranges[i].end, (uintptr_t)start + size);
		atomic_store(&ranges[i].start, (uintptr_t)start);
		*ret_range = i;
		break;
	}
	pthread_mutex_unlock(&ranges_lock);
	return r;
}

void sigbus_unwatch(unsigned int range)
{
	atomic_store(&ranges[range].start, 0);
}

bool sigbus_torn(unsigned int range)
{
	return atomic_load(&ranges[range].torn);
}
