-- SPDX-License-Identifier: MIT
-- Scenarios: from a table or a file to what a client sees.

local helper = require "helper"
local mj = require "mj"
local sim = require "mj.sim"

local server, client

local function start(opts)
  opts.pictures = false
  opts.clock = opts.clock or 1000
  opts.key = "sk-CANARY-spec"
  server = assert(sim.start(opts))
  client = mj.client {
    base_url = server.url, api_key = server.key, auth = server.auth,
    poll = { first = 0.02, every = 0.02 },
  }
end

local function stop()
  if client then
    client:close()
  end
  if server then
    server:close()
  end
  server, client = nil, nil
  assert.equal(0, mj.pending())
end

-- What sim.start raises, without where.
local function raised(steps)
  local ok, message = pcall(sim.start, { scenario = steps, pictures = false })
  assert.is_false(ok)
  return (tostring(message):gsub("^.-:%d+: ", ""))
end

describe("a scenario", function()
  after_each(stop)

  it("answers the n-th request of a route as it is told", function()
    start { scenario = {
      { route = "/submit/imagine", nth = 2, status = 403, body = { code = 4, description = "no" } },
      { route = "/submit/imagine", nth = "3-4", fault = "banned" },
    } }
    assert(client:imagine "cat":await { timeout = 20 })
    local task, err = client:imagine "cat":await { timeout = 20 }
    assert.is_nil(task)
    assert.equal(403, err.http_status)
    assert.truthy(err.message:find("no", 1, true))
    assert.equal(1, server.server:stats().tasks)
    task, err = client:imagine "cat":await { timeout = 20 }
    assert.is_nil(task)
    assert.equal("banned_prompt", err.code)
    assert.equal(1, server.server:stats().tasks)
  end)

  it("lets the gateway do its work first", function()
    start { scenario = { { route = "/submit/imagine", nth = 1, after = true, drop = true } } }
    local _, err = client:imagine "cat":await { timeout = 20 }
    assert.equal("unknown_outcome", err.code)
    assert.equal(1, server.server:stats().tasks)
    assert.equal(1, server.server:stats().submits)
  end)

  it("gets through bad answers to questions", function()
    start { clock = 40, scenario = {
      { route = "/task/*/fetch", nth = 1, status = 502, body = "<html>bad</html>" },
      { route = "/task/*/fetch", nth = "2-3", fault = "chunked" },
      { route = "/task/*/fetch", nth = 4, fault = "truncated" },
      { route = "/task/*/fetch", nth = 5, delay = 2 }, -- 50 ms at this clock
    } }
    local task = assert(client:imagine "cat":await { timeout = 20 })
    assert.equal("SUCCESS", task.status)
    assert.equal(5, server.server:stats().faults)
    assert.equal(1, server.server:stats().submits)
  end)

  it("lets a task fail, or get stuck", function()
    start { scenario = {
      { task = "cat", nth = 2, fail = "no more cats" },
      { task = "dog", stuck = true },
    } }
    assert(client:imagine "cat":await { timeout = 20 })
    local _, err = client:imagine "black cat":await { timeout = 20 }
    assert.equal("failed", err.code)
    assert.truthy(err.message:find("no more cats", 1, true))
    _, err = client:imagine "dog":await { timeout = 20 }
    assert.equal("failed", err.code) -- the gateway gives up in the end
  end)

  it("says what is wrong with a step", function()
    assert.equal("sim.start: scenario[1]: 'route' or 'task' expected, and not both", raised { {} })
    assert.equal("sim.start: scenario[2]: 'route' or 'task' expected, and not both",
      raised { { route = "/x", drop = true }, { route = "/x", task = "y" } })
    assert.equal("sim.start: scenario[1]: unknown option 'fualt' (did you mean 'fault'?)",
      raised { { route = "/x", fualt = "drop" } })
    assert.equal("sim.start: scenario[1]: unknown fault 'html503' (did you mean 'html502'?)",
      raised { { route = "/x", fault = "html503" } })
    assert.equal("sim.start: scenario[1]: nothing to do; one of fault, status, type, body, "
      .. "headers, after, drop, delay expected", raised { { route = "/x" } })
    assert.equal("sim.start: scenario[1]: a step about a task has only fail, seconds, stuck, "
      .. "and nth", raised { { task = "x", fault = "drop" } })
    assert.equal("sim.start: scenario[1]: 'fault', 'drop' or an answer expected, not two of them",
      raised { { route = "/x", fault = "drop", status = 500 } })
    for _, nth in ipairs { "x", "3-2", 0, "-", "1-", "-1", 1.5 } do
      assert.equal([[sim.start: scenario[1]: field 'nth': 2 or "3-5" expected, got ]]
        .. tostring(nth), raised { { route = "/x", nth = nth, drop = true } })
    end
    assert.equal("sim.start: scenario[1]: field 'status': 200 to 599 expected, got 99",
      raised { { route = "/x", status = 99 } })
    assert.equal("sim.start: scenario[1]: field 'headers': X: text of one line expected",
      raised { { route = "/x", headers = { X = "a\r\nb" } } })
    assert.equal("sim.start: scenario[1]: field 'headers': 'a b' is no name of a header",
      raised { { route = "/x", headers = { ["a b"] = "c" } } })
    assert.equal("sim.start: scenario[1]: field 'delay': seconds from 0 up expected",
      raised { { route = "/x", delay = -1 } })
    assert.equal("sim.start: scenario: list of steps expected, it has a 'route'",
      raised { route = "/x" })
  end)
end)

describe("a scenario's file", function()
  local folder

  before_each(function()
    folder = helper.folder()
  end)

  after_each(function()
    stop()
    helper.remove(folder)
  end)

  local function write(text)
    local path = folder .. "/s.lua"
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return path
  end

  it("is a Lua file that returns the list", function()
    local path = write [[#!/usr/bin/env mjlua
      leaked = "nothing"
      return { { task = "cat", fail = ("no "):rep(3) } }]]
    start(sim.parse("scenario=" .. path))
    local _, err = client:imagine "cat":await { timeout = 20 }
    assert.truthy(err.message:find("no no no", 1, true))
    assert.is_nil(rawget(_G, "leaked"))
  end)

  local function refused(path)
    local started, err = sim.start { scenario = path, pictures = false }
    assert.is_nil(started)
    assert.equal("invalid", err.code)
    return err.message
  end

  it("is text, and there", function()
    assert.truthy(refused(folder .. "/none.lua"):find("cannot be read: .*none.lua: No such file"))
    assert.truthy(refused(folder):find("cannot be read: .*Is a directory"))
    assert.truthy(refused(write(string.dump(function() end))):find("compiled Lua", 1, true))
    assert.truthy(refused(write "return {"):find("s.lua:1:", 1, true))
    assert.truthy(refused(write "error 'oh'"):find("oh", 1, true))
    assert.truthy(refused(write "return 7"):find("it returns number", 1, true))
  end)

  it("is named where a step is wrong", function()
    local path = write "return { { route = '/x' } }"
    assert.truthy(raised(path):find(path .. "[1]: nothing to do", 1, true))
  end)
end)

describe("doc/simulator.md", function()
  local text = helper.slurp "doc/simulator.md"

  after_each(stop)

  it("has every setting, fault and field", function()
    local words = {}
    for span in text:gmatch "`([^`\n]+)`" do
      words[span] = true
    end
    for _, names in ipairs { sim.settings, require("mj.scenario").fields } do
      assert.is_string((next(names)))
      for name in pairs(names) do
        assert.is_true(words[name], name)
      end
    end
    local faults = require("mj.httpd").faults
    assert.truthy(#faults > 10)
    for _, name in ipairs(faults) do
      assert.is_true(words[name], name)
    end
  end)

  it("has a scenario that can be used", function()
    local block = text:match "## Scenarios.-```lua\n(.-)```"
    local chunk = assert(loadstring or load)(block) -- luacheck: ignore loadstring
    start { scenario = chunk(), clock = 100000 }
    local _, err = client:imagine "cat":await { timeout = 20 }
    assert.truthy(err.message:find("no cats today", 1, true))
  end)
end)
