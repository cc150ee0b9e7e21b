/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

struct store *socket_store_new(struct loop *loop, const char *path);
