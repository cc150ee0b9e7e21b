/* SPDX-License-Identifier: Apache-2.0 */
/* Copies, damage, what is made of it, and databases that earlier versions wrote. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/depot/keeping.h"
#include "collector/depot/repair.h"
#include "collector/depot/schema.h"
#include "tests/unit/collector/place.h"

static int set_up(void **state)
{
	struct place *f = calloc(1, sizeof(*f));

	place_init(f, "repair");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	place_fini(*state);
	free(*state);
	return 0;
}

/* ---- profiles ---------------------------------------------------------------------------- */

#define SIZE 3000

/* Number, and that many bytes of a pattern. */
static void push(struct depot *d, uint32_t number)
{
	char pod[16], bytes[SIZE];
	const struct depot_label labels[] = { { "main_package", "example.com/a" }, { "pod", pod } };
	const struct depot_type type = { "cpu:nanoseconds:cpu:nanoseconds", number };
	struct depot_profile p = { .tenant = "anonymous",
				   .labels = labels,
				   .n_labels = 2,
				   .types = &type,
				   .n_types = 1,
				   .service = "a",
				   .package = "example.com/a",
				   .build = "b",
				   .start = number + 1,
				   .duration = 10,
				   .samples = 7,
				   .cpu = true,
				   .pprof = span_of(bytes, SIZE) };
	size_t added;

	snprintf(pod, sizeof(pod), "p%u", number % 3);
	memset(bytes, (int)('a' + number % 26), SIZE);
	memcpy(bytes, &number, sizeof(number));
	memcpy(p.key, &number, sizeof(number));
	assert_int_equal(depot_add(d, &p, 1, &added), 0);
	assert_int_equal(added, 1);
}

/* All but the number is one pattern. */
static int look(void *context, struct span pprof, const struct depot_type **ret_types,
		size_t *ret_n)
{
	struct depot_type *type = context;
	uint32_t number;

	if (pprof.size != SIZE)
		return 1;
	memcpy(&number, pprof.data, sizeof(number));
	for (size_t i = sizeof(number); i < SIZE; i++)
		if (pprof.data[i] != 'a' + number % 26)
			return 1;
	*type = (struct depot_type){ "cpu:nanoseconds:cpu:nanoseconds", number };
	*ret_types = type;
	*ret_n = 1;
	return 0;
}

static void verify(struct place *f, const char *path, struct depot_report *ret)
{
	struct depot_type type;
	const struct depot_look how = { look, &type };

	(void)f;
	assert_int_equal(depot_verify(path, &how, ret), 0);
}

static void list(struct place *f, const char *tenant, struct depot_list *ret)
{
	const struct depot_query q = { tenant, "example.com/a", 0, INT64_MAX };
	struct depot_reader *r;

	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_list(r, &q, ret), 0);
	depot_reader_close(r);
}

/* ---- copies ------------------------------------------------------------------------------ */

struct pusher {
	struct depot *depot;
	atomic_bool stop;
	atomic_uint pushed;
};

static void *push_on(void *context)
{
	struct pusher *p = context;

	while (!atomic_load(&p->stop)) {
		push(p->depot, atomic_load(&p->pushed));
		atomic_fetch_add(&p->pushed, 1);
	}
	return NULL;
}

static void backs_up_while_it_grows(void **state)
{
	struct place *f = *state;
	struct pusher p = { 0 };
	struct depot_report report;
	char why[DEPOT_WHY_SIZE];
	pthread_t thread;

	place_open(f, f->data);
	p.depot = f->depot;
	assert_int_equal(pthread_create(&thread, NULL, push_on, &p), 0);
	while (atomic_load(&p.pushed) < 50)
		usleep(1000);
	unsigned int before = atomic_load(&p.pushed);
	assert_int_equal(depot_backup(f->data, f->copy, why), 0);
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	f->depot = depot_close(f->depot);
	verify(f, f->copy, &report);
	assert_false(depot_report_bad(&report));
	assert_in_range(report.profiles, before, atomic_load(&p.pushed));
	/* It is a depot. */
	place_open(f, f->copy);
	push(f->depot, 1000000);
	assert_int_equal(place_number(f->db, "PRAGMA auto_vacuum"), 2);
}

static void keeps_what_is_there(void **state)
{
	struct place *f = *state;
	char why[DEPOT_WHY_SIZE], command[256];

	place_open(f, f->data);
	assert_int_equal(mkdir(f->copy, 0700), 0);
	assert_int_equal(depot_backup(f->data, f->copy, why), REPAIR_E_EXISTS);
	assert_int_equal(depot_backup(f->dir, f->copy, why), REPAIR_E_MISSING);
	assert_true(depot_backup(f->data, "no/where/to/go", why) < 0);
	/* Nothing half-made stays. */
	snprintf(command, sizeof(command), "test -z \"$(ls -d '%s'/*partial* 2>&1 | grep -v No)\"",
		 f->dir);
	assert_int_equal(system(command), 0);
}

/* ---- damage ------------------------------------------------------------------------------ */

static void fill(struct place *f, uint32_t n)
{
	place_open(f, f->data);
	for (uint32_t i = 0; i < n; i++)
		push(f->depot, i);
}

static void finds_nothing_in_a_good_one(void **state)
{
	struct place *f = *state;
	struct depot_report report;

	fill(f, 30);
	verify(f, f->data, &report);
	assert_false(depot_report_bad(&report));
	assert_int_equal(report.profiles, 30);
	assert_int_equal(report.bytes, 30 * SIZE);
}

#define SUM "INSERT INTO sum (profile, kind, n, digest, data) VALUES (1, 2, 4, "

static void finds_what_the_index_lacks(void **state)
{
	static const struct {
		const char *sql;
		uint64_t missing, unlisted, broken, sums;
	} cases[] = {
		{ "DELETE FROM pprof WHERE profile = 3", 1, 0, 0, 0 },
		{ "DELETE FROM profile WHERE id = 3", 0, 1, 0, 0 },
		{ "UPDATE profile SET start = 5 WHERE id = 3", 0, 1, 0, 0 },
		{ "UPDATE profile SET series = 1 WHERE id = 3", 0, 1, 0, 0 },
		{ "DELETE FROM label", 0, 10, 0, 0 },
		{ "UPDATE pprof SET data = zeroblob(10) WHERE profile = 3", 0, 1, 1, 0 },
		{ "UPDATE pprof SET labels = X'61' WHERE profile = 3", 0, 0, 1, 0 },
		{ SUM "zeroblob(32), (SELECT data FROM pprof WHERE profile = 1))", 0, 0, 0, 0 },
		{ SUM "zeroblob(31), (SELECT data FROM pprof WHERE profile = 1))", 0, 0, 0, 1 },
		{ SUM "zeroblob(32), 'damaged')", 0, 0, 0, 1 },
	};
	struct place *f = *state;
	struct depot_report report;
	char command[320], other[96];

	fill(f, 10);
	f->depot = depot_close(f->depot);
	snprintf(other, sizeof(other), "%s/profiles.db", f->copy);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(command, sizeof(command), "rm -rf '%s'; cp -r '%s' '%s'", f->copy, f->data,
			 f->copy);
		assert_int_equal(system(command), 0);
		place_alter(other, cases[i].sql);
		verify(f, f->copy, &report);
		assert_int_equal(report.missing, cases[i].missing);
		assert_int_equal(report.unlisted, cases[i].unlisted);
		assert_int_equal(report.broken, cases[i].broken);
		assert_int_equal(report.broken_sums, cases[i].sums);
		assert_int_equal(depot_report_bad(&report),
				 strstr(cases[i].sql, "(32), (") == NULL);
	}
}

static void repair(struct place *f, struct depot_report *ret)
{
	struct depot_type type;
	const struct depot_look how = { look, &type };

	assert_int_equal(depot_repair(f->data, &how, ret), 0);
}

/* The index is gone: all of it comes back, with ids, keys and totals. */
static void makes_the_index_anew(void **state)
{
	struct place *f = *state;
	struct depot_list before = DEPOT_LIST_NULL, after = DEPOT_LIST_NULL;
	struct depot_report report;
	struct depot_type type;
	const struct depot_look how = { look, &type };

	fill(f, 40);
	list(f, "anonymous", &before);
	const int64_t ids[] = { before.rows[0].id, before.rows[3].id };
	char sum[SIZE];
	memset(sum, 'b', SIZE);
	memcpy(sum, &(uint32_t){ 1 }, 4);
	const struct depot_merger m = {
		.ids = ids, .n = 2, .level = DEPOT_LEVEL_DAY, .pprof = span_of(sum, SIZE)
	};
	assert_int_equal(depot_replace(f->depot, &m), 0);
	depot_list_fini(&before);
	list(f, "anonymous", &before);
	assert_int_equal(depot_repair(f->data, &how, &report), DEPOT_E_LOCKED);
	f->depot = depot_close(f->depot);
	place_alter(f->db, "DELETE FROM profile; DELETE FROM series; DELETE FROM label");
	verify(f, f->data, &report);
	assert_int_equal(report.unlisted, 39);
	repair(f, &report);
	assert_int_equal(report.profiles, 39);
	assert_int_equal(report.broken, 0);
	verify(f, f->data, &report);
	assert_false(depot_report_bad(&report));
	assert_int_equal(place_number(f->db, "SELECT sum(total) FROM value"),
			 40 * 39 / 2 - 3 - 0 + 1);
	place_open(f, f->data);
	list(f, "anonymous", &after);
	assert_int_equal(after.n_rows, before.n_rows);
	for (size_t i = 0; i < after.n_rows; i++) {
		assert_int_equal(after.rows[i].id, before.rows[i].id);
		assert_int_equal(after.rows[i].n, before.rows[i].n);
		assert_int_equal(after.rows[i].end, before.rows[i].end);
		assert_int_equal(after.rows[i].start, before.rows[i].start);
	}
	depot_list_fini(&before);
	depot_list_fini(&after);
}

/* What is in the log only is not lost: it is in the old database once nobody reads that. */
static void wants_it_alone(void **state)
{
	struct place *f = *state;
	struct depot_report report;
	struct depot_type type;
	const struct depot_look how = { look, &type };
	sqlite3 *other = NULL;
	char old[128];

	fill(f, 10);
	f->depot = depot_close(f->depot);
	assert_int_equal(sqlite3_open(f->db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM label", NULL, NULL, NULL),
			 SQLITE_OK);
	place_alter(f->db, "DELETE FROM label");
	assert_int_equal(depot_repair(f->data, &how, &report), DEPOT_E_LOCKED);
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM label"), 0);
	sqlite3_close(other);
	repair(f, &report);
	assert_int_equal(report.profiles, 10);
	assert_int_equal(place_number(f->db, "SELECT count(*) > 0 FROM label"), 1);
	snprintf(old, sizeof(old), "%s.damaged", f->db);
	assert_int_equal(place_number(old, "SELECT count(*) FROM label"), 0);
}

/* Pages in the middle are garbage. What is not on them is saved. */
static void saves_what_is_left(void **state)
{
	struct place *f = *state;
	struct depot_report report;
	struct stat file;
	char noise[4096];

	fill(f, 200);
	f->depot = depot_close(f->depot);
	assert_int_equal(stat(f->db, &file), 0);
	memset(noise, 0xa5, sizeof(noise));
	FILE *db = fopen(f->db, "r+");
	for (int i = 1; i < 8; i++) {
		assert_int_equal(fseek(db, file.st_size / 4096 * i / 8 * 4096, SEEK_SET), 0);
		assert_int_equal(fwrite(noise, 1, sizeof(noise), db), sizeof(noise));
	}
	fclose(db);
	verify(f, f->data, &report);
	assert_true(report.complaints > 0);
	uint64_t whole = report.profiles;
	assert_in_range(whole, 100, 199);
	repair(f, &report);
	assert_int_equal(report.profiles, whole);
	verify(f, f->data, &report);
	assert_false(depot_report_bad(&report));
	assert_int_equal(report.profiles, whole);
	place_open(f, f->data);
	push(f->depot, 5000);
}

static void copy_file(const char *from, const char *to)
{
	struct buf bytes = BUF_INIT((size_t)64 << 20);

	assert_int_equal(file_read(from, &bytes), 0);
	FILE *file = fopen(to, "w");
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	assert_int_equal(fclose(file), 0);
	buf_fini(&bytes);
}

/* Its end is cut off, and there is a log that cannot go into it: both stay, what they have is
 * saved. */
static void saves_what_a_log_has(void **state)
{
	struct place *f = *state;
	struct depot_report report;
	struct depot_type type;
	const struct depot_look how = { look, &type };
	char log[128], db[128], copied[160], kept[160];
	struct stat file;

	fill(f, 400);
	f->depot = depot_close(f->depot);
	place_open(f, f->data);
	push(f->depot, 400);
	snprintf(log, sizeof(log), "%s-wal", f->db);
	snprintf(db, sizeof(db), "%s/profiles.db", f->copy);
	snprintf(copied, sizeof(copied), "%s-wal", db);
	snprintf(kept, sizeof(kept), "%s.damaged-wal", db);
	assert_int_equal(mkdir(f->copy, 0700), 0);
	copy_file(f->db, db);
	copy_file(log, copied);
	assert_int_equal(stat(db, &file), 0);
	assert_int_equal(truncate(db, file.st_size / 4096 / 2 * 4096), 0);

	assert_int_equal(depot_repair(f->copy, &how, &report), 0);
	assert_in_range(report.profiles, 100, 399);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(access(copied, F_OK), -1);
	verify(f, f->copy, &report);
	assert_false(depot_report_bad(&report));

	/* The next one that is put aside has no log. */
	assert_int_equal(depot_repair(f->copy, &how, &report), 0);
	assert_int_equal(access(kept, F_OK), -1);
}

/* Repaired by root, it is the collector's own user who goes on with it. */
static void leaves_it_to_whom_it_was(void **state)
{
	struct place *f = *state;
	struct depot_report report;
	struct stat file;

	if (geteuid() != 0)
		skip();
	fill(f, 3);
	f->depot = depot_close(f->depot);
	assert_int_equal(chown(f->db, 65532, 65531), 0);
	assert_int_equal(chmod(f->db, 0640), 0);
	repair(f, &report);
	assert_int_equal(stat(f->db, &file), 0);
	assert_int_equal(file.st_uid, 65532);
	assert_int_equal(file.st_gid, 65531);
	assert_int_equal(file.st_mode & 07777, 0640);
}

/* ---- earlier versions -------------------------------------------------------------------- */

static void load(struct place *f, const char *name)
{
	struct buf sql = BUF_INIT((size_t)1 << 20);
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", SCHEMAS, name);
	assert_int_equal(file_read(path, &sql), 0);
	buf_append_u8(&sql, 0);
	assert_int_equal(buf_error(&sql), 0);
	assert_int_equal(mkdir(f->data, 0700), 0);
	place_alter(f->db, (const char *)sql.data);
	buf_fini(&sql);
}

static void comes_up_to_date(struct place *f, const char *name)
{
	struct depot_list l = DEPOT_LIST_NULL;
	struct depot_report report;
	struct buf pprof = BUF_INIT(100);
	struct depot_type type;
	const struct depot_look how = { look, &type };
	struct depot_reader *r;

	load(f, name);
	assert_int_equal(depot_verify(f->data, &how, &report), REPAIR_E_EARLIER);
	place_open(f, f->data);
	list(f, "anonymous", &l);
	assert_int_equal(l.n_rows, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(l.rows[i].n, 1);
		assert_int_equal(l.rows[i].end, l.rows[i].start + 10);
	}
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_read(r, l.rows[0].id, &pprof), 0);
	assert_memory_equal(pprof.data, "profile 1", 9);
	depot_reader_close(r);
	push(f->depot, 77);
	/* Numbers are not used twice. */
	depot_list_fini(&l);
	list(f, "anonymous", &l);
	assert_int_equal(l.n_rows, 5);
	assert_int_equal(l.rows[0].id, 7);
	depot_list_fini(&l);
	buf_fini(&pprof);
	f->depot = depot_close(f->depot);
	/* All is stored with the profiles: none of these is one to look(), and none is unlisted. */
	verify(f, f->data, &report);
	assert_int_equal(report.broken, 5);
	assert_int_equal(report.unlisted, 0);
	assert_int_equal(report.complaints, 0);
	assert_int_equal(place_number(f->db, "PRAGMA user_version"), schema_version());
	assert_int_equal(place_number(f->db, "PRAGMA auto_vacuum"), 2);
}

static void version_1(void **state)
{
	comes_up_to_date(*state, "1.sql");
}

static void version_2(void **state)
{
	comes_up_to_date(*state, "2.sql");
}

static void version_3(void **state)
{
	comes_up_to_date(*state, "3.sql");
}

static void version_4(void **state)
{
	struct place *f = *state;

	comes_up_to_date(f, "4.sql");
	assert_int_equal(place_number(f->db, "SELECT edition FROM pin WHERE tag = 'prod'"), 1);
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM edition"), 1);
}

static void version_5(void **state)
{
	struct place *f = *state;

	comes_up_to_date(f, "5.sql");
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM sum"), 1);
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM brief"), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(backs_up_while_it_grows),
		TEST(keeps_what_is_there),
		TEST(finds_nothing_in_a_good_one),
		TEST(finds_what_the_index_lacks),
		TEST(makes_the_index_anew),
		TEST(wants_it_alone),
		TEST(saves_what_is_left),
		TEST(saves_what_a_log_has),
		TEST(leaves_it_to_whom_it_was),
		TEST(version_1),
		TEST(version_2),
		TEST(version_3),
		TEST(version_4),
		TEST(version_5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
