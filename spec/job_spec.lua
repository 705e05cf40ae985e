-- SPDX-License-Identifier: MIT
-- Jobs: from a verb to its end.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

describe("job", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("comes back at once and blocks nobody", function()
    local client, world = helper.script()
    local job = client:imagine "black cat"
    assert.equal(1000, world:now())
    assert.is_false(job:done())
    assert.is_nil(job:token())
    assert.is_nil(job:progress())
    assert.is_nil(job.key)
    assert.equal(0, #world:requests())
    assert.is_truthy(job:await())
    assert.is_true(job:done())
  end)

  it("gives the task, as often as asked", function()
    local client = helper.script()
    local job = client:imagine "black cat"
    local task = assert(job:await { timeout = 600 })
    assert.equal("10001", task.id)
    assert.equal(task, job:await())
  end)

  it("knows its id as soon as the gateway accepted", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), times = 3 },
    })
    local job = client:imagine "cat"
    assert.equal("10001", job:id())
    assert.equal("10001", job:id(0))
    assert.equal(1, #world:requests())
    assert.is_false(job:done())
    assert.equal("10001", job:token())
    assert(job:await())
  end)

  it("keeps an id that is longer than a number", function()
    for _, result in ipairs { '"14001934816969359"', "14001934816969359" } do
      local client = helper.script(helper.gateway {
        { match = "POST", body = '{"code":1,"description":"ok","result":' .. result .. "}" },
      })
      local job = client:imagine "cat"
      assert.equal("14001934816969359", job:id())
      local task = assert(job:await())
      assert.equal("14001934816969359", task.id)
      assert.equal("string", type(task.id))
    end
  end)

  it("detaches on timeout; the token finds the work again", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), times = 10 },
    })
    local job = client:imagine "cat"
    local task, e = job:await { timeout = 20 }
    assert.is_nil(task)
    assert.equal("timeout", e.code)
    assert.is_true(e.retryable)
    assert.equal("10001", e.token)
    assert.equal("10001", e.task_id)
    assert.near(1020, world:now(), 0.01)
    assert.is_false(job:done())
    local again = client:task(e.token)
    assert.equal("10001", again:id())
    assert.equal("SUCCESS", assert(again:await()).status)
    assert.equal("SUCCESS", assert(job:await()).status)
    local paid = 0
    for _, request in ipairs(world:requests()) do
      paid = paid + (request.paid and 1 or 0)
    end
    assert.equal(1, paid)
  end)

  it("has no token before it was accepted", function()
    local client = helper.script(helper.gateway {
      { match = "POST", body = helper.accepted(), delay = 30 },
    })
    local job = client:imagine "cat"
    local id, e = job:id(5)
    assert.is_nil(id)
    assert.equal("timeout", e.code)
    assert.is_nil(e.token)
    assert.is_nil(job:token())
    assert(job:await())
  end)

  it("uses the client's timeout unless told", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    }, { timeout = 60 })
    local job = client:imagine "cat"
    local _, e = job:await()
    assert.equal("timeout", e.code)
    assert.near(1060, world:now(), 0.01)
    _, e = job:await { timeout = 5 }
    assert.equal("timeout", e.code)
    assert.near(1065, world:now(), 0.01)
    assert.is_true(job:cancel())
    job:await()
  end)

  it("reports progress to who asked, while they wait", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "0%" },
      { match = "/fetch", body = helper.running "31%" },
      { match = "/fetch", body = helper.running "62%" },
    })
    local seen = {}
    local job = client:imagine "cat"
    local task = assert(job:await {
      on_progress = function(at, of)
        assert.equal(job, of)
        seen[#seen + 1] = at.progress
        assert.equal("IN_PROGRESS", at.status)
      end,
    })
    assert.same({ 0, 31, 62 }, seen)
    assert.equal(100, task.progress)
  end)

  it("tells its progress without being waited for", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "31%", times = 2 },
    })
    local job = client:imagine "cat"
    mj.sleep(4)
    assert.equal(31, job:progress())
    job:await()
    assert.equal(100, job:progress())
  end)

  it("calls on_done with the task, also when it is over", function()
    local client = helper.script()
    local seen = {}
    local job = client:imagine "cat"
    assert.equal(job, job:on_done(function(task, e)
      seen[#seen + 1] = { task.id, e }
    end))
    job:await()
    job:on_done(function(task)
      mj.sleep(1) -- a callback may wait
      seen[#seen + 1] = task.status
    end)
    mj.run()
    assert.same({ { "10001" }, "SUCCESS" }, seen)
  end)

  it("survives errors in callbacks, and reports them", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "31%" },
    })
    local job = client:imagine "cat"
    job:on_done(function()
      error "in on_done"
    end)
    local task = job:await {
      on_progress = function()
        error "in on_progress"
      end,
    }
    assert.is_truthy(task)
    mj.run()
    local reports = helper.reports()
    assert.equal(2, #reports)
    assert.matches("in on_progress", reports[1])
    assert.matches("in on_done", reports[2])
    assert.is_truthy(client:imagine("cat"):await())
  end)

  describe("cancel", function()
    it("costs nothing before the request left", function()
      local client, world = helper.script()
      local job = client:imagine "cat"
      assert.is_true(job:cancel())
      local task, e = job:await()
      assert.is_nil(task)
      assert.equal("cancelled", e.code)
      assert.equal(0, #world:requests())
      assert.is_false(job:cancel())
    end)

    it("leaves what runs to the gateway", function()
      local client = helper.script(helper.gateway {
        { match = "/fetch", body = helper.running(), ["repeat"] = true },
      })
      local job = client:imagine "cat"
      assert(job:id())
      assert.is_true(job:cancel())
      local task, e = job:await()
      assert.is_nil(task)
      assert.equal("cancelled", e.code)
      assert.equal("10001", e.token)
    end)
  end)

  it("never sends a paid request twice by itself", function()
    local client, world = helper.script {
      { match = "POST", rc = 56, sent = 2 },
      { match = "POST", body = helper.accepted(), ["repeat"] = true },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
    }
    local task, e = client:imagine("cat"):await()
    assert.is_nil(task)
    assert.equal("unknown_outcome", e.code)
    assert.is_false(e.retryable)
    assert.equal(1, #world:requests())
    assert.equal(1, world:counts().paid)
  end)

  it("tells of the end of a failed task", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.task {
        status = "FAILURE", failReason = "[Invalid parameter] Invalid value", buttons = cjson.null,
      } },
    })
    local job = client:imagine "cat"
    local told
    job:on_done(function(task, e)
      told = { task, e }
    end)
    local task, e = job:await()
    assert.is_nil(task)
    assert.equal("failed", e.code)
    assert.equal("[Invalid parameter] Invalid value", e.fail_reason)
    assert.equal("FAILURE", e.task.status)
    assert.equal("10001", e.task_id)
    mj.run()
    assert.is_nil(told[1])
    assert.equal(e, told[2])
  end)

  it("ends with `closed` when its client is closed", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    })
    local job = client:imagine "cat"
    local handle = mj.spawn(function()
      return job:await()
    end)
    assert(job:id())
    client:close()
    local task, e = handle:await()
    assert.is_nil(task)
    assert.equal("closed", e.code)
    assert.equal("10001", e.token)
    task, e = client:imagine("cat"):await()
    assert.is_nil(task)
    assert.equal("closed", e.code)
  end)

  it("tells at closing what was sent and what was not", function()
    local client = helper.script(helper.gateway {
      { match = "/submit", body = helper.accepted(), delay = 1, ["repeat"] = true },
    })
    local sending = client:imagine "sent"
    mj.step(0)
    local queued = client:imagine "not sent"
    assert.matches("sending", tostring(sending))
    client:close()
    local _, e = sending:await()
    assert.equal("unknown_outcome", e.code)
    local _, f = queued:await()
    assert.equal("closed", f.code)
    assert.matches("was not sent", f.message)
    assert.are_not.equal(e, f)
  end)

  it("prints where it is", function()
    local client = helper.script()
    local job = client:imagine "cat"
    assert.equal("mj.job imagine (queued)", tostring(job))
    job:id()
    assert.equal("mj.job imagine 10001 (running)", tostring(job))
    job:await()
    assert.equal("mj.job imagine 10001 (ended)", tostring(job))
  end)

  it("says that it is not its task, to who forgot to wait", function()
    local client = helper.script()
    local job = client:imagine "cat"
    for _, name in ipairs { "image_url", "save", "buttons", "status", "click" } do
      assert.error_matches(function()
        return job[name]
      end, "^job." .. name .. ": a job has none, its task does: "
        .. "local task = assert%(job:await%(%)%)")
    end
    assert.is_nil(job.anything_else)
    assert(job:await())
    assert.error_matches(function()
      job:save "x.png"
    end, "job.save: a job has none")
  end)

  it("refuses what it does not know", function()
    local client = helper.script()
    local job = client:imagine "cat"
    assert.has_error(function()
      job:await { timout = 3 }
    end, "job:await: unknown option 'timout' (did you mean 'timeout'?)")
    assert.has_error(function()
      job:await { timeout = "3" }
    end, "job:await: field 'timeout': number expected, got string")
    assert.has_error(function()
      job:await(3)
    end, "job:await: table of options expected, got number")
    assert.has_error(function()
      job:id(-1)
    end, "job:id: field 'timeout': seconds from 0 up expected")
    assert.has_error(function()
      job:on_done "x"
    end, "job:on_done: function expected, got string")
    job:cancel()
    job:await()
  end)
end)
