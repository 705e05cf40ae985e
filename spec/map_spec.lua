-- SPDX-License-Identifier: MIT
-- Many at once: map, each, await on lists.

local helper = require "helper"
local mj = require "mj"

-- A gateway whose tasks fail when their number ends in 3.
local function moody()
  local replies = {}
  for i = 1, 9 do
    replies[i] = {
      match = ("/task/1000%d3/fetch"):format(i),
      body = helper.task { status = "FAILURE", failReason = "moody" }, ["repeat"] = true,
    }
  end
  return helper.gateway(replies)
end

describe("map", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("gives results and errors indexed like the input", function()
    local client = helper.script(moody())
    local prompts = {}
    for i = 1, 30 do
      prompts[i] = "cat " .. i
    end
    local results, errors = mj.map(prompts, function(prompt, i)
      assert.equal(prompts[i], prompt)
      if i == 5 then
        error("mine", 0)
      end
      return client:imagine(prompt):await()
    end)
    local good, failed = 0, 0
    for i = 1, 30 do
      assert.is_true((results[i] == nil) ~= (errors[i] == nil))
      good = good + (results[i] and 1 or 0)
      failed = failed + (errors[i] and 1 or 0)
    end
    assert.equal("mine", errors[5])
    assert.equal(30, good + failed)
    assert.equal(3, failed) -- 100013, 100023 and number 5
  end)

  it("takes an iterator, and pulls as places get free", function()
    local client = helper.script()
    local pulled, running, most = 0, 0, 0
    local results = mj.map(function()
      if pulled < 20 then
        pulled = pulled + 1
        assert.is_true(pulled <= running + 20)
        return pulled
      end
    end, function(n)
      running = running + 1
      most = math.max(most, running)
      assert(client:imagine("cat"):await())
      running = running - 1
      return n * 2
    end, { concurrency = 3 })
    assert.equal(3, most)
    assert.equal(20, #results)
    assert.equal(40, results[20])
  end)

  it("waits for jobs that the function returns", function()
    local client = helper.script()
    local results, errors = mj.map({ "a", "b" }, function(prompt)
      return client:imagine(prompt)
    end)
    assert.same({}, errors)
    assert.equal("SUCCESS", results[1].status)
    assert.equal("SUCCESS", results[2].status)
  end)

  it("works inside coroutines, and of nothing", function()
    local client = helper.script()
    local handle = mj.spawn(function()
      local results = mj.map({ 1, 2, 3 }, function(n)
        assert(client:imagine("cat"):await())
        return n
      end, { concurrency = 2 })
      return results
    end)
    assert.same({ 1, 2, 3 }, handle:await())
    assert.same({}, mj.map({}, function() end))
    assert.same({}, mj.map(function() end, function() end))
  end)

  it("waits for a thousand imagines in virtual time", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), times = 3000 },
    })
    local prompts = {}
    for i = 1, 1000 do
      prompts[i] = "cat " .. i
    end
    local results, errors = mj.map(prompts, function(prompt)
      return client:imagine(prompt):await()
    end, { concurrency = 1000 })
    assert.is_nil(next(errors))
    local ids = {}
    for i = 1, 1000 do
      assert.equal("SUCCESS", results[i].status)
      ids[results[i].id] = true
    end
    local distinct = 0
    for _ in pairs(ids) do
      distinct = distinct + 1
    end
    assert.equal(1000, distinct)
    assert.equal(1000, world:counts().paid)
    assert.equal(0, world:counts().refused_tickets)
    assert.is_true(world:counts().open_peak <= 32)
    assert.is_true(world:now() < 1000 + 120)
  end)

  it("does the same on the simulator, and clicks on each", function()
    local client, world = helper.simulated()
    local prompts = {}
    for i = 1, 1000 do
      prompts[i] = "cat " .. i
    end
    local start = world:now()
    local results, errors = mj.map(prompts, function(prompt)
      local grid, e = client:imagine(prompt):await()
      if not grid then
        return nil, e
      end
      return grid:click("U" .. 1 + #prompt % 4):await()
    end, { concurrency = 1000 })
    assert.is_nil(next(errors))
    local ids = {}
    for i = 1, 1000 do
      assert.equal("UPSCALE", results[i].action)
      assert.is_nil(ids[results[i].id])
      ids[results[i].id] = true
    end
    assert.equal(2000, world:counts().paid)
    assert.is_true(world:now() - start < 300)
  end)

  it("is fair: nobody waits for the end of the others", function()
    local client = helper.script()
    local order = {}
    local list = {}
    for i = 1, 50 do
      list[i] = mj.spawn(function()
        for _ = 1, 3 do
          assert(client:imagine("cat"):await())
          order[#order + 1] = i
        end
      end)
    end
    mj.await(list)
    -- the first round of each comes before the third of any
    local seen, distinct = {}, 0
    for _, i in ipairs(order) do
      seen[i] = (seen[i] or 0) + 1
      distinct = distinct + (seen[i] == 1 and 1 or 0)
      if seen[i] == 3 then
        break
      end
    end
    assert.equal(50, distinct)
  end)

  it("refuses what it cannot use", function()
    helper.script()
    for message, call in pairs {
      ["mj.map: list or iterator expected, got number"] = function()
        mj.map(3, function() end)
      end,
      ["mj.map: function expected, got nil"] = function()
        mj.map {}
      end,
      ["mj.map: field 'concurrency': a whole number from 1 up expected"] = function()
        mj.map({}, function() end, { concurrency = 0 })
      end,
      ["mj.map: unknown option 'concurency' (did you mean 'concurrency'?)"] = function()
        mj.map({}, function() end, { concurency = 3 })
      end,
      ["mj.each: job expected, got string"] = function()
        mj.each { "x" }
      end,
      ["mj.await: job or list of jobs expected, got string"] = function()
        mj.await "x"
      end,
    } do
      assert.has_error(call, message)
    end
  end)
end)

describe("each", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("gives jobs in the order in which they end", function()
    local client = helper.script(helper.gateway {
      { match = "/task/10001/fetch", body = helper.running(), times = 3 },
      { match = "/task/10002/fetch", body = helper.task { status = "FAILURE", failReason = "x" } },
      { match = "/task/10003/fetch", body = helper.running(), times = 1 },
    })
    local jobs = { client:imagine "a", client:imagine "b", client:imagine "c" }
    local order = {}
    for i, task, e in mj.each(jobs) do
      order[#order + 1] = { i, task and task.status or e.code }
    end
    assert.same({ { 2, "failed" }, { 3, "SUCCESS" }, { 1, "SUCCESS" } }, order)
  end)

  it("works inside a coroutine, and with jobs that are over", function()
    local client = helper.script()
    local jobs = { client:imagine "a", client:imagine "b" }
    jobs[1]:await()
    local handle = mj.spawn(function()
      local n = 0
      for _, task in mj.each(jobs) do
        assert(task)
        n = n + 1
      end
      return n
    end)
    assert.equal(2, handle:await())
    for _ in mj.each {} do
      error "there is none"
    end
  end)

  it("gives up on all that are left when the time is over", function()
    local client = helper.script(helper.gateway {
      { match = "/task/10001/fetch", body = helper.task() },
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    })
    local jobs = { client:imagine "a", client:imagine "b", client:imagine "c" }
    local codes = {}
    for i, task, e in mj.each(jobs, { timeout = 20 }) do
      codes[i] = task and "task" or e.code
    end
    assert.same({ "task", "timeout", "timeout" }, codes)
    for _, job in ipairs(jobs) do
      job:cancel()
      job:await()
    end
  end)
end)

describe("await of a list", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("gives results and errors", function()
    local client = helper.script(helper.gateway {
      { match = "/task/10002/fetch", body = helper.task { status = "FAILURE", failReason = "x" } },
    })
    local results, errors = mj.await { client:imagine "a", client:imagine "b", client:imagine "c" }
    assert.equal("SUCCESS", results[1].status)
    assert.is_nil(results[2])
    assert.equal("failed", errors[2].code)
    assert.equal("SUCCESS", results[3].status)
    assert.is_nil(errors[1])
  end)

  it("has one time for all", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    })
    local jobs = { client:imagine "a", client:imagine "b" }
    local results, errors = mj.await(jobs, { timeout = 30 })
    assert.same({}, results)
    assert.equal("timeout", errors[1].code)
    assert.equal("timeout", errors[2].code)
    assert.equal("10002", errors[2].token)
    assert.near(1030, world:now(), 0.1)
    for _, job in ipairs(jobs) do
      job:cancel()
      job:await()
    end
  end)

  it("takes one job, and coroutines", function()
    local client = helper.script()
    assert.equal("SUCCESS", assert(mj.await(client:imagine "a", { timeout = 60 })).status)
    local results, errors = mj.await {
      mj.spawn(function()
        return 1
      end),
      mj.spawn(function()
        error("two", 0)
      end),
    }
    assert.same({ 1 }, results)
    assert.equal("two", errors[2])
  end)

  it("keeps what ran when the list fails, and says where", function()
    local client = helper.script()
    local n = 0
    local results, errors = mj.map(function()
      n = n + 1
      if n == 4 then
        error("the list broke", 0)
      end
      return "cat " .. n
    end, function(prompt)
      return client:imagine(prompt)
    end)
    for i = 1, 3 do
      assert.equal("SUCCESS", results[i].status)
    end
    assert.same({ [4] = "the list broke" }, errors)
    assert.equal(4, n)
    results, errors = mj.map(function()
      error("at once", 0)
    end, print)
    assert.same({}, results)
    assert.same({ "at once" }, errors)
  end)
end)

describe("each, out of time", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("gives each job once, also one that ends while the body waits", function()
    local client = helper.script()
    local a, b, c = client:imagine "a", client:imagine "b", client:imagine "c"
    local seen = {}
    for i, task, e in mj.each({ a, b, c }, { timeout = 0.01 }) do
      seen[#seen + 1] = i .. (task and " task" or " " .. e.code)
      mj.await { a, b, c }
    end
    assert.same({ "1 timeout", "2 task", "3 task" }, seen)
  end)
end)
