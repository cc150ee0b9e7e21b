/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/digest.h"

#include <assert.h>
#include <nettle/sha2.h>
#include <string.h>

static_assert(DEPOT_KEY_SIZE == SHA256_DIGEST_SIZE, "a key is a SHA-256");

/* RFC 9562 §4: 8-4-4-4-12 digits. */
static bool is_uuid(const char *id)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (!id || strlen(id) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		bool hex = id[i] && strchr("0123456789abcdefABCDEF", id[i]);

		if (form[i] == 'x' ? !hex : id[i] != '-')
			return false;
	}
	return true;
}

/* With its NUL, so that neighbours cannot be taken for one another. */
static void add_text(struct sha256_ctx *h, const char *text)
{
	sha256_update(h, strlen(text) + 1, (const uint8_t *)text);
}

void digest_profile(const struct accept_input *in, uint8_t ret_key[DEPOT_KEY_SIZE])
{
	struct sha256_ctx h;

	sha256_init(&h);
	add_text(&h, in->tenant);
	if (is_uuid(in->id)) {
		add_text(&h, "id");
		for (const char *c = in->id; *c; c++) {
			uint8_t lower = (uint8_t)*c | 0x20; /* a dash stays one */

			sha256_update(&h, 1, &lower);
		}
	} else {
		add_text(&h, "content");
		for (size_t i = 0; i < in->labels->n; i++) {
			add_text(&h, in->labels->list[i].name);
			add_text(&h, in->labels->list[i].value);
		}
		sha256_update(&h, 1, (const uint8_t *)"");
		sha256_update(&h, in->pprof.size, in->pprof.data);
	}
	sha256_digest(&h, DEPOT_KEY_SIZE, ret_key);
}
