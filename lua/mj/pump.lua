-- SPDX-License-Identifier: MIT
-- A box of the core as a source of the loop: steps it, and hands each event to
-- whoever waits for that id.  No code of the user runs from here but `log`, whose
-- error is reported and ends nothing.

local option = require "mj.option"
option.mine()

local pump = {
  report = nil, -- where an error in a user's log goes
  blocked = false, -- a step did nothing: a finalizer asked, in the midst of an event
}

local methods = {}
local mt = { __index = methods, __name = "mj.pump" }

local levels = { [0] = "error", "warning", "info", "trace" }

-- `log` (may be nil) is called with level and line.
function pump.new(box, log)
  return setmetatable({
    box = box,
    handlers = {},
    live = 0,
    backlog = false, -- events were left for the next turn
    waits = true, -- its step can wait
    log = log,
    log_failed = false,
  }, mt)
end

-- `handler:_event(kind, payload)` gets the events of id; "done" or "timer" is
-- the last.
function methods:expect(id, handler)
  self.handlers[id] = handler
  self.live = self.live + 1
end

function methods:forget(id)
  if self.handlers[id] then
    self.handlers[id] = nil
    self.live = self.live - 1
  end
end

function methods:pending()
  return self.live
end

function methods:idle()
  return self.live == 0 and not self.backlog
end

local function dispatch(self, kind, id, payload)
  local handler = self.handlers[id]
  if not handler then
    return
  end
  if kind == "done" or kind == "timer" then
    self:forget(id)
  end
  handler:_event(kind, payload)
end

local function drain(self, budget)
  local stop = budget and os.clock() + budget
  local n = 0
  self.backlog = false
  while true do
    local kind, id, payload = self.box:event()
    if not kind then
      return
    end
    dispatch(self, kind, id, payload)
    n = n + 1
    if stop and n % 8 == 0 and os.clock() > stop then
      self.backlog = true
      return
    end
  end
end

local function write_log(self)
  while true do
    local level, line = self.box:log_line()
    if not level then
      return
    end
    local ok, e = pcall(self.log, levels[level] or "trace", line)
    if not ok and not self.log_failed then
      self.log_failed = true -- once is enough
      pump.report("error in the log of a client: " .. tostring(e))
    end
  end
end

-- Returns true, or nil and what went wrong.
function methods:step(wait, budget)
  local live, err, blocked = self.box:step(self.backlog and 0 or wait, budget)
  pump.blocked = pump.blocked or blocked or false
  drain(self, budget)
  if self.log then
    write_log(self)
  end
  if not live then
    return nil, err
  end
  return true
end

function methods:timeout()
  if self.backlog then
    return 0
  end
  return self.box:timeout()
end

function methods:fd()
  return self.box:fd()
end

-- What takes events, by id.
function methods:each()
  return pairs(self.handlers)
end

-- Closes the box; who still waits gets make_err(phase), each its own (a timer
-- that is dropped: none).
function methods:close(make_err)
  local left, phases = self.handlers, {}
  for id in pairs(left) do
    phases[id] = self.box:info(id) or false
  end
  self.box:close()
  self.handlers, self.live, self.backlog = {}, 0, false
  for id, handler in pairs(left) do
    handler:_event("done", { error = make_err and make_err(phases[id]) })
  end
end

return pump
