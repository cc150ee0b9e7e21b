/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

bool address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	uint64_t port;

	if (!colon)
		return false;
	struct span rest = span_of(colon + 1, strlen(colon + 1));
	struct span name = span_of(text, (size_t)(colon - text));
	if (!text_number(&rest, 10, &port) || rest.size || port > UINT16_MAX)
		return false;
	bool brackets = name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']';
	if (brackets)
		name = span_of(name.data + 1, name.size - 2);
	if (!text_copy(name, host, sizeof(host)))
		return false;
	if (brackets && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*ret_size = sizeof(*v6);
	} else if (!brackets && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*ret_size = sizeof(*v4);
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

bool address_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool address_is_literal(const char *host)
{
	struct sockaddr_storage address;
	char with_port[INET6_ADDRSTRLEN + 8];
	socklen_t size;

	if (!strcasecmp(host, "localhost") || !strncasecmp(host, "localhost:", 10))
		return true;
	snprintf(with_port, sizeof(with_port), "%s:0", host);
	return address_parse(host, &address, &size) || address_parse(with_port, &address, &size);
}
