/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to hone-collector in either codec, and names of /ingest. */
#include "collector/ingest/push.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct label_set labels = LABEL_SET_NULL;
	struct push proto = PUSH_NULL, json = PUSH_NULL;
	struct span input = span_of(data, size);
	struct refusal why;

	push_parse_proto(input, &proto, &why);
	push_fini(&proto);
	push_parse_json(input, &json, &why);
	push_fini(&json);
	if (label_set_parse_name(&labels, input, &why) == 0)
		label_set_finish(&labels, &why);
	label_set_fini(&labels);
	return 0;
}
