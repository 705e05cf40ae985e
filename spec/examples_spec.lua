-- SPDX-License-Identifier: MIT
-- Each example, run as its first lines say, against the simulator.

local run = require "spec.support.run"

describe("examples", function()
  local out
  before_each(function()
    out = run.folder()
  end)
  after_each(function()
    run.remove(out)
  end)

  -- The PNG files in a folder: name -> bytes.
  local function pictures(folder)
    local found, n = {}, 0
    local _, names = run.shell("ls -A " .. run.quote(folder))
    for name in names:gmatch "[^\n]+" do
      local bytes = run.slurp(folder .. "/" .. name)
      assert.equal("\137PNG\r\n\26\n", bytes:sub(1, 8), name)
      found[name], n = bytes, n + 1
    end
    return found, n
  end

  local function with_gateway(settings, commands)
    return run.with_gateway(out, settings, commands)
  end

  it("imagine.lua: a grid and its second picture", function()
    local status, text, err = run.lua("--sim=clock=12", "examples/imagine.lua", out)
    assert.equal(0, status, err)
    local files, n = pictures(out)
    assert.equal(2, n)
    for name in pairs(files) do
      assert.truthy(text:find(out .. "/" .. name, 1, true), text)
    end
    assert.truthy(text:find "grid +%d+\n" and text:find "upscale +%d+\n", text)
    assert.truthy(err:find "%d%d? %%", "shows progress")
    assert.falsy(err:find "mjlua:", err)
  end)

  it("imagine.lua: the same seed, the same pictures; another, others", function()
    local function make(seed)
      assert.equal(0, (run.lua("--sim=clock=100,seed=" .. seed, "examples/imagine.lua",
        out .. "/" .. seed)))
      return pictures(out .. "/" .. seed)
    end
    local first = make "7"
    run.shell("rm -r " .. run.quote(out .. "/7"))
    assert.same(first, (make "7"))
    assert.is_not.same(first, (make "8"))
  end)

  it("imagine.lua: a refused prompt is one clear line", function()
    local status, _, err = run.lua("--sim=profile=novicezk,clock=100", "examples/imagine.lua", out,
      "a nude")
    assert.equal(1, status)
    assert.truthy(err:find "mjlua: banned_prompt: [^\n]+\n$", err)
    assert.falsy(err:find "traceback")
  end)

  it("submit_only.lua leaves, pick_up.lua fetches", function()
    local status, text, err = with_gateway("clock=100", [[
      id=$($mjlua examples/submit_only.lua "a kite") || exit
      $mjlua examples/pick_up.lua "$id" $out]])
    assert.equal(0, status, err)
    assert.truthy(text:find "^SUCCESS\ta kite", text)
    assert.truthy(err:find 'gateway: %d+; look it up with mj.client {}:task%("%d+"%)', err)
    local _, n = pictures(out)
    assert.equal(1, n)
  end)

  it("pick_up.lua without an id, and with one that nobody knows", function()
    local status, _, err = run.lua "examples/pick_up.lua"
    assert.same({ 2, "usage: mjlua examples/pick_up.lua ID [FOLDER]\n" }, { status, err })
    status, _, err = run.lua("--sim", "examples/pick_up.lua", "123456789")
    assert.equal(1, status)
    assert.truthy(err:find "^mjlua: not_found: ", err)
  end)

  it("batch.lua: two hundred prompts, failures reported", function()
    local status, text, err = run.lua("--sim=clock=200,fault=unauthorized@5", "examples/batch.lua",
      "examples/prompts.txt", out)
    assert.equal(0, status, err)
    assert.truthy(text:find("199 saved in " .. out .. ", 1 failed", 1, true), text)
    local _, n = pictures(out)
    assert.equal(199, n)
  end)

  it("embed_frame.lua: frames go on while it renders", function()
    local status, text, err = run.lua("--sim=clock=20", "examples/embed_frame.lua")
    assert.equal(0, status, err)
    assert.truthy(text:find "picture  http://127%.0%.0%.1:%d+/")
    local frames, worst = text:match "(%d+) frames; the longest mj%.step took ([%d.]+) ms"
    assert.truthy(tonumber(frames) > 30, text)
    -- Generous, for a loaded machine: what matters is that no step waits.
    assert.truthy(tonumber(worst) < 100, text)
  end)

  it("embed.c: the core from C", function()
    local status, text, err = with_gateway("clock=100", "$build/embed $out || echo failed")
    assert.equal(0, status, err)
    assert.equal(("%s/grid.png\n%s/upscale.png\n"):format(out, out), text)
    local files = pictures(out)
    assert.is_not.equal(files["grid.png"], files["upscale.png"])
  end)

  it("in plain Lua, with the modules on the path", function()
    local status, text, err = with_gateway("clock=100", [[
      LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lib/?.so;;" \
        lua5.4 examples/imagine.lua $out]])
    assert.equal(0, status, err)
    assert.truthy(text:find "grid +%d+\n", text)
    local _, n = pictures(out)
    assert.equal(2, n)
  end)
end)
