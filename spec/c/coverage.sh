#!/bin/sh
# SPDX-License-Identifier: MIT
# coverage.sh: fails unless the folders and tables of spec/wire, and the tests
# beside them, run each line of the files that write and read the wire, and of
# those that reckon with retries, turns and money, and go both ways at each branch.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
files="wire wire_put wire_mj wire_mj_put wire_mj_read outcome outcome_rule picture proposal"
files="$files wire_generate wire_generate_put wire_generate_paint"
files="$files wire_generate_click wire_generate_read prompt_build past index later"
files="$files window retry fair budget tag"
tests="wire generate generate_odd generate_read outcome outcome_rule proposal button prompt_text"
tests="$tests past index family generate_memory corner window retry fair budget tag"
cc=${CC:-gcc}
gcov=${GCOV:-gcov}
export MJ_SOURCE_DIR="$root"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -g -O0 -w -I$root/csrc -I$root/spec/c -I$root/spec/support $(pkg-config --cflags yajl libcurl cmocka)"
libs=$(pkg-config --libs cmocka yajl libcurl)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2

core=$(sed -n '/set(MJ_CORE_SOURCES/,/)/p' "$root/csrc/CMakeLists.txt" | grep -o '[a-z_]*\.c'; echo store_none.c ca_none.c)
[ -n "$core" ] || { echo "coverage: which files are the core's?" >&2; exit 2; }
for f in $core; do
  case " $files " in
  *" ${f%.c} "*) $cc $flags --coverage -c "$root/csrc/$f" -o "${f%.c}.o" || exit 2 ;;
  *) $cc $flags -c "$root/csrc/$f" -o "${f%.c}.o" || exit 2 ;;
  esac
done
ar rc libcore.a ./*.o
for f in wire_case wire_folder outcome_words; do
  $cc $flags -c "$here/$f.c" -o "$f.o" || exit 2
done
ar rc libcase.a wire_case.o wire_folder.o outcome_words.o
for s in rig script virtual; do
  $cc $flags -c "$here/../support/$s.c" -o "$s.o" || exit 2
done
ar rc libsupport.a rig.o script.o virtual.o
for t in $tests; do
  $cc $flags "$here/test_$t.c" libcase.a libsupport.a libcore.a $libs -lm -lpthread --coverage -o "test_$t" || exit 2
  "./test_$t" >log 2>&1 || { echo "coverage: test_$t fails" >&2; tail -n 5 log; exit 2; }
done

for f in $files; do
  "$gcov" -b -c -o . "$f.o" >log 2>&1 || { cat log >&2; exit 2; }
  [ -s "$f.c.gcov" ] || { echo "coverage: no figures for $f.c" >&2; exit 2; }
  awk -v file="$f.c" -f "$here/coverage.awk" "$f.c.gcov"
done >out
grep '^missed' out
lines=$(grep -c '^line' out)
missed=$(grep -c '^missed' out)
echo "coverage: $lines lines, of which $missed were not run, or not both ways"
[ "$lines" -gt 700 ] && [ "$missed" = 0 ]
