#!/bin/sh
# SPDX-License-Identifier: MIT
# store_guards.sh: takes one guard of the journal after the other out of a copy
# of it (see store_guards.txt) and fails unless the test named there notices.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/csrc" "$root/spec" "$work/"
cc=${CC:-cc}
flags="-std=c11 -O1 -w -D_POSIX_C_SOURCE=200809L -I$work/csrc -I$work/spec/support -I$work/spec/c"
tests="sqlite commit power fault copy share again exact journal_more"

compile() {
  $cc $flags -c "$work/csrc/$1" -o "$work/${1%.c}.o"
}

for f in $(cd "$work/csrc" && ls ./*.c | grep -v 'mjlua\|store_none'); do
  compile "${f#./}"
done
for f in c/test_store_sqlite c/test_store_commit c/test_store_power c/test_store_fault c/test_store_copy \
  c/test_share c/test_again c/test_exact c/test_journal_more c/journal_case support/rig support/script \
  support/virtual support/storebed support/powervfs; do
  $cc $flags -c "$work/spec/$f.c" -o "$work/${f#*/}.test"
done

run() {
  wrap=
  if [ "$1" = fault ]; then
    for call in open mkdir rename fsync flock unlink ftruncate pwrite; do
      wrap="$wrap -Wl,--wrap=$call"
    done
  fi
  case $1 in
  share | again | exact | journal_more) main="test_$1 journal_case rig script virtual" ;;
  *) main="test_store_$1 storebed powervfs" ;;
  esac
  objects=
  for m in $main; do
    objects="$objects $work/$m.test"
  done
  $cc $wrap $objects "$work"/*.o -lsqlite3 -lcrypto -lcurl -lyajl -lcmocka -lpthread \
    -o "$work/prog" || {
    echo "store_guards.sh: test $1 does not link"
    exit 1
  }
  # some of what the power can do is rare
  [ "$1" = power ] && set -- power 1500
  timeout 120 "$work/prog" ${2:-} >"$work/out" 2>&1
}

. "$root/spec/c/guard_rows.sh"
guard_rows store_guards.sh "$root/spec/c/store_guards.txt"
