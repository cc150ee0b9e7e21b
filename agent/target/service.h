/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of services made from other names: pure.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

/*
 * The last element of a package's path, or the one before where that is a major version: what `go
 * build` calls the executable (cmd/go/internal/load, DefaultExecName()). "api" of
 * "example.com/shop/cmd/api" and of "example.com/api/v2". Empty for "command-line-arguments",
 * which is what Go calls a package given as a list of files.
 */
struct span service_of_package(struct span path);

/*
 * "web" of "web.service" and of the instance "web@eu.service", unescaped: "my-app" of
 * "my\x2dapp.service" (systemd.unit(5), "String Escaping for Inclusion in Unit Names"). False when
 * nothing is left or it does not fit.
 */
bool service_of_unit(const char *unit, char *ret_name, size_t size);

/* All after the last slash. */
struct span service_base_name(struct span path);
