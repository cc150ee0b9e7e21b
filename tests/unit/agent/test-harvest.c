/* SPDX-License-Identifier: Apache-2.0 */
/* Which tallies of a window are done with, and when: rules may ask for names that come late. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/groups.h"
#include "agent/harvest.h"
#include "libpprof/pprof.h"
#include "tests/unit/agent/fake-kube.h"
#include "tests/unit/binary/fake.h"

/* Of pods, but for the one that is not in any. */
enum { FIRST, OUTSIDE, SECOND, THIRD, N_TALLIES };

static const struct target_rule of_shop = { .namespace = "shop", .action = RULE_IGNORE };

struct bench {
	char folder[32];
	struct build build;
	struct names names;
	struct target_rules rules;
	struct agent_group groups[N_TALLIES];
	struct harvest harvest;
	char service[64]; /* of the last profile that was made */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void open_build(struct bench *b)
{
	static const struct fake_function function = {
		.name = "runtime.goexit", .size = 16, .func_id = 8, .flags = 5
	};
	const struct fake fake = {
		.functions = &function,
		.n_functions = 1,
		.modinfo = "path\tcmd/api\nmod\tcmd\n",
	};
	struct buf file = BUF_INIT(1 << 20);
	int fd = open("api", O_RDWR | O_CREAT | O_CLOEXEC, 0755);

	fake_build(&fake, &file);
	assert_int_equal(write(fd, file.data, file.size), file.size);
	assert_int_equal(binary_open(fd, &b->build.binary), 0);
	close(fd);
	buf_fini(&file);
	b->build.path = strdup("/bin/api");
	assert_non_null(b->build.path);
}

static struct place place_of(unsigned int i)
{
	struct place p = { 0 };

	if (i == OUTSIDE)
		return p;
	snprintf(p.container.text, sizeof(p.container.text), "%064x", i + 1);
	snprintf(p.pod_uid, sizeof(p.pod_uid), "1234abcd-0000-1111-2222-%012x", i + 1);
	return p;
}

/* What the kubelet makes of a container, by which its pod becomes known. */
static void tell_of(unsigned int i)
{
	struct place p = place_of(i);
	char link[256], target[256];

	snprintf(link, sizeof(link), "containers/web-%u_shop_api-%s.log", i, p.container.text);
	snprintf(target, sizeof(target), "/var/log/pods/shop_web-%u_%s/api/0.log", i, p.pod_uid);
	assert_int_equal(symlink(target, link), 0);
}

static void end_group(struct group *group)
{
	(void)group;
}

static void init_groups(struct bench *b)
{
	for (unsigned int i = 0; i < N_TALLIES; i++)
		b->groups[i] = (struct agent_group){
			.base = { .references = 1, .end = end_group },
			.place = place_of(i),
		};
}

static void begin_harvest(struct bench *b)
{
	const struct harvest_facts facts = { .duration = 1, .period = 1 };
	struct tallies tallies = TALLIES_NULL;
	struct tally *t;

	for (unsigned int i = 0; i < N_TALLIES; i++)
		assert_int_equal(tallies_get(&tallies, &b->build, &b->groups[i].base, 1 << 16, &t),
				 0);
	harvest_begin(&b->harvest, &tallies, &facts);
}

static int setup(void **state)
{
	struct agent_config config = {
		.host = { .containers = "containers" },
		.kubernetes = { .enable = CONFIG_OFF },
	};
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	*state = b;
	b->names = (struct names)NAMES_NULL;
	b->rules = (struct target_rules){ .rules = &of_shop, .n = 1, .otherwise = RULE_IGNORE };
	strcpy(b->folder, "/tmp/test-harvest-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(chdir(b->folder), 0);
	assert_int_equal(mkdir("containers", 0755), 0);
	assert_int_equal(names_open(&b->names, &config, "node", NULL, NULL), 0);
	open_build(b);
	init_groups(b);
	begin_harvest(b);
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	harvest_fini(&b->harvest);
	names_close(&b->names);
	binary_free(b->build.binary);
	free(b->build.path);
	nftw(b->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(b);
	return chdir("/");
}

static int next(struct bench *b, bool final)
{
	const struct harvest_naming naming = { .rules = &b->rules,
					       .names = &b->names,
					       .final = final };
	struct labels labels = LABELS_NULL;
	struct harvested profile = { .id = "" };
	uint8_t *pprof = NULL;
	int r = harvest_next(&b->harvest, &naming, &profile, &pprof, &labels);

	assert_true(!pprof == (r != 0));
	assert_true(!profile.id[0] == (r != 0)); /* random numbers are for those that are made */
	if (r == 0)
		snprintf(b->service, sizeof(b->service), "%s",
			 labels_value(&labels, "service_name"));
	free(pprof);
	labels_fini(&labels);
	return r;
}

/* Until all that are left wait, or nothing is left. How many were done with. */
static unsigned int go_round(struct bench *b, bool final)
{
	unsigned int done = 0;

	for (int i = 0; i <= N_TALLIES && !harvest_is_done(&b->harvest); i++) {
		int r = next(b, final);

		if (r == HARVEST_E_WAITS)
			return done;
		assert_true(r == 0 || r == HARVEST_E_UNWANTED || (r == HARVEST_E_LATER && !final));
		done += r != HARVEST_E_LATER;
	}
	assert_true(harvest_is_done(&b->harvest));
	return done;
}

static bool is_there(const struct bench *b, unsigned int i)
{
	return b->groups[i].base.references == 2;
}

static void those_without_names_wait(void **state)
{
	struct bench *b = *state;

	assert_int_equal(go_round(b, false), 1);
	assert_false(is_there(b, OUTSIDE));
	assert_int_equal(go_round(b, false), 0);
	assert_int_equal(b->build.users, 3);
	tell_of(SECOND);
	assert_int_equal(go_round(b, false), 1);
	assert_true(is_there(b, FIRST) && !is_there(b, SECOND) && is_there(b, THIRD));
	assert_false(harvest_is_done(&b->harvest));
	tell_of(FIRST);
	tell_of(THIRD);
	assert_int_equal(go_round(b, false), 2);
	assert_true(harvest_is_done(&b->harvest));
	assert_int_equal(b->build.users, 0);
	assert_int_equal(b->harvest.counters.unwanted, N_TALLIES);
}

/* Time may be up in the middle of a round, when some were put back. */
static void in_the_end_none_waits(void **state)
{
	struct bench *b = *state;

	assert_int_equal(next(b, false), HARVEST_E_LATER);
	assert_int_equal(next(b, false), HARVEST_E_LATER);
	assert_int_equal(go_round(b, true), N_TALLIES);
	assert_int_equal(b->build.users, 0);
	assert_int_equal(b->harvest.counters.unwanted, N_TALLIES);
}

/* No rule asks for anything, but the service's name may be among what is not known. */
static void what_no_rule_asks_for(void **state)
{
	const struct target_pair annotation = { "hone.io/service", "checkout" };
	struct bench *b = *state;
	struct place first = place_of(FIRST);
	const struct pod pod = {
		.namespace = "shop",
		.name = "web-0",
		.uid = first.pod_uid,
		.annotations = &annotation,
		.n_annotations = 1,
		.containers = &(struct pod_container){ first.container, "api" },
		.n_containers = 1,
	};

	b->rules = (struct target_rules){ .otherwise = RULE_PROFILE };
	b->names.kube = &server;
	tell_of(FIRST);
	assert_int_equal(go_round(b, false), 1);
	assert_string_equal(b->service, "api"); /* its executable's name */
	assert_true(is_there(b, FIRST) && is_there(b, SECOND) && is_there(b, THIRD));
	assert_int_equal(pods_put(&server.pods, &pod), 0);
	assert_int_equal(go_round(b, false), 1);
	assert_string_equal(b->service, "checkout");
	assert_false(is_there(b, FIRST));
	assert_int_equal(go_round(b, true), 2);
	assert_string_equal(b->service, "api");
	assert_int_equal(b->harvest.counters.profiles, N_TALLIES);
}

/* As long as nothing more is known, none of those that wait is looked at. */
static void nothing_new(void **state)
{
	struct bench *b = *state;

	assert_int_equal(go_round(b, false), 1);
	assert_int_equal(next(b, false), HARVEST_E_WAITS);
	tell_of(THIRD);
	assert_int_equal(go_round(b, false), 1);
	assert_false(is_there(b, THIRD));
	assert_int_equal(next(b, false), HARVEST_E_WAITS);
	assert_int_equal(go_round(b, true), 2);
}

/* The next window ends, or the agent does. */
static void what_waits_is_given_back(void **state)
{
	struct bench *b = *state;

	assert_int_equal(go_round(b, false), 1);
	begin_harvest(b);
	assert_int_equal(b->build.users, N_TALLIES);
	assert_int_equal(go_round(b, true), N_TALLIES);
	assert_int_equal(b->build.users, 0);
}

/* KiB of the executable that are mapped in. */
static unsigned int resident(const struct bench *b)
{
	unsigned int size = 0;
	bool is_ours = false;
	char line[512], path[64];
	FILE *smaps = fopen("/proc/self/smaps", "re");

	assert_non_null(smaps);
	snprintf(path, sizeof(path), "%s/api\n", b->folder);
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long end;

		if (sscanf(line, "%*x-%lx ", &end) == 1)
			is_ours = strstr(line, path);
		else if (is_ours && !strncmp(line, "Rss:", 4))
			size += (unsigned int)strtoul(line + 4, NULL, 10);
	}
	fclose(smaps);
	return size;
}

/* A window's half may pass until they are looked at again. */
static void those_that_wait_take_no_memory(void **state)
{
	struct bench *b = *state;

	binary_rest(b->build.binary);
	assert_int_equal(resident(b), 0);
	assert_true(binary_build(b->build.binary)->main_path.data[0] == 'c');
	assert_true(resident(b) > 0);
	assert_int_equal(next(b, false), HARVEST_E_LATER);
	assert_int_equal(resident(b), 0);
}

static void add_tally(struct bench *b, struct tallies *to, unsigned int group, uint64_t samples,
		      uint64_t truncated)
{
	const uint32_t stack[] = { 8 };
	struct tally *t;

	assert_int_equal(tallies_get(to, &b->build, &b->groups[group].base, 1 << 16, &t), 0);
	assert_int_equal(stacks_add(&t->stacks, stack, 1, samples), 0);
	t->taken = samples;
	t->truncated = truncated;
}

/* Make the next profile, and look for @words in its comments. */
static bool next_says(struct bench *b, const char *words)
{
	const struct harvest_naming naming = { .rules = &b->rules,
					       .names = &b->names,
					       .final = true };
	_cleanup_(labels_fini) struct labels labels = LABELS_NULL;
	struct harvested harvested;
	struct pprof_profile *p;
	uint8_t *pprof = NULL;
	bool says = false;

	assert_int_equal(harvest_next(&b->harvest, &naming, &harvested, &pprof, &labels), 0);
	assert_int_equal(pprof_decode(pprof, harvested.pprof.size, NULL, &p, NULL), 0);
	for (size_t i = 0; i < pprof_n_comments(p); i++)
		says |= strstr(pprof_comment(p, i), words) != NULL;
	pprof_free(p);
	free(pprof);
	return says;
}

/* It is not known whose it was: each has its share, and none is told too little. */
static void what_was_lost_is_in_the_comments(void **state)
{
	const struct harvest_facts facts = { .duration = 1, .period = 1, .lost = 10 };
	struct tallies tallies = TALLIES_NULL;
	struct bench *b = *state;

	b->rules = (struct target_rules){ .otherwise = RULE_PROFILE };
	add_tally(b, &tallies, FIRST, 30, 2);
	add_tally(b, &tallies, SECOND, 10, 0);
	harvest_begin(&b->harvest, &tallies, &facts);
	assert_true(next_says(b, "samples=30 lost=8 truncated=2 "));
	assert_true(next_says(b, "samples=10 lost=3 truncated=0 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(those_without_names_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_end_none_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(what_no_rule_asks_for, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_new, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_lost_is_in_the_comments, setup, teardown),
		cmocka_unit_test_setup_teardown(those_that_wait_take_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_is_given_back, setup, teardown),
	};

	return cmocka_run_group_tests_name("harvest", tests, NULL, NULL);
}
