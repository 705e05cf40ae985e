-- SPDX-License-Identifier: MIT
-- Run in a checkout: luarocks make rockspec/mj-0.1.0-1.rockspec
rockspec_format = "3.0"
package = "mj"
version = "0.1.0-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Scripts Midjourney gateways: submit, wait, click, save",
  detailed = [[
A Lua module on a C core: submit a prompt to a Midjourney gateway, wait for the
result in a coroutine, click its buttons, save the pictures; thousands at once.
Needs libcurl and yajl (Debian: libcurl4-openssl-dev, libyajl-dev) and CMake.
Where libmicrohttpd, libgd and libpng are there too (Debian: libmicrohttpd-dev,
libgd-dev, libpng-dev) the simulator is built as well; where SQLite and libcrypto
are (libsqlite3-dev, libssl-dev), the journal. mjlua, the interpreter, is no part of
the rock; with libedit (libedit-dev) its prompt has line editing.]],
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
  "argparse >= 0.7.1",
}
-- CMake by hand: only the Lua parts are for a rock, not the core's library.
build = {
  type = "command",
  build_command = "cmake -S . -B build.luarocks -DCMAKE_BUILD_TYPE=Release"
    .. " -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DLUA_INCLUDE_DIR=$(LUA_INCDIR)"
    .. " -DMJ_INSTALL_LUADIR=$(LUADIR) -DMJ_INSTALL_LIBDIR=$(LIBDIR)"
    .. " -DMJ_MJLUA=OFF -DMJ_OTHER_LUAS=OFF -DMJ_SERVE=AUTO -DMJ_IMAGE=AUTO -DMJ_JOURNAL=AUTO"
    .. " && cmake --build build.luarocks --parallel 2",
  install_command = "cmake --install build.luarocks --component lua",
}
