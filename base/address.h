/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses to listen at, as people write them: "127.0.0.1:7071", "[::1]:7071". Numbers only, so
 * that nothing has to be looked up.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

bool address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size);

/* Only this machine reaches it. */
bool address_is_loopback(const struct sockaddr_storage *address);

/*
 * The Host of a request is an address or "localhost", with or without a port. A page in a browser
 * cannot read what another origin answers, unless its own name has become this machine's address
 * meanwhile (DNS rebinding). Then its name is in Host, where those who mean this machine have one
 * of these.
 */
bool address_is_literal(const char *host);
