/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses to listen at, as people write them: "127.0.0.1:7071", "[::1]:7071". Numbers only, so
 * that nothing has to be looked up.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

bool address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size);
