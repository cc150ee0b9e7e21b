/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server's answer means, to a push above all. Pure.
 *
 * Statuses are those of Connect (connectrpc.com/docs/protocol, "Error codes") as Grafana Pyroscope
 * v2.2 gives them, and of the proxies before it:
 *
 *	200			taken, if it is of application/proto and an answer of this call
 *	413			too big
 *	400			too big, if the message says so, else refused: malformed, bad
 * labels, not in the ingestion window
 *	429			retry, too many; too big, if it is the rate limit and the profile is
 *				larger than its burst, for then it can never pass
 *	408 425 499 5xx		retry
 *	1xx, other 2xx, 3xx, 401 403 404 405 407 410 415 421 501
 *				retry, slowly: wrong URL, no token, a login page; nothing that the
 *				profile is to blame for
 *	other 4xx		refused
 */
#pragma once

#include "store/store.h"

/* How much of a body is read at most. */
#define ANSWER_MAX_BODY ((size_t)64 << 10)

/* Before trying again where an operator has to act, or a token to be rotated. */
#define ANSWER_PATIENCE (30 * 1000000000ULL)

struct answer {
	uint32_t status;
	const char *content_type; /* NULL for none */
	struct span body;	  /* all of it, or of an error's the beginning */
	uint64_t retry_after;	  /* ns, 0: not said */
	uint64_t raw_size;	  /* of the profile, uncompressed; 0: not known */
	uint64_t raw_limit;	  /* how large it may be; 0: no limit */
};

/*
 * What an answer that is no success says of itself, as a sentence without its full stop: "the store
 * answered 404: there is no such profile". One line of printable ASCII.
 */
void answer_explain(const struct answer *a, char *ret_text, size_t size);

/* Fills in all but .labels_changed. */
void answer_judge(const struct answer *a, struct store_result *ret_result);
