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

/* The thread is in a signal handler, or on the way to or from it: sample what was interrupted. */
static __noinline int leave_signal_handler(struct scratch *x)
{
	struct sample *s = &x->sample;

	if (!registers_from_signal(x))
		return 0;
	s->flags |= SAMPLE_IN_SIGNAL;
	if (s->go.curg && on_goroutine_stack(s))
		s->flags &= ~SAMPLE_ON_G0;
	return 0;
}

/* On the system stack: where the goroutine it works for will go on. */
static __noinline int goroutine_read(struct scratch *x)
{
	struct sample *s = &x->sample;
	uint32_t at = s->n_words + s->n_frames, size = 8 * SAMPLE_SCHED_WORDS;

	if (s->go.sched_sp && user_read(&x->data[INDEX(at)], size, s->go.sched_sp) == 0)
		s->n_sched_words = SAMPLE_SCHED_WORDS;
	chain_walk(at + s->n_sched_words, sched_chain_start(s));
	s->n_sched_frames = x->count;
	return 0;
}

/* In C code called from Go, all that matters is where the goroutine called it. */
static __always_inline bool is_in_c(const struct sample *s)
{
	return s->flags & SAMPLE_ON_G0 && s->go.curg && s->go.ncgo && s->go.syscall_sp;
}

static __noinline int stack_read(struct scratch *x)
{
	struct sample *s = &x->sample;

	words_read(x);
	if (!s->n_words)
		__sync_fetch_and_add(&count_no_stack, 1);
	s->chain = chain_start(s);
	if (!s->go.vdso_sp && !is_record(x, s->chain))
		chain_search();
	chain_walk(s->n_words, s->chain);
	s->n_frames = x->count;
	return 0;
}

/* What is left of the last sample, and not written in any case. */
static __always_inline void scratch_clear(struct scratch *x)
{
	struct sample *s = &x->sample;

	x->window_at = 0;
	s->flags = x->log_weight << SAMPLE_LOG_WEIGHT_AT;
	s->lr = 0;
	s->chain = 0;
	__builtin_memset(&s->go, 0, sizeof(s->go));
	s->n_words = 0;
	s->n_frames = 0;
	s->n_sched_words = 0;
	s->n_sched_frames = 0;
}

static __always_inline void sample_fill(struct scratch *x, struct tick *tick,
					struct task_struct *task)
{
	const struct exe_policy *policy = &x->process.policy;
	struct sample *s = &x->sample;

	scratch_clear(x);
	s->cpu = bpf_get_smp_processor_id();
	s->cgroup = x->process.cgroup;
	registers_read(x, tick, task);
	if (policy->verdict)
		s->flags |= SAMPLE_POLICY;
	if (policy->verdict == EXE_GO && go_read(s, policy, go_g_address(x, task, policy)))
		chain_find_signal(x);
	if (x->signal_frame)
		leave_signal_handler(x);
	if (!is_in_c(s))
		stack_read(x);
	if (s->flags & SAMPLE_ON_G0 && s->go.curg)
		goroutine_read(x);
}

static __always_inline bool sample_send(struct scratch *x, bool urgent)
{
	struct sample *s = &x->sample;
	uint32_t n = s->n_words + s->n_frames + s->n_sched_words + s->n_sched_frames;

	s->header.type = RECORD_SAMPLE;
	s->header.size = sizeof(*s) + 8 * INDEX(n);
	return ring_send(s, sizeof(*s) + 8 * INDEX(n), urgent);
}

/*
 * Have in x->process what is known of a process: from the last time, or else found out, and kept if
 * its executable has a policy. Returns true if user space is to be asked for one.
 */
static __always_inline bool process_learn(struct scratch *x, struct task_struct *task, uint32_t pid,
					  const struct known_process *known)
{
	struct exe_policy *policy;

	if (known && known->policy.verdict) {
		x->process = *known;
		return false;
	}
	process_read(task, &x->process);
	policy = bpf_map_lookup_elem(&policies, &x->process.exe);
	if (!policy)
		return true;
	if (policy->verdict) {
		x->process.policy = *policy;
		bpf_map_update_elem(&processes, &pid, &x->process,
				    setting_all ? BPF_ANY : BPF_EXIST);
	}
	return false;
}

/*
 * Is this tick one of those to be sampled? A cgroup that has a divisor gets one tick out of each
 * 2^k in a row of this CPU's, at a place chosen at random: so each has the same chance, whatever
 * rhythm the program has, and what runs all the time is sampled evenly.
 */
static __always_inline bool tick_counts(struct scratch *x, const struct cgroup_policy *policy)
{
	uint32_t ticks = x->ticks++, k, choice;

	x->log_weight = 0;
	if (!policy || !policy->log_weight)
		return true;
	k = policy->log_weight & SAMPLE_MAX_LOG_WEIGHT;
	choice = (ticks >> k) * 0x9e3779b1 + setting_seed + bpf_get_smp_processor_id();
	choice = (choice ^ choice >> 16) * 0x85ebca6b;
	choice = (choice ^ choice >> 13) * 0xc2b2ae35;
	choice ^= choice >> 16;
	x->log_weight = k;
	return ((choice ^ ticks) & ((1u << k) - 1)) == 0;
}

/* Where every process is sampled, what is known is asked of its cgroup anew each time: it may have
 * been moved. */
static __always_inline bool is_wanted(struct scratch *x, struct task_struct *task)
{
	x->process.cgroup = cgroup_of(task);
	return tick_counts(x, bpf_map_lookup_elem(&cgroups, &x->process.cgroup));
}

SEC("perf_event")
int sample(struct tick *tick)
{
	uint64_t id = bpf_get_current_pid_tgid();
	struct known_process *known;
	struct task_struct *task;
	struct scratch *x;
	bool ask;

	if (!id || (setting_all && id >> 32 == setting_own_pid))
		return 0;
	known = process_find(id >> 32);
	if (!setting_all && !known)
		return 0;
	task = current_task();
	if (!kernel_read(task, mm) || kernel_read(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return 0;
	x = scratch_get();
	if (!x)
		return 0;
	ask = process_learn(x, task, id >> 32, known);
	if (x->process.policy.verdict == EXE_IGNORE)
		return 0;
	if (setting_all && !is_wanted(x, task))
		return 0;
	header_fill(&x->sample.header, &x->process, id);
	sample_fill(x, tick, task);
	if (!sample_send(x, ask))
		__sync_fetch_and_add(&count_lost, 1ull << (x->log_weight & SAMPLE_MAX_LOG_WEIGHT));
	else if (ask)
		policy_ask(&x->sample.header.exe);
	return 0;
}

/* About @task, which may be another one than current. */
static __always_inline void event_send(struct task_struct *task, uint32_t type, uint32_t parent,
				       const struct known_process *process, bool wake)
{
	uint64_t pid = kernel_read(task, tgid), tid = kernel_read(task, pid);
	struct process_event e = {};

	header_fill(&e.header, process, pid << 32 | tid);
	e.header.type = type;
	e.header.size = sizeof(e);
	e.parent_pid = parent;
	e.cgroup = process->cgroup;
	ring_send(&e, sizeof(e), wake);
}

static __always_inline bool cgroup_is_known(const struct known_process *process)
{
	struct cgroup_policy *policy = bpf_map_lookup_elem(&cgroups, &process->cgroup);

	return policy && policy->is_known;
}

/*
 * The sooner user space hears of it, the surer it can still open the file, and see where it runs.
 */
SEC("tp_btf/sched_process_exec")
int process_exec(uint64_t *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	uint32_t pid = kernel_read(task, tgid);
	struct exe_policy *policy;
	struct known_process process;

	if (!setting_all && !process_find(pid))
		return 0;
	process_forget(pid);
	process_read(task, &process);
	policy = bpf_map_lookup_elem(&policies, &process.exe);
	if (setting_all && policy && policy->verdict == EXE_IGNORE)
		return 0;
	event_send(task, RECORD_EXEC, 0, &process,
		   !policy || !policy->verdict || (setting_all && !cgroup_is_known(&process)));
	if (setting_all && policy && policy->verdict) {
		process.policy = *policy; /* so that its end is told, too, if it is never sampled */
		bpf_map_update_elem(&processes, &pid, &process, BPF_ANY);
	}
	return 0;
}

/*
 * Processes come into a container by birth, or they are moved there: as docker exec and kubectl
 * exec have it, a process from outside joins the cgroup, or is born into it by clone3(2). Which
 * cgroup of which hierarchy stands for a container is more than is to be known here, so of each
 * move, and of each such birth, user space is told; both are rare. A css_set stands for one cgroup
 * of every hierarchy, v1 and v2, so two processes with the same one are in the same container.
 */
static __always_inline bool is_born_elsewhere(struct task_struct *parent, struct task_struct *child)
{
	return (uint64_t)kernel_read(parent, cgroups) != (uint64_t)kernel_read(child, cgroups);
}

static __always_inline void tell_move(struct task_struct *task)
{
	struct known_process process;

	process_read(task, &process);
	event_send(task, RECORD_MOVE, 0, &process, true);
}

/* Loaded only if processes are chosen by their cgroup. */
SEC("tp_btf/cgroup_attach_task")
int process_move(uint64_t *args)
{
	tell_move((struct task_struct *)args[2]);
	return 0;
}

/* Loaded only if descendants are to be watched, too. */
SEC("tp_btf/sched_process_fork")
int process_fork(uint64_t *args)
{
	struct task_struct *parent = (struct task_struct *)args[0];
	struct task_struct *child = (struct task_struct *)args[1];
	uint32_t parent_pid = kernel_read(parent, tgid), pid = kernel_read(child, tgid);
	struct known_process process = {};

	if (pid == parent_pid)
		return 0; /* a thread */
	if (setting_by_cgroup && is_born_elsewhere(parent, child)) {
		tell_move(child);
		return 0;
	}
	if (!process_find(parent_pid))
		return 0; /* none of ours */
	if (bpf_map_update_elem(&processes, &pid, &process, BPF_ANY))
		__sync_fetch_and_add(&count_unwatched, 1);
	process_read(child, &process);
	event_send(child, RECORD_FORK, parent_pid, &process, false);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int process_exit(uint64_t *args)
{
	struct task_struct *task = (struct task_struct *)args[0];
	struct signal_struct *group = kernel_read(task, signal);
	uint32_t pid = kernel_read(task, tgid);
	struct known_process *known = process_find(pid), process;

	if (!known || kernel_read(group, live.counter) != 0)
		return 0;
	bool ignored = known->policy.verdict == EXE_IGNORE;

	if (bpf_map_delete_elem(&processes, &pid) || (setting_all && ignored))
		return 0; /* if not there: the last two threads met here, the other was first */
	process_read(task, &process);
	event_send(task, RECORD_EXIT, 0, &process, !setting_all);
	return 0;
}
