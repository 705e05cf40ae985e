-- SPDX-License-Identifier: MIT
-- The scheduler: coroutines of ours, the main program, turns.

local helper = require "helper"
local loop = require "mj.loop"
local mj = require "mj"

describe("loop", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("drives from the main program, and parks inside a coroutine", function()
    local client, world = helper.script()
    local order = {}
    local handle = mj.spawn(function(name)
      order[#order + 1] = name
      mj.sleep(100)
      order[#order + 1] = "late"
      return "a", nil, "c"
    end, "first")
    assert.is_truthy(client:imagine("cat"):await())
    order[#order + 1] = "task"
    local a, b, c = handle:await()
    assert.same({ "first", "task", "late" }, order)
    assert.equal("a", a)
    assert.is_nil(b)
    assert.equal("c", c)
    assert.near(1100, world:now(), 1)
  end)

  it("sleeps in virtual time without waiting for it", function()
    local _, world = helper.script()
    local start = os.time()
    mj.sleep(86400)
    assert.near(1000 + 86400, world:now(), 0.01)
    assert.is_true(os.time() - start < 5)
  end)

  it("sleeps for ever if it must", function()
    helper.script()
    local handle = mj.spawn(mj.sleep, math.huge)
    local _, e = handle:await { timeout = 1e6 }
    assert.equal("timeout", e.code)
    mj.sleep(1e9)
    assert.is_true(handle:done())
  end)

  it("serves sleepers in the order of their times", function()
    helper.script()
    local order = {}
    local list = {}
    for i, seconds in ipairs { 3, 1, 2, 1 } do
      list[i] = mj.spawn(function()
        mj.sleep(seconds)
        order[#order + 1] = i
      end)
    end
    mj.await(list)
    assert.same({ 2, 4, 3, 1 }, order)
  end)

  it("that leaves something behind fails its test", function()
    local client = helper.script()
    client:imagine "cat"
    local ok, e = pcall(helper.after_each)
    assert.is_false(ok)
    assert.matches("1 jobs were left", e)
    helper.before_each()
    helper.script()
    mj.spawn(error, "boom")
    ok, e = pcall(helper.after_each)
    assert.is_false(ok)
    assert.matches("boom", e)
    helper.before_each()
  end)

  it("runs a function as the main program and returns its values", function()
    helper.script()
    local function values(...)
      return select("#", ...), ...
    end
    assert.same({ 3, 1, nil, 3 }, { values(mj.run(function()
      mj.sleep(1)
      return 1, nil, 3
    end)) })
  end)

  it("raises from run what the function raised", function()
    helper.script()
    local thrown = {}
    local ok, e = pcall(mj.run, function()
      mj.sleep(1)
      error(thrown)
    end)
    assert.is_false(ok)
    assert.equal(thrown, e)
  end)

  it("runs until nothing is pending", function()
    local client = helper.script()
    local done = 0
    for _ = 1, 3 do
      client:imagine("cat"):on_done(function(task)
        done = done + (task and 1 or 0)
      end)
    end
    assert.is_true(mj.run())
    assert.equal(3, done)
    assert.equal(0, mj.pending())
  end)

  it("leaves run when its time is over, and the work goes on", function()
    helper.script()
    local ended = false
    local handle = mj.spawn(function()
      mj.sleep(10)
      ended = true
    end)
    local ok, e = mj.run { timeout = 3 }
    assert.is_nil(ok)
    assert.equal("timeout", e.code)
    ok, e = mj.run(function()
      mj.sleep(3)
    end, { timeout = 1 })
    assert.is_nil(ok)
    assert.equal("timeout", e.code)
    assert.is_false(ended)
    handle:await()
    assert.is_true(ended)
    mj.sleep(3)
  end)

  it("counts what is pending", function()
    local client = helper.script()
    assert.equal(0, mj.pending())
    local job = client:imagine "cat"
    assert.equal(1, mj.pending())
    local handle = mj.spawn(function()
      return mj.pending()
    end)
    assert.equal(2, mj.pending())
    -- a coroutine does not count itself
    assert.equal(1, handle:await())
    job:await()
    assert.equal(0, mj.pending())
  end)

  it("takes a coroutine's own yield as: let the others go first", function()
    helper.script()
    local order = {}
    local a = mj.spawn(function()
      order[#order + 1] = "a1"
      coroutine.yield()
      order[#order + 1] = "a2"
    end)
    local b = mj.spawn(function()
      order[#order + 1] = "b"
    end)
    mj.await { a, b }
    assert.same({ "a1", "b", "a2" }, order)
  end)

  it("steps without waiting, as often as a host likes", function()
    local client = helper.script()
    local job = client:imagine "cat"
    local steps = 0
    while not job:done() do
      mj.step(0.5)
      steps = steps + 1
      assert.is_true(steps < 100)
    end
    assert.is_true(steps > 1)
    assert.is_truthy(job:await())
  end)

  it("keeps to a budget, and leaves the rest for the next turn", function()
    local client = helper.script()
    local done = 0
    for _ = 1, 300 do
      client:imagine("cat"):on_done(function()
        done = done + 1
      end)
    end
    local turns, left_over = 0, 0
    while mj.pending() > 0 do
      mj.step(1, 0.000001)
      turns = turns + 1
      left_over = left_over + (mj.timeout() == 0 and 1 or 0)
      assert.is_true(turns < 10000)
    end
    assert.equal(300, done)
    assert.is_true(left_over > 20)
  end)

  it("says when to come back", function()
    local client, world = helper.script()
    assert.is_nil(mj.timeout())
    local job = client:imagine "cat"
    assert.equal(0, mj.timeout())
    mj.step(0)
    assert.near(0.005, mj.timeout(), 0.0001)
    mj.step(1)
    local before = world:now()
    local t = mj.timeout()
    assert.near(2, t, 0.01)
    mj.step(t)
    assert.near(before + t, world:now(), 0.001)
    job:await()
  end)

  it("has a descriptor to wait on", function()
    helper.script()
    loop.use_virtual(nil)
    local fd = mj.fd()
    assert.is_true(fd >= 0)
    assert.equal(fd, mj.fd())
  end)

  it("serves several clients in one world", function()
    local one, world = helper.script()
    local two = helper.client(world)
    local jobs = { one:imagine "a", two:imagine "b", one:imagine "c", two:imagine "d" }
    local results, errors = mj.await(jobs)
    assert.equal(4, #results)
    assert.same({}, errors)
  end)

  it("steps a source that was added", function()
    local client = helper.script()
    local steps = 0
    local source = {
      step = function()
        steps = steps + 1
      end,
      timeout = function()
        return 0.1
      end,
      fd = function()
        return -1
      end,
    }
    loop.add(source)
    loop.add(source)
    assert.is_truthy(client:imagine("cat"):await())
    assert.is_true(steps > 10)
    loop.remove(source)
    steps = 0
    assert.is_truthy(client:imagine("cat"):await())
    assert.equal(0, steps)
  end)

  it("calls check once a turn, and lets its error out", function()
    local client = helper.script()
    local job = client:imagine "cat"
    local n = 0
    loop.check = function()
      n = n + 1
      if n == 3 then
        error("stop here", 0)
      end
    end
    local ok, e = pcall(job.await, job)
    assert.is_false(ok)
    assert.equal("stop here", e)
    loop.check = nil
    assert.is_truthy(job:await())
  end)

  it("raises where nothing could ever end the wait", function()
    helper.script()
    local handle
    handle = mj.spawn(function()
      handle:await()
    end)
    local ok, e = pcall(handle.await, handle)
    assert.is_false(ok)
    assert.matches("deadlock", e)
    assert.matches("loop_spec.lua:%d+:", e)
    -- it stays where it is: give it an end
    require("mj.signal").fire(handle)
    mj.step(0)
  end)

  it("drives where a coroutine of ours cannot yield", function()
    local client = helper.script()
    local handle = mj.spawn(function()
      local list = { 2, 1 }
      table.sort(list, function(a, b)
        assert(client:imagine("cat"):await())
        return a < b
      end)
      return list
    end)
    assert.same({ 1, 2 }, handle:await())
  end)

  it("drives inside a coroutine made by a coroutine of ours", function()
    local client = helper.script()
    local handle = mj.spawn(function()
      local urls = {}
      for url in coroutine.wrap(function()
        for i = 1, 3 do
          coroutine.yield(assert(client:imagine("cat " .. i):await()).image_url)
        end
      end) do
        urls[#urls + 1] = url
      end
      return #urls
    end)
    assert.equal(3, handle:await())
  end)

  describe("errors in coroutines", function()
    it("are reported once if nobody waits, with a trace", function()
      helper.script()
      mj.spawn(function()
        error "boom"
      end)
      mj.step(0)
      mj.step(0)
      local reports = helper.reports()
      assert.equal(1, #reports)
      assert.matches("loop_spec.lua:%d+: boom", reports[1])
      assert.matches("stack traceback", reports[1])
    end)

    it("are raised to who waits, and not reported", function()
      helper.script()
      local handle = mj.spawn(function()
        error("boom", 0)
      end)
      local ok, e = pcall(handle.await, handle)
      assert.is_false(ok)
      assert.equal("boom", e)
    end)

    it("are returned if they are the world's", function()
      local client = helper.script { { http = 401, body = "", ["repeat"] = true } }
      local handle = mj.spawn(function()
        local _, e = client:imagine("cat"):await()
        error(e) -- as assert does
      end)
      local task, e = handle:await()
      assert.is_nil(task)
      assert.equal("auth", e.code)
    end)
  end)

  it("waits for a coroutine no longer than told", function()
    helper.script()
    local handle = mj.spawn(function()
      mj.sleep(5)
      return "end"
    end)
    local value, e = handle:await { timeout = 1 }
    assert.is_nil(value)
    assert.equal("timeout", e.code)
    assert.is_false(handle:done())
    assert.equal("end", handle:await())
    assert.is_true(handle:done())
  end)

  it("bounds coroutines by the budget of a step, too", function()
    helper.script()
    local ran = 0
    for _ = 1, 60 do
      mj.spawn(function()
        local start = os.clock()
        while os.clock() - start < 0.003 do end
        ran = ran + 1
      end)
    end
    mj.step(0, 0.004)
    assert.is_true(ran >= 1 and ran <= 4, ran)
    local before, steps = ran, 0
    while mj.step(0, 1e-9) > 0 do
      steps = steps + 1
      assert.is_true(ran > before, "each step gets on")
      before = ran
    end
    assert.is_true(steps > 20)
    assert.equal(60, ran)
  end)

  it("refuses a budget that is none, at the caller's line", function()
    helper.script()
    for _, budget in ipairs { math.huge, 1e7, -1, 0 / 0, "1" } do
      local ok, e = pcall(function()
        mj.step(0, budget)
      end)
      assert.is_false(ok)
      assert.matches("^[^:]*loop_spec.lua:%d+: mj.step: field 'budget'", e)
    end
  end)

  it("reports the error of a coroutine whose wait was left by its timeout", function()
    helper.script()
    local function fails()
      mj.sleep(2)
      error("too late", 0)
    end
    local function check()
      assert.same({}, helper.reports())
      mj.sleep(5)
      local reports = helper.reports()
      assert.equal(1, #reports)
      assert.matches("too late", reports[1])
    end
    local _, e = mj.spawn(fails):await { timeout = 1 }
    assert.equal("timeout", e.code)
    check()
    _, e = mj.run(fails, { timeout = 1 })
    assert.equal("timeout", e.code)
    check()
    local _, errors = mj.await({ mj.spawn(fails) }, { timeout = 1 })
    assert.equal("timeout", errors[1].code)
    check()
    for _, _, err in mj.each({ mj.spawn(fails) }, { timeout = 1 }) do
      assert.equal("timeout", err.code)
    end
    check()
  end)

  it("reports no error that a second wait hears", function()
    helper.script()
    local handle = mj.spawn(function()
      mj.sleep(2)
      error("heard", 0)
    end)
    local _, e = handle:await { timeout = 1 }
    assert.equal("timeout", e.code)
    local ok
    ok, e = pcall(handle.await, handle)
    assert.same({ false, "heard" }, { ok, e })
    mj.sleep(5)
    assert.same({}, helper.reports())
  end)
end)
