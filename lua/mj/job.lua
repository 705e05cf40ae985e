-- SPDX-License-Identifier: MIT
-- A job: a verb that was called, until its end.  Jobs are numbers in the core;
-- what they bring comes here as events.

local err = require "mj.err"
local loop = require "mj.loop"
local option = require "mj.option"
local signal = require "mj.signal"
local sources = require "mj.sources"
local task = require "mj.task"
option.mine()

local job = {}

local methods = {}
local mt = { __index = methods, __name = "mj.job" }

function job.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

-- Reporting -----------------------------------------------------------------

-- Callbacks are the user's: each runs in a coroutine of its own, so that it may
-- wait, and so that its error harms nobody.
local function call_all(list, ...)
  for _, fn in ipairs(list) do
    loop.spawn(fn, ...)
  end
end

-- What an error says besides the core's words.
local function complete(self, e, last)
  if last then
    e.task = e.task or last
    e.fail_reason = e.fail_reason or last.fail_reason
  end
  e.task_id = e.task_id or self._task_id or nil
  e.token = e.token or self:token()
  e.key = self.key
  if e.code == "no_button" and not e.buttons then
    local offering = self._parent or last
    e.buttons = offering and offering.buttons or nil
  end
  return e
end

local function finish(self, result, e)
  if self._ended.fired then
    return
  end
  self._task, self._err = result or false, e or false
  if self._id then
    self._client._jobs[self._id] = nil
  end
  signal.fire(self._accepted)
  signal.fire(self._ended)
  call_all(self._on_done, result, e)
  self._on_done, self._on_progress = {}, {}
end

local function on_event(self, kind, payload)
  if payload.task_id then
    self._task_id = payload.task_id
  end
  local last = payload.task and task.new(self._client, payload.task)
  if kind == "accepted" then
    signal.fire(self._accepted)
  elseif kind == "progress" then
    self._last = last
    call_all(self._on_progress, last, self)
  elseif payload.error then
    finish(self, nil, complete(self, payload.error, last))
  else
    finish(self, last)
  end
end

-- Starting ------------------------------------------------------------------

-- `make(box)` starts it in the core: id, or nil, err.  `about` has verb, and
-- task_id or parent where they are known.
function job.start(client, about, make)
  local self = setmetatable({
    key = nil, -- of the journal, which this version has not
    _client = client,
    _verb = about.verb,
    _parent = about.parent or false,
    _task_id = about.task_id or false,
    _id = false,
    _accepted = signal.new(),
    _ended = signal.new(),
    _on_done = {},
    _on_progress = {},
    _last = false,
    _task = false,
    _err = false,
  }, mt)
  if about.task_id then
    signal.fire(self._accepted)
  end
  local id, e = make(client._pump.box)
  if not id then
    finish(self, nil, complete(self, e))
    return self
  end
  self._id = id
  client._jobs[id] = self
  sources.expect(client._pump, id, function(kind, payload)
    on_event(self, kind, payload)
  end)
  return self
end

-- Waiting -------------------------------------------------------------------

local function outcome(self)
  if self._err then
    return nil, self._err
  end
  return self._task
end

local function too_late(self, seconds)
  local id = self._task_id
  return err.new("timeout",
    ("%s: no end within %g s; the work goes on%s"):format(self._verb, seconds,
      id and (", client:task(%q) finds it again"):format(id) or ""),
    { retryable = true, token = self:token(), task_id = id or nil, task = self._last or nil })
end

local function observe(self, on)
  if self._id and not self._ended.fired then
    self._client._pump.box:observe(self._id, on)
  end
end

local function watch(self, fn)
  if #self._on_progress == 0 then
    observe(self, true)
  end
  self._on_progress[#self._on_progress + 1] = fn
end

local function unwatch(self, fn)
  for i, other in ipairs(self._on_progress) do
    if other == fn then
      table.remove(self._on_progress, i)
      break
    end
  end
  if #self._on_progress == 0 then
    observe(self, false)
  end
end

local await_schema = { timeout = "number", on_progress = "function" }

-- The task, or nil, err.  Leaving by timeout leaves the work alone.
function methods:await(opts)
  opts = option.check("job:await", opts, await_schema)
  local seconds = option.seconds("job:await", "timeout", opts.timeout) or self._client._timeout
  if opts.on_progress then
    watch(self, opts.on_progress)
  end
  local ended = loop.wait(self._ended, seconds)
  if opts.on_progress then
    unwatch(self, opts.on_progress)
  end
  if not ended then
    return nil, too_late(self, seconds)
  end
  return outcome(self)
end

-- The id at the gateway, once it accepted; or nil, err.
function methods:id(timeout)
  local seconds = option.seconds("job:id", "timeout", timeout) or self._client._timeout
  if not loop.wait(self._accepted, seconds) then
    return nil, too_late(self, seconds)
  elseif self._task_id then
    return self._task_id
  end
  return nil, self._err
end

function methods:done()
  return self._ended.fired
end

-- fn(task, err), in a coroutine of its own; soon, if the job has ended.
function methods:on_done(fn)
  if type(fn) ~= "function" then
    option.raise("job:on_done: function expected, got " .. type(fn))
  end
  if self._ended.fired then
    loop.spawn(fn, outcome(self))
  else
    self._on_done[#self._on_done + 1] = fn
  end
  return self
end

-- 0 to 100, or nil while nothing is known.
function methods:progress()
  if self._ended.fired then
    local last = self._task or (self._err and self._err.task)
    return last and last.progress or nil
  end
  local _, _, progress = self._client._pump.box:info(self._id)
  return progress
end

-- True if there was something to give up: not sent, it costs nothing.
function methods:cancel()
  if self._ended.fired then
    return false
  end
  local ok, e = self._client._pump.box:cancel(self._id)
  if not ok then
    return nil, e
  end
  return true
end

-- What client:task takes to find the work again; nil before it was accepted.
function methods:token()
  return self._task_id or nil
end

mt.__tostring = function(self)
  local phase = "ended"
  if not self._ended.fired then
    phase = self._client._pump.box:info(self._id) or "ended"
  end
  return ("mj.job %s%s (%s)"):format(self._verb,
    self._task_id and " " .. self._task_id or "", phase)
end

return job
