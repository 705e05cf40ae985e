# SPDX-License-Identifier: MIT
# guard_rows.sh: read by guards.sh, money_guards.sh and store_guards.sh, which add
# to flags, name their tests, compile the core (compile_all) and define run TEST.

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) # a copy of the sources, and what is made of it
trap 'rm -rf "$work"' EXIT
cp -r "$root/csrc" "$root/spec" "$work/"
cc=${CC:-cc}
flags="-std=c11 -O1 -w -D_POSIX_C_SOURCE=200809L -I$work/csrc -I$work/spec/support -I$work/spec/c"

compile() { # FILE, of csrc
  $cc $flags -c "$work/csrc/$1" -o "$work/${1%.c}.o"
}

# compile_all WITHOUT: the core but for the files that this pattern matches.
compile_all() {
  for f in $(cd "$work/csrc" && ls ./*.c | grep -v "$1"); do
    compile "${f#./}"
  done
}

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
    awk -v from="$from" -v to="$to" -f "$root/spec/checks/replaced.awk" \
      "$root/csrc/$file" >"$work/csrc/$file" || {
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
