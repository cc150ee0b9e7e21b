/* SPDX-License-Identifier: Apache-2.0 */
/* What go list prints, which is another program's. */
#include <stdlib.h>
#include <string.h>

#include "cli/packages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packages p;

	if (packages_parse(span_of(data, size), &p) != 0)
		return 0;
	for (size_t i = 0; i < p.n; i++)
		if (p.list[i].folder[0] != '/' || !*p.list[i].path)
			abort();
	packages_fini(&p);
	return 0;
}
