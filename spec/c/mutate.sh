#!/bin/sh
# SPDX-License-Identifier: MIT
# mutate.sh: takes each row out of the core's tables, and changes each row, and
# fails unless the table's test fails each time.  A change that does not build
# is an error, not a success.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cc=${CC:-cc}
export MJ_SOURCE_DIR="$root"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -O0 -w -I$root/csrc -I$root/spec/c $(pkg-config --cflags yajl libcurl cmocka)"
libs=$(pkg-config --libs cmocka yajl libcurl)

# FILE TEST START WORD WHAT ROW: prints one line: killed, survived, skipped or broken.
one() {
  work=$(mktemp -d "$tmp/m.XXXXXX") || exit 2
  awk -v start="$3" -v word="$4" -v what="$5" -v row="$6" -f "$here/mutate.awk" \
    "$root/csrc/$1" >"$work/$1" 2>"$work/log"
  rc=$?
  verdict=survived
  if [ $rc = 3 ]; then
    verdict=skipped
  elif [ $rc != 0 ]; then
    verdict=broken
  elif ! $cc $flags -c "$work/$1" -o "$work/mutant.o" 2>"$work/log" ||
    ! $cc "$work/mutant.o" "$tmp/test_$2.o" "$tmp/libcore.a" $libs -lm -o "$work/test" 2>>"$work/log"; then
    verdict=broken
  elif ! timeout 60 "$work/test" >"$work/log" 2>&1; then
    verdict=killed
  fi
  echo "$verdict $1 $5 row $6"
  [ $verdict = broken ] && sed 's/^/    /' "$work/log" | head -n 5
  rm -rf "$work"
}

if [ "${1:-}" = --one ]; then
  tmp=$2
  shift 2
  one "$@"
  exit 0
fi

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# All of the core, built once; a mutant stands before the archive.
core=$(sed -n '/set(MJ_CORE_SOURCES/,/)/p' "$root/csrc/CMakeLists.txt" | grep -o '[a-z_]*\.c'; echo store_none.c ca_none.c)
[ -n "$core" ] || { echo "mutate: which files are the core's?" >&2; exit 2; }
for f in $core; do
  $cc $flags -c "$root/csrc/$f" -o "$tmp/${f%.c}.o" || exit 2
done
ar rc "$tmp/libcore.a" "$tmp"/*.o
for t in outcome outcome_rule button wire generate generate_odd generate_read job prompt address; do
  $cc $flags -c "$here/test_$t.c" -o "$tmp/test_$t.o" || exit 2
done
for f in wire_case wire_folder outcome_words; do
  $cc $flags -c "$here/$f.c" -o "$tmp/$f.o" || exit 2
  ar r "$tmp/libcore.a" "$tmp/$f.o"
done
for t in outcome outcome_rule button wire generate generate_odd generate_read job prompt address; do
  $cc "$tmp/test_$t.o" "$tmp/libcore.a" $libs -lm -o "$tmp/plain" &&
    timeout 60 "$tmp/plain" >"$tmp/log" 2>&1 || {
    echo "mutate: test_$t fails without any change" >&2
    exit 2
  }
done

# FILE TEST START WORD WHAT...: every row of a table, changed in every way.
table() {
  file=$1 test=$2 start=$3 word=$4
  shift 4
  n=$(awk -v start="$start" -v word="$word" -v what=count -f "$here/mutate.awk" "$root/csrc/$file") || exit 2
  for what; do
    row=1
    while [ "$row" -le "$n" ]; do
      printf '%s\0' "$file" "$test" "$start" "$word" "$what" "$row"
      row=$((row + 1))
    done
  done
}

{
  table outcome.c outcome 'submit_rows[] = {' '' drop 'V_REFUSED@V_NOT_SENT' \
    'V_REFUSED@V_UNKNOWN' 'V_NOT_SENT@V_UNKNOWN' 'MJ_E[A-Z_]+@MJ_EFAILED' \
    '[[:space:]]0}@ 1}' '[[:space:]]1}@ 0}' 'S\\(TEXT\\)@0u' 'S\\(SPRING\\)@0u' 'S\\(JSON\\)@0u' \
    'S\\(EMPTY\\)@0u' 'S\\(ERROR\\)@0u' 'OTHER@S(JSON)' 'OTHER@S(DATA)' '[{]CODED@{0u' '[{]CODED@{S(DATA)' '[{]ODD@{0u' '[{]ODD@{CODED' '[{]ODD@{S(JSON)' '303, 303@304, 304' \
    'CODED, 0, @CODED, 1, ' 'CODED, 0, 499@CODED, 0, 498' 'CODED, 0, 499@CODED, 0, 500' ', [0-9]+, NULL@, 7, NULL' '"[^"]+"@"flipped"'
  table outcome.c outcome 'ask_rows[] = {' '' drop 'LOOK_[A-Z]+@LOOK_AGAIN' 'LOOK_AGAIN@LOOK_REFUSED' \
    'LOOK_GOOD@LOOK_MISSING' 'MJ_(E[A-Z_]+|OK)@MJ_EBUDGET' 'R\\(FETCH\\)@0u' 'R\\(SEED\\)@0u' \
    'R\\(CANCEL\\)@0u' 'LISTS@R(IDS)' 'LISTS@R(LIST)' 'LISTS@R(QUEUE)' 'ONE@R(FETCH)' 'ONE@R(SEED)' \
    'ONE@R(CANCEL)' '~0u@ONE' '~0u@LISTS' 'ANY@S(ERROR)' 'ANY@S(EMPTY)' 'S\\([A-Z]+\\)@0u' '"[^"]+"@"flipped"' \
    ', 200, @, 199, ' ', 200, @, 201, ' '299, @300, ' '204, @205, ' '204, [0-9]+, N@203, 203, N' '401, 4@402, 4' \
    '403, N@402, N' '404, 4@405, 4' '405, N@404, N' '300, 3@301, 3' '399, N@398, N' '499, @498, ' \
    '400, 4@401, 4' '429, 4@430, 4' ', 4, @, 5, ' ', 9, @, 8, ' ', 3, N@, 2, N' ', 1, N@, 22, N' \
    'CODED@0u' 'CODED@S(DATA)' 'STATED@CODED' 'STATED@0u' 'STATED@S(DATA)' 'CODED, 0, @CODED, 1, ' \
    'CODED, 0, 499@CODED, 0, 498' 'CODED, 0, 499@CODED, 0, 500' '299, 200@299, 201'
  table outcome_rule.c outcome_rule '} meanings[] = {' '' drop '"[^"]+"@"flipped"' 'MJ__V_[A-Z_]+@MJ__V_ACCEPTED' 'MJ_E[A-Z_]+@MJ_EBUDGET' ', 0}@, 1}' ', 1}@, 0}'
  table outcome.c outcome 'begins[] = {' '"[^"]+"' drop '.*@"flipped"'
  table button.c button 'meanings[] = {' '' drop '"[^"]*"}@"flipped"}'
  table wire.c wire '} words[] = {' '' drop 'MJ_ST_[A-Z_]+@MJ_ST_UNKNOWN'
  table wire.c wire 'names[MJ__ROUTES] = {' '"[a-z][^"]*"' '.*@"flipped"'
  table wire_mj_put.c wire 'ours[] = {' '"[^"]+"' drop '.*@"flipped"'
  table wire_mj_put.c wire 'shapes[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_mj_put.c wire 'names[2][2] = {' '' '[{]"[A-Za-z0-9]+@{"flipped' '[a-zA-Z]+"}@flipped"}'
  table wire_mj_put.c wire '} verbs[] = {' '' '[{].*@{0}' 'MJ__R_[A-Z]+@MJ__R_FETCH' 'put_[a-z]+@put_shorten' \
    'put_[a-z]+@put_upload'
  table wire_mj_read.c wire 'change_buttons[] = {' '' drop '[{]"[A-Za-z:0-9]+@{"flipped' ', "[^"]+"@, "flipped"'
  table wire_mj_read.c wire 'grids[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_put.c generate 'versions[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_put.c generate 'aspects[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_click.c generate 'upscales[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_click.c generate 'strengths[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_click.c generate '} kinds[] = {' '' drop '"[^"]+"@"flipped"'
  table wire_generate_put.c generate 'const verbs[])' 'put_[a-z]+|mj__input_[a-z]+' '.*@put_imagine'
  table wire_generate_put.c generate '} fields[] = {' '' drop '"[^"]+"@"flipped"'
  table wire_generate_read.c generate_read '} words[] = {' '' drop 'MJ_ST_[A-Z_]+@MJ_ST_UNKNOWN' '"[^"]+"@"flipped"'
  table wire_generate_read.c generate_read '} failures[] = {' '' drop '"[^"]+"@"flipped"' 'MJ_E[A-Z_]+@MJ_EBUDGET' ', 0}@, 1}' ', 1}@, 0}'
  table wire_generate_read.c generate_read 'ups[] = {' '' '"[^"]+"@"flipped"' ', "[^"]+"@, "flipped"'
  table wire_generate_read.c generate_read 'varies[] = {' '' '"[^"]+"@"flipped"' ', "[^"]+"@, "flipped"'
  table wire_mj_put.c generate '} fields[] = {' '' drop '"[^"]+"@"flipped"'
  # and the same by the folders of spec/wire/generate, which Lua runs too
  table wire_generate.c wire 'switch (op) {' 'case MJ_OP_(IMAGINE|CLICK|INPAINT|GENERATE):' drop
  table wire_generate.c generate '.poll = {' '[0-9]+' '.*@7'
  table wire_generate.c generate '.poll = {20000, {3000}, 1},' '10000|1000' '.*@7'
  table wire_generate_put.c wire 'versions[] = {' '"[^"]+"' drop '.*@"flipped"'
  table wire_generate_put.c wire 'aspects[] = {' '"[^"]+"' drop '.*@"flipped"'
  table wire_generate_put.c wire 'names[] = {' '"[a-z]+"' '.*@"flipped"'
  table wire_generate_put.c wire ' words[] = {' '"[a-z]+"' drop '.*@"flipped"'
  table wire_generate_put.c wire 'const verbs[])' 'put_[a-z]+|mj__input_[a-z]+' '.*@put_imagine' '.*@put_generate'
  table wire_generate_click.c wire 'upscales[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_click.c wire 'strengths[] = {' '"[^"]+"' '.*@"flipped"'
  table wire_generate_click.c wire '} kinds[] = {' '' drop '"[^"]+"@"flipped"'
  table wire_generate_read.c wire '} words[] = {' '' drop 'MJ_ST_[A-Z_]+@MJ_ST_UNKNOWN' '"[^"]+"@"flipped"'
  table wire_generate_read.c wire '} failures[] = {' '' drop '"[^"]+"@"flipped"' 'MJ_E[A-Z_]+@MJ_EBUDGET' ', 0}@, 1}' ', 1}@, 0}'
  table wire_generate_read.c wire 'ups[] = {' '' '"[^"]+"@"flipped"' ', "[^"]+"@, "flipped"'
  table wire_generate_read.c wire 'varies[] = {' '' '"[^"]+"@"flipped"' ', "[^"]+"@, "flipped"'
  table prompt.c wire 'table[] = {' '' '"[a-zA-Z]+"}@"flipped"}' 'NULL}@"flipped"}'
  table picture.c wire '} kinds[] = {' '' drop '"[^"]+"@"flipped"' 'image/[a-z]+@image/flipped' '[{][08]@{1'
  table job.c job 'edges[MJ__STATES] = {' 'BIT\\([A-Z_]+\\)' '.*@0u' '.*@BIT(NEW)'
  table job.c job 'int mj__state_final(enum mj__state s) {' 's == MJ__[A-Z_]+' '.*@0'
  table prompt.c prompt 'table[] = {' '' drop '[{]"[a-z]+@{"flipped' '"--[a-z]+@"--flipped' \
    ' --[a-z]+@ --flipped' '--[a-z]+",@--flipped",' 'T_INT@T_NUMBER' 'T_NUMBER@T_INT' \
    'T_RATIO@T_TEXT' 'T_VERSION@T_TEXT' 'T_SWITCH@T_TEXT' 'T_WORD@T_TEXT' 'T_TEXT@T_WORD' \
    'T_TEXT@T_SWITCH' 'T_MAYBE@T_TEXT' 'T_MAYBE@T_WORD' ', [{][0-9.]+@, {-7' ', [{][0-9]@, {9' \
    ', [0-9.]+},@, 98765432109},' ', [0-9]+@, 0' '"[a-zA-Z]+"}@"flipped"}' 'NULL}@"flipped"}'
  table address.c address 'closed4[] = {' '' drop ', @, 1+' ', @, -2+'
  table address.c address 'closed6[] = {' '' drop '}, @}, 1+' '}, @}, -2+'
} >"$tmp/list"

xargs -0 -n 6 -P "$jobs" "$here/mutate.sh" --one "$tmp" <"$tmp/list" >"$tmp/out"

killed=$(grep -c '^killed' "$tmp/out")
survived=$(grep -c '^survived' "$tmp/out")
broken=$(grep -c '^broken' "$tmp/out")
grep -A 5 '^survived\|^broken' "$tmp/out" | grep -v '^killed\|^skipped\|^--'
echo "mutate: $killed of $((killed + survived)) changes were noticed; $broken did not build"
[ "$killed" -gt 300 ] && [ "$survived" = 0 ] && [ "$broken" = 0 ]
