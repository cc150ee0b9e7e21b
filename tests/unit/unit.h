/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes first: cmocka needs these in this order. Assertions stay on. */
#pragma once

#undef NDEBUG
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
