#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [--planted] [SECONDS [TARGET...]]: builds the fuzz targets with clang,
# makes their seeds from spec/wire and runs each for SECONDS (10); fails on the
# first input that breaks one, which is kept.  --planted runs those with a
# mistake in them instead, from seeds that do not show it, until the fuzzing
# does: within SECONDS (60), and not given up before RUNS runs, since a machine
# that is busy makes few in a minute.  What was found out stays in
# build-fuzz/corpus.
set -eu
case ${1:-} in
-h | --help)
  sed -n '3,9s/^# //p' "$0"
  exit 2
  ;;
esac
cd "$(dirname "$0")/../.."
planted=
seconds=10
if [ "${1:-}" = --planted ]; then
  planted=_planted
  seconds=60
  least=${RUNS:-400000} # within so many each of them was found many times over
  shift
fi
[ $# -eq 0 ] || { seconds=$1 && shift; }
command -v clang >/dev/null || {
  echo "run.sh: clang is missing: scripts/setup test" >&2
  exit 2
}

# Two runs at once (the one for mistakes beside the other) share the build.
dir=${MJ_FUZZ_DIR:-$PWD/build-fuzz}
mkdir -p "$dir"
build() {
  CC=clang scripts/build -DMJ_FUZZ=ON -DMJ_LUA=OFF -DMJ_MJLUA=OFF -DMJ_SERVE=AUTO \
    -DMJ_IMAGE=OFF -DMJ_WERROR=ON -DMJ_ASAN=ON -DMJ_UBSAN=ON -DCMAKE_BUILD_TYPE=Debug
}
(
  flock 9
  MJ_BUILD_DIR=$dir build
  MJ_SOURCE_DIR=$PWD "$dir/spec/fuzz/fuzz_seeds" "$dir/seeds"
) 9>"$dir/lock" || exit 1

targets=$*
if [ -z "$targets" ]; then
  for f in spec/fuzz/fuzz_*.c; do
    name=${f#spec/fuzz/fuzz_}
    name=${name%.c}
    [ ! -x "$dir/spec/fuzz/fuzz_$name" ] || [ "$name" = seeds ] || targets="$targets $name"
  done
fi

runs_of() {
  sed -n 's/^stat::number_of_executed_units: *//p' "$1"
}

# is_planted TARGET: what broke it does not break the target without the mistake.
is_planted() {
  input=$(ls "$work"/*-* 2>/dev/null | head -n 1)
  [ -n "$input" ] && "$dir/spec/fuzz/fuzz_$1" "$input" >"$work/plain.log" 2>&1
}

# good_seeds TARGET: the seeds in $work/seeds, less those that show the mistake.
good_seeds() {
  cp -r "$dir/seeds/$1" "$work/seeds"
  all=$(ls "$work/seeds" | wc -l)
  left=$all
  until $fuzz -runs=0 "$work/seeds" >"$work/seeds.log" 2>&1; do
    is_planted "$1" || {
      echo "fuzz_$1: a seed breaks it, and not by the planted mistake: $work/seeds.log"
      return 1
    }
    for seed in "$work/seeds"/*; do
      ! cmp -s "$seed" "$input" || rm "$seed"
    done
    rm "$work"/*-*
    before=$left
    left=$(ls "$work/seeds" | wc -l)
    [ "$left" -lt "$before" ] && [ $((left * 10)) -gt $((all * 9)) ] || {
      echo "fuzz_$1: too many seeds show the planted mistake: $work/seeds.log"
      return 1
    }
  done
}

# look_for_it TARGET: until the planted mistake is found, or time and runs are up
look_for_it() {
  good_seeds "$1" || return 1
  made=0
  round=0
  while [ $round = 0 ] || { [ "$made" -lt "$least" ] && [ $round -lt 8 ]; }; do
    rc=0
    $fuzz -max_total_time="$seconds" "$found" "$work/seeds" >"$work/log" 2>&1 || rc=$?
    runs=$(runs_of "$work/log")
    made=$((made + ${runs:-0}))
    if [ $rc != 0 ]; then
      is_planted "$1" || {
        echo "fuzz_$1: broken, and not by the planted mistake: $work/log"
        return 1
      }
      echo "fuzz_$1: the planted mistake was found, after $made runs"
      return 0
    fi
    round=$((round + 1))
  done
  echo "fuzz_$1: the planted mistake was not found in $made runs"
  return 1
}

# one TARGET: runs it, and says in a line how that went
one() {
  work=$dir/run$planted/$1
  rm -rf "$work"
  mkdir -p "$work" "$dir/corpus/$1"
  found=$dir/corpus/$1
  [ -z "$planted" ] || found=$work/found
  mkdir -p "$found"
  case $1 in
  prompt | split | proposal | image_info) most=2000 ;;
  *) most=20000 ;;
  esac
  fuzz="$dir/spec/fuzz/fuzz_$1$planted -max_len=$most -timeout=10 -rss_limit_mb=2048
    -dict=spec/fuzz/wire.dict -use_value_profile=1 -print_final_stats=1 -artifact_prefix=$work/"
  if [ -n "$planted" ]; then
    look_for_it "$1"
    return
  fi
  rc=0
  $fuzz -max_total_time="$seconds" "$found" "$dir/seeds/$1" >"$work/log" 2>&1 || rc=$?
  runs=$(runs_of "$work/log")
  [ $rc != 0 ] || {
    echo "fuzz_$1: ${runs:-0} runs"
    return 0
  }
  grep -E -m 3 "fuzz_$1\.c:[0-9]*: |ERROR|runtime error" "$work/log" || tail -n 5 "$work/log"
  echo "fuzz_$1: broken by" "$work"/*-*
  return 1
}

bad=0
for t in $targets; do
  one "$t" || bad=1
done
exit $bad
