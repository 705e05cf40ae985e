#!/bin/sh
# SPDX-License-Identifier: MIT
# store_guards.sh: takes one guard of the journal after the other out of a copy
# of it (see store_guards.txt) and fails unless the test named there notices.
set -eu
. "$(dirname "$0")/guard_rows.sh"
tests="sqlite commit power fault copy share again exact journal_more journal_again"

compile_all 'mjlua\|store_none\|ca\.c'
for f in c/test_store_sqlite c/test_store_commit c/test_store_power c/test_store_fault c/test_store_copy \
  c/test_share c/test_again c/test_exact c/test_journal_more c/test_journal_again c/journal_case support/rig support/script \
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
  share | again | exact | journal_more | journal_again) main="test_$1 journal_case rig script virtual" ;;
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

guard_rows store_guards.sh "$root/spec/c/store_guards.txt"
