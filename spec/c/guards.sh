#!/bin/sh
# SPDX-License-Identifier: MIT
# guards.sh: takes one guard after the other out of a copy of the core (see
# guards.txt) and fails unless the test named there notices.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/csrc" "$root/spec" "$work/"
cc=${CC:-cc}
flags="-std=c11 -O1 -w -D_POSIX_C_SOURCE=200809L -I$work/csrc -I$work/spec/support"
core=$(cd "$work/csrc" && ls ./*.c | grep -v 'mjlua\|store_sqlite\|sha256\|key\.c')

compile() {
  $cc $flags -c "$work/csrc/$1" -o "$work/${1%.c}.o"
}

for f in $core; do
  compile "${f#./}"
done
tests="test_http test_guards test_client test_dialog test_ask test_corner test_family
  test_past test_wire test_generate_odd test_hour"
export MJ_SOURCE_DIR="$work"
for t in $tests; do
  $cc $flags -c "$work/spec/c/$t.c" -o "$work/$t.main"
done
for s in rig script virtual rawserver simulated; do
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
  test_http) extra="-Wl,--wrap=curl_easy_setopt -Wl,--wrap=fsync -x none $work/rawserver.support" ;;
  test_past | test_generate_odd) extra= ;;
  test_wire) extra="$work/wire_case.support $work/wire_folder.support" ;;
  test_hour) extra="$work/simulated.support $work/virtual.support $(echo "$work"/sim/*.o)" ;;
  *) extra="$work/rig.support $work/script.support $work/virtual.support" ;;
  esac
  $cc "$work/$1.main" $extra "$work"/*.o -lcurl -lyajl -lcmocka -lpthread -o "$work/prog" || {
    echo "guards.sh: $1 does not link"
    exit 1
  }
  timeout 60 "$work/prog" >"$work/out" 2>&1
}

for t in $tests; do
  run $t || {
    echo "guards.sh: $t does not pass as it stands"
    cat "$work/out"
    exit 1
  }
done

noticed=0
survived=0
tab=$(printf '\t')
while IFS="$tab" read -r what file from to test; do
  case $what in '#'* | '') continue ;; esac
  awk -v from="$from" -v to="$to" '
    { text = text $0 "\n" }
    END {
      at = index(text, from)
      if (!at) exit 3
      printf "%s%s%s", substr(text, 1, at - 1), to, substr(text, at + length(from))
    }' "$root/csrc/$file" >"$work/csrc/$file" || {
    echo "guards.sh: not in $file any more: $from"
    exit 1
  }
  compile "$file"
  if run "$test"; then
    echo "guards.sh: $test does not notice that $what is gone"
    survived=$((survived + 1))
  else
    noticed=$((noticed + 1))
  fi
  cp "$root/csrc/$file" "$work/csrc/$file"
  compile "$file"
done <"$root/spec/c/guards.txt"
echo "guards.sh: $noticed noticed, $survived not"
[ "$survived" = 0 ]
