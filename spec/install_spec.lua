-- SPDX-License-Identifier: MIT
-- What `cmake --install` puts elsewhere works there, for each of those who take it.

local run = require "spec.support.run"

describe("an installed mj", function()
  local folder
  setup(function()
    folder = run.folder()
    local status, _, err = run.shell(("cmake --install %s --prefix %s/first && mv %s/first "
      .. "%s/moved"):format(run.build, folder, folder, folder))
    assert.equal(0, status, err)
  end)
  teardown(function()
    run.remove(folder)
  end)

  local function shell(text)
    return run.shell(("root=$PWD; cd %s; p=$PWD/moved; %s"):format(folder, text))
  end

  it("has an interpreter that needs nothing from where it was built", function()
    local status, out, err = shell("env -i PATH=/usr/bin:/bin HOME=$PWD $p/bin/mjlua "
      .. "--sim=clock=100 -m imagine cat -q -o cat.png && wc -c <cat.png")
    assert.same({ 0, "" }, { status, err })
    assert.matches("^cat%.png\n%d%d%d%d+\n$", out)
  end)

  it("has modules for a Lua that is there", function()
    local status, out, err = shell([[
      LUA_PATH="$p/share/lua/5.4/?.lua;$p/share/lua/5.4/?/init.lua" \
      LUA_CPATH="$(echo $p/lib*/lua/5.4)/?.so;$(echo $p/lib/*/lua/5.4)/?.so;;" lua5.4 -e '
      local client = require "mj".client { base_url = "http://127.0.0.1:1" }
      local task, err = client:imagine("cat"):await()
      print(task, err.code)']])
    assert.same({ 0, "nil\tnetwork\n", "" }, { status, out, err })
  end)

  it("has a library that pkg-config finds, wherever the tree stands", function()
    local status, out, err = shell([[
      export PKG_CONFIG_PATH=$(dirname $(find $p -name mj.pc))
      cc $root/examples/embed.c $(pkg-config --cflags --libs mj) \
        -Wl,-rpath,$(pkg-config --variable=libdir mj) -o embed || exit 1
      ldd embed | grep -c "$p/lib"
      pkg-config --modversion mj; $p/bin/mjlua --version | head -n 1]])
    assert.same({ 0, "" }, { status, err })
    local version = out:match "^1\n(%d+%.%d+%.%d+)\n"
    assert.matches("\nmjlua " .. version:gsub("%.", "%%."), out)
  end)
end)
