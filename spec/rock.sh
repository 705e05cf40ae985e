#!/bin/sh
# SPDX-License-Identifier: MIT
# rock.sh [TYPE]: the rock builds into an empty tree, without the network, and
# works with nothing else on the path.  TYPE instead of CMake's Release.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A copy, since luarocks builds inside the source tree.
mkdir "$tmp/src"
(cd "$root" && tar cf - CMakeLists.txt cmake csrc lua rockspec) | tar xf - -C "$tmp/src"
cd "$tmp/src"
sed -i "s/-DCMAKE_BUILD_TYPE=Release/-DCMAKE_BUILD_TYPE=${1:-Release}/" rockspec/*.rockspec
grep -q -e "-DCMAKE_BUILD_TYPE=${1:-Release}" rockspec/*.rockspec
if ! luarocks --lua-version 5.4 --tree "$tmp/tree" make --deps-mode none \
  rockspec/mj-0.1.0-1.rockspec >"$tmp/log" 2>&1; then
  tail -n 40 "$tmp/log"
  exit 1
fi
cd "$tmp"
LUA_PATH="$tmp/tree/share/lua/5.4/?.lua;$tmp/tree/share/lua/5.4/?/init.lua" \
  LUA_CPATH="$tmp/tree/lib/lua/5.4/?.so" lua5.4 -e '
    local mj = require "mj"
    local core = require "mj.core"
    assert(package.searchpath("mj.core", package.cpath):find("/tree/", 1, true))
    local task, err = mj.client { base_url = "http://127.0.0.1:1" }:imagine("cat")
      :await { timeout = 5 }
    assert(task == nil and err.code == "network", tostring(err))
    print("rock: mj " .. core.version .. " works")'
