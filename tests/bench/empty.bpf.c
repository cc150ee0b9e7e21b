/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a sampling program can be: what ours is measured against. */
#define SEC(name) __attribute__((section(name), used))

char LICENSE[] SEC("license") = "GPL";

SEC("perf_event")
int empty(void *context)
{
	(void)context;
	return 0;
}
