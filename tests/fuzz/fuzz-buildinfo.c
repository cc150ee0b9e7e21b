/* SPDX-License-Identifier: Apache-2.0 */
/* Build info: every string it gives lies in what it was given. */
#include <stdlib.h>

#include "agent/binary/buildinfo.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binary_build b = { 0 };

	if (!buildinfo_parse(span_of(data, size), &b))
		return 0;
	const struct span strings[] = {
		b.go_version, b.main_path, b.main_module,  b.main_version, b.vcs_revision,
		b.vcs_time,   b.pgo,	   b.vcs_modified, b.buildmode,	   b.cgo_enabled,
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(strings); i++)
		if (strings[i].size &&
		    (strings[i].data < data || strings[i].data + strings[i].size > data + size))
			abort();
	if (b.minor < 0 || b.minor > 999)
		abort();
	return 0;
}
