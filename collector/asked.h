/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients write into the headers, arguments and paths of a request, and what it means. Texts
 * in, values out: knows no request. An argument that may be missing is an empty span then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* A text that ends in NUL, or NULL for one that is not there. */
struct span asked_text(const char *text);

/* If-None-Match (RFC 9110 §13.1.2): a list of tags, or "*"; compared weakly. */
bool asked_has_etag(struct span list, const char *etag);

/* ?etag=, with quotes or without: in a URL they are a nuisance. Cut off where it is too long. */
void asked_etag(struct span text, char *ret_etag, size_t size);

/* Accept-Encoding: does it name gzip, without a weight? */
bool asked_takes_gzip(struct span list);

/* Accept: is a page wanted before all else? Browsers say so; curl and libraries of clients do not.
 */
bool asked_page(struct span list);

/* "NAME/tags" or "NAME/tags/TAG", cut in two; the first has no ret_tag->data. False: neither. */
bool asked_tag(struct span path, struct span *ret_name, struct span *ret_tag);

/*
 * ?from= of /ingest, in ns; 0 for none. Pyroscope's rule (pkg/util/attime, and pyroscope-go):
 * seconds, or what is longer in parts.
 */
int64_t asked_from(struct span text);

/* Connect-Timeout-Ms, at most ten digits; in ms. */
bool asked_timeout(struct span text, uint64_t *ret_ms);

/* ?window= and ?ago= of a page: "7d", "24h", "30m", up to 366 days; in ns. */
bool asked_duration(struct span text, int64_t least, int64_t *ret_duration);
