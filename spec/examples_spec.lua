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
    local status, text, err = run.lua("--sim=clock=60", "examples/imagine.lua", out)
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
      assert.equal(0, (run.lua("--sim=clock=1000,seed=" .. seed, "examples/imagine.lua",
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
    local status, text, err = with_gateway("clock=500", [[
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
    local status, text, err = run.lua("--sim=clock=1000,fault=unauthorized@5", "examples/batch.lua",
      "examples/prompts.txt", out)
    assert.equal(1, status, err) -- so that the next start goes on with the one
    assert.truthy(text:find("199 saved in " .. out .. ", 1 failed", 1, true), text)
    local _, n = pictures(out)
    assert.equal(199, n)
  end)

  -- trueai gives the four pictures of a grid one by one.
  local function grids(profile)
    return profile == "trueai" and 4 or 1
  end

  it("describe.lua: a picture that is not there", function()
    local status, _, err = run.lua("--sim", "examples/describe.lua", out .. "/none.png")
    assert.equal(1, status)
    assert.truthy(err:find "^mjlua: invalid: [^\n]+\n$", err)
  end)

  it("describe.lua: a picture into words, and back", function()
    for _, profile in ipairs { "new-api", "novicezk", "plus", "trueai" } do
      local folder = out .. "/" .. profile
      local status, text, err = run.shell(("cd %s && %s %s"):format(run.quote(out),
        run.quote(run.absolute(run.mjlua)), table.concat({
          "--sim=clock=1000,profile=" .. profile, run.absolute "examples/describe.lua" }, " ")))
      assert.equal(0, status, err)
      assert.truthy(text:find "^1\t.+\n2\t.+\n3\t.+\n4\t.+\nout/described", text)
      run.shell("mv " .. out .. "/out " .. folder)
      local _, n = pictures(folder)
      assert.equal(1 + grids(profile), n)
    end
  end)

  it("blend.lua: two pictures into one", function()
    local status, text, err = run.lua("--sim=clock=1000", "examples/blend.lua", out)
    assert.equal(0, status, err)
    assert.equal(out .. "/blended.png\n", text)
    local files = pictures(out)
    assert.truthy(files["part-1.png"] and files["part-2.png"] and files["blended.png"])
    assert.is_not.equal(files["part-1.png"], files["part-2.png"])
  end)

  it("region.lua: dialogs, answered", function()
    for _, profile in ipairs { "new-api", "plus", "trueai" } do
      local folder = out .. "/" .. profile
      local status, text, err = run.lua("--sim=clock=1000,profile=" .. profile,
        "examples/region.lua", folder)
      assert.equal(0, status, err)
      local _, n = pictures(folder)
      assert.equal(3 * grids(profile), n)
      for _, name in ipairs { "region", "zoom%-1%.5", "zoom%-1%.8" } do
        assert.truthy(text:find("/" .. name .. "[^/]*%.png\n"), text)
      end
    end
  end)

  it("video.lua: films", function()
    for _, profile in ipairs { "new-api", "trueai" } do
      local folder = out .. "/" .. profile
      run.shell("mkdir -p " .. folder)
      local status, text, err = run.shell(("cd %s && %s --sim=clock=1000,profile=%s %s"):format(
        folder, run.quote(run.absolute(run.mjlua)), profile, run.absolute "examples/video.lua"))
      assert.equal(0, status, err)
      local n = 0
      for path in text:gmatch "[^\n]+" do
        assert.equal("ftyp", run.slurp(folder .. "/" .. path):sub(5, 8), path)
        assert.truthy(path:find "%.mp4$", path)
        n = n + 1
      end
      assert.equal(8, n)
    end
  end)

  it("seed_and_cancel.lua", function()
    local expected = { plus = "CANCEL", trueai = "FAILURE" }
    for profile, stopped in pairs(expected) do
      local status, text, err = run.lua("--sim=clock=100,profile=" .. profile,
        "examples/seed_and_cancel.lua")
      assert.equal(0, status, err)
      local seed = text:match "^seed\t(%d+)\n"
      assert.truthy(seed, text)
      assert.truthy(text:find("again\tblack cat, at night --seed " .. seed, 1, true), text)
      assert.truthy(text:find("cancelled\tcancelled\nnow\t" .. stopped, 1, true), text)
    end
  end)

  it("portable.lua: one script for every gateway", function()
    local script = run.slurp "examples/portable.lua":gsub("%-%-[^\n]*", "")
    for _, word in ipairs { "profile", "dialect", "base_url", "auth", "new%-api", "plus", "trueai",
      "novicezk", "generate", "capabilities" } do
      assert.falsy(script:find(word), word)
    end
    local expected = { ["new-api"] = 7, novicezk = 4, plus = 7, trueai = 7 + 6 * 3,
      generate = 4 + 3 * 3 }
    for profile, count in pairs(expected) do
      local folder = out .. "/" .. profile
      local status, text, err = run.lua("--sim=clock=1000,profile=" .. profile,
        "examples/portable.lua", folder)
      assert.equal(0, status, err)
      local _, n = pictures(folder)
      assert.equal(count, n, profile .. ": " .. text)
      for _, name in ipairs { "grid", "upscale", "variation", "reroll" } do
        assert.truthy(text:find("/" .. name .. "[^/]*%.png\n"), text)
      end
    end
  end)

  it("budget.lua: as many as the money is enough for", function()
    local status, text, err = run.lua("--sim=clock=1000", "examples/budget.lua")
    assert.equal(0, status, err)
    assert.truthy(text:find("all of it: 20 requests, 1.1: 10 imagine 1, 10 upscale 0.1", 1, true))
    assert.truthy(text:find("\ntoad\tnot enough money left\n0.99 of 1 spent\n", 1, true), text)
    local _, whole = text:gsub("\n%l+\t%d+", "")
    assert.equal(9, whole)
    status, text, err = run.lua("--sim=clock=1000", "examples/budget.lua", "0.35")
    assert.equal(0, status, err)
    assert.truthy(text:find("0.33 of 0.35 spent", 1, true), text)
    status, text, err = run.lua("--dry-run", "examples/budget.lua")
    assert.equal(0, status, err)
    assert.truthy(err:find("dry run: 10 requests, 1: 10 imagine (fast) 1\n", 1, true), err)
    assert.truthy(text:find("0 of 1 spent", 1, true), text)
  end)

  it("embed_frame.lua: frames go on while it renders", function()
    local tries, frames, worst = 0
    repeat -- a loaded machine may take the processor away in a step; no step waits each time
      local status, text, err = run.lua("--sim=clock=10", "examples/embed_frame.lua")
      assert.equal(0, status, err)
      assert.truthy(text:find "picture  http://127%.0%.0%.1:%d+/")
      frames, worst = text:match "(%d+) frames; the longest mj%.step took ([%d.]+) ms"
      tries = tries + 1
    until tonumber(worst) < 100 or tries == 3
    assert.truthy(tonumber(frames) > 30, frames)
    assert.truthy(tonumber(worst) < 100, worst)
  end)

  it("embed.c: the core from C", function()
    local status, text, err = with_gateway("clock=500", "$build/embed $out || echo failed")
    assert.equal(0, status, err)
    assert.equal(("%s/grid.png\n%s/upscale.png\n"):format(out, out), text)
    local files = pictures(out)
    assert.is_not.equal(files["grid.png"], files["upscale.png"])
  end)

  it("in plain Lua, with the modules on the path", function()
    local status, text, err = with_gateway("clock=500", [[
      LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lib/?.so;;" \
        lua5.4 examples/imagine.lua $out]])
    assert.equal(0, status, err)
    assert.truthy(text:find "grid +%d+\n", text)
    local _, n = pictures(out)
    assert.equal(2, n)
  end)
end)
