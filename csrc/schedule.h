/* SPDX-License-Identifier: MIT
   schedule.h - when to ask for a task again. */
#ifndef MJ_SCHEDULE_H
#define MJ_SCHEDULE_H

#include "mj.h"

/* Milliseconds from the last reply (or the acceptance) to the next poll, after
   `polls` polls. */
int64_t mj__poll_gap(const mj_poll *p, int polls);
#endif
