/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/ingest/message.h"
#include "collector/ingest/push_inside.h"
#include "proto/push.pb-c.h"

void push_fini(struct push *p)
{
	for (size_t i = 0; i < p->n_series; i++)
		label_set_fini(&p->series[i]);
	for (size_t i = 0; i < p->n_samples; i++)
		free(p->samples[i].pprof);
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

int push_add_sample(struct push *p, const char *id, size_t size, uint8_t **ret_room,
		    struct refusal *why)
{
	if (p->n_samples == PUSH_MAX_SAMPLES)
		return refuse(why, REFUSAL_INVALID, "there are over %u profiles in one request",
			      PUSH_MAX_SAMPLES);
	struct push_sample *samples = reallocarray(p->samples, p->n_samples + 1, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	p->samples = samples;
	struct push_sample *s = &samples[p->n_samples];
	*s = (struct push_sample){ .series = (uint32_t)p->n_series - 1, .size = size };
	s->pprof = malloc(size ? size : 1);
	if (!s->pprof)
		return -ENOMEM;
	if (strlen(id) < sizeof(s->id))
		snprintf(s->id, sizeof(s->id), "%s", id);
	p->n_samples++;
	*ret_room = s->pprof;
	return 0;
}

/* ---- protobuf ---------------------------------------------------------------------------- */

/* What a message may take of memory besides its bytes. */
#define BUDGET ((size_t)4 << 20)

static int copy_series(const Push__V1__RawProfileSeries *from, struct push *p, struct refusal *why)
{
	int r = push_add_series(p, why);
	uint8_t *room = NULL;

	for (size_t i = 0; r == 0 && i < from->n_labels; i++) {
		const Push__V1__LabelPair *l = from->labels[i];

		r = label_set_add(&p->series[p->n_series - 1], span_of(l->name, strlen(l->name)),
				  span_of(l->value, strlen(l->value)), why);
	}
	if (r == 0)
		r = label_set_finish(&p->series[p->n_series - 1], why);
	for (size_t i = 0; r == 0 && i < from->n_samples; i++) {
		const ProtobufCBinaryData *pprof = &from->samples[i]->raw_profile;

		r = push_add_sample(p, from->samples[i]->id, pprof->len, &room, why);
		if (r == 0 && pprof->len)
			memcpy(room, pprof->data, pprof->len);
	}
	return r;
}

int push_parse_proto(struct span body, struct push *ret_push, struct refusal *why)
{
	ProtobufCMessage *message;
	int r = message_unpack(&push__v1__push_request__descriptor, body, body.size + BUDGET,
			       &message, why);

	if (r != 0)
		return r;
	const Push__V1__PushRequest *request = (const Push__V1__PushRequest *)message;
	for (size_t i = 0; r == 0 && i < request->n_series; i++)
		r = copy_series(request->series[i], ret_push, why);
	protobuf_c_message_free_unpacked(message, NULL);
	return r;
}
