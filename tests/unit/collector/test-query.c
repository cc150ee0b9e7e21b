/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "collector/query/inside.h"
#include "tests/unit/collector/place.h"
#include "tests/unit/unit.h"

/* A waiter's time ends, too, and it has no view that would keep the log from being emptied. */
static void waits_until_its_deadline(void **state)
{
	struct query_request request = { .tenant = "anonymous" };
	struct refusal why = { .code = REFUSAL_NONE };
	struct query *q = NULL;
	struct place p;

	(void)state;
	place_init(&p, "query");
	place_open(&p, p.data);
	assert_int_equal(query_new(p.depot, &q), 0);
	struct query_call one = { .query = q, .request = &request, .why = &why }, other = one;
	assert_int_equal(query_enter(&one), 0);
	assert_non_null(one.reader);
	request.deadline = clock_monotonic() + NSEC_PER_SEC / 10;
	assert_int_equal(query_enter(&other), INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_TIMEOUT);
	assert_null(other.reader);
	query_leave(&one);
	assert_null(one.reader);
	assert_int_equal(query_enter(&other), 0);
	query_leave(&other);
	query_free(q);
	place_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_until_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
