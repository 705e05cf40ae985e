-- SPDX-License-Identifier: MIT
-- Finalizers that use the module while it hands over an event: whatever memory
-- is read then must stay.  For each Lua, and for builds with sanitizers.
--
--   lua5.1 spec/finalizer.lua BUILD/lib51      (from the root of the source)
--   mjlua --sim=clock=200,pictures=no spec/finalizer.lua BUILD/lib

local lib = assert(arg[1], "usage: lua spec/finalizer.lua FOLDER_OF_MODULES")
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = lib .. "/?.so;" .. package.cpath

local loop = require "mj.loop"
local mj = require "mj"
local mjtest = require "mjtest"

-- The collector runs all the time.
if _VERSION == "Lua 5.4" then
  collectgarbage("incremental", 10, 1000, 6)
else
  collectgarbage("setpause", 10)
  collectgarbage("setstepmul", 1000)
end

local BASE = "http://gateway.test"
local work -- what finalizers do; false: nothing
-- The more the collector has to go through, the less the program gets on between
-- two finalizers: each phase has an end to them.
local MOST, left = 2000, 0
local runs, blocked, deep = 0, 0, false

-- Garbage whose end does `work` and makes the next piece.
local function litter()
  local function last()
    if work and not deep then
      deep, runs = true, runs + 1
      blocked = blocked + (loop.turn(0) and 1 or 0)
      pcall(work)
      deep = false
    end
    if work and left > 0 then
      left = left - 1
      litter()
    end
  end
  if rawget(_G, "newproxy") then
    getmetatable(newproxy(true)).__gc = last -- luacheck: ignore 113
  else
    setmetatable({}, { __gc = last })
  end
end

local world = mjtest.simulated { profile = "new-api", seed = 7, base_url = BASE }
loop.use_virtual(world:capsule())

local function open(opts)
  opts = opts or {}
  opts.base_url, opts.virtual, opts.poll = BASE, world:capsule(), { 2, 4 }
  return assert(mj.client(opts))
end

local function start(client, n)
  local jobs = {}
  for i = 1, n do
    jobs[i] = client:imagine("cat " .. i)
  end
  return jobs
end

local function with(fn, body)
  work, left = fn, MOST
  for _ = 1, 3 do
    litter()
  end
  body()
  work = false
  collectgarbage()
end

-- Every job ends once, and well.
local function all_end(fn, opts)
  with(fn, function()
    local client = open(opts)
    local results, errors = mj.await(start(client, 40), { timeout = 9999 })
    local seen = {}
    for i = 1, 40 do
      local id = assert(results[i], tostring(errors[i])).id
      assert(not seen[id], "an id twice")
      seen[id] = true
    end
    client:close()
  end)
end

all_end(function()
  mj.step(0)
end)
all_end(function()
  mj.sleep(0.001)
end)
all_end(function()
  coroutine.wrap(function()
    mj.step(0)
  end)()
end)
local lines = 0
all_end(function()
  mj.step(0)
end, {
  log = function(_, line)
    lines = lines + #line
  end,
})

-- A client that is closed in the midst of anything: every job has its end.
-- (Clients of one virtual world cannot be closed while they send.)
local function close_after(turns)
  local client = assert(mj.client { log = function() end })
  local n = 0
  with(function()
    n = n + 1
    if n == turns then
      client:close()
    end
  end, function()
    local jobs = start(client, 6)
    local results, errors = mj.await(jobs, { timeout = 60 })
    for i = 1, 6 do
      jobs[i]:progress()
      local code = errors[i] and errors[i].code
      assert(results[i] or code == "closed" or code == "unknown_outcome", tostring(errors[i]))
    end
    client:close()
  end)
end

if require("mj.env").override "MJ_BASE_URL" then
  loop.use_virtual(nil)
  for turns = 1, 1000, 40 do
    close_after(turns)
  end
end

assert(runs > 20, "finalizers ran")
assert(blocked > 10, "in the midst of events, too")
assert(lines > 0 and mj.pending() == 0)
print(("%s: %d finalizers, %d in the midst of an event"):format(_VERSION, runs, blocked))
