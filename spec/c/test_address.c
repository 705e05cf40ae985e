/* SPDX-License-Identifier: MIT
   test_address.c - each closed network: its first and last address, and the
   public neighbours on either side. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "address.h"

struct where {
  const char *address;
  int open;
};

static const struct where places[] = {
    {"0.0.0.0", 0},
    {"0.255.255.255", 0},
    {"1.0.0.0", 1},
    {"9.255.255.255", 1},
    {"10.0.0.0", 0},
    {"10.255.255.255", 0},
    {"11.0.0.0", 1},
    {"100.63.255.255", 1},
    {"100.64.0.0", 0},
    {"100.127.255.255", 0},
    {"100.128.0.0", 1},
    {"126.255.255.255", 1},
    {"127.0.0.0", 0},
    {"127.0.0.1", 0},
    {"127.255.255.255", 0},
    {"128.0.0.0", 1},
    {"169.253.255.255", 1},
    {"169.254.0.0", 0},
    {"169.254.169.254", 0},
    {"169.254.255.255", 0},
    {"169.255.0.0", 1},
    {"172.15.255.255", 1},
    {"172.16.0.0", 0},
    {"172.31.255.255", 0},
    {"172.32.0.0", 1},
    {"191.255.255.255", 1},
    {"192.0.0.0", 0},
    {"192.0.0.255", 0},
    {"192.0.1.0", 1},
    {"192.0.1.255", 1},
    {"192.0.2.0", 0},
    {"192.0.2.255", 0},
    {"192.0.3.0", 1},
    {"192.167.255.255", 1},
    {"192.88.98.255", 1},
    {"192.88.99.0", 0}, /* 6to4 relays */
    {"192.88.99.255", 0},
    {"192.88.100.0", 1},
    {"192.168.0.0", 0},
    {"192.168.255.255", 0},
    {"192.169.0.0", 1},
    {"198.17.255.255", 1},
    {"198.18.0.0", 0},
    {"198.19.255.255", 0},
    {"198.20.0.0", 1},
    {"198.51.99.255", 1},
    {"198.51.100.0", 0},
    {"198.51.100.255", 0},
    {"198.51.101.0", 1},
    {"203.0.112.255", 1},
    {"203.0.113.0", 0},
    {"203.0.113.255", 0},
    {"203.0.114.0", 1},
    {"223.255.255.255", 1},
    {"224.0.0.0", 0},
    {"239.255.255.255", 0},
    {"240.0.0.0", 0},
    {"255.255.255.255", 0},
    {"8.8.8.8", 1},
    {"::", 0},
    {"::1", 0},
    {"::8.8.8.8", 0}, /* v4-compatible */
    {"::ffff:ffff", 0},
    {"::1:0:0", 1},
    {"::fffe:ffff:ffff", 1},
    {"::ffff:0.0.0.0", 0}, /* v4-mapped */
    {"::ffff:127.0.0.1", 0},
    {"::ffff:8.8.8.8", 0},
    {"::ffff:255.255.255.255", 0},
    {"::1:0:0:0", 1},
    {"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", 1},
    {"64:ff9b::", 0}, /* NAT64 */
    {"64:ff9b::127.0.0.1", 0},
    {"64:ff9b:1::10.0.0.1", 0},
    {"64:ff9b:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"64:ff9c::", 1},
    {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
    {"100::", 0}, /* discard */
    {"100::ffff:ffff:ffff:ffff", 0},
    {"100:0:0:1::", 1},
    {"2000:ffff::", 1},
    {"2001::", 0}, /* Teredo */
    {"2001:1ff:ffff::1", 0},
    {"2001:200::", 1},
    {"2001:db7:ffff::", 1},
    {"2001:db8::", 0}, /* documentation */
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"2001:db9::", 1},
    {"2001:ffff::", 1},
    {"2002::", 0}, /* 6to4 */
    {"2002:7f00:1::", 0},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"2003::", 1},
    {"3ffe:ffff::", 1},
    {"3fff::", 0}, /* documentation */
    {"3fff:fff:ffff::", 0},
    {"3fff:1000::", 1},
    {"5eff:ffff::", 1},
    {"5f00::", 0}, /* segment routing */
    {"5f00:ffff::", 0},
    {"5f01::", 1},
    {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
    {"fc00::", 0}, /* unique local */
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"fe00::", 1},
    {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
    {"fe80::", 0}, /* link-local */
    {"fe80::1", 0},
    {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"fec0::", 0}, /* site-local */
    {"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"ff00::", 0}, /* multicast */
    {"ff02::1", 0},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"2606:4700::1111", 1},
    {"2a00:1450:4001:81b::200e", 1},
};

static void place(void **state) {
  const struct where *w = *state;
  struct sockaddr_in in;
  struct sockaddr_in6 in6;
  memset(&in, 0, sizeof in);
  memset(&in6, 0, sizeof in6);
  in.sin_family = AF_INET;
  in6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET, w->address, &in.sin_addr) == 1) {
    assert_int_equal(mj__address_public((struct sockaddr *)&in), w->open);
  } else {
    assert_int_equal(inet_pton(AF_INET6, w->address, &in6.sin6_addr), 1);
    assert_int_equal(mj__address_public((struct sockaddr *)&in6), w->open);
  }
}

static void other_families(void **state) {
  struct sockaddr_un un;
  struct sockaddr_storage none;
  (void)state;
  memset(&un, 0, sizeof un);
  un.sun_family = AF_UNIX;
  assert_int_equal(mj__address_public((struct sockaddr *)&un), 0);
  memset(&none, 0, sizeof none);
  none.ss_family = AF_UNSPEC;
  assert_int_equal(mj__address_public((struct sockaddr *)&none), 0);
}

int main(void) {
  struct CMUnitTest tests[COUNT(places) + 1];
  size_t i, n = 0;
  for (i = 0; i < COUNT(places); i++)
    tests[n++] = named_case(places[i].address, place, &places[i]);
  tests[n++] = named_case("other_families", other_families, NULL);
  return run_cases("address", tests, n);
}
