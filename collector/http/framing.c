/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/framing.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* libmicrohttpd's own, of each text. */
#define NOTE ((size_t)64)

/* What a name is made of: RFC 9110 §5.6.2. */
#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

void framing_weigh(struct framing *f, const char *name, const char *value)
{
	f->kept += strlen(name) + (value ? strlen(value) : 0) + NOTE;
}

void framing_add(struct framing *f, const char *name, const char *value)
{
	framing_weigh(f, name, value);
	/* RFC 9112 §5.1: no blank before the colon, which another reader may overlook. */
	if (name[strspn(name, TOKEN)])
		f->strange = true;
	if (!strcasecmp(name, "Content-Length")) {
		f->lengths++;
		f->length = value ? value : "";
	}
	if (!strcasecmp(name, "Transfer-Encoding")) {
		f->encodings++;
		f->encoding = value ? value : "";
	}
}

const char *framing_refusal(const struct framing *f, size_t room, unsigned int *ret_status,
			    uint64_t *ret_announced)
{
	*ret_announced = 0;
	*ret_status = 431;
	if (f->kept > room)
		return "The header is too large.";
	*ret_status = 400;
	if (f->strange)
		return "The name of a header is none.";
	if (f->lengths + f->encodings > 1)
		return "The length of the body is given more than once.";
	/* libmicrohttpd takes a body of any other coding to last until the connection ends. */
	if (f->encoding && strcasecmp(f->encoding, "chunked") != 0)
		return "The transfer coding is not chunked.";
	if (!f->length)
		return NULL;
	struct span text = span_of(f->length, strlen(f->length));
	if (!text_number(&text, 10, ret_announced) || text.size)
		return "Content-Length is no number.";
	return NULL;
}
