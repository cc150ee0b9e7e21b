/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of generic functions, past a server that would cut them.
 *
 * The linker's name of an instantiated function tells its type arguments by shape:
 * `slices.Sort[go.shape.int]`. The compiler looks functions up by that name. Grafana Pyroscope
 * deletes from every string of a Go profile each bracket that begins with `[go.shape.`
 * (pkg/pprof/fix_go_profile.go of v2.2, DropGoTypeParameters), and then the compiler finds none of
 * them: of a program full of generics 15 % of the call-edge weight came back. So before a push the
 * dot becomes a colon, `[go:shape.`, and when a profile is fetched a dot again. A colon is in no
 * name of a type argument, so nothing is lost; the message keeps its length, and every byte outside
 * of the string table is left alone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum pgo_shapes_outcome {
	PGO_SHAPES_E_NONE = 1,	/* nothing to be done: the profile is fine as it is */
	PGO_SHAPES_E_MALFORMED, /* not a profile */
	PGO_SHAPES_E_TOO_LARGE, /* over PGO_SHAPES_MAX uncompressed */
};

#define PGO_SHAPES_MAX ((size_t)256 << 20)

/*
 * The same profile with names escaped, or unescaped, as gzip. @pprof is gzip or plain; *ret_pprof
 * is malloc'd and the caller's to free(). 0, an outcome, or -ENOMEM.
 */
int pgo_shapes_escape(const void *pprof, size_t size, uint8_t **ret_pprof, size_t *ret_size);
int pgo_shapes_unescape(const void *pprof, size_t size, uint8_t **ret_pprof, size_t *ret_size);

/*
 * The same in place, for a plain message: PPROF_PLAIN of pprof_encode(), the answer of a query. 0,
 * PGO_SHAPES_E_NONE, or PGO_SHAPES_E_MALFORMED; then nothing was changed. What is no message and
 * holds no such text either is PGO_SHAPES_E_NONE here.
 */
int pgo_shapes_escape_plain(uint8_t *message, size_t size);
int pgo_shapes_unescape_plain(uint8_t *message, size_t size);
