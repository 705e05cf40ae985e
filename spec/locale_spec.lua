-- SPDX-License-Identifier: MIT
-- A host that has called setlocale writes 1.5 as "1,5"; what is sent, what a request is
-- known by, and what an amount is stay what they are.

local run = require "spec.support.run"

local COMMA = "de_DE.UTF-8"

describe("where numbers have a comma", function()
  local folder
  setup(function()
    folder = run.folder()
    -- nobody's machine has to have it (Debian: locales, which has the sources)
    local status, _, err = run.shell(("localedef -i de_DE -f UTF-8 %s/%s"):format(folder, COMMA))
    assert.equal(0, status, err)
  end)
  teardown(function()
    run.remove(folder)
  end)

  -- What a script prints with that locale, or with the one of every program.
  local function output(locale, script)
    local path = folder .. "/s.lua"
    run.spit(path, ("assert(os.setlocale(%q, 'numeric'))\nlocal comma = %q\n%s"):format(locale,
      locale == "C" and "1.5" or "1,5", 'assert(tostring(1.5) == comma)\nlocal mj = require "mj"\n'
        .. script))
    local status, out, err = run.shell(("LOCPATH=%s %s --no-journal --sim=clock=200 %s")
      :format(folder, run.mjlua, path))
    assert.equal(0, status, err)
    assert.truthy(#out > 0)
    return out
  end

  local function same(script)
    local expected = output("C", script)
    assert.equal(expected, output(COMMA, script))
    return expected
  end

  it("sends the same prompts and parameters", function()
    local out = same([[
      local grid = assert(mj.imagine { prompt = "cat", quality = 0.5, version = 6.1 }:await())
      local big = assert(grid:click "upscale:1":await())
      print(grid.final_prompt)
      print(assert(big:click "zoom:1.7":await()).final_prompt)
      print(assert(big:click("Custom Zoom", { zoom = 1.3 }):await()).final_prompt)]])
    assert.truthy(out:find("%-%-quality 0%.5.*%-%-v 6%.1.*%-%-zoom 1%.7.*%-%-zoom 1%.3"), out)
  end)

  it("reads the same JSON", function()
    local out = same([[
      local core = require "mj.core"
      print(core.decode "[1.5,-2.25e3]"[1] == 1.5, core.decode "[-2.25e3]"[1] == -2250)]])
    assert.equal("true\ttrue\n", out)
  end)

  it("has the same prices and budgets", function()
    local out = same([[
      local client = mj.client { budget = 0.5, prices = { imagine = 0.25 } }
      assert(client:imagine "cat":await())
      print(client:budget().spent == 0.25, tostring(mj.estimate(
        { { "imagine" } }, { imagine = 0.25 })))]])
    assert.truthy(out:find("^true\t.*0%.25"), out)
  end)

  it("knows a request by the same key", function()
    run.spit(folder .. "/make.lua", [[
      local mj = require "mj"
      local grid = assert(mj.imagine "cat":await())
      print(assert(grid:click "upscale:1":await()).id)]])
    run.spit(folder .. "/click.lua", [[
      local mj = require "mj"
      assert(os.setlocale(arg[1], "numeric"))
      local client = assert(mj.client { journal = arg[3], run = "locale" })
      assert(assert(client:task(arg[2]):await()):click("Custom Zoom", { zoom = 1.7 }):await())
      client:close()]])
    local status, out, err = run.with_gateway(folder, "clock=200", ([[
      export LOCPATH=$out
      id=$($mjlua --no-journal $out/make.lua)
      for locale in C %s; do
        $mjlua --no-journal $out/click.lua $locale $id $out/$locale.journal || exit
        $mjlua -m status --json $out/$locale.journal
      done]]):format(COMMA))
    assert.equal(0, status, err)
    local keys = {}
    for key in out:gmatch '"key":"(1%.%x+%.1)"' do
      keys[#keys + 1] = key
    end
    assert.equal(2, #keys, out)
    assert.equal(keys[1], keys[2])
  end)
end)
