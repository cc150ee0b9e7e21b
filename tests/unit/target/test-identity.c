/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "agent/target/identity.h"
#include "base/cleanup.h"
#include "tests/unit/target/child.h"

#define A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define U "1234abcd-0000-1111-2222-333344445555"

#define SPAN(text)                                        \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct binary_build build = {
	.go_version = SPAN("go1.26.8"),
	.main_path = SPAN("example.com/shop/cmd/api"),
	.main_module = SPAN("example.com/shop"),
	.main_version = SPAN("v1.4.0"),
	.vcs_revision = SPAN("0123abcd"),
	.pgo = SPAN("/build/shop/cmd/api/default.pgo"),
	.go_build_id = SPAN("aaaa/bbbb"),
	.gnu_build_id = SPAN("\x01\xab\xff"),
};

/* What a test starts from: everything there, in the order of preference. */
struct fixture {
	struct target_pair labels[2], annotations[2];
	struct pod_container container;
	struct pod pod;
	struct subject subject;
	struct target_rule rule;
	struct binary_build build;
	struct identity_options options;
};

static struct fixture everything(void)
{
	struct fixture f = {
		.labels = { { IDENTITY_NAME_LABEL, "by-label" }, { "team", "x" } },
		.annotations = { { "hone.io/service", "by-own-annotation" },
				 { IDENTITY_OTEL_ANNOTATION, "by-annotation" } },
		.container = { { A }, "by-container" },
		.pod = { .namespace = "shop",
			 .name = "api-7d4f",
			 .uid = U,
			 .workload_kind = "Deployment",
			 .workload = "by-workload" },
		.subject = { .place = { .container = { A },
					.pod_uid = U,
					.unit = "by-unit@1.service" },
			     .exe = "/usr/local/bin/by-exe",
			     .environ_service = "by-environ" },
		.rule = { .service = "by-rule" },
		.build = build,
		.options = { .node = "node-1", .hostname = "host-1" },
	};

	f.pod.n_labels = ARRAY_SIZE(f.labels);
	f.pod.n_annotations = ARRAY_SIZE(f.annotations);
	f.pod.n_containers = 1;
	return f;
}

static void make(struct fixture *f, struct identity *ret_identity, struct labels *ret_labels)
{
	f->pod.labels = f->labels;
	f->pod.annotations = f->annotations;
	f->pod.containers = &f->container;
	identity_of(&f->subject, &f->build, f->pod.name ? &f->pod : NULL,
		    f->container.name ? &f->container : NULL, ret_identity);
	assert_int_equal(identity_labels(&f->options, &f->rule, &f->subject, &f->build,
					 ret_identity, ret_labels),
			 0);
}

static void assert_service(struct fixture *f, const char *wanted)
{
	char name[SERVICE_NAME_SIZE];
	struct identity i;
	struct labels l;

	make(f, &i, &l);
	identity_service(&f->rule, &f->subject, &f->build, &i, name);
	assert_string_equal(name, wanted ? wanted : "");
	if (wanted)
		assert_string_equal(labels_value(&l, "service_name"), wanted);
	else
		assert_null(labels_value(&l, "service_name"));
	labels_fini(&l);
}

static void the_service_name_by_order_of_preference(void **state)
{
	struct fixture f = everything();

	(void)state;
	assert_service(&f, "by-rule");
	f.rule.service = NULL;
	assert_service(&f, "by-own-annotation");
	f.annotations[0].value = "";
	assert_service(&f, "by-annotation");
	f.annotations[1].key = "other";
	assert_service(&f, "by-environ");
	f.subject.environ_service[0] = '\0';
	assert_service(&f, "by-label");
	f.labels[0].key = "other";
	assert_service(&f, "by-workload");
	f.pod.workload = NULL;
	assert_service(&f, "by-container");
	f.container.name = NULL;
	assert_service(&f, "by-unit");
	f.subject.place.unit[0] = '\0';
	assert_service(&f, "api");
	f.build.main_path = span_of("command-line-arguments", 22);
	assert_service(&f, "by-exe");
	f.subject.exe[0] = '\0';
	assert_service(&f, NULL);
}

static void a_container_of_lxc_has_its_name(void **state)
{
	struct fixture f = { .subject = { .place = { .lxc = "web", .unit = "x.service" } } };

	(void)state;
	assert_service(&f, "web");
}

static void assert_labels(struct fixture *f, const struct label *wanted, size_t n)
{
	struct identity i;
	struct labels l;

	make(f, &i, &l);
	for (size_t k = 0; k < n && k < l.n; k++) {
		assert_string_equal(l.list[k].name, wanted[k].name);
		assert_string_equal(l.list[k].value, wanted[k].value);
	}
	assert_int_equal(l.n, n);
	labels_fini(&l);
}

static void all_labels(void **state)
{
	const struct label fixed[] = { { "cluster", "eu" }, { "pod", "not-this" } };
	const struct label team = { "team", "team" }, note = { "note", "hone.io/service" };
	const struct label wanted[] = {
		{ "__name__", "process_cpu" },
		{ "service_name", "by-rule" },
		{ "namespace", "shop" },
		{ "pod", "api-7d4f" },
		{ "container", "by-container" },
		{ "container_id", A },
		{ "workload_kind", "Deployment" },
		{ "workload", "by-workload" },
		{ "node", "node-1" },
		{ "hostname", "host-1" },
		{ "systemd_unit", "by-unit@1.service" },
		{ "exe", "by-exe" },
		{ "main_package", "example.com/shop/cmd/api" },
		{ "module_version", "v1.4.0" },
		{ "vcs_revision", "0123abcd" },
		{ "go_version", "go1.26.8" },
		{ "pgo", "default.pgo" },
		{ "build_id", "01abff" },
		{ "cluster", "eu" },
		{ "team", "x" },
		{ "note", "by-own-annotation" },
	};
	struct fixture f = everything();

	(void)state;
	f.options.fixed = fixed;
	f.options.n_fixed = ARRAY_SIZE(fixed);
	f.options.pod_labels = &team;
	f.options.n_pod_labels = 1;
	f.options.pod_annotations = &note;
	f.options.n_pod_annotations = 1;
	assert_labels(&f, wanted, ARRAY_SIZE(wanted));
}

static void the_least_there_can_be(void **state)
{
	const struct label wanted[] = { { "__name__", "process_cpu" } };
	struct fixture f = { .pod = { 0 } };

	(void)state;
	assert_labels(&f, wanted, ARRAY_SIZE(wanted));
}

static void a_build_without_pgo_and_note(void **state)
{
	const struct label wanted[] = {
		{ "__name__", "process_cpu" }, { "service_name", "x" },
		{ "main_package", "x" },       { "pgo", "off" },
		{ "build_id", "aaaa/bbbb" },
	};
	struct fixture f = { .build = { .main_path = SPAN("x"),
					.go_build_id = SPAN("aaaa/bbbb") } };

	(void)state;
	assert_labels(&f, wanted, ARRAY_SIZE(wanted));
}

static void facts_for_the_rules(void **state)
{
	struct fixture f = everything();
	struct identity i;
	struct labels l;

	(void)state;
	make(&f, &i, &l);
	labels_fini(&l);
	assert_string_equal(i.facts.namespace, "shop");
	assert_string_equal(i.facts.pod, "api-7d4f");
	assert_string_equal(i.facts.container, "by-container");
	assert_string_equal(i.facts.container_id, A);
	assert_string_equal(i.facts.unit, "by-unit@1.service");
	assert_string_equal(i.facts.exe, "/usr/local/bin/by-exe");
	assert_string_equal(i.facts.main_package, "example.com/shop/cmd/api");
	assert_string_equal(target_pair_value(i.facts.labels, i.facts.n_labels, "team"), "x");
	assert_int_equal(i.facts.n_annotations, 2);
	assert_false(i.facts.pod_pending);
}

static void what_is_still_to_come(void **state)
{
	struct subject s = { .place = { .container = { A }, .pod_uid = U } };
	const struct pod_container container = { { A }, "api" };
	const struct pod pod = { .name = "api-1" };
	struct identity i;

	(void)state;
	identity_of(&s, &build, NULL, NULL, &i);
	assert_true(i.facts.pod_pending);
	identity_of(&s, &build, &pod, NULL, &i);
	assert_true(i.facts.pod_pending);
	identity_of(&s, &build, &pod, &container, &i);
	assert_false(i.facts.pod_pending);
	s.place.container.text[0] = '\0';
	identity_of(&s, &build, &pod, NULL, &i);
	assert_false(i.facts.pod_pending);
	/* docker without kubernetes: no pod will ever come */
	s.place = (struct place){ .container = { A } };
	identity_of(&s, &build, NULL, NULL, &i);
	assert_false(i.facts.pod_pending);
}

static void a_subject_of_a_process(void **state)
{
	struct procfs procfs;
	struct process p;
	struct subject s;
	char own[4096];

	(void)state;
	setenv("DD_SERVICE", "of-a-child", 1);
	pid_t pid = child_start("/proc/self/exe");
	unsetenv("DD_SERVICE");
	assert_int_equal(procfs_open("/proc", &procfs), 0);
	assert_int_equal(process_open(&procfs, pid, &p), 0);
	assert_int_equal(subject_of(&p, &s), 0);
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	own[n] = '\0';
	size_t cut = (size_t)n < sizeof(s.exe) ? 0 : (size_t)n - (sizeof(s.exe) - 1);
	assert_string_equal(s.exe, own + cut);
	assert_string_equal(s.environ_service, "of-a-child");
	assert_true(place_equal(&s.place, &p.place));
	child_stop(pid);
	process_close(&p);
	procfs_close(&procfs);
}

static void the_end_of_a_long_path(void **state)
{
	struct place nowhere = { .unit = "" };
	char path[2 * SUBJECT_EXE_SIZE];
	struct subject s;

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path + sizeof(path) - 4, "/end", 4);
	subject_of_place(&nowhere, span_of(path, sizeof(path)), &s);
	assert_int_equal(strlen(s.exe), SUBJECT_EXE_SIZE - 1);
	assert_string_equal(s.exe + SUBJECT_EXE_SIZE - 1 - 4, "/end");
	subject_of_place(&nowhere, span_of(NULL, 0), &s);
	assert_string_equal(s.exe, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_service_name_by_order_of_preference),
		cmocka_unit_test(a_container_of_lxc_has_its_name),
		cmocka_unit_test(all_labels),
		cmocka_unit_test(the_least_there_can_be),
		cmocka_unit_test(a_build_without_pgo_and_note),
		cmocka_unit_test(facts_for_the_rules),
		cmocka_unit_test(what_is_still_to_come),
		cmocka_unit_test(a_subject_of_a_process),
		cmocka_unit_test(the_end_of_a_long_path),
	};

	if (argc > 1 && !strcmp(argv[1], "wait"))
		child_wait();
	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
