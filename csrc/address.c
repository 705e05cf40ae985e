/* SPDX-License-Identifier: MIT
   address.c - the address rules as tables, from the IANA special-purpose
   registries. */
#include "address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct v4 {
  uint32_t net;
  int bits;
};

static const struct v4 closed4[] = {
    {0x00000000u, 8},  /* this network */
    {0x0a000000u, 8},  /* private */
    {0x64400000u, 10}, /* shared, carrier-grade NAT */
    {0x7f000000u, 8},  /* loopback */
    {0xa9fe0000u, 16}, /* link-local, cloud metadata */
    {0xac100000u, 12}, /* private */
    {0xc0000000u, 24}, /* protocol assignments */
    {0xc0000200u, 24}, /* documentation */
    {0xc0586300u, 24}, /* 6to4 relays */
    {0xc0a80000u, 16}, /* private */
    {0xc6120000u, 15}, /* benchmarking */
    {0xc6336400u, 24}, /* documentation */
    {0xcb007100u, 24}, /* documentation */
    {0xe0000000u, 4},  /* multicast */
    {0xf0000000u, 4},  /* reserved, broadcast */
};

struct v6 {
  unsigned char net[16];
  int bits;
};

static const struct v6 closed6[] = {
    {{0}, 96}, /* ::, ::1, v4-compatible */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, /* v4-mapped */
    {{0x00, 0x64, 0xff, 0x9b}, 32},                   /* NAT64, both forms */
    {{0x01, 0x00}, 64},                               /* discard */
    {{0x20, 0x01, 0x00, 0x00}, 23},                   /* Teredo and the like */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},                   /* documentation */
    {{0x3f, 0xff}, 20},                               /* documentation */
    {{0x5f, 0x00}, 16},                               /* segment routing */
    {{0x20, 0x02}, 16},                               /* 6to4 */
    {{0xfc}, 7},                                      /* unique local */
    {{0xfe, 0x80}, 10},                               /* link-local */
    {{0xfe, 0xc0}, 10},                               /* site-local */
    {{0xff}, 8},                                      /* multicast */
};

static int prefix_is(const unsigned char *a, const unsigned char *net,
                     int bits) {
  int whole = bits / 8, rest = bits % 8;
  if (memcmp(a, net, (size_t)whole) != 0)
    return 0;
  return rest == 0 || ((a[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

int mj__address_public(const struct sockaddr *sa) {
  size_t i;
  if (sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    uint32_t a;
    memcpy(&in, sa, sizeof in);
    a = ntohl(in.sin_addr.s_addr);
    for (i = 0; i < sizeof closed4 / sizeof closed4[0]; i++)
      if ((a ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
        return 0;
    return 1;
  }
  if (sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    for (i = 0; i < sizeof closed6 / sizeof closed6[0]; i++)
      if (prefix_is(in6.sin6_addr.s6_addr, closed6[i].net, closed6[i].bits))
        return 0;
    return 1;
  }
  return 0;
}

int mj__address_allowed(const struct sockaddr *sa) {
  struct sockaddr_in in;
  struct sockaddr_in6 in6;
  int port = 0;
  if (sa->sa_family == AF_INET) {
    memcpy(&in, sa, sizeof in);
    port = ntohs(in.sin_port);
  } else if (sa->sa_family == AF_INET6) {
    memcpy(&in6, sa, sizeof in6);
    port = ntohs(in6.sin6_port);
  }
  return (port == 80 || port == 443) && mj__address_public(sa);
}
