-- SPDX-License-Identifier: MIT
-- What a turn steps: clients and servers, and the hub, which has the timers.

local core = require "mj.core"
local err = require "mj.err"
local option = require "mj.option"
local pump = require "mj.pump"
local signal = require "mj.signal"
option.mine()

local sources = {}

local unpack = table.unpack or unpack

-- Objects with step, timeout (seconds or nil) and fd.  A pump's step can wait;
-- what has nothing to do leaves by itself, so that it can be collected.
local list, index_of = {}, {}

-- A client without a gateway: its timers serve every wait, and its descriptor
-- holds the others' once there is more than one, or a host asked for it.
local hub, hub_options
local nested, exported = {}, false

local function get_hub()
  if not hub then
    local box, e = core.client(hub_options or {})
    if not box then
      error(e, 0)
    end
    hub = pump.new(box)
  end
  return hub
end

local function nest(source)
  local fd = not nested[source] and source:fd()
  if fd and fd >= 0 and get_hub().box:watch(fd) then
    nested[source] = fd
  end
end

-- A finalizer can run between the look at what there is to wait for and the
-- wait itself: what it changes ends the wait.
local stepping = false

local function wake()
  for _, source in ipairs(list) do
    if source.box then
      source.box:wakeup()
    end
  end
  if hub then
    hub.box:wakeup()
  end
end

function sources.nudge()
  if stepping then
    wake()
  end
end

function sources.add(source)
  if not index_of[source] then
    list[#list + 1] = source
    index_of[source] = #list
    if exported then
      nest(source)
    end
  end
end

local function take_out(source)
  local i = index_of[source]
  if not i then
    return
  end
  local last = list[#list]
  list[i], index_of[last] = last, i
  list[#list], index_of[source] = nil, nil
  if nested[source] then
    hub.box:unwatch(nested[source])
    nested[source] = nil
  end
end

function sources.remove(source)
  take_out(source)
  wake()
end

-- Hands the events of `id` to `handler:_event`; the pump takes part until the last.
function sources.expect(source, id, handler)
  source:expect(id, handler)
  sources.add(source)
  sources.nudge()
end

local function sweep()
  for i = #list, 1, -1 do
    local source = list[i]
    if source.idle and source:idle() then
      take_out(source)
    end
  end
end

local function sooner(a, b)
  if a == nil or (b and b < a) then
    return b
  end
  return a
end

local function step_one(source, wait, budget)
  local ok, e = source:step(wait, budget)
  if ok == nil and err.is(e) then
    error(e, 0)
  end
end

-- Only the hub waits, for all of them.
local function step_many(wait, budget)
  for _, source in ipairs(list) do
    nest(source)
    wait = sooner(wait, source:timeout())
  end
  step_one(get_hub(), wait, budget)
  for _, source in ipairs { unpack(list) } do
    if index_of[source] then
      step_one(source, 0, budget)
    end
  end
end

local function step(wait, budget)
  sweep()
  local only = list[1]
  if #list == 1 and only.waits then
    step_one(only, sooner(wait, hub and hub:timeout()), budget)
    if hub and hub.live > 0 then
      step_one(hub, 0, budget)
    end
  elseif only or hub or wait ~= 0 then
    step_many(wait, budget)
  end
end

-- nil waits until there is something to do.
function sources.step(wait, budget)
  local inner = stepping
  stepping = true
  local ok, e = pcall(step, wait, budget)
  if inner then
    wake()
  end
  stepping = inner
  if not ok then
    error(e, 0)
  end
end

-- Seconds until step has something to do, or nil.
function sources.timeout()
  local t = hub and hub:timeout()
  for _, source in ipairs(list) do
    t = sooner(t, source:timeout())
  end
  return t
end

-- A descriptor that is readable when step has something to do.
function sources.fd()
  exported = true
  for _, source in ipairs(list) do
    nest(source)
  end
  return get_hub():fd()
end

-- Jobs that have not ended.
function sources.pending()
  local n = 0
  for _, source in ipairs(list) do
    n = n + (source.pending and source:pending() or 0)
  end
  return n
end

-- Timers of waits that have not run out.
function sources.timers()
  return hub and hub.live or 0
end

local LONGEST = 1e9 -- thirty years

local timer_mt = { __index = { _event = signal.fire } }

-- A signal that fires after a while.
function sources.after(seconds)
  local owner = get_hub()
  local id, e = owner.box:after(math.min(seconds, LONGEST))
  if not id then
    error(e, 0)
  end
  local timer = setmetatable({ fired = false, hooks = false, id = id, owner = owner }, timer_mt)
  owner:expect(id, timer)
  return timer
end

function sources.cancel(timer)
  if not timer.fired then
    timer.owner:forget(timer.id)
    timer.owner.box:cancel(timer.id)
  end
end

-- The clock of the waits, in seconds.
function sources.now()
  return get_hub().box:now()
end

-- Puts the timers on another clock: options of a client that has it; nil goes back to
-- the real one.
function sources.use_clock(options)
  nested, exported = {}, false
  if hub then
    hub:close()
  end
  hub, hub_options = nil, options
end

-- A test's.
function sources.use_virtual(capsule)
  sources.use_clock(capsule and { virtual = capsule } or nil)
end

return sources
