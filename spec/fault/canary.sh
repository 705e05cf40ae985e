#!/bin/sh
# SPDX-License-Identifier: MIT
# canary.sh MJLUA: a key goes through whole runs of mjlua; afterwards it is in
# nothing that they wrote, nor was it in any process's arguments.  Then it is
# planted in each of those places, and has to be found.
set -eu
mjlua=$1
here=$(cd "$(dirname "$0")" && pwd)
check=$here/../../scripts/check-canary
export MJ_API_KEY=sk-CANARY-$$-of-a-run
unset MJ_BASE_URL MJ_AUTH

# A run that is cut off, and looked at from outside; and one that nobody answers,
# so that the error goes all the way up.  Prints what it wrote.
cut_off_and_unheard() {
  "$mjlua" --journal "$work/journal2" "$here/canary.lua" "$work" kill >"$work/out2" 2>&1 || true
  for name in journal journal2; do
    "$mjlua" -m status "$work/$name" >>"$work/status" 2>&1 || true
  done
  for how in --no-journal --traceback; do
    MJ_BASE_URL=http://127.0.0.1:9 "$mjlua" $how --no-journal \
      -e 'assert(require("mj").imagine("cat"):await())' >>"$work/out3" 2>&1 && return 3
  done
  echo journal2 status out3
}

# run FOLDER PLANT: all that can happen to a key; 0 = it is nowhere.
run() (
  work=$1
  mkdir "$work"
  export XDG_STATE_HOME="$work/state" TMPDIR="$work"
  argument=
  [ "$2" = argument ] && argument=$MJ_API_KEY
  "$mjlua" --journal "$work/journal" "$here/canary.lua" "$work" "$2" $argument \
    >"$work/out" 2>"$work/err" &
  pid=$!
  turns=0
  until [ -e "$work/here" ]; do
    kill -0 $pid 2>/dev/null && [ $turns -lt 600 ] || { cat "$work/err"; exit 3; }
    turns=$((turns + 1))
    sleep 0.1
  done
  # of this key only: others may run this, too; and not in grep's own arguments
  for p in /proc/[0-9]*; do
    { tr "\0\n" "  " <"$p/cmdline" && echo; } 2>/dev/null || true
  done | grep -aFf "$top/words" >"$work/arguments" || true
  grep -qaF "canary.lua $work" "$work/arguments" || exit 3
  : >"$work/go"
  wait $pid || { cat "$work/err"; exit 3; }
  more=
  [ "$2" != none ] || more=$(cut_off_and_unheard)
  for name in out err log job.json journal arguments $more; do
    [ -s "$work/$name" ] || { echo "canary: nothing in $name"; exit 3; }
  done
  ls "$work"/*.png >/dev/null || exit 3
  "$check" "$work"
)

# The processes write where they are told, and nowhere else.
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
printf '%s\n' "$top" "$MJ_API_KEY" >"$top/words"
run "$top/clean" none
for plant in out err log picture argument journal; do
  status=0
  run "$top/$plant" $plant >"$top/said" 2>&1 || status=$?
  [ $status = 1 ] && grep -q "a key is in" "$top/said" || {
    echo "canary: planted in $plant, and not found ($status)"
    cat "$top/said"
    exit 1
  }
  rm -rf "${top:?}/$plant"
done
echo "canary: nowhere, and found where it was planted"
