#!/bin/sh
# SPDX-License-Identifier: MIT
# money_guards.sh: takes one guard of budgets after the other out of a copy of
# the core (see money_guards.txt) and fails unless the test named there notices.
set -eu
. "$(dirname "$0")/guard_rows.sh"
flags="$flags -DMJ_JOURNAL"
tests="budget budget_journal budget_walk store_more store_sqlite"

compile_all 'mjlua\|store_none\|ca\.c'
for t in $tests; do
  $cc $flags -c "$work/spec/c/test_$t.c" -o "$work/$t.main"
done
for f in support/rig support/script support/virtual support/storebed support/powervfs \
  c/journal_case c/store_case; do
  $cc $flags -c "$work/spec/$f.c" -o "$work/${f#*/}.help"
done

run() {
  case $1 in
  store_*) extra="$work/storebed.help $work/powervfs.help" ;;
  *) extra="$work/rig.help $work/script.help $work/virtual.help $work/journal_case.help" ;;
  esac
  [ "$1" = store_more ] && extra="$extra $work/store_case.help"
  $cc "$work/$1.main" $extra "$work"/*.o -lsqlite3 -lcrypto -lcurl -lyajl -lcmocka -lpthread \
    -o "$work/prog" || {
    echo "money_guards.sh: test_$1 does not link"
    exit 1
  }
  timeout 120 "$work/prog" >"$work/out" 2>&1
}

guard_rows money_guards.sh "$root/spec/c/money_guards.txt"
