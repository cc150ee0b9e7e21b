/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/cold.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pgo/trim.h"

#define LOOK_BACK 256 /* steps; no compiler inlines so deep */

static const char shipped[] =
	"google.golang.org/grpc/internal/transport.(*loopyWriter).processData\n"
	"runtime.gopark\n";

struct name {
	struct span text; /* without the "*" */
	bool prefix;
};

struct cold_list {
	char *text;
	size_t size;
	struct name names[COLD_MAX_NAMES];
	size_t n;
};

/* ---- the list ---------------------------------------------------------------------------- */

static bool same(const struct name *a, const struct name *b)
{
	return a->prefix == b->prefix && a->text.size == b->text.size &&
	       !memcmp(a->text.data, b->text.data, a->text.size);
}

static void take_off(struct cold_list *l, const struct name *name)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!same(&l->names[i], name))
			l->names[n++] = l->names[i];
	l->n = n;
}

static bool add_line(struct cold_list *l, struct span line)
{
	struct span text = line, comment = line;

	if (memchr(line.data, '#', line.size))
		text_cut(&comment, '#', &text);
	text_skip_blanks(&text);
	while (text.size && strchr(" \t\r", text.data[text.size - 1]))
		text.size--;
	bool off = text_skip(&text, "-");
	struct name name = { .text = text, .prefix = text.size && text.data[text.size - 1] == '*' };
	if (!text.size)
		return !off;
	name.text.size -= name.prefix;
	if (!name.text.size || name.text.size > COLD_MAX_NAME || l->n == COLD_MAX_NAMES ||
	    memchr(name.text.data, ' ', name.text.size))
		return false;
	if (off)
		take_off(l, &name);
	else
		l->names[l->n++] = name;
	return true;
}

struct span cold_text(const struct cold_list *l)
{
	return span_of(l->text, l->size);
}

int cold_new(struct span user, struct cold_list **ret_list, size_t *ret_line)
{
	struct cold_list *l = calloc(1, sizeof(*l));
	size_t head = sizeof(shipped) - 1;

	if (l)
		l->text = malloc(head + user.size);
	if (!l || !l->text) {
		cold_free(l);
		return -ENOMEM;
	}
	memcpy(l->text, shipped, head);
	if (user.size)
		memcpy(l->text + head, user.data, user.size);
	l->size = head + user.size;
	struct span rest = cold_text(l), line;
	for (size_t n = 0; text_line(&rest, &line); n++) {
		if (line.size && !add_line(l, line)) {
			*ret_line = n - 1; /* of the user's, from 1: two are shipped */
			cold_free(l);
			return COLD_E_WRONG;
		}
	}
	*ret_list = l;
	return 0;
}

struct cold_list *cold_free(struct cold_list *l)
{
	if (l)
		free(l->text);
	free(l);
	return NULL;
}

bool cold_has(const struct cold_list *l, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < l->n; i++) {
		const struct name *n = &l->names[i];

		if (size < n->text.size || memcmp(name, n->text.data, n->text.size) != 0)
			continue;
		if (n->prefix || size == n->text.size || name[n->text.size] == '[')
			return true;
	}
	return false;
}

/* ---- the profile ------------------------------------------------------------------------- */

/* One step of a stack, outermost first. */
struct step {
	struct pprof_line line;
	uint64_t address;
	bool inner; /* of the innermost location */
};

struct applying {
	const struct cold_list *list;
	struct pprof_profile *from, *to;
	uint32_t *cold; /* of from's functions: the one in to that stands for it, or PPROF_NONE */
	uint32_t *functions; /* of from to those of to */
	bool *called;
	struct step *steps;
	struct pprof_line *lines;
	size_t n_steps, room;
	uint32_t *stack;
	size_t depth;
	struct cold_effect effect;
};

static void applying_fini(struct applying *a)
{
	pprof_free(a->to);
	free(a->cold);
	free(a->functions);
	free(a->called);
	free(a->steps);
	free(a->lines);
	free(a->stack);
}

static int copy_functions(struct applying *a, bool *ret_any)
{
	size_t n = pprof_n_functions(a->from);
	char text[sizeof(COLD_PREFIX) + COLD_MAX_NAME];
	int r = 0;

	a->cold = reallocarray(NULL, n + 1, sizeof(*a->cold));
	a->functions = reallocarray(NULL, n + 1, sizeof(*a->functions));
	a->called = calloc(n + 1, sizeof(*a->called));
	if (!a->cold || !a->functions || !a->called)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct pprof_function f = pprof_function(a->from, i);

		a->cold[i] = PPROF_NONE;
		r = pprof_add_function(a->to, &f, &a->functions[i]);
		if (r != 0 || !cold_has(a->list, f.name))
			continue;
		*ret_any = true;
		size_t size = strnlen(f.name, COLD_MAX_NAME);
		memcpy(text, COLD_PREFIX, sizeof(COLD_PREFIX) - 1);
		memcpy(text + sizeof(COLD_PREFIX) - 1, f.name, size);
		text[sizeof(COLD_PREFIX) - 1 + size] = '\0';
		f.name = text;
		r = pprof_add_function(a->to, &f, &a->cold[i]);
	}
	return r;
}

static int make_room(struct applying *a, size_t n)
{
	if (n <= a->room)
		return 0;
	struct step *steps = reallocarray(a->steps, n * 2, sizeof(*steps));
	a->steps = steps ? steps : a->steps;
	struct pprof_line *lines = reallocarray(a->lines, n * 2, sizeof(*lines));
	a->lines = lines ? lines : a->lines;
	if (!steps || !lines)
		return -ENOMEM;
	a->room = n * 2;
	return 0;
}

static int flatten(struct applying *a, const struct pprof_sample *s)
{
	a->n_steps = 0;
	for (size_t k = s->n_locations < 2 ? s->n_locations : 2; k-- > 0;) {
		const struct pprof_location l = pprof_location(a->from, s->locations[k]);

		int r = make_room(a, a->n_steps + l.n_lines);
		if (r != 0)
			return r;
		for (size_t i = l.n_lines; i-- > 0;)
			a->steps[a->n_steps++] = (struct step){ l.lines[i], l.address, k == 0 };
	}
	return 0;
}

static bool same_node(const struct step *a, const struct step *b)
{
	return a->line.function == b->line.function && a->line.line == b->line.line &&
	       a->address == b->address;
}

/* Is this step the call of a cold function? One from a node to itself is no call (pgo/edges.h). */
static bool is_cold_call(const struct applying *a, size_t step)
{
	const struct step *callee = &a->steps[step], *caller = callee - 1;

	return a->cold[callee->line.function] != PPROF_NONE && !same_node(caller, callee);
}

/* A step that a stack takes once more, in recursion, counts once a sample (pgo/edges.h). */
static bool was_taken(const struct applying *a, size_t step)
{
	for (size_t i = step > LOOK_BACK ? step - LOOK_BACK : 1; i < step; i++)
		if (same_node(&a->steps[i], &a->steps[step]) &&
		    same_node(&a->steps[i - 1], &a->steps[step - 1]))
			return true;
	return false;
}

/* The part of steps [first, last] that lies in one location; innermost first in *ret_location. */
static int add_part(struct applying *a, const struct pprof_sample *s, size_t first, size_t last,
		    bool inner, bool renamed, uint32_t *ret_location)
{
	size_t n = 0;

	for (size_t i = last + 1; i-- > first;) {
		const struct step *step = &a->steps[i];

		if (step->inner != inner)
			continue;
		a->lines[n] = step->line;
		a->lines[n++].function = renamed && i == last ? a->cold[step->line.function]
							      : a->functions[step->line.function];
	}
	if (!n)
		return 0;
	struct pprof_location l = pprof_location(a->from, s->locations[inner ? 0 : 1]);
	l.lines = a->lines;
	l.n_lines = n;
	return pprof_add_location(a->to, &l, ret_location);
}

/* Steps [first, last] as a sample of its own. */
static int add_fragment(struct applying *a, const struct pprof_sample *s, size_t first, size_t last,
			bool renamed)
{
	uint32_t stack[2], n = 0;
	const int64_t values[] = { s->values[0], first ? 0 : s->values[1] };
	int r = 0;

	for (int inner = 1; r == 0 && inner >= 0; inner--) {
		uint32_t location = PPROF_NONE;

		r = add_part(a, s, first, last, inner, renamed && a->steps[last].inner == inner,
			     &location);
		if (location != PPROF_NONE)
			stack[n++] = location;
	}
	const struct pprof_sample fragment = { .locations = stack,
					       .n_locations = n,
					       .values = values };
	return r ? r : pprof_add_sample(a->to, &fragment, NULL);
}

static int copy_whole(struct applying *a, const struct pprof_sample *s)
{
	int r = 0;

	if (s->n_locations > a->depth) {
		uint32_t *stack = reallocarray(a->stack, s->n_locations, sizeof(*stack));

		if (!stack)
			return -ENOMEM;
		a->stack = stack;
		a->depth = s->n_locations;
	}
	for (size_t k = 0; r == 0 && k < s->n_locations; k++) {
		struct pprof_location l = pprof_location(a->from, s->locations[k]);
		size_t n = l.n_lines;

		r = make_room(a, n);
		if (r != 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			a->lines[i] = l.lines[i];
			a->lines[i].function = a->functions[l.lines[i].function];
		}
		l.lines = a->lines;
		r = pprof_add_location(a->to, &l, &a->stack[k]);
	}
	const struct pprof_sample copy = { .locations = a->stack,
					   .n_locations = s->n_locations,
					   .values = s->values };
	return r ? r : pprof_add_sample(a->to, &copy, NULL);
}

static bool has_cold_call(const struct applying *a)
{
	for (size_t i = 1; i < a->n_steps; i++)
		if (is_cold_call(a, i))
			return true;
	return false;
}

static void count_call(struct applying *a, const struct pprof_sample *s, uint32_t function)
{
	a->effect.functions += !a->called[function];
	a->effect.weight += s->values[0];
	a->called[function] = true;
}

/* Cut at each cold call, and where a step was taken before: that one is in another part. */
static int add_fragments(struct applying *a, const struct pprof_sample *s)
{
	size_t first = 0;
	int r = 0;

	for (size_t i = 1; r == 0 && i <= a->n_steps; i++) {
		bool again = i == a->n_steps || was_taken(a, i),
		     cold = !again && is_cold_call(a, i);
		size_t last = again ? i - 1 : i;

		if (!again && !cold)
			continue;
		if (cold)
			count_call(a, s, a->steps[i].line.function);
		/* One function alone calls nothing. */
		if (last > first)
			r = add_fragment(a, s, first, last, cold);
		first = i;
	}
	return r;
}

static int apply_to(struct applying *a, const struct pprof_sample *s)
{
	int r = flatten(a, s);

	if (r != 0)
		return r;
	return has_cold_call(a) ? add_fragments(a, s) : copy_whole(a, s);
}

int cold_apply(const struct cold_list *l, struct pprof_profile *from, struct pprof_profile **ret_to,
	       struct cold_effect *ret_effect)
{
	_cleanup_(applying_fini) struct applying a = { .list = l, .from = from };
	bool any = false;
	int r = trim_new(&a.to);

	*ret_to = NULL;
	*ret_effect = (struct cold_effect){ 0 };
	if (r == 0)
		r = copy_functions(&a, &any);
	if (r != 0 || !any)
		return r > 0 ? -E2BIG : r;
	for (size_t i = 0; r == 0 && i < pprof_n_samples(from); i++) {
		const struct pprof_sample s = pprof_sample(from, i);

		r = apply_to(&a, &s);
	}
	if (r != 0)
		return r > 0 ? -E2BIG : r;
	*ret_to = TAKE_PTR(a.to);
	*ret_effect = a.effect;
	return 0;
}
