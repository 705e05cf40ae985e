-- SPDX-License-Identifier: MIT
-- A box of the core as a source of the loop: steps it, and hands each event to
-- whoever waits for that id.  No code of the user runs from here but `log`.

local option = require "mj.option"
option.mine()

local pump = {}

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
  }, mt)
end

-- `handler(kind, payload)` gets the events of id; "done" or "timer" is the last.
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
  handler(kind, payload)
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
    self.log(levels[level] or "trace", line)
  end
end

-- Returns true, or nil and what went wrong.
function methods:step(wait, budget)
  local live, err = self.box:step(self.backlog and 0 or wait, budget)
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
    handler("done", { error = make_err and make_err(phases[id]) })
  end
end

return pump
