/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sampling program. On each tick of a CPU's clock event it copies what is needed of the running
 * thread into the ring; and it tells when a watched process runs another program, has a child or
 * ends. Nothing is decided here, see sample.h.
 *
 * One object for all kernels from 5.10 on, built once for each architecture.
 */
#include "bpf/arch.bpf.h"
#include "bpf/chain.bpf.h"
#include "bpf/go.bpf.h"
#include "bpf/process.bpf.h"
#include "bpf/ring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The context of a perf event program, as far as it is used. */
struct tick {
	struct user_registers registers;
};

/*
 * The user's registers: those the tick interrupted, or where it hit the kernel, those saved at
 * entry to it. Before Linux 5.15 there is no call for the latter, but they lie at the very top of
 * the kernel stack; later kernels may have padding above them.
 */
static __always_inline void registers_read(struct scratch *x, struct tick *tick,
					   struct task_struct *task)
{
	struct pt_regs *entry;

	if (!registers_are_kernel(&tick->registers)) {
		registers_from_tick(x, &tick->registers);
		return;
	}
	x->sample.flags |= SAMPLE_KERNEL;
	if (HAVE_TASK_POINTERS)
		entry = (struct pt_regs *)bpf_task_pt_regs(task);
	else
		entry = (void *)((uint64_t)kernel_read(task, stack) + setting_stack_bytes -
				 bpf_core_type_size(struct pt_regs));
	registers_from_entry(x, entry);
}

/*
 * The words at sp: a few, or many where the frame pointer points nowhere near and the caller has to
 * be searched. Next to the end of a mapping fewer can be had: halve until it works.
 */
static __always_inline void words_read(struct scratch *x)
{
	struct sample *s = &x->sample;
	uint64_t above = s->fp - s->sp;
	uint32_t size = 8 * SAMPLE_WORDS;

	if (s->fp && above >= SAMPLE_NEAR_BYTES)
		size = 8 * SAMPLE_MAX_WORDS;
	for (int i = 0; i < 10 && size >= 8; i++, size /= 2) {
		if (user_read(x->data, size & (16 * SAMPLE_MAX_WORDS - 1), s->sp) == 0) {
			s->n_words = size / 8;
			return;
		}
	}
}

/* A Go thread in a signal handler: sample what the signal interrupted. */
static __always_inline void leave_signal_handler(struct scratch *x, const struct exe_policy *policy)
{
	struct sample *s = &x->sample;
	uint64_t f = chain_find_sigtramp(x, policy, s->fp);

	if (!f || !registers_from_signal(x, f, policy))
		return;
	s->flags |= SAMPLE_IN_SIGNAL;
	if (s->go.curg && on_goroutine_stack(x))
		s->flags &= ~SAMPLE_ON_G0;
}

/* On the system stack: where the goroutine it works for will go on. */
static __always_inline void goroutine_read(struct scratch *x, const struct exe_policy *policy,
					   uint32_t at)
{
	struct sample *s = &x->sample;
	uint32_t size = 8 * SAMPLE_SCHED_WORDS;

	if (s->go.sched_sp && user_read(&x->data[INDEX(at)], size, s->go.sched_sp) == 0) {
		s->n_sched_words = SAMPLE_SCHED_WORDS;
		at += SAMPLE_SCHED_WORDS;
	}
	chain_walk(x, policy, at, s->go.sched_bp);
	s->n_sched_frames = x->count;
}

static __always_inline void stack_read(struct scratch *x, const struct exe_policy *policy)
{
	struct sample *s = &x->sample;

	words_read(x);
	if (!s->n_words)
		__sync_fetch_and_add(&count_no_stack, 1);
	chain_walk(x, policy, s->n_words, chain_start(s));
	s->n_frames = x->count;
	if (policy && s->flags & SAMPLE_ON_G0 && s->go.curg)
		goroutine_read(x, policy, s->n_words + s->n_frames);
}

/* The parts of a sample that are not written in any case. */
static __always_inline void sample_clear(struct sample *s)
{
	s->flags = 0;
	s->lr = 0;
	__builtin_memset(&s->go, 0, sizeof(s->go));
	s->n_words = 0;
	s->n_frames = 0;
	s->n_sched_words = 0;
	s->n_sched_frames = 0;
}

static __always_inline void sample_fill(struct scratch *x, struct tick *tick,
					struct task_struct *task, const struct exe_policy *policy)
{
	struct sample *s = &x->sample;

	sample_clear(s);
	s->cpu = bpf_get_smp_processor_id();
	s->cgroup = bpf_get_current_cgroup_id();
	registers_read(x, tick, task);
	if (policy) {
		s->flags |= SAMPLE_POLICY;
		if (policy->verdict != EXE_GO)
			policy = NULL;
	}
	if (policy && go_read(x, policy, go_g_address(x, task, policy)))
		leave_signal_handler(x, policy);
	stack_read(x, policy);
}

static __always_inline void sample_send(struct scratch *x, bool known, bool asked)
{
	struct sample *s = &x->sample;
	uint32_t n = s->n_words + s->n_frames + s->n_sched_words + s->n_sched_frames;

	s->header.type = RECORD_SAMPLE;
	s->header.size = sizeof(*s) + 8 * INDEX(n);
	if (ring_send(s, sizeof(*s) + 8 * INDEX(n), !known && !asked) && !known && !asked)
		policy_ask(&s->header.exe);
}

SEC("perf_event")
int sample(struct tick *tick)
{
	uint64_t id = bpf_get_current_pid_tgid();
	uint32_t pid = id >> 32;

	if (!id || pid == setting_own_pid || (!setting_all && !is_watched(pid)))
		return 0;

	struct task_struct *task = current_task();
	struct scratch *x = scratch_get();

	if (!x || !kernel_read(task, mm) || kernel_read(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return 0;
	header_fill(&x->sample.header, task);

	struct exe_policy *policy = bpf_map_lookup_elem(&policies, &x->sample.header.exe);
	bool known = policy && policy->verdict;

	if (known && policy->verdict == EXE_IGNORE)
		return 0;
	sample_fill(x, tick, task, known ? policy : NULL);
	sample_send(x, known, policy);
	return 0;
}

static __always_inline void event_send(struct task_struct *task, uint32_t type, uint32_t parent,
				       bool wake)
{
	struct process_event e = {};

	header_fill(&e.header, task);
	e.header.type = type;
	e.header.size = sizeof(e);
	e.parent_pid = parent;
	e.cgroup = bpf_get_current_cgroup_id();
	ring_send(&e, sizeof(e), wake);
}

/* The sooner user space hears of it, the surer it can still open the file. */
SEC("tp_btf/sched_process_exec")
int process_exec(uint64_t *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	struct mm_struct *mm = kernel_read(task, mm);
	struct exe_policy *policy;
	struct exe_key exe = {};

	if (!mm || (!setting_all && !is_watched(kernel_read(task, tgid))))
		return 0;
	exe_of(mm, &exe);
	policy = bpf_map_lookup_elem(&policies, &exe);
	if (setting_all && policy && policy->verdict == EXE_IGNORE)
		return 0;
	event_send(task, RECORD_EXEC, 0, !policy || !policy->verdict);
	return 0;
}

/* Loaded only if descendants are wanted. */
SEC("tp_btf/sched_process_fork")
int process_fork(uint64_t *args)
{
	struct task_struct *parent = (struct task_struct *)args[0];
	struct task_struct *child = (struct task_struct *)args[1];
	uint32_t parent_pid = kernel_read(parent, tgid), pid = kernel_read(child, tgid);
	uint8_t one = 1;

	if (pid == parent_pid || !is_watched(parent_pid))
		return 0; /* a thread, or none of ours */
	if (bpf_map_update_elem(&watched, &pid, &one, BPF_ANY))
		__sync_fetch_and_add(&count_unwatched, 1);
	event_send(child, RECORD_FORK, parent_pid, false);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int process_exit(uint64_t *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	struct signal_struct *group = kernel_read(task, signal);
	uint32_t pid = kernel_read(task, tgid);

	if (!is_watched(pid) || kernel_read(group, live.counter) != 0)
		return 0;
	if (bpf_map_delete_elem(&watched, &pid))
		return 0; /* the last two threads came here at once, and the other was first */
	event_send(task, RECORD_EXIT, 0, false);
	return 0;
}
