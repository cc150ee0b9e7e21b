/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the linker wrote of the build (debug/buildinfo/buildinfo.go): a 32-byte header, a magic of
 * 14 bytes, the pointer size, flags; then, inline since Go 1.18, two strings with a varint length
 * each: the Go version, and the module info, whose text stands between two 16-byte marks and is
 * made of lines `key\tvalue`.
 */
#pragma once

#include <stdbool.h>

#include "agent/binary/binary.h"
#include "agent/binary/elf.h"

/* Fills @ret_build but for minor where the version does not say, and returns false, all empty but
 * for the build ids, when there is no build info. */
bool buildinfo_read(struct elf *e, struct binary_build *ret_build);

/* The strings after a header at the beginning of @bytes. */
bool buildinfo_parse(struct span bytes, struct binary_build *ret_build);
