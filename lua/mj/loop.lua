-- SPDX-License-Identifier: MIT
-- The scheduler, and the only file that yields.  A coroutine of ours parks; the
-- main program drives turns; a host's own coroutine yields to its host.

local env = require "mj.env"
local err = require "mj.err"
local option = require "mj.option"
local pump = require "mj.pump"
local signal = require "mj.signal"
local sources = require "mj.sources"
option.mine()

local loop = {
  add = sources.add,
  remove = sources.remove,
  use_virtual = sources.use_virtual,
  fd = sources.fd,
  check = nil, -- called once a turn; may raise (mjlua: Ctrl-C)
}

local unpack = table.unpack or unpack

-- As they are now: mjlua lets scripts believe that they are the main program.
local running_now, yield = coroutine.running, coroutine.yield
local isyieldable = coroutine.isyieldable

local function pack(...)
  return { n = select("#", ...), ... }
end

-- Where errors go that nobody waits for.
function loop.report(text)
  if env.clear_line then
    env.clear_line()
  end
  io.stderr:write("mj: ", text, "\n")
end

function pump.report(text)
  loop.report(text)
end

-- Coroutines ----------------------------------------------------------------

local ready, head, tail = {}, 1, 0 -- to resume, first come first served

local function push(fiber)
  tail = tail + 1
  ready[tail] = fiber
end

local PARKED = {} -- what a coroutine of ours yields while it waits
local current -- the one that runs
local alive = 0 -- not ended, without those of loop.run
local unheard = {} -- ended by an error that nobody waits for, this turn

-- A handle is the signal of its end.

local fiber_methods = {}
local fiber_mt = { __index = fiber_methods, __name = "mj.coroutine" }
fiber_mt.__tostring = function(self)
  return ("mj.coroutine (%s)"):format(self.fired and "ended" or "running")
end

local function describe(fiber)
  return debug.traceback(fiber.co, "error in a coroutine: " .. tostring(fiber.failure[1]))
end

local function finish(fiber)
  if not fiber.root then
    alive = alive - 1
  end
  if fiber.failure and fiber.waiters == 0 then
    unheard[#unheard + 1] = fiber
  end
  fiber.wake = nil
  signal.fire(fiber)
end

local function settle(fiber, before, ok, ...)
  current = before
  if not ok then
    fiber.failure = { (...) }
    finish(fiber)
  elseif coroutine.status(fiber.co) == "dead" then
    fiber.results = pack(...)
    finish(fiber)
  elseif (...) ~= PARKED then
    push(fiber) -- it yielded of its own will: the others come first
  end
end

local function resume(fiber)
  local before, args = current, fiber.args
  current, fiber.args = fiber, nil
  if args then
    return settle(fiber, before, coroutine.resume(fiber.co, unpack(args, 1, args.n)))
  end
  return settle(fiber, before, coroutine.resume(fiber.co))
end

-- Runs fn in a coroutine, from the next turn on.
function loop.spawn(fn, ...)
  local fiber = setmetatable({
    co = coroutine.create(fn),
    args = select("#", ...) > 0 and pack(...) or nil,
    fired = false,
    hooks = false,
    waiters = 0, -- who will hear of its error
    group = current and current.group, -- the map that it works for
    shown = current and current.shown, -- what a progress counts it as
  }, fiber_mt)
  alive = alive + 1
  push(fiber)
  return fiber
end

-- What is submitted now takes turns with other groups: those of a map are one.
function loop.group()
  return current and current.group or nil
end

function loop.shown()
  return current and current.shown or nil
end

local groups = 0

function loop.new_group()
  groups = groups + 1
  return groups
end

-- `stop` (may be nil) is when the turn's budget is used up; one gets its turn
-- even so, and the others in the next.
local function run_ready(stop)
  local last = tail -- what comes now waits for the next turn
  while head <= last and head <= tail do
    local fiber = ready[head]
    ready[head] = nil
    head = head + 1
    resume(fiber)
    if stop and os.clock() > stop then
      break
    end
  end
  if head > tail then
    head, tail = 1, 0
  end
end

local function report_unheard()
  if #unheard == 0 then
    return
  end
  local list = unheard
  unheard = {}
  for _, fiber in ipairs(list) do
    if fiber.waiters == 0 and not fiber.heard then
      loop.report(describe(fiber))
    end
  end
end

local function over(a, b)
  return a.fired or (b ~= nil and b.fired)
end

-- One turn: nil waits until something happens; not at all once a or b fired.
-- The budget is one for coroutines and sources.  True if something could not be
-- stepped, see pump.blocked.
function loop.turn(wait, budget, a, b)
  local stop = budget and os.clock() + budget
  local outer = pump.blocked -- of a turn that a finalizer broke into
  pump.blocked = false
  if loop.check then
    loop.check()
  end
  run_ready(stop)
  if head <= tail or (a and over(a, b)) then
    wait = 0
  end
  -- 0 would be without end
  sources.step(wait, budget and math.max(1e-6, math.min(budget, stop - os.clock())))
  local blocked = pump.blocked
  run_ready(stop)
  report_unheard()
  pump.blocked = outer
  return blocked
end

-- Waiting -------------------------------------------------------------------

local function running()
  local co, main = running_now()
  if main then
    return nil
  end
  return co
end

-- Lua 5.1 cannot yield out of pcall, sort, gsub ... and cannot tell: look for a
-- C function on the way down.  (Iterators and metamethods do not show.)
local function no_c_function()
  local level = 3
  while true do
    local info = debug.getinfo(level, "S")
    if not info then
      return true
    elseif info.what == "C" then
      return false
    end
    level = level + 1
  end
end

loop.yields_anywhere = isyieldable ~= nil or rawget(_G, "jit") ~= nil
if not isyieldable then
  isyieldable = rawget(_G, "jit") and function()
    return true
  end or no_c_function
end

local function nothing_pending()
  return head > tail and sources.timers() == 0 and sources.pending() == 0
end

local function check_deadlock()
  if nothing_pending() then
    option.raise "mj: deadlock: waits for something that cannot happen, as no work is pending"
  end
end

-- One for each coroutine, not for each wait.
local function waker(fiber)
  function fiber.wake()
    if fiber.parked then
      fiber.parked = false
      push(fiber)
    end
  end
  return fiber.wake
end

local function park(a, b)
  local fiber = current
  local wake = fiber.wake or waker(fiber)
  fiber.parked = true
  signal.hook(a, wake)
  if b then
    signal.hook(b, wake)
  end
  yield(PARKED)
  signal.unhook(a, wake)
  if b then
    signal.unhook(b, wake)
  end
end

local function drive(a, b)
  while not over(a, b) do
    check_deadlock()
    if loop.turn(nil, nil, a, b) and not over(a, b) then
      option.raise "mj: a finalizer that runs while an event is handed over cannot wait"
    end
  end
end

local function default_waiter()
  yield()
end

local waiter_of_host = default_waiter

-- fn(ready, on_ready) is called in a host's coroutine that has to wait, as long
-- as ready() is false; on_ready(f) calls f once when it turns true.
function loop.set_waiter(fn)
  waiter_of_host = fn or default_waiter
end

local host_a, host_b -- what a host's coroutine waited for last

-- A turn for the host of a coroutine that waits: not at all for what has come
-- since it looked.
function loop.turn_for_host(wait)
  local a, b = host_a, host_b
  host_a, host_b = nil, nil
  loop.turn(wait, nil, a, b)
end

local function wait_in_host(a, b)
  local function is_ready()
    return over(a, b)
  end
  local function on_ready(fn)
    local called = false
    local function once()
      if not called then
        called = true
        fn()
      end
    end
    signal.hook(a, once)
    if b then
      signal.hook(b, once)
    end
  end
  while not is_ready() do
    check_deadlock()
    host_a, host_b = a, b
    waiter_of_host(is_ready, on_ready)
  end
end

local function block(a, b, nested_only)
  local co = running()
  if over(a, b) then
    return
  elseif co and not nested_only and isyieldable() then
    if current and co == current.co then
      return park(a, b)
    elseif not current or current.root then
      return wait_in_host(a, b)
    end
  end
  -- the main program, or something inside a coroutine of ours that cannot yield
  return drive(a, b)
end

-- Waits until `event` fires: true; or until the time is over: false.
-- nested_only: called where Lua 5.1 cannot yield.
function loop.wait(event, seconds, nested_only)
  if event.fired then
    return true
  elseif seconds and seconds <= 0 then
    return false
  end
  local timer = seconds and seconds < math.huge and sources.after(seconds) or nil
  block(event, timer, nested_only)
  if timer then
    sources.cancel(timer)
  end
  return event.fired
end

function loop.sleep(seconds)
  option.seconds("mj.sleep", "seconds", seconds)
  block(sources.after(seconds or 0))
end

-- The rest of a time that began when `deadline` was computed.
function loop.remaining(deadline)
  return deadline and math.max(0, deadline - sources.now())
end

function loop.deadline(seconds)
  return seconds and seconds < math.huge and sources.now() + seconds or nil
end

local wait_schema = { timeout = "number" }

local function timed_out(what, seconds)
  return err.new("timeout", ("%s did not end within %g s"):format(what, seconds),
    { retryable = true })
end

-- From `hold` to `release` somebody counts as waiting for a handle.
function loop.hold(fiber)
  fiber.waiters = fiber.waiters + 1
end

function loop.release(fiber)
  fiber.waiters = fiber.waiters - 1
end

-- Who leaves by the timeout does not hear of a later error.
local function wait_for_end(fiber, seconds)
  loop.hold(fiber)
  fiber.heard = loop.wait(fiber, seconds) or nil
  loop.release(fiber)
  return fiber.heard
end

-- What fn returned; nil, err for an error of the world; raises any other.
function fiber_methods:await(opts)
  opts = option.check("await", opts, wait_schema)
  if not wait_for_end(self, option.seconds("await", "timeout", opts.timeout)) then
    return nil, timed_out("the coroutine", opts.timeout)
  elseif not self.failure then
    return unpack(self.results, 1, self.results.n)
  elseif err.is(self.failure[1]) then
    return nil, self.failure[1]
  end
  error(self.failure[1], 0)
end

function fiber_methods:done()
  return self.fired
end

function loop.is_fiber(value)
  return type(value) == "table" and getmetatable(value) == fiber_mt
end

-- For hosts -----------------------------------------------------------------

-- Work that has not ended: jobs, and coroutines but the one that asks.
function loop.pending()
  local n = alive + sources.pending()
  if current and not current.root then
    n = n - 1
  end
  return n
end

function loop.step(seconds, budget)
  option.seconds("mj.step", "seconds", seconds)
  option.seconds("mj.step", "budget", budget)
  if budget and budget >= 1e6 then
    option.raise "mj.step: field 'budget': less than 1e6 seconds expected, or nil for no limit"
  end
  loop.turn(seconds or 0, budget)
  return loop.pending()
end

-- Seconds until loop.step has something to do, or nil.
function loop.timeout()
  if head <= tail then
    return 0
  end
  return sources.timeout()
end

local function run_idle(seconds)
  local timer = seconds and seconds < math.huge and sources.after(seconds) or nil
  while loop.pending() > 0 and not (timer and timer.fired) do
    check_deadlock()
    loop.turn(nil)
  end
  if timer then
    sources.cancel(timer)
  end
  if loop.pending() > 0 then
    return nil, timed_out("the work", seconds)
  end
  return true
end

-- Until no coroutine is left; jobs that nobody waits for do not count.
function loop.run_coroutines()
  while loop.pending() > sources.pending() do
    if loop.timeout() ~= 0 and sources.pending() == 0 and sources.timers() == 0 then
      error("a coroutine waits for something that cannot happen", 0)
    end
    loop.turn(nil)
  end
end

-- Runs fn as the main program of ours, and returns what it returns; without fn
-- runs until nothing is pending.
function loop.run(fn, opts)
  if type(fn) == "table" or fn == nil then
    opts, fn = fn, nil
  elseif type(fn) ~= "function" then
    option.raise("mj.run: function expected, got " .. type(fn))
  end
  opts = option.check("mj.run", opts, wait_schema)
  local seconds = option.seconds("mj.run", "timeout", opts.timeout)
  if not fn then
    return run_idle(seconds)
  end
  local fiber = loop.spawn(fn)
  if not current then
    fiber.root, alive = true, alive - 1
  end
  if not wait_for_end(fiber, seconds) then
    return nil, timed_out("the function", seconds)
  elseif fiber.failure then
    error(fiber.failure[1], 0)
  end
  return unpack(fiber.results, 1, fiber.results.n)
end

return loop
