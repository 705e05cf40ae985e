/* SPDX-License-Identifier: MIT
   address.h - which addresses a picture may come from. */
#ifndef MJ_ADDRESS_H
#define MJ_ADDRESS_H

struct sockaddr;

/* 1 = a public unicast address.  Everything that leads back to this machine or
   its network is not: loopback, private, link-local, shared (100.64/10),
   multicast, reserved, and IPv6 forms that wrap an IPv4 address. */
int mj__address_public(const struct sockaddr *sa);
/* ... and a port where pictures are served: 80 or 443. */
int mj__address_allowed(const struct sockaddr *sa);

#endif
