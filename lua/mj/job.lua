-- SPDX-License-Identifier: MIT
-- A job: a verb that was called, until its end.  Jobs are numbers in the core;
-- what they bring comes here as events.

local env = require "mj.env"
local err = require "mj.err"
local loop = require "mj.loop"
local option = require "mj.option"
local signal = require "mj.signal"
local sources = require "mj.sources"
local task = require "mj.task"
local unheard = require "mj.unheard"
option.mine()

local job = {}

local methods = {}
local mt = { __index = methods, __name = "mj.job" }

-- Who forgot to wait asks the job for what only its task has; nil would be no answer.
local of_task = {}
for name in ([[action status prompt prompts prompt_en final_prompt description fail_reason
  image_url imageUrl images video_url videos buttons raw json save bytes click can seed
  refresh]]):gmatch "%S+" do
  of_task[name] = true
end
setmetatable(methods, {
  __index = function(_, name)
    if of_task[name] then
      option.raise(("job.%s: a job has none, its task does: local task = assert(job:await())")
        :format(name))
    end
  end,
})

function job.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

-- Reporting -----------------------------------------------------------------

-- Refusals that what was unusual about a request can be the cause of.
local hinted = { invalid = true, not_found = true, unsupported = true, no_button = true }

-- Callbacks are the user's: each runs in a coroutine of its own, so that it may
-- wait, and so that its error harms nobody.
local function call_all(list, ...)
  for _, fn in ipairs(list or {}) do
    loop.spawn(fn, ...)
  end
end

-- The core speaks of what a verb became: "edit: ..." of an inpaint.
local function in_our_words(self, e)
  local op = self._about and self._about.op
  if op and op ~= self._verb and e.message:sub(1, #op + 2) == op .. ": " then
    e.message = self._verb .. e.message:sub(#op + 1)
  end
  if self._about and self._about.hint and e.http_status and hinted[e.code] then
    e.message = e.message .. self._about.hint
  end
end

-- What an error says besides the core's words.
local function complete(self, e, last)
  in_our_words(self, e)
  if last then
    task.follow(last, self._parent)
    e.task = e.task or last
    e.fail_reason = e.fail_reason or last.fail_reason
    e.fail_code = last.fail_code
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

-- An error that nobody asks for is remembered for the end of the run.  Who gave
-- a job up knows.
local function remember(self, e)
  local given_up = (self._given_up or env.dry) and e.code == "cancelled"
  if not given_up and (not self._on_done or unheard.leaving) then
    self._unheard = unheard.add(e, self._task_id)
  end
end

local function fire_accepted(self)
  self._taken = true
  if self._accepted then
    signal.fire(self._accepted)
  end
end

local function finish(self, result, e)
  if self.fired then
    return
  end
  self._task, self._err = result, e
  if e then
    remember(self, e)
  end
  fire_accepted(self)
  signal.fire(self)
  call_all(self._on_done, result, e)
  self._on_done, self._on_progress = nil, nil
end

local function tasks_of(self, payload)
  local list = {}
  for i, data in ipairs(payload.tasks or {}) do
    list[i] = task.new(self._client, data)
  end
  return list
end

-- Takes its events; called by the pump.
function methods:_event(kind, payload)
  if payload.task_id then
    self._task_id = payload.task_id
  end
  if payload.token then -- there is a journal
    self._token = payload.token
  end
  local last = payload.task and task.new(self._client, payload.task)
  if kind == "accepted" then
    self._ids = payload.items -- when one click made several tasks
    fire_accepted(self)
  elseif kind == "progress" then
    self._last = last
    call_all(self._on_progress, last, self)
  elseif payload.error then
    finish(self, nil, complete(self, payload.error, last))
  elseif self._gives == "tasks" then
    finish(self, tasks_of(self, payload))
  elseif self._gives then
    finish(self, payload.items or {})
  else
    finish(self, last and task.journaled(last, payload.token))
  end
end

-- Starting ------------------------------------------------------------------

local function new(client, about)
  local self = setmetatable({
    _client = client,
    _verb = about.verb,
    _task_id = about.task_id,
    _id = false,
    fired = false,
    hooks = false,
    _parent = about.parent or nil,
    _taken = about.task_id and true,
  }, mt)
  if about.gives then -- few do
    self._gives = about.gives
  end
  self.key = about.key
  if about.hint or (about.op and about.op ~= about.verb) then
    self._about = about
  end
  return self
end

local function begin(self, make)
  local id, e = make(self._client._pump.box)
  if not id then
    finish(self, nil, complete(self, e))
    return self
  end
  self._id = id
  sources.expect(self._client._pump, id, self)
  if self._on_progress then
    self._client._pump.box:observe(id, true)
  end
  return self
end

-- `make(box)` starts it in the core: id, or nil, err.  `about` has verb, and
-- task_id or parent where they are known, and gives, when it ends with a list of
-- "tasks" or "items" instead of a task.  A job is the signal of its end; there
-- may be many, so it has what it needs and no more.
function job.start(client, about, make)
  return begin(new(client, about), make)
end

local function prepared(self, fiber)
  if fiber.failure then
    error(fiber.failure[1], 0)
  end
  local make, e = fiber.results[1], fiber.results[2]
  if not make then
    error(e, 0)
  end
  begin(self, make)
end

-- The same for what has to wait before it can start: prepare() runs in a
-- coroutine and returns `make`, or nil, err.  What either raises ends the job,
-- since its caller has long gone on.
function job.later(client, about, prepare)
  local self = new(client, about)
  self._about = about
  local fiber = loop.spawn(prepare)
  loop.hold(fiber) -- its error is the job's
  signal.hook(fiber, function()
    loop.release(fiber)
    fiber.heard = true
    if self.fired then -- given up meanwhile
      return
    end
    local ok, e = pcall(prepared, self, fiber)
    if not ok then
      finish(self, nil, complete(self, err.is(e) and e or err.new("invalid", tostring(e))))
    end
  end)
  return self
end

-- Waiting -------------------------------------------------------------------

-- The error, which somebody hears of now.
local function heard(self)
  if self._unheard then
    unheard.take_back(self._unheard)
    self._unheard = nil
  end
  return self._err
end

local function outcome(self)
  if self._err then
    return nil, heard(self)
  end
  return self._task
end

local function too_late(self, seconds)
  local id, token = self._task_id, self:token()
  if self._gives == "tasks" then
    return err.new("timeout", ("%s: no answer within %g s"):format(self._verb, seconds),
      { retryable = true })
  end
  if not id and not token then
    return err.new("timeout",
      ("%s: no end within %g s; the gateway has not accepted it yet"):format(self._verb, seconds),
      { retryable = true })
  end
  return err.new("timeout",
    ("%s: no end within %g s; the work goes on%s"):format(self._verb, seconds,
      token and (", client:task(%q) finds it again"):format(id or token) or ""),
    { retryable = true, token = token, task_id = id or nil, task = self._last or nil })
end

local function observe(self, on)
  if self._id and not self.fired then
    self._client._pump.box:observe(self._id, on)
  end
end

local function watch(self, fn)
  if not self._on_progress then
    self._on_progress = {}
    observe(self, true)
  end
  self._on_progress[#self._on_progress + 1] = fn
end

local function unwatch(self, fn)
  local list = self._on_progress
  for i, other in ipairs(list or {}) do
    if other == fn then
      table.remove(list, i)
      break
    end
  end
  if list and #list == 0 then
    self._on_progress = nil
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
  local ended = loop.wait(self, seconds)
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
  if not self._taken then
    self._accepted = self._accepted or signal.new()
    if not loop.wait(self._accepted, seconds) then
      return nil, too_late(self, seconds)
    end
  end
  if self._task_id then
    return self._task_id
  end
  return nil, heard(self)
end

function methods:done()
  return self.fired
end

-- fn(task, err), in a coroutine of its own; soon, if the job has ended.
function methods:on_done(fn)
  if type(fn) ~= "function" then
    option.raise("job:on_done: function expected, got " .. type(fn))
  end
  if self.fired then
    loop.spawn(fn, outcome(self))
  else
    self._on_done = self._on_done or {}
    table.insert(self._on_done, fn)
  end
  return self
end

-- 0 to 100, or nil while nothing is known.
function methods:progress()
  if self.fired then
    local last = self._task or (self._err and self._err.task)
    return last and last.progress or nil
  end
  return self._id and (select(3, self._client._pump.box:info(self._id))) or nil
end

-- For who draws many: calls `hook` with the job once the gateway has accepted it, at
-- once if it has or if the job has ended.
function job.when_taken(self, hook)
  if self._taken or self.fired then
    return hook(self)
  end
  self._accepted = self._accepted or signal.new()
  signal.hook(self._accepted, function()
    hook(self)
  end)
end

-- What is known of a running job: percent and prompt, both may be nil.  From the
-- first look on the core reports what changes.
function job.look(self)
  if not self._last then
    observe(self, true)
  end
  return self:progress(), self._last and self._last.prompt
end

-- What it is called where no prompt is known.
function job.name(self)
  return self._verb .. (self._task_id and " " .. self._task_id or "")
end

-- A job that goes on with one that ended for want of input.
function methods:modal(opts)
  local e = self._err
  if not e or e.code ~= "needs_input" or not e.task_id then
    option.raise "job:modal: this job does not wait for input"
  end
  heard(self)
  return self._client:_start("modal", "job:modal", opts, { task = e.task or e.task_id })
end

-- How many tasks stood before it at the gateway when it was accepted; nil where
-- nobody said so.
function methods:ahead()
  if self.fired or not self._id then
    return nil
  end
  return (select(5, self._client._pump.box:info(self._id)))
end

-- The ids of all its tasks: one click can make several (trueai's "all" of a
-- describe).  The job waits for the first; nil before it was accepted.
function methods:ids()
  return self._ids or (self._task_id and { self._task_id }) or nil
end

-- True if there was something to give up: not sent, it costs nothing; what runs,
-- the gateway is asked to stop.
function methods:cancel()
  if self.fired then
    return false
  end
  self._given_up = true
  if not self._id then
    finish(self, nil, complete(self, err.new("cancelled", "given up before it was sent")))
    return true
  end
  local ok, e = self._client._pump.box:cancel(self._id)
  sources.nudge()
  if not ok then
    return nil, e
  end
  return true
end

-- What client:task takes to find the work again, with a journal in another
-- process, too; nil before it was accepted.
function methods:token()
  local token = self._token or self._task_id or nil
  if not token and self._id and not self.fired and self._client._journaled then
    -- sent and not answered: its row is on the disk
    local phase, _, _, _, _, of_row = self._client._pump.box:info(self._id)
    token = phase == "running" and of_row or nil
  end
  return token
end

mt.__tostring = function(self)
  local phase = "ended"
  if not self.fired then
    phase = self._id and self._client._pump.box:info(self._id) or "queued"
  end
  return ("mj.job %s%s (%s)"):format(self._verb,
    self._task_id and " " .. self._task_id or "", phase)
end

return job
