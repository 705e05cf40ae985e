-- SPDX-License-Identifier: MIT
-- Questions that cost nothing: lists, the queue, a seed; and having a task
-- stopped.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

local function task(id, fields)
  fields = fields or {}
  fields.id = id
  return helper.task(fields)
end

local function list(...)
  return "[" .. table.concat({ ... }, ",") .. "]"
end

local function ids_of(tasks)
  local ids = {}
  for i, one in ipairs(tasks) do
    ids[i] = one.id
  end
  return ids
end

local function none_paid(world)
  for _, request in ipairs(world:requests()) do
    assert.is_false(request.paid)
  end
end

describe("client:list", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("brings the newest tasks, in the gateway's order", function()
    local client, world = helper.script {
      { match = "GET", body = list(task "9", task("8", { status = "FAILURE", failReason = "x" }),
        task("007", { status = "IN_PROGRESS", progress = "31%", buttons = cjson.null })) },
    }
    local job = client:list()
    assert.is_false(job:done())
    local tasks = assert(job:await())
    assert.same({ "9", "8", "007" }, ids_of(tasks))
    assert.equal("FAILURE", tasks[2].status)
    assert.equal("x", tasks[2].fail_reason)
    assert.equal(31, tasks[3].progress)
    assert.equal("9", tasks[1].raw.id)
    assert.matches("/mj/task/list$", world:requests()[1].url)
    none_paid(world)
  end)

  it("brings whole tasks: their buttons can be pressed", function()
    local client, world = helper.script(helper.gateway {
      { match = "task/list", body = list(task "9") },
    })
    local first = assert(client:list():await())[1]
    assert.is_true(first:can "U2")
    assert(first:click("U2"):await())
    local requests = world:requests()
    assert.equal("9", cjson.decode(requests[2].body).taskId)
    assert.equal(3, #requests)
  end)

  it("brings those with the ids, and leaves out what nobody knows", function()
    local client, world = helper.script {
      { match = "POST", body = list(task "2"), ["repeat"] = true },
    }
    assert.same({ "2" }, ids_of(assert(client:list({ ids = { "1", "2" } }):await())))
    local request = world:requests()[1]
    assert.matches("/mj/task/list%-by%-condition$", request.url)
    assert.same({ ids = { "1", "2" } }, cjson.decode(request.body))
    local known = assert(client:list({ ids = { "2" } }):await())[1]
    assert(client:list({ ids = { known, "3" } }):await())
    assert.same({ ids = { "2", "3" } }, cjson.decode(world:requests()[3].body))
    none_paid(world)
  end)

  it("is a job like others", function()
    local client, world = helper.script {
      { match = "GET", body = list(task "9"), delay = 30, ["repeat"] = true },
    }
    local job = client:list()
    assert.same({ job }, client:jobs())
    assert.is_nil(job:progress())
    assert.is_nil(job:token())
    local tasks, e = job:await { timeout = 5 }
    assert.is_nil(tasks)
    assert.equal("timeout", e.code)
    assert.equal("list: no answer within 5 s", e.message)
    assert.is_nil(e.token)
    local results, errors = mj.await { job, client:list { ids = { "9" } } }
    assert.same({ "9" }, ids_of(results[1]))
    assert.equal("network", errors[2].code) -- the script has no such route
    local heard
    client:list():on_done(function(all)
      heard = all
    end)
    mj.run()
    assert.same({ "9" }, ids_of(heard))
    none_paid(world)
  end)

  it("can be given up", function()
    local client, world = helper.script { { match = "GET", body = "[]", delay = 30 } }
    local job = client:list()
    mj.step(1)
    assert.is_true(job:cancel())
    assert.equal("cancelled", select(2, job:await()).code)
    assert.is_true(world:now() < 1010)
  end)

  it("tells what went wrong", function()
    for _, case in ipairs {
      { "unsupported", { http = 404, body = '{"error":{"message":"Invalid URL (GET /mj/task/list)",'
        .. '"type":"invalid_request_error","param":"","code":""}}' } },
      { "auth", { http = 401, body = "" } },
      { "protocol", { body = "<html>", content_type = "text/html" } },
    } do
      case[2].match, case[2]["repeat"] = "GET", true
      local client, world = helper.script { case[2] }
      local tasks, e = client:list():await()
      assert.is_nil(tasks)
      assert.equal(case[1], e.code)
      none_paid(world)
    end
  end)

  it("checks what it gets", function()
    local client = helper.script()
    for message, opts in pairs {
      ["client:list: field 'ids[2]': id (a string) or task expected, got number"] =
        { ids = { "1", 2 } },
      ["client:list: field 'ids': table expected, got string"] = { ids = "1" },
      ["client:list: unknown option 'id' (did you mean 'ids'?)"] = { id = {} },
    } do
      assert.has_error(function()
        client:list(opts)
      end, message)
    end
    local tasks, e = client:list({ ids = { "no id" } }):await()
    assert.is_nil(tasks)
    assert.equal("invalid", e.code)
  end)

  it("of nothing is empty", function()
    local client, world = helper.script { { match = "POST", body = "[]" } }
    assert.same({}, (assert(client:list({ ids = {} }):await())))
    none_paid(world)
  end)
end)

describe("client:queue", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("brings what waits and runs", function()
    local client, world = helper.script {
      { match = "GET", body = list(task("1", { status = "SUBMITTED" })) },
      { match = "GET", body = "[]" },
    }
    assert.same({ "1" }, ids_of(assert(client:queue():await())))
    assert.same({}, assert(client:queue():await()))
    assert.matches("/mj/task/queue$", world:requests()[1].url)
    none_paid(world)
  end)
end)

describe("task:seed", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local function finished(replies)
    local client, world = helper.script(helper.gateway(replies))
    return assert(client:task("77"):await()), world
  end

  it("is a string of digits", function()
    for _, result in ipairs { '"636646138"', "636646138", '"00123456789012345678"' } do
      local found, world = finished {
        { match = "image-seed", body = '{"code":1,"description":"成功","result":' .. result .. "}" },
      }
      assert.equal((result:gsub('"', "")), assert(found:seed()))
      assert.matches("/mj/task/77/image%-seed$", world:requests()[2].url)
      none_paid(world)
    end
  end)

  it("tells what is in the way, in its time", function()
    local found, world = finished {
      { match = "image-seed", body = '{"code":3,"description":"未找到 seed","result":null}' },
      { match = "image-seed", body = "{}", delay = 60, ["repeat"] = true },
    }
    local seed, e = found:seed()
    assert.is_nil(seed)
    assert.equal("not_found", e.code)
    local before = world:now()
    seed, e = found:seed { timeout = 2 }
    assert.is_nil(seed)
    assert.equal("timeout", e.code)
    assert.near(2, world:now() - before, 0.01)
    assert.has_error(function()
      found:seed { time = 2 }
    end, "task:seed: unknown option 'time'")
  end)
end)

describe("cancelling", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local stopped = '{"id":"%ID","action":"IMAGINE","status":"CANCEL"}'

  -- A task that runs until it is cancelled.
  local function running(before)
    local replies = before or {}
    replies[#replies + 1] = { match = "POST " .. helper.BASE .. "/mj/submit",
      body = helper.accepted() }
    return replies
  end

  it("of a task brings it as it is then", function()
    local client, world = helper.script(running {
      { match = "/fetch", body = helper.running() },
      { match = "/cancel", body = '{"code":1,"description":"ok","result":"10001"}' },
      { match = "/fetch", body = stopped, ["repeat"] = true },
    })
    local seen
    local job = client:imagine "cat"
    job:await { timeout = 3, on_progress = function(at)
      seen = at
    end }
    local stop = seen:cancel()
    assert.equal("10001", stop:id())
    assert.equal("CANCEL", assert(stop:await()).status)
    local _, e = job:await()
    assert.equal("cancelled", e.code)
    assert.equal("CANCEL", e.task.status)
    assert.equal(1, world:counts().paid)
  end)

  it("of a job asks the gateway, too", function()
    local client, world = helper.script(running {
      { match = "/fetch", body = helper.running(), times = 1 },
      { match = "/cancel", body = "" },
      { match = "/fetch", body = stopped, ["repeat"] = true },
    })
    local job = client:imagine "cat"
    assert(job:id())
    assert.is_true(job:cancel())
    local _, e = job:await()
    assert.equal("cancelled", e.code)
    local asked = 0
    for _, request in ipairs(world:requests()) do
      asked = asked + (request.url:find "/cancel$" and 1 or 0)
    end
    assert.equal(1, asked)
    assert.equal(1, world:counts().paid)
  end)

  it("is unsupported where a gateway cannot", function()
    local client = helper.script {
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
      { match = "/cancel", http = 404, body = '{"error":{"message":"Invalid URL (POST /mj/task/77/'
        .. 'cancel)","type":"invalid_request_error","param":"","code":""}}', ["repeat"] = true },
    }
    local job = client:task "77"
    local seen
    job:await { timeout = 3, on_progress = function(at)
      seen = at
    end }
    local result, e = seen:cancel():await()
    assert.is_nil(result)
    assert.equal("unsupported", e.code)
    job:cancel()
    assert.equal("cancelled", select(2, job:await()).code)
  end)
end)

for profile, has in pairs {
  ["new-api"] = {}, novicezk = { list = true, queue = true },
  plus = { list = true, queue = true, seed = true, cancel = true },
  trueai = { list = true, seed = true, cancel = true },
} do
  describe("a gateway like " .. profile, function()
    before_each(helper.before_each)
    after_each(helper.after_each)

    local function check(wanted, value, e)
      if wanted then
        assert(value, e)
      else
        assert.is_nil(value)
        assert.equal("unsupported", e.code)
      end
      return value
    end

    it("lists, queues and cancels, or says that it cannot", function()
      local client = helper.simulated { profile = profile }
      local job = client:imagine "cat"
      local id = assert(job:id())
      local all = check(has.list, client:list():await())
      assert.equal(has.list and id or nil, all and all[1].id)
      local queue = check(has.queue, client:queue():await())
      assert.same(has.queue and { id } or nil, queue and ids_of(queue))
      assert.same({ id }, ids_of(assert(client:list({ ids = { id } }):await())))
      local grid = assert(job:await())
      if profile ~= "new-api" then
        check(has.seed, grid:seed())
      end
      local next_job = client:imagine "sim:slow dog"
      local running = assert(client:list({ ids = { next_job:id() } }):await())[1]
      local gone = check(has.cancel, running:cancel():await())
      assert.is_true(not gone or gone.status == "CANCEL" or gone.status == "FAILURE")
      next_job:cancel()
      next_job:await()
    end)
  end)
end
