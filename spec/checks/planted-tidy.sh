#!/bin/sh
# SPDX-License-Identifier: MIT
# planted-tidy.sh: check-tidy has to refuse a file whose branches are the same.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/csrc"
cp "$root/.clang-tidy" "$tree/"
cat >"$tree/compile_commands.json" <<END
[{"directory": "$tree", "file": "csrc/planted.c", "command": "cc -c csrc/planted.c"}]
END
echo 'int planted(int a);
int planted(int a) { return a > 1; }' >"$tree/csrc/planted.c"
"$root/scripts/check-tidy" "$tree" "$tree" >"$tree/out" 2>&1 || {
  echo "planted-tidy.sh: a clean file does not pass"
  cat "$tree/out"
  exit 1
}
echo 'int planted(int a);
int planted(int a) {
  if (a > 1)
    a = 2;
  else
    a = 2;
  return a;
}' >"$tree/csrc/planted.c"
if "$root/scripts/check-tidy" "$tree" "$tree" >"$tree/out" 2>&1; then
  echo "planted-tidy.sh: the violation was not caught"
  exit 1
fi
grep -q bugprone-branch-clone "$tree/out" || {
  echo "planted-tidy.sh: the complaint names nothing"
  exit 1
}
echo "planted-tidy.sh: 1 violation planted"
