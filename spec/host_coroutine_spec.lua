-- SPDX-License-Identifier: MIT
-- Inside a host's own coroutines: an engine's scripts, another scheduler's
-- threads.

local helper = require "helper"
local mj = require "mj"

describe("host coroutine", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("waits while another draws frames", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), times = 3 },
    })
    local frames, got = 0, nil
    local drawer = coroutine.create(function()
      while not got do
        frames = frames + 1
        coroutine.yield "frame"
      end
    end)
    local script = coroutine.create(function()
      local task = assert(client:imagine("cat"):await { timeout = 600 })
      local big = assert(task:click("U2"):await())
      got = big.id
    end)
    local turns = 0
    while coroutine.status(script) ~= "dead" do
      mj.step(0.1) -- virtual: a frame of a tenth of a second
      assert(coroutine.resume(drawer))
      assert(coroutine.resume(script))
      turns = turns + 1
      assert.is_true(turns < 2000)
    end
    assert.equal("10002", got)
    assert.is_true(frames > 20)
    assert.is_true(frames >= turns - 1)
  end)

  it("yields nothing, and looks again whoever resumes it", function()
    local client = helper.script()
    local job = client:imagine "cat"
    local co = coroutine.create(function()
      return job:await()
    end)
    for _ = 1, 5 do
      assert.equal(1, select("#", coroutine.resume(co)))
      assert.equal("suspended", coroutine.status(co))
    end
    job:await() -- the main program drives
    local ok, task = coroutine.resume(co)
    assert.is_true(ok)
    assert.equal("10001", task.id)
  end)

  it("has its timeouts kept", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    })
    local job = client:imagine "cat"
    local e
    local co = coroutine.create(function()
      e = select(2, job:await { timeout = 3 })
    end)
    local turns = 0
    while coroutine.status(co) ~= "dead" do
      assert(coroutine.resume(co))
      mj.step(0.5)
      turns = turns + 1
      assert.is_true(turns < 100)
    end
    assert.equal("timeout", e.code)
    assert.near(1003, world:now(), 1)
    job:cancel()
    job:await()
  end)

  it("can sleep, map and save", function()
    local client = helper.script()
    local folder = helper.folder()
    local results, path
    local co = coroutine.create(function()
      mj.sleep(1)
      results = mj.map({ 1, 2, 3 }, function(n)
        return client:imagine("cat " .. n):await()
      end)
      path = assert(results[1]:save(folder .. "/x.png"))[1]
    end)
    local turns = 0
    while coroutine.status(co) ~= "dead" do
      assert(coroutine.resume(co))
      mj.step(0.5)
      turns = turns + 1
      assert.is_true(turns < 200)
    end
    assert.equal(3, #results)
    assert.equal(helper.PNG, helper.slurp(path))
    helper.remove(folder)
  end)

  it("waits as the host's scheduler says", function()
    local client = helper.script()
    local asked, woken = 0, 0
    mj.set_waiter(function(ready, on_ready)
      asked = asked + 1
      assert.is_false(ready())
      on_ready(function()
        woken = woken + 1
      end)
      coroutine.yield "engine"
    end)
    local co = coroutine.create(function()
      return client:imagine("cat"):await()
    end)
    local ok, what = coroutine.resume(co)
    assert.is_true(ok)
    assert.equal("engine", what)
    local turns = 0
    while woken == 0 do
      mj.step(1)
      turns = turns + 1
      assert.is_true(turns < 100)
    end
    local task
    ok, task = coroutine.resume(co)
    assert.is_true(ok)
    assert.equal("10001", task.id)
    assert.equal(1, asked)
    assert.equal(1, woken)
    assert.has_error(function()
      mj.set_waiter(3)
    end, "mj.set_waiter: function or nil expected, got number")
  end)

  it("is a host's also inside mj.run, which stands for the main program", function()
    local client = helper.script()
    local turns = 0
    local task = mj.run(function()
      local got
      local co = coroutine.create(function()
        got = assert(client:imagine("cat"):await())
      end)
      while coroutine.status(co) ~= "dead" do
        assert(coroutine.resume(co))
        mj.step(0.5)
        turns = turns + 1
        assert.is_true(turns < 100)
      end
      return got
    end)
    assert.equal("10001", task.id)
    assert.is_true(turns > 3)
  end)

  it("is told when nothing could ever end its wait", function()
    helper.script()
    local handle
    handle = mj.spawn(function()
      handle:await()
    end)
    mj.step(0)
    local co = coroutine.create(function()
      handle:await()
    end)
    local ok, e = coroutine.resume(co)
    assert.is_false(ok)
    assert.matches("deadlock", e)
    require("mj.signal").fire(handle)
    mj.step(0)
  end)

  it("runs beside coroutines of ours", function()
    local client = helper.script()
    local order = {}
    local ours = mj.spawn(function()
      assert(client:imagine("ours"):await())
      order[#order + 1] = "ours"
    end)
    local host = coroutine.create(function()
      assert(client:imagine("host"):await())
      order[#order + 1] = "host"
    end)
    local turns = 0
    while not (ours:done() and coroutine.status(host) == "dead") do
      if coroutine.status(host) ~= "dead" then
        assert(coroutine.resume(host))
      end
      mj.step(0.5)
      turns = turns + 1
      assert.is_true(turns < 100)
    end
    table.sort(order)
    assert.same({ "host", "ours" }, order)
  end)
end)
