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

static __always_inline int stack_read(struct scratch *x)
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
	const struct exe_policy *policy = &sampled(x)->policy;
	struct sample *s = &x->sample;

	scratch_clear(x);
	s->cpu = bpf_get_smp_processor_id();
	s->cgroup = sampled(x)->cgroup;
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
 * Is what is known of a process all there is to know, and still true? Where every process is
 * sampled, it may have been moved to another cgroup.
 */
static __always_inline bool process_holds(const struct known_process *known,
					  struct task_struct *task)
{
	return known->policy.verdict &&
	       (!setting_all || known->groups == (uint64_t)kernel_read(task, cgroups));
}

/*
 * Find out what there is to know of a process, and keep it if its executable has a policy; but not
 * of one that ends: process_exit() may have been here already, while it still has its memory (Linux
 * 6.16 and later), and what is kept would be taken for the next process of this number. Returns
 * true if user space is to be asked for a policy. A function of its own, as few samples need it:
 * what each sample runs through is to be short, for at a low rate it is in no cache.
 */
static __noinline bool process_learn(struct recent_process *r, struct task_struct *task,
				     uint32_t pid)
{
	struct known_process *known = process_find(pid);
	struct exe_policy *policy;

	r->pid = pid;
	r->uses = RECENT_USES;
	if (!known && !setting_all) {
		r->process.policy.verdict = EXE_IGNORE;
		return false;
	}
	if (known && process_holds(known, task)) {
		r->process = *known;
		/* The map may have given its place to another process meanwhile. */
		if (r->process.start_time == start_time_of(task))
			return false;
	}
	process_read(task, &r->process);
	policy = bpf_map_lookup_elem(&policies, &r->process.exe);
	if (policy)
		r->process.policy = *policy;
	if (r->process.policy.verdict && !(kernel_read(task, flags) & PF_EXITING))
		bpf_map_update_elem(&processes, &pid, &r->process,
				    setting_all ? BPF_ANY : BPF_EXIST);
	else
		r->pid = 0;
	return !policy;
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

static __always_inline bool is_wanted(struct scratch *x)
{
	struct cgroup_policy *policy = NULL;

	if (any_special)
		policy = bpf_map_lookup_elem(&cgroups, &sampled(x)->cgroup);
	if (policy && policy->is_unwanted)
		return false;
	return tick_counts(x, policy);
}

SEC("perf_event")
int sample(struct tick *tick)
{
	struct task_struct *task = current_task();
	uint32_t pid = kernel_read(task, tgid), change;
	struct recent_process *r;
	struct scratch *x;
	bool known, ask = false;

	if (!pid || (setting_all && pid == setting_own_pid))
		return 0;
	x = scratch_get();
	if (!x)
		return 0;
	x->slot = pid;
	r = &x->recent[pid % RECENT_PROCESSES];
	change = *(volatile uint32_t *)&process_changes[pid % SAMPLE_CHANGES];
	known = r->pid == pid && r->change == change && r->uses;
	r->uses -= known;
	if (known && r->process.policy.verdict == EXE_IGNORE)
		return 0;
	if (!kernel_read(task, mm) || kernel_read(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return 0;
	if (!known || !process_holds(&r->process, task)) {
		ask = process_learn(r, task, pid);
		r->change = change;
		if (r->process.policy.verdict == EXE_IGNORE)
			return 0;
	}
	if (setting_all && !is_wanted(x))
		return 0;
	header_fill(&x->sample.header, &r->process, pid, kernel_read(task, pid));
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
	struct process_event e = {};

	header_fill(&e.header, process, kernel_read(task, tgid), kernel_read(task, pid));
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
	struct known_process process = {};
	struct exe_policy *policy;

	if (process_find(pid))
		process_forget(pid);
	else if (!setting_all)
		return 0;
	process_changed(pid);
	exe_of(kernel_read(task, mm), &process.exe);
	policy = bpf_map_lookup_elem(&policies, &process.exe);
	if (setting_all && policy && policy->verdict == EXE_IGNORE)
		return 0; /* most of what is run on a node: no more of it is needed */
	process_read(task, &process);
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

/*
 * Loaded only if processes are chosen by their cgroup, or all are sampled. By then the process is
 * there, and the css_set it had may be free: another one can have its address, so what is known of
 * the process must not be found by it any more.
 */
SEC("tp_btf/cgroup_attach_task")
int process_move(uint64_t *args)
{
	struct task_struct *task = (struct task_struct *)args[2];
	uint32_t pid = kernel_read(task, tgid);
	struct known_process *known = process_find(pid);

	if (known)
		known->groups = 0;
	process_changed(pid);
	if (setting_by_cgroup)
		tell_move(task);
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
	process_changed(pid);
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
	struct known_process *known, process;

	if (kernel_read(group, live.counter) != 0)
		return 0;
	known = process_find(pid);
	bool ignored = known && known->policy.verdict == EXE_IGNORE;
	bool gone = known && bpf_map_delete_elem(&processes, &pid) == 0;

	process_changed(pid);
	if (!gone || (setting_all && ignored))
		return 0; /* if not there: the last two threads met here, the other was first */
	process_read(task, &process);
	event_send(task, RECORD_EXIT, 0, &process, !setting_all);
	return 0;
}

/*
 * Of no event: user space has it run, with the number of one of its open files, to learn that
 * file's key. What it opens as a process's executable may be another than the one it was told of,
 * as the process may have gone on to run another program.
 */
SEC("raw_tp")
int file_ask(uint64_t *args)
{
	struct fdtable *table = BPF_CORE_READ(current_task(), files, fdt);
	struct file *file = NULL, **files = BPF_CORE_READ(table, fd);
	uint64_t fd = args[0];

	__builtin_memset(&file_key, 0, sizeof(file_key));
	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	if (file)
		key_of(file, &file_key);
	return 0;
}
