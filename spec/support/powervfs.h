/* SPDX-License-Identifier: MIT
   powervfs.h - disks for SQLite that count, fail, and lose their power.

   The VFS is called "power".  As it is it passes everything on to the system's.
   With `hold` it keeps what was not synced in memory, as the system's cache
   does: when the power goes, any part of it, sector by sector and in no order,
   has reached the file, and the rest is lost. */
#ifndef MJ_SPEC_POWERVFS_H
#define MJ_SPEC_POWERVFS_H

#include <stdint.h>

enum power_op {
  POWER_OPEN,
  POWER_READ,
  POWER_WRITE,
  POWER_SYNC,
  POWER_TRUNCATE,
  POWER_DELETE,
  POWER_SIZE,
  POWER_OPS
};

struct power {
  int hold;
  uint32_t seed;         /* of what survives */
  unsigned long cut_at;  /* hold: the call at which the power goes, 0 = none */
  int fail_op;           /* which kind fails; POWER_OPS = any */
  unsigned long fail_at; /* the n-th of these calls, 0 = none */
  int for_ever;          /* and all after it */
  int fail_code;         /* 0 = the one that SQLite's own VFS would give */
  /* What happened. */
  int dead; /* the power is gone: every call fails */
  unsigned long calls, count[POWER_OPS], seen, failures;
  unsigned long lost; /* sectors that never arrived */
};

/* Not thread-safe by itself: to be read and written while no store is open, or
   after a flush. */
extern struct power power;

void power_register(void); /* idempotent */
/* Everything as it is at first; files that are held are forgotten. */
void power_reset(void);
void power_cut(void);
/* What is held reaches the files: the end of a session without a cut. */
void power_settle(void);

#endif
