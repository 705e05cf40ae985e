/* SPDX-License-Identifier: MIT
   setopt.h - a wrapper around curl_easy_setopt, for programs that are linked
   with -Wl,--wrap=curl_easy_setopt: takes single options away. */
#ifndef MJ_SPEC_SETOPT_H
#define MJ_SPEC_SETOPT_H

extern int without_fresh;  /* paid requests may use a warm connection */
extern int without_prereq; /* nothing stops libcurl's second try */
extern int rewindable;     /* and it could send the body again */

#endif
