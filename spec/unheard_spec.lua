-- SPDX-License-Identifier: MIT
-- Errors of jobs that nobody asks for; what a job costs that nobody waits for.

local helper = require "helper"
local mj = require "mj"
local unheard = require "mj.unheard"

describe("errors nobody asks for", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  -- What `body` adds to the list: "n code id" of each entry.
  local function added(body)
    local before = {}
    for _, entry in ipairs(unheard.list()) do
      before[entry] = entry.n
    end
    body()
    local out = {}
    for _, entry in ipairs(unheard.list()) do
      local n = entry.n - (before[entry] or 0)
      if n > 0 then
        out[#out + 1] = ("%d %s %s"):format(n, entry.code, entry.id or "-")
      end
    end
    table.sort(out)
    return out
  end

  local function refusing()
    return helper.script { { match = "POST", body = '{"code":24,"description":"banned"}',
      ["repeat"] = true } }
  end

  it("are counted", function()
    local client = refusing()
    assert.same({ "3 banned_prompt -" }, added(function()
      for _ = 1, 3 do
        client:imagine "cat"
      end
      mj.run()
    end))
  end)

  it("and not those that somebody asked for, before or after", function()
    local client = refusing()
    assert.same({}, added(function()
      client:imagine("a"):await()
      client:imagine("b"):on_done(function() end)
      client:imagine("c"):id()
      mj.await { client:imagine "d", client:imagine "e" }
      local job = client:imagine "f"
      mj.run()
      job:await()
      job = client:imagine "g"
      mj.run()
      job:on_done(function() end)
      mj.run()
    end))
  end)

  it("nor those that somebody gave up", function()
    local client = helper.script()
    assert.same({}, added(function()
      assert.is_true(client:imagine("cat"):cancel())
      mj.run()
    end))
  end)

  it("with the task, where it was accepted", function()
    local client = helper.script { { match = "POST", body = helper.accepted() },
      { match = "/fetch", body = helper.task { status = "FAILURE", failReason = "x1" } } }
    assert.same({ "1 failed 10001" }, added(function()
      client:imagine "cat"
      mj.run()
    end))
  end)

  it("of what a closed client did not send, or was sending", function()
    local client = helper.script()
    assert.same({ "1 closed -" }, added(function()
      client:imagine "cat"
      client:close()
    end))
    client = helper.script { { match = "POST", body = helper.accepted(), delay = 60 } }
    assert.same({ "1 unknown_outcome -" }, added(function()
      client:imagine "cat"
      mj.step(0)
      mj.step(0)
      client:close()
    end))
  end)

  it("in bounded memory", function()
    local err = require "mj.err"
    local entries = {}
    for i = 1, 500 do
      entries[i] = unheard.add(err.new("failed", "another text " .. i), "id")
    end
    local n = 0
    for _, entry in ipairs(unheard.list()) do
      if entry.code == "failed" and entry.id == "id" then
        n = n + entry.n
      end
    end
    assert.equal(500, n)
    assert.is_true(#unheard.list() <= 32 + #mj.error_codes)
    for i = 1, 500 do
      unheard.take_back(entries[i])
    end
  end)
end)

describe("a job that nobody waits for", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("costs little in Lua", function()
    local client = helper.script()
    local jobs, n = {}, 2000
    for i = 1, n do
      jobs[i] = false
    end
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, n do
      jobs[i] = client:imagine "cat"
    end
    collectgarbage()
    collectgarbage()
    local each = (collectgarbage "count" - before) / n
    assert.is_true(each < 0.6, ("%.2f KB"):format(each))
    for _, job in ipairs(jobs) do
      job:cancel()
    end
    mj.run()
  end)
end)
