/* SPDX-License-Identifier: Apache-2.0 */
/* capture, with the twin's program: both skeletons have one name and one guard, the first wins. */
#include "bpf/sample.h" /* whose types it has */

#include "tests/replay/twin.skel.h"

#include "agent/capture/capture.c"
#include "tests/replay/twin.h"

void twin_counts(const struct capture *c, uint64_t *ret_sent, uint64_t *ret_failed)
{
	*ret_sent = c->bpf->bss->count_signals;
	*ret_failed = c->bpf->bss->count_no_signal;
}
