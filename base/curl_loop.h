/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's transfers driven by base/loop, so that many can be under way and none blocks.
 *
 * The easy handles stay their owners': set up with curl_easy_setopt() (but CURLOPT_PRIVATE, which
 * is set here), given to curl_transfer_start(), and back with the owner when done is called or
 * after curl_transfer_stop(). A connection that can be used again stays with the curl_loop.
 *
 * The program ignores SIGPIPE: OpenSSL writes its goodbye into connections that are gone. libcurl
 * keeps the signal away while it works on a transfer (as long as nobody sets CURLOPT_NOSIGNAL), but
 * not when one is stopped. It looks up names in threads of its own.
 *
 * Only rooms that speak HTTP link this (dependency `curl_loop` in meson).
 *
 * curl: curl_multi_socket_action(3), CURLMOPT_SOCKETFUNCTION(3), CURLMOPT_TIMERFUNCTION(3).
 */
#pragma once

#include <curl/curl.h>

#include "base/loop.h"

struct curl_socket;
struct curl_transfer;

struct curl_loop {
	struct loop *loop;
	CURLM *multi; /* NULL: not begun */
	struct loop_timer timer;
	struct curl_socket *sockets; /* what libcurl wants watched */
	int error;		     /* of a callback that libcurl cannot be told of */
};

#define CURL_LOOP_NULL                   \
	{                                \
		.timer = LOOP_TIMER_NULL \
	}

/* At most @connections at once, idle ones included. 0 or -errno. */
int curl_loop_init(struct curl_loop *c, struct loop *loop, unsigned int connections);

/* Every transfer is done or stopped before. Not from within a done handler. */
void curl_loop_fini(struct curl_loop *c);

/*
 * Called from the loop once the transfer ended. By then it is stopped, and @t may be started again
 * or freed. 0, or a negative errno that ends the loop.
 */
typedef int (*curl_transfer_done)(struct curl_transfer *t, CURLcode result);

struct curl_transfer {
	struct curl_loop *owner; /* NULL: not under way */
	CURL *easy;
	curl_transfer_done done;
};

/* 0 or -errno. @done is never called from within. */
int curl_transfer_start(struct curl_transfer *t, struct curl_loop *c, CURL *easy,
			curl_transfer_done done);

/* End it without a call of done. Does nothing for one that is not under way. */
void curl_transfer_stop(struct curl_transfer *t);
