/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collector/ingest/push_inside.h"
#include "libpprof/wire.h"

void push_fini(struct push *p)
{
	for (size_t i = 0; i < p->n_series; i++)
		label_set_fini(&p->series[i]);
	for (size_t i = 0; i < p->n_samples; i++)
		free(p->samples[i].memory);
	free(p->series);
	free(p->samples);
	*p = (struct push)PUSH_NULL;
}

int push_add_series(struct push *p, struct refusal *why)
{
	if (p->n_series == PUSH_MAX_SERIES)
		return refuse(why, REFUSAL_INVALID, "there are over %u series in one request",
			      PUSH_MAX_SERIES);
	struct label_set *series = reallocarray(p->series, p->n_series + 1, sizeof(*series));
	if (!series)
		return -ENOMEM;
	p->series = series;
	series[p->n_series++] = (struct label_set)LABEL_SET_NULL;
	return 0;
}

int push_add_sample(struct push *p, struct span id, struct push_sample **ret_sample,
		    struct refusal *why)
{
	if (p->n_samples == PUSH_MAX_SAMPLES)
		return refuse(why, REFUSAL_INVALID, "there are over %u profiles in one request",
			      PUSH_MAX_SAMPLES);
	if (id.size && memchr(id.data, 0, id.size))
		return refuse(why, REFUSAL_INVALID, "the id of a profile has a NUL");
	struct push_sample *samples = reallocarray(p->samples, p->n_samples + 1, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	p->samples = samples;
	struct push_sample *s = &samples[p->n_samples++];
	*s = (struct push_sample){ .series = (uint32_t)p->n_series - 1 };
	if (id.size && id.size < sizeof(s->id))
		memcpy(s->id, id.data, id.size);
	*ret_sample = s;
	return 0;
}

/* ---- protobuf ---------------------------------------------------------------------------- */

static int refuse_message(struct refusal *why)
{
	return refuse(why, REFUSAL_INVALID, "the message is no push.v1.PushRequest");
}

/* Field 1 and 2 of a message, which are bytes. */
static bool read_pair(struct pp_reader m, struct span *ret_one, struct span *ret_two)
{
	struct pp_reader values[2] = { pp_reader_of("", 0), pp_reader_of("", 0) };
	struct pp_field f;

	while (pp_next_field(&m, &f))
		if (f.number == 1 || f.number == 2)
			pp_take_bytes(&m, &f, &values[f.number - 1]);
	*ret_one = span_of(values[0].data, values[0].size);
	*ret_two = span_of(values[1].data, values[1].size);
	return !m.bad;
}

static int read_label(struct pp_reader m, struct push *p, struct refusal *why)
{
	struct span name, value;

	return read_pair(m, &name, &value)
		       ? label_set_add(&p->series[p->n_series - 1], name, value, why)
		       : refuse_message(why);
}

static int read_sample(struct pp_reader m, struct push *p, struct refusal *why)
{
	struct push_sample *sample;
	struct span pprof, id;

	if (!read_pair(m, &pprof, &id))
		return refuse_message(why);
	int r = push_add_sample(p, id, &sample, why);
	if (r == 0)
		sample->pprof = pprof;
	return r;
}

static int read_series(struct pp_reader m, struct push *p, struct refusal *why)
{
	int r = push_add_series(p, why);
	struct pp_reader part;
	struct pp_field f;

	while (r == 0 && pp_next_field(&m, &f)) {
		if (f.number == 1 && pp_take_bytes(&m, &f, &part))
			r = read_label(part, p, why);
		else if (f.number == 2 && pp_take_bytes(&m, &f, &part))
			r = read_sample(part, p, why);
	}
	if (r == 0 && m.bad)
		r = refuse_message(why);
	return r ? r : label_set_finish(&p->series[p->n_series - 1], why);
}

int push_parse_proto(struct span body, struct push *ret_push, struct refusal *why)
{
	struct pp_reader m = pp_reader_of(body.data, body.size), series;
	struct pp_field f;
	int r = 0;

	while (r == 0 && pp_next_field(&m, &f))
		if (f.number == 1 && pp_take_bytes(&m, &f, &series))
			r = read_series(series, ret_push, why);
	return r == 0 && m.bad ? refuse_message(why) : r;
}
