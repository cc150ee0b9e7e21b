/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/answers.h"

bool answers_keep(struct budget *b, struct http_request *r)
{
	const size_t size = r->answer.body.size;
	const size_t most = b->limit - b->limit / 8, charge = size < most ? size : most;
	const size_t limit = size <= ANSWERS_SMALL || size > most ? b->limit : most;

	if (size <= ANSWERS_FREE)
		return true;
	if (!budget_take(b, charge, limit))
		return false;
	r->kept = charge;
	return true;
}

void answers_release(struct budget *b, struct http_request *r)
{
	budget_give(b, r->kept);
	r->kept = 0;
}
