/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a file in the spool, ids, and the times between tries: all pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deliver/backoff.h"
#include "agent/deliver/image.h"
#include "tests/unit/unit.h"

static struct image make_image(void)
{
	return (struct image){
		.id = { { 1, 2, 3 } },
		.parent = { { 4, 5, 6 } },
		.time = 0x0102030405060708,
		.raw_size = 99,
		.n_samples = 7,
		.splits = 2,
		.n_labels = 2,
		.labels = { { "service_name", "shop" }, { "pod", "" } },
		.pprof = span_of("some gzip", 9),
	};
}

static void test_comes_back_whole(void **state)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(4096);
	struct image in = make_image(), out;

	(void)state;
	assert_int_equal(image_encode(&in, &b), 0);
	assert_int_equal(image_parse(span_of(b.data, b.size), &out), 0);
	assert_true(uuid_equal(&in.id, &out.id));
	assert_true(uuid_equal(&in.parent, &out.parent));
	assert_int_equal(out.time, in.time);
	assert_int_equal(out.raw_size, 99);
	assert_int_equal(out.n_samples, 7);
	assert_int_equal(out.splits, 2);
	assert_int_equal(out.n_labels, 2);
	assert_string_equal(out.labels[0].name, "service_name");
	assert_string_equal(out.labels[0].value, "shop");
	assert_string_equal(out.labels[1].name, "pod");
	assert_string_equal(out.labels[1].value, "");
	assert_true(span_equals(out.pprof, "some gzip"));
}

static void test_every_changed_bit_is_seen(void **state)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(4096);
	struct image in = make_image(), out;

	(void)state;
	assert_int_equal(image_encode(&in, &b), 0);
	for (size_t bit = 0; bit < 8 * b.size; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(image_parse(span_of(b.data, b.size), &out), 0);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(image_parse(span_of(b.data, b.size), &out), 0);
}

static void test_half_written_is_torn(void **state)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(4096);
	struct image in = make_image(), out;
	uint8_t zeros[200] = { 0 };

	(void)state;
	assert_int_equal(image_encode(&in, &b), 0);
	for (size_t n = 0; n < b.size; n++) {
		/* A copy, for the sanitizer to see what is read beyond. */
		_cleanup_(freep) uint8_t *start = malloc(n + 1);

		assert_non_null(start);
		memcpy(start, b.data, n);
		assert_int_equal(image_parse(span_of(start, n), &out), IMAGE_E_TORN);
	}
	assert_int_equal(image_parse(span_of(zeros, sizeof(zeros)), &out), IMAGE_E_TORN);
	buf_append_u8(&b, 0);
	assert_int_equal(image_parse(span_of(b.data, b.size), &out), IMAGE_E_DAMAGED);
}

static void test_refuses_what_does_not_fit(void **state)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(IMAGE_MAX_SIZE);
	_cleanup_(freep) char *longest = malloc(IMAGE_MAX_HEADER);
	struct image in = make_image();

	(void)state;
	assert_non_null(longest);
	memset(longest, 'x', IMAGE_MAX_HEADER);
	longest[IMAGE_MAX_HEADER - 1] = '\0';
	in.labels[1].value = longest;
	assert_int_equal(image_encode(&in, &b), -E2BIG);
	in.labels[1].value = NULL;
	assert_int_equal(image_encode(&in, &b), -EINVAL);
	in.labels[1] = (struct store_label){ "", "nameless" };
	assert_int_equal(image_encode(&in, &b), -EINVAL);
	in.n_labels = DELIVER_MAX_LABELS + 1;
	assert_int_equal(image_encode(&in, &b), -EINVAL);
}

static void test_ids(void **state)
{
	const char *text = "01234567-89ab-cdef-0123-456789abcdef";
	char again[UUID_TEXT_SIZE], piece_text[UUID_TEXT_SIZE];
	struct uuid id, piece, other;

	(void)state;
	assert_true(uuid_parse(span_of(text, strlen(text)), &id));
	uuid_format(&id, again);
	assert_string_equal(again, text);
	assert_false(uuid_parse(span_of(text, strlen(text) - 1), &id));
	assert_false(uuid_parse(span_of("01234567-89ab-cdef-0123-456789abcdef0", 37), &id));
	assert_false(uuid_parse(span_of("01234567+89ab-cdef-0123-456789abcdef", 36), &id));
	assert_false(uuid_parse(span_of("01234567-89ab-cdef-0123-456789abcdeF", 36), &id));

	assert_true(uuid_parse(span_of(text, strlen(text)), &id));
	piece = uuid_of_piece(&id, 0);
	other = uuid_of_piece(&id, 0);
	assert_true(uuid_equal(&piece, &other));
	uuid_format(&piece, piece_text);
	assert_int_equal(strncmp(piece_text, text, strlen("01234567-89ab-cdef-0123-4567")), 0);
	assert_false(uuid_equal(&piece, &id));
	for (unsigned int n = 1; n < 256; n++) {
		other = uuid_of_piece(&id, (uint8_t)n);
		assert_false(uuid_equal(&piece, &other));
	}
}

static void test_backoff(void **state)
{
	const struct backoff b = { .min = 500, .max = 300000 };

	(void)state;
	assert_int_equal(backoff_delay(&b, 1, 0, 0), 500);
	assert_int_equal(backoff_delay(&b, 2, 0, 0), 1000);
	assert_int_equal(backoff_delay(&b, 5, 0, 0), 8000);
	assert_int_equal(backoff_delay(&b, 11, 0, 0), 300000);
	assert_int_equal(backoff_delay(&b, UINT32_MAX, 0, 0), 300000);
	/* At random, between half of it and all. */
	for (uint64_t random = 0; random < 2000; random++) {
		assert_in_range(backoff_delay(&b, 1, 0, random), 250, 500);
		assert_in_range(backoff_delay(&b, 20, 0, random * 977), 150000, 300000);
	}
	assert_int_equal(backoff_delay(&b, 1, 0, 250), 250);
	/* What the store asked for is the least, up to an hour. */
	assert_int_equal(backoff_delay(&b, 1, 7000, 3), 7000);
	assert_int_equal(backoff_delay(&b, 9, 7000, 0), 128000);
	assert_int_equal(backoff_delay(&b, 1, UINT64_MAX, 3), 3600 * NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back_whole),
		cmocka_unit_test(test_every_changed_bit_is_seen),
		cmocka_unit_test(test_half_written_is_torn),
		cmocka_unit_test(test_refuses_what_does_not_fit),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
