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
tests="sqlite commit power fault"

compile() {
  $cc $flags -c "$work/csrc/$1" -o "$work/${1%.c}.o"
}

for f in $(cd "$work/csrc" && ls ./*.c | grep -v 'mjlua\|store_none'); do
  compile "${f#./}"
done
for f in c/test_store_sqlite c/test_store_commit c/test_store_power c/test_store_fault \
  support/storebed support/powervfs; do
  $cc $flags -c "$work/spec/$f.c" -o "$work/${f#*/}.test"
done

run() {
  wrap=
  if [ "$1" = fault ]; then
    for call in open mkdir rename fsync flock unlink ftruncate pwrite; do
      wrap="$wrap -Wl,--wrap=$call"
    done
  fi
  $cc $wrap "$work/test_store_$1.test" "$work/storebed.test" "$work/powervfs.test" \
    "$work"/*.o -lsqlite3 -lcrypto -lcurl -lyajl -lcmocka -lpthread -o "$work/prog" || {
    echo "store_guards.sh: test_store_$1 does not link"
    exit 1
  }
  # some of what the power can do is rare
  [ "$1" = power ] && set -- power 1500
  timeout 120 "$work/prog" ${2:-} >"$work/out" 2>&1
}

for t in $tests; do
  run $t || {
    echo "store_guards.sh: test_store_$t does not pass as it stands"
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
    echo "store_guards.sh: not in $file any more: $from"
    exit 1
  }
  compile "$file"
  if run "$test"; then
    echo "store_guards.sh: test_store_$test does not notice that $what is gone"
    survived=$((survived + 1))
  else
    noticed=$((noticed + 1))
  fi
  cp "$root/csrc/$file" "$work/csrc/$file"
  compile "$file"
done <"$root/spec/c/store_guards.txt"
echo "store_guards.sh: $noticed noticed, $survived not"
[ "$survived" = 0 ]
