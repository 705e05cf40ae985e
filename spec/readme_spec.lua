-- SPDX-License-Identifier: MIT
-- The code in README.md runs, its commands exist, its links lead somewhere.

local run = require "spec.support.run"

local readme = run.slurp "README.md"

-- The blocks of a language, in order.
local function blocks(language)
  local list = {}
  for text in readme:gmatch("\n```" .. language .. "\n(.-)\n```") do
    list[#list + 1] = text
  end
  return list
end

local function exists(path)
  local file = io.open(path)
  if file then
    file:close()
  end
  return file ~= nil
end

describe("README.md", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  local lua = blocks "lua"

  it("has examples in each language", function()
    assert.truthy(#lua >= 3 and #blocks "sh" >= 3 and #blocks "c" >= 1)
  end)

  for i, text in ipairs(lua) do
    it("Lua example " .. i .. " runs", function()
      run.spit(folder .. "/example.lua", text)
      -- One leaves its task while it is made, also where this takes long.
      local clock = text:find "timeout = 0%.%d" and 20 or 500
      local status, out, err = run.shell(
        ("mjlua=$(realpath %s); cd %s && env -u MJ_BASE_URL -u MJ_API_KEY $mjlua "
          .. "--sim=clock=%d example.lua"):format(run.mjlua, folder, clock))
      assert.equal(0, status, err)
      assert.truthy(#out > 0, "prints something")
      assert.falsy(out:find "error" or err:find "error", out .. err)
      -- The example that leaves by timeout may end before the gateway answered.
      assert.falsy(err:find "not accepted", err)
    end)
  end

  -- The one about all that a gateway can do has to bear each of them.
  for _, profile in ipairs { "novicezk", "plus", "trueai", "generate" } do
    it("Lua example 2 runs on " .. profile, function()
      run.spit(folder .. "/example.lua", lua[2])
      local status, out, err = run.shell(
        ("mjlua=$(realpath %s); cd %s && $mjlua --sim=clock=1000,profile=%s example.lua"):format(
          run.mjlua, folder, profile))
      assert.equal(0, status, err)
      assert.equal(profile == "generate" or profile == "novicezk",
        out:find "unsupported: " ~= nil, out)
      assert.equal(profile == "novicezk", out:find "no_button: " ~= nil, out)
    end)
  end

  it("saves the pictures that the first example names", function()
    run.spit(folder .. "/example.lua", lua[1])
    local command = "mjlua=$(realpath %s); cd %s && $mjlua --sim=clock=1000 example.lua "
      .. "&& ls out | wc -l"
    local status, out = run.shell(command:format(run.mjlua, folder))
    assert.equal(0, status)
    assert.truthy(out:find "out/cat.png\n", out)
    assert.truthy(out:find "\n3\n$", out)
  end)

  for i, text in ipairs(blocks "c") do
    it("C example " .. i .. " compiles, links and runs", function()
      run.spit(folder .. "/example.c", text)
      local status, out, err = run.shell(
        ("build=$(realpath %s); cc -std=c11 -Wall -Wextra -Werror -Icsrc %s/example.c "
          .. "-o %s/example -L$build -lmj -Wl,-rpath,$build && %s/example"):format(
          run.build, folder, folder, folder))
      assert.equal(0, status, err)
      assert.truthy(out:find "^%d+%.%d+%.%d+, libcurl/", out)
    end)
  end

  it("promises about money what doc/money.md does", function()
    local promise = "with a journal, a task whose token was returned is never forgotten; a paid "
      .. "POST is sent at most once unless it provably was not sent, the server provably refused "
      .. "it, an authoritative list proves its absence, or the user asked for a resend. "
      .. "Everything else is `unknown`, visible, and counted as paid."
    for _, text in ipairs { readme, run.slurp "doc/money.md" } do
      text = text:gsub("\n> ?", " "):gsub("%s+", " ")
      assert.truthy(text:find(promise, 1, true))
    end
  end)

  it("names commands and files that exist", function()
    local n = 0
    for _, block in ipairs(blocks "sh") do
      for line in block:gmatch "[^\n]+" do
        local words = {}
        for word in line:gmatch "%S+" do
          words[#words + 1] = word
        end
        local program = words[1]
        local known = { ["build/mjlua"] = true, export = true, luarocks = true, cc = true,
          cmake = true, ["lua5.4"] = true }
        assert.truthy(program:find "^scripts/" or known[program], line)
        for _, word in ipairs(words) do
          if word:find "^scripts/" or word:find "^examples/" or word:find "^rockspec/" then
            assert.truthy(exists(word), word)
          end
        end
        n = n + 1
      end
    end
    assert.truthy(n >= 5)
  end)

  it("has commands for who writes no script, which work", function()
    local block = assert(readme:match "## Without a script\n\n```sh\n(.-)\n```")
    local status, out, err = run.shell(("mjlua=$(realpath %s); ln -s $PWD/examples %s; cd %s\n%s")
      :format(run.mjlua, folder, folder, (block:gsub("build/mjlua", "$mjlua")
        :gsub("clock=20", "clock=1000"))))
    assert.equal(0, status, err)
    assert.truthy(out:find "^cat.png\nout/", out)
    assert.equal(200, select(2, out:gsub("\nout/%d+%-[^\n]+%.png", "")))
    assert.truthy(out:find "\n200 paid requests: 200 of the file; nothing was sent\n$")
  end)

  it("compiles the larger C example with the line it gives", function()
    local line = assert(readme:match "\n(cc [^\n]*examples/embed.c[^\n]*)\n")
    line = line:gsub("%-Lbuild", "-L" .. run.build):gsub("%-o embed", "-o " .. folder .. "/embed")
    local status, _, err = run.shell(line)
    assert.same({ 0, "" }, { status, err })
  end)

  it("gives the paths that plain Lua needs", function()
    local line = assert(readme:match "\n(export LUA_PATH=[^\n]*)\n"):gsub("%$PWD/build", function()
      return "$(realpath " .. run.build .. ")"
    end)
    local status, out, err = run.shell(line .. [[; cd /; lua5.4 -e 'print(require "mj".version)']])
    assert.equal(0, status, err)
    assert.truthy(out:find "^%d+%.%d+%.%d+\n$", out)
  end)

  it("runs mjlua with the options it has", function()
    local _, help = run.lua "--help"
    local n = 0
    for option in readme:gmatch "mjlua (%-%-[%a-]+)" do
      assert.truthy(help:find("\n  " .. option, 1, true), option)
      n = n + 1
    end
    assert.truthy(n >= 3)
  end)

  it("links to files that exist", function()
    local n = 0
    for target in readme:gmatch "%]%(([^)#]+)%)" do
      if not target:find "^https?:" then
        assert.truthy(exists(target), target)
        n = n + 1
      end
    end
    assert.truthy(n >= 5)
  end)

  it("names each package that building needs", function()
    local _, names = run.shell "scripts/setup --list build"
    assert.truthy(names:find "%f[%w]gcc\n", names)
    for name in names:gmatch "[^\n]+" do
      if name ~= "libc6-dev" then -- comes with gcc
        assert.truthy(readme:find(name, 1, true), name)
      end
    end
  end)
end)
