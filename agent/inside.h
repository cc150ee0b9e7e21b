/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the agent's owner call of each other. For nobody else. */
#pragma once

#include "agent/agent.h"

/* ---- agent.c ----------------------------------------------------------------------------- */

/* Log why there are no samples. 1; or @error where it is negative, and nothing was logged. */
int agent_say_no_capture(const struct agent *a, int error, const struct capture_detail *detail);

/* ---- turn.c: from one window to the next --------------------------------------------------- */

/* Its timers: the end of the window, and the profiles of the one before. 0 or -errno. */
int turn_init(struct agent *a);

/* When the window that has begun is to end, by the configuration as it is now. 0 or -errno. */
int turn_schedule(struct agent *a);

/*
 * End the window. The next one begins at once, and profiles of this one are made from now on, one
 * at a time; those of the one before that are not made yet are made before. 0 or -errno.
 */
int turn_close(struct agent *a);

/* Make all that is left of them, none of which waits for names any more. 0 or -errno. */
int turn_finish(struct agent *a);

/* What is to be done at the end of each window. 0 or -errno. */
int turn_window(struct agent *a);

/* ---- reload.c ---------------------------------------------------------------------------- */

/*
 * Read the configuration anew, and let it take effect, which goes on after this; where it does
 * already, once more after that. 0, though it may be wrong, which is logged; or -errno.
 */
int reload(struct agent *a);
