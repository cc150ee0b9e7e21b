/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes decode or are refused. What was decoded encodes; that is what protobuf-c reads the same
 * way and writes byte for byte the same, and decoding it changes nothing. Where protobuf-c reads
 * the input too, its rewriting of it means the same to us. Read where another profile was, it is
 * the same profile, and so it is with equal rows left apart.
 */
#include <stdlib.h>
#include <string.h>

#include "libpprof/pprof.h"
#include "libpprof/wire.h"
#include "pprof.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	uint8_t *data;
	size_t size;
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct bytes encode(struct pprof_profile *p)
{
	struct bytes b = { 0 };

	check(pprof_encode(p, PPROF_PLAIN, &b.data, &b.size) == 0);
	return b;
}

static struct bytes pack(const Pprof__Profile *message)
{
	struct bytes b = { .size = pprof__profile__get_packed_size(message) };

	b.data = malloc(b.size + 1);
	pprof__profile__pack(message, b.data);
	return b;
}

static void check_same(struct bytes a, struct bytes b)
{
	check(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
}

/* ---- a message of our own writing, read by protobuf-c, against the profile ---------------- */

static void check_text(const Pprof__Profile *m, int64_t at, const char *text)
{
	check(at >= 0 && (size_t)at < m->n_string_table && strcmp(m->string_table[at], text) == 0);
}

static void check_header(const struct pprof_profile *p, const Pprof__Profile *m)
{
	struct pprof_header h = pprof_header(p);

	check(m->time_nanos == h.time_nanos && m->duration_nanos == h.duration_nanos &&
	      m->period == h.period);
	check_text(m, m->drop_frames, h.drop_frames);
	check_text(m, m->keep_frames, h.keep_frames);
	check_text(m, m->default_sample_type, h.default_sample_type);
	check_text(m, m->doc_url, h.doc_url);
	check_text(m, m->period_type ? m->period_type->type : 0, h.period_type.type);
	check_text(m, m->period_type ? m->period_type->unit : 0, h.period_type.unit);
	check(m->n_sample_type == pprof_n_sample_types(p) && m->n_comment == pprof_n_comments(p));
	for (size_t i = 0; i < m->n_sample_type; i++) {
		check_text(m, m->sample_type[i]->type, pprof_sample_type(p, i).type);
		check_text(m, m->sample_type[i]->unit, pprof_sample_type(p, i).unit);
	}
	for (size_t i = 0; i < m->n_comment; i++)
		check_text(m, m->comment[i], pprof_comment(p, i));
}

static void check_label(const Pprof__Profile *m, const Pprof__Label *label,
			const struct pprof_label *ours)
{
	check_text(m, label->key, ours->key);
	check(label->num == ours->number);
	check((label->str != 0) == (ours->text != NULL));
	if (ours->text)
		check_text(m, label->str, ours->text);
	else
		check_text(m, label->num_unit, ours->unit);
}

static void check_samples(struct pprof_profile *p, const Pprof__Profile *m)
{
	check(m->n_sample == pprof_n_samples(p));
	for (size_t i = 0; i < m->n_sample; i++) {
		struct pprof_sample s = pprof_sample(p, i);
		const Pprof__Sample *sample = m->sample[i];

		check(sample->n_location_id == s.n_locations && sample->n_label == s.n_labels &&
		      sample->n_value == pprof_n_sample_types(p));
		for (size_t k = 0; k < s.n_locations; k++)
			check(sample->location_id[k] == s.locations[k] + 1);
		for (size_t k = 0; k < sample->n_value; k++)
			check(sample->value[k] == s.values[k]);
		for (size_t k = 0; k < s.n_labels; k++)
			check_label(m, sample->label[k], &s.labels[k]);
	}
}

static void check_locations(const struct pprof_profile *p, const Pprof__Profile *m)
{
	check(m->n_location == pprof_n_locations(p));
	for (size_t i = 0; i < m->n_location; i++) {
		struct pprof_location l = pprof_location(p, i);
		const Pprof__Location *location = m->location[i];

		check(location->id == i + 1 && location->address == l.address &&
		      location->is_folded == l.is_folded && location->n_line == l.n_lines);
		check(location->mapping_id ==
		      (l.mapping == PPROF_NONE ? 0 : (uint64_t)l.mapping + 1));
		for (size_t k = 0; k < l.n_lines; k++)
			check(location->line[k]->function_id == l.lines[k].function + 1 &&
			      location->line[k]->line == l.lines[k].line &&
			      location->line[k]->column == l.lines[k].column);
	}
}

static void check_names(const struct pprof_profile *p, const Pprof__Profile *m)
{
	check(m->n_function == pprof_n_functions(p) && m->n_mapping == pprof_n_mappings(p));
	for (size_t i = 0; i < m->n_function; i++) {
		struct pprof_function f = pprof_function(p, i);

		check(m->function[i]->id == i + 1 && m->function[i]->start_line == f.start_line);
		check_text(m, m->function[i]->name, f.name);
		check_text(m, m->function[i]->system_name, f.system_name);
		check_text(m, m->function[i]->filename, f.file);
	}
	for (size_t i = 0; i < m->n_mapping; i++) {
		struct pprof_mapping x = pprof_mapping(p, i);
		const Pprof__Mapping *y = m->mapping[i];

		check(y->id == i + 1 && y->memory_start == x.start && y->memory_limit == x.limit &&
		      y->file_offset == x.offset && y->has_functions == x.has_functions &&
		      y->has_filenames == x.has_filenames &&
		      y->has_line_numbers == x.has_line_numbers &&
		      y->has_inline_frames == x.has_inline_frames);
		check_text(m, y->filename, x.file);
		check_text(m, y->build_id, x.build_id);
	}
}

static void check_written(struct bytes written)
{
	Pprof__Profile *m = pprof__profile__unpack(NULL, written.size, written.data);
	struct pprof_profile *p = NULL;
	struct bytes packed, again;

	check(m != NULL);
	check(pprof_decode(written.data, written.size, NULL, &p, NULL) == 0);
	check_header(p, m);
	check_samples(p, m);
	check_locations(p, m);
	check_names(p, m);
	packed = pack(m);
	check_same(packed, written);
	again = encode(p);
	check_same(again, written);
	free(packed.data);
	free(again.data);
	pprof_free(p);
	pprof__profile__free_unpacked(m, NULL);
}

/* ---- the input, rewritten by protobuf-c --------------------------------------------------- */

/* Doubled period types are united by protobuf-c, while of google/pprof's and ours the last counts.
 */
static bool has_two_period_types(const uint8_t *data, size_t size)
{
	struct pp_reader r = pp_reader_of(data, size);
	struct pp_field f;
	int n = 0;

	while (pp_next_field(&r, &f))
		n += f.number == 11;
	return n > 1;
}

static void check_rewritten(const uint8_t *data, size_t size, struct bytes written)
{
	Pprof__Profile *m = pprof__profile__unpack(NULL, size, data);
	struct pprof_profile *p = NULL;
	struct bytes packed, again;

	if (!m)
		return;
	packed = pack(m);
	check(pprof_decode(packed.data, packed.size, NULL, &p, NULL) == 0);
	again = encode(p);
	check_same(again, written);
	free(packed.data);
	free(again.data);
	pprof_free(p);
	pprof__profile__free_unpacked(m, NULL);
}

/* ---- the input, read where another profile was ------------------------------------------- */

/* Rows that are there already make no difference, nor does what was refused in between. */
static void check_reread(const uint8_t *data, size_t size, struct bytes written)
{
	struct pprof_profile *p;
	struct bytes again;

	check(pprof_new(&p) == 0);
	for (int i = 0; i < 2; i++) {
		check(pprof_reread(p, data, size, NULL, NULL) == 0);
		again = encode(p);
		check_same(again, written);
		free(again.data);
		check(pprof_reread(p, written.data, written.size - 1, NULL, NULL) >= 0);
		check(pprof_reread(p, "", 0, NULL, NULL) == PPROF_E_MALFORMED);
		check(!pprof_n_samples(p) && !pprof_n_comments(p));
	}
	pprof_free(p);
}

/* ---- the input, peeked at ---------------------------------------------------------------- */

static uint64_t total(struct pprof_profile *p, size_t type)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < pprof_n_samples(p); i++)
		sum += (uint64_t)pprof_sample(p, i).values[type];
	return sum;
}

static void check_types(struct pprof_profile *p, struct pprof_profile *wanted)
{
	check(pprof_n_sample_types(p) == pprof_n_sample_types(wanted));
	for (size_t i = 0; i < pprof_n_sample_types(p); i++) {
		const struct pprof_value_type a = pprof_sample_type(p, i),
					      b = pprof_sample_type(wanted, i);

		check(!strcmp(a.type, b.type) && !strcmp(a.unit, b.unit));
		check(total(p, i) == total(wanted, i));
	}
}

/* Of what is kept all is the same, but that samples are added up by the locations of the file. */
static void check_peek(const uint8_t *data, size_t size, struct pprof_profile *wanted)
{
	struct pprof_header a, b;
	struct pprof_profile *p;

	check(pprof_peek(data, size, NULL, &p, NULL) == 0);
	a = pprof_header(p);
	b = pprof_header(wanted);
	check(a.time_nanos == b.time_nanos && a.duration_nanos == b.duration_nanos);
	check(a.period == b.period && !strcmp(a.period_type.type, b.period_type.type));
	check(!strcmp(a.period_type.unit, b.period_type.unit));
	check_types(p, wanted);
	check(pprof_n_samples(p) >= pprof_n_samples(wanted));
	check(pprof_n_mappings(p) == pprof_n_mappings(wanted));
	check(pprof_main_mapping(p) == pprof_main_mapping(wanted));
	if (pprof_n_mappings(p))
		check(!strcmp(pprof_mapping(p, 0).build_id, pprof_mapping(wanted, 0).build_id));
	check(pprof_n_comments(p) == pprof_n_comments(wanted));
	check(!pprof_n_functions(p) && !pprof_n_locations(p));
	pprof_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pprof_limits limits = { .size = sizeof(limits), .uncompressed = 1 << 20 };
	struct pprof_profile *p = NULL;
	const char *reason = NULL;
	struct bytes written;
	int r = pprof_decode(data, size, &limits, &p, &reason);

	if (r) {
		check(r > 0 && reason && !p);
		check(pprof_peek(data, size, &limits, &p, NULL) == r && !p);
		return 0;
	}
	written = encode(p);
	check_written(written);
	if (!has_two_period_types(data, size))
		check_rewritten(data, size, written);
	check_reread(data, size, written);
	check_peek(data, size, p);
	free(written.data);
	pprof_free(p);
	return 0;
}
