/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a server: hone-collector makes the whole profile, and is asked first. What it served last
 * time it recognises by its entity tag, which is the digest of the profile's bytes: so that of the
 * file is sent, and nothing has to be remembered beside it. A server that does not know the
 * question may be a Grafana Pyroscope, and is asked as such.
 */
#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pull_item.h"
#include "store/curated.h"

#define AT_ONCE 4

struct question {
	struct pull_item *item;
	struct fetch *fetch;
	struct buf path, query;
	char match[80];
	const char *headers[1];
};

/* collector/curate/curate.h: the first half of the SHA-256, in hexadecimal. */
static void make_match(struct question *q)
{
	const struct buf *old = &q->item->old;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, old->size, old->data);
	sha256_digest(&h, sizeof(digest), digest);
	char *at = stpcpy(q->match, "If-None-Match: \"");
	for (size_t i = 0; i < sizeof(digest) / 2; i++)
		at += sprintf(at, "%02x", digest[i]);
	strcpy(at, "\"");
}

/* False where nothing is to be asked, and the item is settled. */
static int make_question(const struct pull_options *o, struct question *q, bool *ret_ask)
{
	const struct curated_question ask = { .name = q->item->name,
					      .tag = o->tag,
					      .window = o->window,
					      .labels = o->labels,
					      .n_labels = o->n_labels,
					      .any = o->any };
	int r;

	*q = (struct question){
		.item = q->item, .fetch = q->fetch, .path = BUF_INIT(8192), .query = BUF_INIT(256)
	};
	r = curated_ask(&ask, &q->path, &q->query);
	*ret_ask = r == 0;
	if (r == CURATED_E_NAME)
		pull_item_end(q->item, PULL_FAILED, "no profile has such a name or tag");
	if (r != 0)
		return r < 0 ? r : 0;
	if (q->item->old.size)
		make_match(q);
	q->headers[0] = q->match;
	*q->fetch = (struct fetch){ .options = &o->remote.options,
				    .path = (const char *)q->path.data,
				    .query = (const char *)q->query.data,
				    .headers = q->headers,
				    .n_headers = *q->match ? 1 : 0,
				    .max_answer = PULL_MAX_PROFILE };
	if (!*q->fetch->query)
		q->fetch->query = NULL;
	return 0;
}

/* ---- answers ----------------------------------------------------------------------------- */

static int copy_old(struct pull_item *item)
{
	buf_append(&item->got, item->old.data, item->old.size);
	return buf_error(&item->got);
}

/* A server that does not know the question: Pyroscope, whose web page may be the answer to all. */
static bool is_foreign(const struct fetch *f, const struct curated_facts *facts)
{
	const struct span body = span_of(f->body.data, f->body.size);

	return !facts->by_collector && (f->status == 404 || f->status == 405 ||
					(f->status == 200 && !span_starts_with(body, "\x1f\x8b")));
}

static int ask_otherwise(const struct pull_options *o, struct question *q)
{
	const struct fetch *f = q->fetch;

	if (f->status == 200)
		pull_item_end(q->item, PULL_FAILED, "the store answered, but with no profile");
	else
		pull_item_end(q->item, PULL_KEPT, "%s", f->text);
	return o->tag ? 0 : pull_from_query(o, q->item);
}

static int take_answer(const struct pull_options *o, struct question *q)
{
	struct pull_item *item = q->item;
	struct fetch *f = q->fetch;
	struct curated_facts facts;

	curated_read(f, &facts);
	item->until = facts.until;
	if (f->status == 304 && *q->match)
		return copy_old(item);
	if (is_foreign(f, &facts))
		return ask_otherwise(o, q);
	if (f->status == 200) {
		item->got = f->body;
		f->body = (struct buf){ 0 };
		return 0;
	}
	pull_item_end(item, f->status == 404 ? PULL_KEPT : PULL_FAILED, "%s", f->text);
	return 0;
}

static int ask_all(const struct pull_options *o, struct question *questions, struct fetch *fetches,
		   size_t n)
{
	char why[STORE_TEXT_SIZE];
	int r = fetch_all(fetches, n, AT_ONCE, why);

	for (size_t i = 0; r == STORE_E_OPTIONS && i < n; i++)
		pull_item_end(questions[i].item, PULL_FAILED, "%s", why);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_answer(o, &questions[i]);
	return r < 0 ? r : 0;
}

int pull_from_server(const struct pull_options *o, struct pull_item *items, size_t n)
{
	struct question *questions = calloc(n, sizeof(*questions));
	struct fetch *fetches = calloc(n, sizeof(*fetches));
	size_t asked = 0;
	int r = questions && fetches ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct question *q = &questions[asked];
		bool ask;

		q->item = &items[i];
		q->fetch = &fetches[asked];
		r = make_question(o, q, &ask);
		asked += r == 0 && ask;
	}
	if (r == 0 && asked)
		r = ask_all(o, questions, fetches, asked);
	for (size_t i = 0; questions && i < n; i++) {
		buf_fini(&questions[i].path);
		buf_fini(&questions[i].query);
	}
	for (size_t i = 0; fetches && i < n; i++)
		fetch_fini(&fetches[i]);
	free(questions);
	free(fetches);
	return r;
}
