/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone-agent status: ask a running agent, over its /status, and show what it says. Talks to the
 * terminal; nothing of the agent proper is touched.
 */
#pragma once

/* argv[0] is "status". Answers the exit code: 0 shown, 1 no answer, 2 wrong usage. */
int status_main(int argc, char **argv);
