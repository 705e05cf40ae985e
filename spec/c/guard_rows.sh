# SPDX-License-Identifier: MIT
# guard_rows.sh: for guards.sh and store_guards.sh, which set root, work (a copy
# with csrc), tests, compile FILE and run TEST.

# guard_rows NAME ROWS: each test has to pass as it stands; then each row's text
# is taken out, or replaced, and the test it names has to fail.
guard_rows() {
  name=$1
  for t in $tests; do
    run $t || {
      echo "$name: $t does not pass as it stands"
      cat "$work/out"
      exit 1
    }
  done
  noticed=0
  survived=0
  gone=0
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
      echo "$name: not in $file any more: $from"
      cp "$root/csrc/$file" "$work/csrc/$file"
      gone=$((gone + 1))
      continue
    }
    compile "$file"
    if run "$test"; then
      echo "$name: $test does not notice that $what is gone"
      survived=$((survived + 1))
    else
      noticed=$((noticed + 1))
    fi
    cp "$root/csrc/$file" "$work/csrc/$file"
    compile "$file"
  done <"$2"
  echo "$name: $noticed noticed, $survived not, $gone not found"
  [ "$survived" = 0 ] && [ "$gone" = 0 ] && [ "$noticed" -gt 0 ]
}
