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
