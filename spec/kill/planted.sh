#!/bin/sh
# SPDX-License-Identifier: MIT
# planted.sh: breaks one promise after the other in a copy of the core (see
# planted.txt) and fails unless the judge notices.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"
(cd "$root" && tar cf - CMakeLists.txt cmake csrc lua spec examples) | tar xf - -C "$work"
cmake -S "$work" -B "$work/build" -G Ninja -DMJ_TESTS=ON >"$work/out"

build() {
  cmake --build "$work/build" --target judge faults stopped mj_fastclock mjlua >"$work/out" 2>&1 || {
    cat "$work/out"
    echo "planted.sh: $1 does not build"
    exit 1
  }
}

judge() {
  program=judge more="--items 20"
  case $1 in
  faults | stopped)
    program=$1 more=
    shift
    ;;
  esac
  # shellcheck disable=SC2086
  "$work/build/spec/kill/$program" "$work/build/mjlua" "$work/spec/kill/script.lua" \
    "$work/build/spec/fastclock.so" --factor 100 $more "$@" >"$work/out" 2>&1
}

build "the tree as it stands"
judge --kills 10 || {
  cat "$work/out"
  echo "planted.sh: the judge does not pass the tree as it stands"
  exit 1
}

noticed=0
survived=0
tab=$(printf '\t')
while IFS="$tab" read -r what file from to arguments; do
  case $what in '#'* | '') continue ;; esac
  awk -v from="$from" -v to="$to" -f "$root/spec/checks/replaced.awk" \
    "$root/$file" >"$work/$file" || {
    echo "planted.sh: not in $file any more: $from"
    exit 1
  }
  build "without $what"
  status=0
  # shellcheck disable=SC2086
  judge $arguments || status=$?
  if [ "$status" = 1 ]; then
    noticed=$((noticed + 1))
  else
    cat "$work/out"
    echo "planted.sh: the judge does not notice that $what is gone (status $status)"
    survived=$((survived + 1))
  fi
  cp "$root/$file" "$work/$file"
done <"$root/spec/kill/planted.txt"
echo "planted.sh: $noticed noticed, $survived not"
[ "$survived" = 0 ]
