#!/bin/sh
# SPDX-License-Identifier: MIT
# guards.sh: takes one guard after the other out of a copy of the core (see
# guards.txt) and fails unless the test named there notices.
set -eu
. "$(dirname "$0")/guard_rows.sh"
compile_all 'mjlua\|store_sqlite\|sha256\|key\.c\|share\.c\|\bca\.c'
tests="test_http test_http_pieces test_page test_turn test_guards test_client test_dialog test_ask test_corner test_family
  test_past test_wire test_generate_odd test_hour test_retry test_window test_fair test_storm
  test_limits test_job test_dns test_threat test_files"
export MJ_SOURCE_DIR="$work" MJ_CERTS="$work/spec/fault/certs.sh"
for t in $tests; do
  source=$work/spec/c/$t.c
  [ -f "$source" ] || source=$work/spec/fault/$t.c
  $cc $flags -c "$source" -o "$work/$t.main"
done
$cc $flags -c "$work/spec/fault/front.c" -o "$work/front.support"
for s in rig script virtual rawserver setopt simulated; do
  $cc $flags -c "$work/spec/support/$s.c" -o "$work/$s.support"
done
for s in wire_case wire_folder; do
  $cc $flags -c "$work/spec/c/$s.c" -o "$work/$s.support"
done
simulator=$(sed -n '/add_library(mj_sim /,/)/p' "$root/csrc/serve/CMakeLists.txt" | grep -o '[a-z_]*\.c')
mkdir "$work/sim"
for s in $simulator; do
  $cc $flags -I"$work/csrc/serve" -c "$work/csrc/serve/$s" -o "$work/sim/$s.o"
done

# run TEST: links it with the objects as they are now.  A program that does not
# link has noticed nothing.
run() {
  case $1 in
  test_http) extra="-Wl,--wrap=curl_easy_setopt -Wl,--wrap=fsync -Wl,--wrap=clock_gettime -Wl,--wrap=linkat -x none $work/rawserver.support $work/setopt.support" ;;
  test_http_pieces) extra="-Wl,--wrap=curl_easy_pause -x none $work/rawserver.support" ;;
  test_dns) extra="-Wl,--wrap=curl_easy_setopt -x none $work/rawserver.support -ldl" ;;
  test_threat) extra="$work/front.support $work/rawserver.support" ;;
  test_files) extra="$work/rawserver.support" ;;
  test_past | test_generate_odd) extra= ;;
  test_wire) extra="$work/wire_case.support $work/wire_folder.support" ;;
  test_hour) extra="$work/simulated.support $work/virtual.support $(echo "$work"/sim/*.o)" ;;
  *) extra="$work/rig.support $work/script.support $work/virtual.support" ;;
  esac
  $cc "$work/$1.main" $extra "$work"/*.o -lcurl -lyajl -lcmocka -lpthread -lm -o "$work/prog" || {
    echo "guards.sh: $1 does not link"
    exit 1
  }
  timeout 60 "$work/prog" >"$work/out" 2>&1
}

guard_rows guards.sh "$root/spec/c/guards.txt"
