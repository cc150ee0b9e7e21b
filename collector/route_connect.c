/* SPDX-License-Identifier: Apache-2.0 */
/* What requests of the Connect protocol have in common (connectrpc.com/docs/protocol). */
#include <string.h>

#include "base/text.h"
#include "collector/ingest/accept.h"
#include "collector/routes.h"

bool route_has_type(const struct http_request *r, const char *type)
{
	const char *text = http_header(r, "Content-Type");
	struct span rest = span_of(text ? text : "", text ? strlen(text) : 0), name = rest;

	text_cut(&rest, ';', &name);
	while (name.size && name.data[name.size - 1] == ' ')
		name.size--;
	return span_equals(name, type);
}

int route_check_protocol(const struct http_request *r, struct refusal *why)
{
	const char *version = http_header(r, "Connect-Protocol-Version");

	if (version && strcmp(version, "1") != 0)
		return refuse(why, REFUSAL_INVALID,
			      "connect-protocol-version must be \"1\": got \"%.20s\"", version);
	return 0;
}

int route_read_body(const struct http_request *r, size_t limit, struct turn *turn,
		    uint8_t **ret_memory, struct span *ret_body, struct refusal *why)
{
	const char *encoding = http_header(r, "Content-Encoding");
	size_t size = 0;

	*ret_body = http_body(r);
	if (!encoding || !*encoding || !strcmp(encoding, "identity"))
		return 0;
	if (strcmp(encoding, "gzip") != 0)
		return refuse(why, REFUSAL_UNIMPLEMENTED,
			      "unknown compression: supported encodings are gzip");
	int result = accept_gunzip(*ret_body, limit, turn, ret_memory, &size, why);
	*ret_body = span_of(*ret_memory, size);
	return result;
}
