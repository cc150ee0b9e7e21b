/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/web/flame.h"
#include "collector/web/html.h"
#include "collector/web/ingest.h"
#include "collector/web/page.h"
#include "collector/web/service.h"
#include "collector/web/services.h"

#define HOUR (3600 * (int64_t)NSEC_PER_SEC)
#define NOW  (500000 * HOUR)

/* What must not come out as it is. */
static const char evil[] = "<script>alert(1)</script>\"'&\x80\x01\xe2\x80\xae\\";
static const char harmless[] =
	"&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\ufffd\ufffd\ufffd\\";

static struct buf out = BUF_INIT(16 << 20);

static void clear(void)
{
	buf_fini(&out);
	out = (struct buf)BUF_INIT(16 << 20);
}

static const char *written(void)
{
	buf_append_u8(&out, 0);
	assert_int_equal(buf_error(&out), 0);
	out.size--;
	return (const char *)out.data;
}

#define assert_writes(call, text)                     \
	do {                                          \
		clear();                              \
		call;                                 \
		assert_string_equal(written(), text); \
	} while (0)

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* ---- values ------------------------------------------------------------------------------ */

static void test_text(void **state)
{
	(void)state;
	assert_writes(html_text(&out, evil), harmless);
	assert_writes(html_text(&out, "main.(*T[go.shape.int]).f\u00e9"),
		      "main.(*T[go.shape.int]).f\u00e9");
	assert_writes(html_path(&out, "a/b c?d\"<"), "a/b%20c%3Fd%22%3C");
	assert_writes(html_argument(&out, "a/b&c=\xff"), "a%2Fb%26c%3D%FF");
}

static void test_values(void **state)
{
	(void)state;
	assert_writes(html_number(&out, 0), "0");
	assert_writes(html_number(&out, 999), "999");
	assert_writes(html_number(&out, 1234567), "1\u202f234\u202f567");
	assert_writes(html_number(&out, -123456), "-123\u202f456");
	assert_writes(html_number(&out, INT64_MIN),
		      "-9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f808");
	assert_writes(html_percent(&out, 0), "0.0\u202f%");
	assert_writes(html_percent(&out, 0.1234), "12.3\u202f%");
	assert_writes(html_percent(&out, 0.0001), "&lt;\u202f0.1\u202f%");
	assert_writes(html_percent(&out, 0.9999), "&gt;\u202f99.9\u202f%");
	assert_writes(html_percent(&out, 1), "100.0\u202f%");
	assert_writes(html_bytes(&out, 999), "999\u202fB");
	assert_writes(html_bytes(&out, 2048), "2.0\u202fKiB");
	assert_writes(html_bytes(&out, 81 << 20), "81\u202fMiB");
	assert_writes(html_duration(&out, 0), "0\u202fs");
	assert_writes(html_duration(&out, -5), "0\u202fs");
	assert_writes(html_duration(&out, 3 * HOUR + HOUR / 3), "3\u202fh 20\u202fmin");
	assert_writes(html_duration(&out, 48 * HOUR), "2\u202fd");
	/* Not "0 s" for what is something, nor "14 s" beside the flame graph's "15.0 s". */
	assert_writes(html_duration(&out, 1), "1\u202fms");
	assert_writes(html_duration(&out, 400 * (int64_t)NSEC_PER_MSEC), "400\u202fms");
	assert_writes(html_duration(&out, 999700000), "1\u202fs");
	assert_writes(html_duration(&out, 14960 * (int64_t)NSEC_PER_MSEC), "15\u202fs");
	assert_writes(html_duration(&out, 59900 * (int64_t)NSEC_PER_MSEC), "1\u202fmin");
	assert_writes(html_duration(&out, INT64_MAX), "106751\u202fd 23\u202fh");
	assert_writes(html_age(&out, 0, 30 * (int64_t)NSEC_PER_SEC),
		      "<time datetime=\"1970-01-01 00:00:00Z\" title=\"1970-01-01 00:00:00Z\">just "
		      "now</time>");
	assert_writes(
		html_age(&out, 0, 3 * HOUR + HOUR / 3),
		"<time datetime=\"1970-01-01 00:00:00Z\" title=\"1970-01-01 00:00:00Z\">3\u202fh "
		"ago</time>");
	/* Times that others say. */
	clear();
	html_age(&out, INT64_MIN, NOW);
	html_age(&out, INT64_MAX, NOW);
	assert_int_equal(count(written(), "just now"), 1);
}

static void test_assets(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ASSETS; i++) {
		assert_true(assets[i].plain.size > 0);
		assert_true(assets[i].gzip.size > 0);
		assert_ptr_equal(asset_find(assets[i].path), &assets[i]);
	}
	assert_null(asset_find("/assets/"));
}

/* ---- pages ------------------------------------------------------------------------------- */

static struct depot_programs programs = DEPOT_PROGRAMS_NULL;

static size_t text(const char *s)
{
	size_t at = programs.text.size;

	buf_append_text(&programs.text, s);
	buf_append_u8(&programs.text, 0);
	return at;
}

static void add(const char *service, const char *package, const char *build, int64_t cpu)
{
	programs.rows = reallocarray(programs.rows, programs.n + 1, sizeof(*programs.rows));
	assert_non_null(programs.rows);
	programs.rows[programs.n++] = (struct depot_program){
		.service = text(service),
		.package = text(package),
		.build = text(build),
		.version = text(evil),
		.revision = text(evil),
		.go = text(evil),
		.pgo = text(strcmp(build, "old") ? evil : "off"),
		.profiles = 10,
		.instances = 3,
		.first = NOW - 5 * HOUR,
		.last = NOW - 2 * HOUR,
		.cpu = cpu,
	};
}

static int setup(void **state)
{
	(void)state;
	programs = (struct depot_programs)DEPOT_PROGRAMS_NULL;
	add("api", "example.com/api", "new", 60 * HOUR);
	add("api", "example.com/api", "old", 20 * HOUR);
	add(evil, evil, evil, INT64_MAX);
	add("quiet", "", "", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	depot_programs_fini(&programs);
	clear();
	return 0;
}

/* What no page may hold, whatever it shows. */
static void check_page(void)
{
	const char *page = written();

	assert_null(strstr(page, "<script>"));
	assert_null(strstr(page, "style="));
	assert_null(strstr(page, " onerror"));
	assert_null(strstr(page, "\x80\x01"));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_int_equal(count(page, "<main"), 1);
	assert_int_equal(count(page, "<h1>"), 1);
	assert_non_null(strstr(page, "</html>\n"));
	/* Whatever is opened is closed. */
	static const char *const tags[] = { "table", "tbody",	"tr",	    "td",  "ul",
					    "li",    "section", "p",	    "dl",  "dd",
					    "form",  "select",	"fieldset", "time" };
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char open[16], open2[16], close[16];

		snprintf(open, sizeof(open), "<%s>", tags[i]);
		snprintf(open2, sizeof(open2), "<%s ", tags[i]);
		snprintf(close, sizeof(close), "</%s>", tags[i]);
		if (count(page, open) + count(page, open2) != count(page, close))
			fail_msg("%s: %zu opened, %zu closed", tags[i],
				 count(page, open) + count(page, open2), count(page, close));
	}
}

static void test_services(void **state)
{
	struct services services = SERVICES_NULL;
	const struct services_page page = {
		.programs = &programs, .services = &services, .now = NOW, .window = 168 * HOUR
	};

	(void)state;
	assert_int_equal(services_make(&programs, &services), 0);
	assert_int_equal(services.n, 3);
	/* What costs most is first, and sums do not overflow. */
	assert_string_equal(service_key(&programs, &services.list[0]), evil);
	assert_string_equal(service_key(&programs, &services.list[1]), "example.com/api");
	assert_int_equal(services.list[1].cpu, 80 * HOUR);
	assert_int_equal(services.list[1].instances, 6);
	assert_string_equal(service_key(&programs, &services.list[2]), "quiet");
	services.list[0].state = SERVICE_NONE;
	snprintf(services.list[0].why, sizeof(services.list[0].why), "%s", evil);
	services.list[1].state = SERVICE_JUDGED;
	services.list[1].verdict = PGO_FAIR;
	services.list[1].coverage = 0.95;
	clear();
	services_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), harmless));
	assert_non_null(strstr(written(), "<a href=\"/service/example.com/api\">api</a>"));
	assert_non_null(strstr(written(), "badge fair"));
	assert_non_null(strstr(written(), "95.0\u202f% covered"));
	assert_non_null(strstr(written(), "75.0\u202f%</span>"));
	assert_int_equal(count(written(), "no PGO</span>"), 1);
	assert_non_null(strstr(written(), "data-judge=\"/verdict/quiet\""));
	assert_non_null(strstr(written(), "class=\"stale\""));
	services_fini(&services);
}

static void test_no_services(void **state)
{
	struct depot_programs none = DEPOT_PROGRAMS_NULL;
	struct services services = SERVICES_NULL;
	const struct services_page page = { .programs = &none, .services = &services, .now = NOW };

	(void)state;
	assert_int_equal(services_make(&none, &services), 0);
	clear();
	services_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), "No CPU profile came in so far"));
	services_fini(&services);
}

static void test_many_services(void **state)
{
	struct services services = SERVICES_NULL;
	const struct services_page page = { .programs = &programs,
					    .services = &services,
					    .now = NOW };
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < SERVICES_MAX; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		add(name, "", "b", 1);
	}
	for (unsigned int i = 0; i < SERVICES_MAX_BUILDS + 3; i++)
		add("zz", "", "b", HOUR);
	assert_int_equal(services_make(&programs, &services), 0);
	clear();
	services_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), "Not shown: 4 services"));
	assert_non_null(strstr(written(), "and 3 older"));
	services_fini(&services);
}

static void test_verdict(void **state)
{
	struct service s = { .state = SERVICE_JUDGED, .verdict = PGO_GOOD, .coverage = 0.971 };

	(void)state;
	snprintf(s.why, sizeof(s.why), "a \"b\" <c>");
	assert_writes(service_write_verdict(&out, &s),
		      "{\"verdict\":\"good\",\"coverage\":\"97.1\u202f% covered\",\"why\":\"a "
		      "\\\"b\\\" <c>\"}\n");
	s.coverage = 0.99996; /* as on the page itself */
	clear();
	service_write_verdict(&out, &s);
	assert_non_null(strstr(written(), "\"coverage\":\">\u202f99.9\u202f% covered\""));
	s.state = SERVICE_NONE;
	assert_writes(service_write_verdict(&out, &s),
		      "{\"verdict\":\"none\",\"coverage\":\"\",\"why\":\"a \\\"b\\\" <c>\"}\n");
}

static void fill_explain(struct curate_explain *e)
{
	const struct curate_policy policy = CURATE_POLICY_DEFAULT;

	*e = (struct curate_explain){ .policy = policy, .bytes = 1000, .good = true };
	snprintf(e->package, sizeof(e->package), "%s", evil);
	snprintf(e->why, sizeof(e->why), "%s", evil);
	e->quality.verdict = PGO_GOOD;
	e->quality.n_reasons = 1;
	e->n_builds = CURATE_MAX_BUILDS + 2;
	for (size_t i = 0; i < CURATE_MAX_BUILDS; i++)
		e->builds[i] = (struct curate_build){ .fate = (enum curate_fate)(i % 6) };
	snprintf(e->builds[0].id, sizeof(e->builds[0].id), "%s", evil);
	e->n_edges = 1;
	e->edges[0] = (struct curate_edge){ .offset = 7, .share = 0.5 };
	snprintf(e->edges[0].caller, sizeof(e->edges[0].caller), "caller%s", evil);
	snprintf(e->edges[0].callee, sizeof(e->edges[0].callee), "callee%s", evil);
	e->left_out.negative = 3;
	e->cold_functions = 2;
	e->published.time = NOW - HOUR;
	e->published.held = true;
	e->published.overlap = 0.93;
}

static struct history history;

static void fill_history(void)
{
	static const char note[] =
		"{\"quality\":{\"verdict\":\"fair\",\"coverage\":0.951,\"samples\":12345}}";
	struct depot_edition e = DEPOT_EDITION_NULL;
	struct depot_pin pin = { .time = NOW - HOUR, .published = NOW - 2 * HOUR };

	history = (struct history){ 0 };
	snprintf(e.etag, sizeof(e.etag), "%s", "\"0123456789abcdef\"");
	e.time = NOW - 2 * HOUR;
	buf_append_text(&e.note, note);
	assert_int_equal(history_add_edition(&history, &e), 0);
	snprintf(e.etag, sizeof(e.etag), "%s", evil);
	e.note.size = 3; /* broken */
	for (size_t i = 0; i < DEPOT_MAX_EDITIONS + 1; i++)
		assert_int_equal(history_add_edition(&history, &e), 0);
	depot_edition_fini(&e);
	snprintf(pin.tag, sizeof(pin.tag), "prod");
	snprintf(pin.etag, sizeof(pin.etag), "%s", "\"0123456789abcdef\"");
	history_add_tag(&history, &pin);
	snprintf(pin.tag, sizeof(pin.tag), "%s", evil);
	for (size_t i = 0; i < HISTORY_MAX_TAGS; i++)
		history_add_tag(&history, &pin);
}

static void test_history(void **state)
{
	(void)state;
	fill_history();
	clear();
	history_write(&out, &history, "example.com/api", NOW);
	assert_non_null(
		strstr(written(), "<code title=\"&quot;0123456789abcdef&quot;\">01234567<"));
	assert_non_null(strstr(written(), "badge tag\">prod<"));
	assert_non_null(strstr(written(), "badge fair"));
	assert_non_null(strstr(written(), "95.1\u202f%"));
	assert_non_null(strstr(written(), "12\u202f345"));
	assert_non_null(strstr(written(), "And 2 older ones that tags hold."));
	assert_non_null(strstr(written(), "<a href=\"/pgo/example.com/api/tags/prod\""));
	assert_non_null(strstr(written(), "And 1 more tags."));
	assert_null(strstr(written(), "<script"));
	history = (struct history){ 0 };
	clear();
	history_write(&out, &history, "a b", NOW);
	assert_non_null(strstr(written(), "No build asked so far"));
}

static void test_service(void **state)
{
	struct curate_explain explain;
	const struct service_choice choice = { evil, "24h", evil };
	struct service_page page = { .name = evil,
				     .programs = &programs,
				     .now = NOW,
				     .window = 168 * HOUR,
				     .explain = &explain,
				     .shown = choice,
				     .before = choice,
				     .compares = true,
				     .key = evil,
				     .history = &history };

	(void)state;
	fill_explain(&explain);
	fill_history();
	clear();
	service_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), "<h1>&lt;script&gt;"));
	assert_non_null(strstr(written(), "data-address=\"/flame/%3Cscript%3E"));
	assert_non_null(strstr(written(), "compare=1&amp;build2=%3Cscript%3E"));
	assert_non_null(strstr(written(), "data-package=\"&lt;script&gt;"));
	assert_non_null(strstr(written(), "<code>caller&lt;script&gt;"));
	assert_non_null(strstr(written(), "+7"));
	assert_non_null(strstr(written(), "left out: young, and few instances"));
	assert_non_null(strstr(written(), "And 2 older builds."));
	assert_non_null(strstr(written(), "<li>3 with negative values</li>"));
	assert_non_null(strstr(written(), "93.0\u202f% of its hot calls in common"));
	assert_non_null(strstr(written(), "functions on the cold list"));
	/* Chosen, though none of the options: the build twice, the time twice. */
	assert_int_equal(count(written(), "selected>&lt;script"), 4);

	page.explain = NULL;
	page.waits = true;
	clear();
	service_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), "data-make=\"/verdict/%3Cscript%3E"));
	page.waits = false;
	page.trouble = evil;
	page.compares = false;
	clear();
	service_write(&out, &page);
	check_page();
	assert_null(strstr(written(), "compare=1&amp;build2=%3C"));
}

static void test_ingest(void **state)
{
	struct services services = SERVICES_NULL;
	const struct meter_intake intake = {
		.stored = 1111, .duplicate = 22, .refused = { { "malformed", 333 } }, .n_refused = 1
	};
	struct ingest_page page = {
		.now = NOW, .programs = &programs, .services = &services, .intake = &intake
	};

	(void)state;
	assert_int_equal(services_make(&programs, &services), 0);
	for (size_t i = 0; i < INGEST_HOURS; i++)
		page.hours[i] = (struct depot_hour){ .start = NOW - (int64_t)i * HOUR,
						     .profiles = (int64_t)i };
	page.extent = (struct depot_extent){ 12345, NOW - HOUR, NOW };
	clear();
	ingest_write(&out, &page);
	check_page();
	assert_non_null(strstr(written(), "12\u202f345"));
	assert_non_null(strstr(written(), "3 of 3"));
	assert_non_null(strstr(written(), "<dd>1\u202f111</dd>"));
	assert_non_null(
		strstr(written(), "<th scope=\"row\">malformed</th>\n<td class=\"number\">333<"));
	assert_non_null(strstr(written(), harmless));
	services_fini(&services);
}

static void test_notice(void **state)
{
	(void)state;
	clear();
	page_notice(&out, evil, evil);
	check_page();
	assert_int_equal(count(written(), "&lt;script"), 3);
}

/* ---- flame graph ------------------------------------------------------------------------- */

static void make_answer(struct cpu_answer *a, size_t depth)
{
	static char *names[] = { (char *)"main.main", (char *)"main.f\"</script>",
				 (char *)"other" };

	*a = (struct cpu_answer){ .profiles = { 2, 3 }, .skipped = { 5, 7 }, .nodes = depth + 5 };
	a->tree = (struct tree){ .n = depth + 1, .sides = 2, .names = names, .n_names = 3 };
	a->tree.nodes = calloc(depth + 1, sizeof(*a->tree.nodes));
	assert_non_null(a->tree.nodes);
	for (uint32_t i = 0; i <= depth; i++)
		a->tree.nodes[i] = (struct tree_node){ .name = i == 2 ? 1 : 0,
						       .total = { 10, 20 },
						       .first = i < depth ? i + 1 : TREE_NONE,
						       .next = TREE_NONE,
						       .parent = i ? i - 1 : TREE_NONE };
}

static void test_flame(void **state)
{
	struct cpu_answer a;

	(void)state;
	make_answer(&a, 2);
	clear();
	assert_int_equal(flame_write(&out, &a), 0);
	assert_string_equal(
		written(),
		"{\"unit\":\"nanoseconds\",\"compares\":true,\"total\":[10,20],\"profiles\":[2,3],"
		"\"skipped\":[5,7],"
		"\"names\":[\"all\",\"main.main\",\"main.f\\\"</script>\"],\"nodes\":[[0,0,10,20],"
		"[1,1,10,20],[2,2,10,20]],\"cut\":4}\n");
	free(a.tree.nodes);
	/* What is too deep to be drawn is counted. */
	make_answer(&a, FLAME_MAX_DEPTH + 7);
	clear();
	assert_int_equal(flame_write(&out, &a), 0);
	assert_int_equal(count(written(), ",10,20]"), FLAME_MAX_DEPTH + 1);
	assert_non_null(strstr(written(), "\"cut\":11}"));
	free(a.tree.nodes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_assets),
		cmocka_unit_test_setup_teardown(test_services, setup, teardown),
		cmocka_unit_test_teardown(test_no_services, teardown),
		cmocka_unit_test_setup_teardown(test_many_services, setup, teardown),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test_teardown(test_history, teardown),
		cmocka_unit_test_setup_teardown(test_service, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ingest, setup, teardown),
		cmocka_unit_test_teardown(test_notice, teardown),
		cmocka_unit_test_teardown(test_flame, teardown),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
