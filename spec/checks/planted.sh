#!/bin/sh
# SPDX-License-Identifier: MIT
# planted.sh CHECK [LIBRARY]: plants each violation of plants.txt that is meant
# for CHECK in a copy of the tree and fails unless scripts/check-CHECK catches
# it, naming the file; the copy as it stands has to pass.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
check=$1
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT

# Without the cases of spec/wire: thousands of files that only the documents name.
cases='spec/wire/*'
[ "$check" != docs ] || cases=none
(cd "$root" && tar cf - --exclude="$cases" CMakeLists.txt .clang-format .luacheckrc ./*.md \
  bench cmake csrc doc examples lua rockspec scripts spec) | tar xf - -C "$tree"
# clang-format takes its time, and check_format has seen the rest.
[ "$check" != format ] || find "$tree/csrc" "$tree/spec" -name '*.[ch]' ! -name 'http*' -delete
failed=0
planted=0

run() {
  "$root/scripts/check-$check" "$tree" "$@" >"$tree/out" 2>&1
}

fail() {
  echo "planted.sh: $1"
  sed 's/^/    /' "$tree/out" | head -n 5
  failed=1
}

# A number between two @ stands for that many empty comment lines.
text_of() {
  printf '%b\n' "$1" | awk '
    /^@[0-9]+@$/ { gsub(/@/, ""); n = $0 + 0; for (i = 0; i < n; i++) print ""; next }
    { print }'
}

exports() {
  run "$1" || fail "the library as built does not pass"
  printf '\nMJ_API int mj_planted(void);\n' >>"$tree/csrc/mj.h"
  run "$1" && fail "a promise without a function was not caught"
  grep -q 'mj_planted is in mj.h and not exported' "$tree/out" || fail "the complaint names nothing"
  cp "$root/csrc/mj.h" "$tree/csrc/mj.h"
  sed -i 's/^MJ_API const char \*mj_version/const char *mj_version/' "$tree/csrc/mj_task.h"
  run "$1" && fail "an export without a promise was not caught"
  grep -q 'mj_version is exported and not in mj.h' "$tree/out" || fail "the complaint names nothing"
  planted=2
}

static() {
  mkdir "$tree/objects"
  echo 'int mj__shared(void); int mj__shared(void) { return 1; }' >"$tree/objects/a.c"
  echo 'int mj__shared(void); int main(void) { return mj__shared(); }' >"$tree/objects/b.c"
  echo 'int mj__planted(void); int mj__planted(void) { return 1; }' >"$tree/objects/c.c"
  for name in a b; do
    ${CC:-cc} -c "$tree/objects/$name.c" -o "$tree/objects/$name.o"
  done
  "$root/scripts/check-static" "$tree/objects" >"$tree/out" 2>&1 || fail "what is shared does not pass"
  ${CC:-cc} -c "$tree/objects/c.c" -o "$tree/objects/c.o"
  "$root/scripts/check-static" "$tree/objects" >"$tree/out" 2>&1 && fail "what nobody uses was not caught"
  grep -q 'objects/c.o uses mj__planted' "$tree/out" || fail "the complaint names nothing"
  planted=1
}

plant() { # FILE WORDS TEXT
  case $1 in
  */planted.*) ;;
  *) [ -f "$root/$1" ] || fail "plants.txt names $1, which is not there" ;;
  esac
  mkdir -p "$(dirname "$tree/$1")"
  text_of "$3" >>"$tree/$1"
  if run && [ "$check" != length ]; then
    fail "not caught in $1: $3"
  elif ! grep -F -- "$1" "$tree/out" | grep -qF -- "$2"; then
    fail "no complaint about $1 says '$2': $3"
  fi
  if [ -f "$root/$1" ]; then cp "$root/$1" "$tree/$1"; else rm -f "$tree/$1"; fi
  planted=$((planted + 1))
}

if [ "$check" = exports ]; then
  exports "$2"
elif [ "$check" = static ]; then
  static
else
  run || fail "the tree as it stands does not pass"
  while IFS='|' read -r name file words text; do
    [ "${name% }" = "$check" ] || continue
    file=$(echo $file)
    words=$(echo $words)
    text=${text# }
    # What would break a rule if it stood here in full is put together now.
    if [ "$check" = paths ]; then
      case $words in
      folder*) text=$(printf -- "$text" home) ;;
      *) text=$(printf -- "$text" '') ;;
      esac
    fi
    plant "$file" "$words" "$text"
  done <"$here/plants.txt"
fi

echo "planted.sh: $check: $planted violations planted"
[ "$planted" -gt 0 ] || exit 1
exit $failed
