-- SPDX-License-Identifier: MIT
-- Limits that are seen and changed while a client runs, pauses, deadlines,
-- attempts, and maps that share a gateway.

local helper = require "helper"
local mj = require "mj"

local FULL = '{"code":23,"description":"full","result":null}'

local function now_of(client)
  return client._pump.box:now()
end

local function paid(world)
  local n = 0
  for _, request in ipairs(world:requests()) do
    n = n + (request.method == "POST" and 1 or 0)
  end
  return n
end

describe("limits", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("are shown as they are", function()
    local client = helper.script(nil, { limits = { submits = 60, live = 5 } })
    local now = client:limits()
    assert.equal(60, now.submits)
    assert.is_nil(now.requests)
    assert.equal(5, now.live)
    assert.equal(5, now.window)
    assert.equal(0, now.used)
    assert.equal(500, now.quota)
    assert.is_nil(now.paused)
    assert.is_nil(now.slowed)
    client:imagine("cat"):id()
    assert.equal(1, client:limits().used)
    mj.await(client:jobs())
    assert.equal(0, client:limits().used)
  end)

  it("change while it runs", function()
    local client = helper.script()
    local now = client:limits { submits = 60, live = 1 }
    assert.equal(60, now.submits)
    assert.equal(1, now.live)
    local from = now_of(client)
    local results = mj.map({ 1, 2, 3 }, function()
      return client:imagine "cat"
    end)
    assert.equal(3, #results)
    assert.is_true(now_of(client) - from >= 4) -- one after the other
    now = client:limits { submits = 0, live = 0 }
    assert.is_nil(now.submits)
    assert.is_nil(now.live)
  end)

  it("refuse what is no limit", function()
    local client = helper.script()
    assert.has_error(function()
      client:limits { submit = 3 }
    end, "client:limits: unknown option 'submit' (did you mean 'submits'?)")
    assert.has_error(function()
      client:limits { live = 1.5 }
    end, "client:limits: field 'live': a whole number expected")
    assert.has_error(function()
      client:limits { submits = -1 }
    end)
  end)

  it("are paused and go on", function()
    local client, world = helper.script()
    client:pause()
    assert.equal(math.huge, client:limits().paused)
    local job = client:imagine "cat"
    assert.is_nil((job:await { timeout = 600 }))
    assert.equal(0, paid(world))
    client:resume()
    assert(job:await())
    client:pause(30)
    local from = now_of(client)
    assert(client:imagine("cat"):await())
    assert.is_true(now_of(client) - from >= 30)
  end)
end)

describe("a gateway that is full", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local function full(times)
    local list = {}
    for i = 1, times do
      list[i] = { match = "POST", body = FULL, ["repeat"] = times == 1 }
    end
    return helper.gateway(list)
  end

  it("is asked again", function()
    local client, world = helper.script(full(4))
    assert(client:imagine("cat"):await())
    assert.is_true(paid(world) > 1)
  end)

  it("or not, if so wished", function()
    local client, world = helper.script(full(1), { on_busy = "fail" })
    local task, e = client:imagine("cat"):await()
    assert.is_nil(task)
    assert.equal("queue_full", e.code)
    assert.equal(1, paid(world))
  end)

  it("for as long as is said", function()
    local client = helper.script(full(1), { timeout = { busy = 20 } })
    local from = now_of(client)
    local _, e = client:imagine("cat"):await()
    assert.equal("queue_full", e.code)
    assert.is_true(now_of(client) - from <= 20)
    assert.has_error(function()
      helper.script(nil, { on_busy = "perhaps" })
    end, [[mj.client: field 'on_busy': "wait" or "fail" expected, got 'perhaps']])
  end)
end)

describe("a gateway that asks to slow down", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("is asked less, and the client says how much", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", http = 429, retry_after = 5, body = "{}" },
    }, { limits = { requests = 600 } })
    local job = client:imagine "cat"
    local until_told = now_of(client) + 60
    while not client:limits().pace and now_of(client) < until_told do
      mj.sleep(0.05)
    end
    local now = client:limits()
    assert.equal(60, now.pace) -- one a second, once it may
    assert.is_true(now.resting > 3 and now.resting <= 5)
    assert.is_nil(now.slowed) -- that is for submissions
    assert(job:await())
    now = client:limits()
    assert.is_nil(now.resting)
    assert.is_true(now.pace >= 420 and now.pace < 600)
    mj.sleep(30)
    assert.is_nil(client:limits().pace)
    assert.equal(600, client:limits().requests)
  end)
end)

describe("ten thousand tasks", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  -- The simulator counts what comes in any 60 seconds.
  local function run(n, sim, limits)
    local client, world = helper.simulated(sim, { limits = limits, poll = { 5, 10 } })
    local list, bad = {}, 0
    for i = 1, n do
      list[i] = i
    end
    local from = now_of(client)
    mj.map(list, function()
      bad = bad + (client:imagine("cat"):await() and 0 or 1)
    end, { concurrency = 2000 })
    local requests, submits = world:windows()
    return requests, submits, bad, now_of(client) - from
  end

  it("come as the limits say, and the gateway refuses none", function()
    local requests, submits, bad, took = run(10000, { rate = 9000, submits = 1200, seed = 3 },
      { requests = 9000 / 1.025 - 1, submits = 1200 / 1.025 - 1 })
    assert.equal(0, bad)
    assert.is_true(requests <= 9000, requests .. " requests in a minute")
    assert.is_true(submits <= 1200 and submits > 1100, submits .. " submissions in a minute")
    assert.is_true(took < 10000 / 1100 * 60 + 120, took .. " s")
  end)

  it("find limits that nobody told of", function()
    local requests, submits, bad, took = run(2000, { rate = 3000, seed = 3 })
    assert.equal(0, bad)
    assert.is_true(submits > 1000)
    -- what is refused is counted, too: that is how much too much there was
    assert.is_true(requests < 3000 * 1.2, requests .. " requests in a minute")
    assert.is_true(took < 1800, took .. " s")
  end)
end)

describe("a deadline", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("ends what was not sent, which costs nothing", function()
    local client, world = helper.script()
    client:pause()
    local task, e = client:imagine({ prompt = "cat", deadline = 10 }):await()
    assert.is_nil(task)
    assert.equal("timeout", e.code)
    assert.truthy(e.message:find("nothing was paid", 1, true))
    assert.equal(0, paid(world))
    client:resume()
    mj.sleep(60)
    assert.equal(0, paid(world))
  end)

  it("lets alone what was accepted", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), ["repeat"] = true } })
    local task, e = client:imagine({ prompt = "cat", deadline = 30 }):await()
    assert.is_nil(task)
    assert.equal("timeout", e.code)
    assert.equal("10001", e.task_id)
    assert.equal(1, paid(world))
    assert.has_error(function()
      client:imagine { prompt = "cat", deadline = -1 }
    end)
  end)
end)

describe("attempts", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local function failing(reason)
    local failed = helper.task { status = "FAILURE", failReason = reason, buttons = {} }
    return helper.gateway {
      { match = "/task/10001/", body = failed, ["repeat"] = true },
      { match = "/task/10002/", body = failed, ["repeat"] = true },
    }
  end

  it("submit again what failed", function()
    local client, world = helper.script(failing "[Internal Server Error] x")
    local task = assert(client:imagine({ prompt = "cat", attempts = 3 }):await())
    assert.equal("10003", task.id)
    assert.equal(3, paid(world))
  end)

  it("and no more often than that", function()
    local client, world = helper.script(failing "[Internal Server Error] x")
    local task, e = client:imagine({ prompt = "cat", attempts = 2 }):await()
    assert.is_nil(task)
    assert.equal("failed", e.code)
    assert.equal("10002", e.task_id)
    assert.equal(2, paid(world))
  end)

  it("but not what was moderated", function()
    local client, world = helper.script(failing "Banned prompt detected")
    local task, e = client:imagine({ prompt = "cat", attempts = 3 }):await()
    assert.is_nil(task)
    assert.equal("failed", e.code)
    assert.equal(1, paid(world))
  end)
end)

describe("a count", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("that is none is refused, not left out", function()
    local client, world = helper.script()
    local whole = "a whole number from 1 "
    for _, case in ipairs {
      { "attempts", 0, whole .. "to 100 expected" },
      { "attempts", 1.5, whole .. "to 100 expected" },
      { "attempts", 101, whole .. "to 100 expected" },
      { "attempts", 0 / 0, whole .. "to 100 expected" },
    } do
      assert.has_error(function()
        client:imagine { prompt = "cat", [case[1]] = case[2] }
      end, ("client:imagine: field '%s': %s"):format(case[1], case[3]))
    end
    for name, value in pairs { batch = 0, index = -1 } do
      assert.has_error(function()
        client:video { prompt = "cat", task = "10001", [name] = value }
      end, ("client:video: field '%s': %sup expected"):format(name, whole))
    end
    assert.has_error(function()
      client:click("10001", "zoom:N", { zoom = 0 })
    end, "client:click: field 'zoom': 1 to 2 expected")
    for _, n in ipairs { 0, 2.5, -1, 0 / 0 } do
      assert.has_error(function()
        mj.map({}, print, { concurrency = n })
      end, "mj.map: field 'concurrency': " .. whole .. "up expected")
    end
    assert.same({}, (mj.map({}, print, { concurrency = math.huge })))
    assert.equal(0, paid(world))
  end)

  it("and so is a name that is empty", function()
    local client, world = helper.script()
    local task, e = client:imagine({ prompt = "cat", key = "" }):await()
    assert.is_nil(task)
    assert.equal("invalid: key: it is empty", tostring(e))
    assert.equal(0, paid(world))
    assert.has_error(function()
      helper.script(nil, { run = "" })
    end, "mj.client: run: it is empty")
  end)
end)

describe("two maps", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("take turns, however much larger one is", function()
    local client = helper.script(nil, { limits = { live = 10 } })
    local ended = {}
    local function map(name, n)
      return mj.spawn(function()
        local list = {}
        for i = 1, n do
          list[i] = i
        end
        mj.map(list, function()
          assert(client:imagine("cat"):await())
          ended[name] = (ended[name] or 0) + 1
          if name == "small" and ended.small == 3 then
            ended.meanwhile = ended.big
          end
        end, { concurrency = 1000 })
      end)
    end
    local big = map("big", 400)
    mj.sleep(1)
    local small = map("small", 3)
    mj.await { big, small }
    assert.equal(400, ended.big)
    assert.equal(3, ended.small)
    assert.is_true(ended.meanwhile <= 40, ended.meanwhile .. " came before")
  end)
end)
