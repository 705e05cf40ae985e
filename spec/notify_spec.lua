-- SPDX-License-Identifier: MIT
-- Callbacks: the simulator calls notifyHook, and a receiver on a thread of its
-- own keeps what comes.

local cjson = require "cjson"
local mj = require "mj"
local mjreceiver = require "mjreceiver"
local run = require "spec.support.run"
local sim = require "mj.sim"

local LIMIT = 20 -- seconds until a test gives up

local WHOLE = {
  "SUBMITTED 0%", "IN_PROGRESS 15%", "IN_PROGRESS 31%", "IN_PROGRESS 46%", "IN_PROGRESS 62%",
  "IN_PROGRESS 78%", "IN_PROGRESS 93%", "SUCCESS 100%",
}

local server, client, receiver

local function start(opts)
  opts.key, opts.pictures, opts.seed = "sk-CANARY-spec", false, 7
  opts.clock = opts.clock or 100
  server = assert(sim.start(opts))
  client = mj.client {
    base_url = server.url, api_key = server.key, auth = server.auth,
    poll = { first = 0.02, every = 0.02 },
  }
end

local function close(object)
  if object then
    object:close()
  end
end

local function stop()
  close(client)
  close(server)
  close(receiver)
  server, client, receiver = nil, nil, nil
  sim.on_refused = nil
  assert.equal(0, mj.pending())
end

-- A receiver whose answers have this status (0: it never answers).
local function listen(status)
  receiver = mjreceiver.new(status or 200)
  return ("http://127.0.0.1:%d/hook?secret=1"):format(receiver:port())
end

-- Turns of the loop until `ready` says so.
local function turn_until(ready)
  local deadline = os.time() + LIMIT
  while not ready() do
    assert.is_true(os.time() < deadline, "it does not happen")
    mj.step(0.02)
  end
end

local function word(item)
  local task = cjson.decode(item.body)
  return task.status .. " " .. tostring(task.progress)
end

-- What the receiver got, once there are n, or once the last one is `n`.
local function received(n)
  local list = {}
  turn_until(function()
    for _, item in ipairs(receiver:take()) do
      list[#list + 1] = item
    end
    if type(n) == "string" then
      return #list > 0 and word(list[#list]) == n
    end
    return #list >= n
  end)
  return list
end

local function words(list)
  local told = {}
  for i, item in ipairs(list) do
    told[i] = word(item)
  end
  return told
end

local function imagine(hook)
  return assert(client:imagine { prompt = "cat", notify_hook = hook }:await { timeout = LIMIT })
end

describe("a callback", function()
  after_each(stop)

  for _, profile in ipairs { "plus", "trueai", "novicezk" } do
    it("comes at each change, and says what a fetch says: " .. profile, function()
      start { profile = profile }
      local hook = listen()
      local task = imagine(hook)
      local list = received "SUCCESS 100%"
      local stats = server.server:stats()
      assert.equal(stats.callbacks, #list)
      local told = words(list)
      for i = #told, 2, -1 do -- novicezk may repeat itself
        if told[i] == told[i - 1] then
          assert.equal("novicezk", profile)
          table.remove(told, i)
        end
      end
      assert.same(WHOLE, told)
      local last = list[#list]
      assert.equal(assert(task:refresh()).json, last.body)
      assert.truthy(last.head:find "^POST /hook%?secret=1 HTTP/1.1\r\n")
      assert.truthy(last.head:find("\r\nContent-Type: application/json\r\n", 1, true))
      assert.equal(0, stats.callbacks_failed + stats.callbacks_refused)
      assert.equal(1, stats.submits)
    end)
  end

  it("does not come from new-api, which drops the hook", function()
    start { profile = "new-api", clock = 1000 }
    imagine(listen())
    mj.step(0.1)
    assert.same({}, receiver:take())
    assert.equal(0, server.server:stats().callbacks)
  end)

  it("finds a request whose answer was lost, before any list is asked for", function()
    local folder = run.folder()
    start { profile = "plus", fault = "drop@1" }
    local finder = mj.client {
      base_url = server.url, api_key = server.key, auth = server.auth, log = false,
      poll = { first = 0.02, every = 0.02 }, journal = folder .. "/hint.journal",
    }
    local job = finder:imagine { prompt = "cat", notify_hook = listen() }
    local followed = 0
    turn_until(function()
      for _, item in ipairs(receiver:take()) do
        if finder:hint(item.body) then
          followed = followed + 1
        end
      end
      return job:done()
    end)
    local task = assert(job:await())
    assert.equal("SUCCESS", task.status)
    assert.is_true(followed > 0)
    assert.equal(1, server.server:stats().submits)
    assert.same({}, finder:unknown())
    local e = select(2, finder:hint "<html>")
    assert.equal("protocol", e.code)
    finder:close()
    run.remove(folder)
  end)

  it("comes twice, out of order or not at all when a fault says so", function()
    start { profile = "plus", fault = "webhook_twice" }
    local twice = {}
    for i, text in ipairs(WHOLE) do
      twice[2 * i - 1], twice[2 * i] = text, text
    end
    imagine(listen())
    assert.same(twice, words(received(16)))
    stop()
    start { profile = "plus", fault = "webhook_reordered" }
    imagine(listen())
    local swapped = {}
    for i = 1, #WHOLE, 2 do
      swapped[i], swapped[i + 1] = WHOLE[i + 1], WHOLE[i]
    end
    assert.same(swapped, words(received(8)))
    stop()
    start { profile = "plus", fault = "webhook_lost@1-7" }
    imagine(listen())
    assert.same({ "SUCCESS 100%" }, words(received(1)))
    assert.equal(7, server.server:stats().faults)
  end)

  it("that nobody takes harms nothing", function()
    start { profile = "plus" }
    local hook = listen()
    receiver:close()
    receiver = nil
    assert.equal("SUCCESS", imagine(hook).status)
    turn_until(function()
      return server.server:stats().callbacks_failed == 8
    end)
    assert.equal(8, server.server:stats().callbacks)
  end)

  it("that is never answered holds up nobody", function()
    start { profile = "plus", clock = 1000 }
    local hook = listen(0)
    local began = os.time()
    for _ = 1, 3 do
      assert.equal("SUCCESS", imagine(hook).status)
    end
    assert.is_true(os.time() - began < 4) -- a callback waits for 5
    assert.equal(3, #received(3)) -- one task's go one after another
  end)

  it("is not sent to other machines, and that is said once", function()
    start { profile = "plus" }
    local said = {}
    function sim.on_refused(url)
      said[#said + 1] = url
    end
    imagine "http://192.0.2.1:9/hook"
    imagine "http://name.invalid/hook"
    turn_until(function()
      return server.server:stats().callbacks_refused == 16
    end)
    assert.same({ "http://192.0.2.1:9/hook" }, said)
    assert.equal(0, server.server:stats().callbacks_failed)
  end)

  it("goes anywhere when callbacks=any", function()
    start { profile = "plus", callbacks = "any" }
    local hook = listen():gsub("127.0.0.1", "0.0.0.0") -- not loopback, and still this machine
    imagine(hook)
    assert.same(WHOLE, words(received(8)))
    assert.equal(0, server.server:stats().callbacks_refused)
    stop()
    assert.same({ callbacks = "any" }, sim.parse "callbacks=any")
    local ok, message = pcall(sim.start, { callbacks = "all" })
    assert.is_false(ok)
    assert.truthy(tostring(message):find(
      "simulator: field 'callbacks': 'loopback' or 'any' expected", 1, true))
  end)
end)

describe("mjlua", function()
  after_each(stop)

  local function script(hook, after)
    return ([[
      local mj = require "mj"
      assert(mj.imagine { prompt = "cat", notify_hook = %q }:await { timeout = 20 })
      %s]]):format(hook, after or "")
  end

  it("calls under --sim", function()
    local hook = listen()
    local status, _, err = run.lua("--sim=profile=plus,clock=100,pictures=no", "-e",
      script(hook, "mj.sleep(1)"))
    assert.same({ 0, "" }, { status, err })
    assert.same(WHOLE, words(receiver:take()))
  end)

  it("calls under --sim-serve", function()
    local hook, folder = listen(), run.folder()
    local status, _, err = run.with_gateway(folder, "profile=trueai,clock=100,pictures=no",
      "MJ_POLL=0.02 $mjlua -e " .. run.quote(script(hook, "mj.sleep(1)")))
    run.remove(folder)
    assert.same({ 0, "" }, { status, err })
    assert.same(WHOLE, words(receiver:take()))
  end)

  it("says once which address it does not call, and no more of it than needed", function()
    local status, _, err = run.lua("--sim=profile=plus,clock=1000,pictures=no", "-e",
      script "http://me:pass@name.invalid:8/hook?secret=1")
    assert.same({ 0, "mjlua: the simulator calls this machine only, not http://name.invalid:8 "
      .. "(callbacks=any: others too)\n" }, { status, err })
  end)
end)
