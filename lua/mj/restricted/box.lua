-- SPDX-License-Identifier: MIT
-- What a restricted script may ask of a client of the core.  The caller is hostile:
-- each method says what it lets through, and what it counts.

local err = require "mj.err"
local sources = require "mj.sources"

local box = {}

local MOST = {
  script = 1048576, -- bytes
  message = 67108864, -- bytes
  boxes = 8,
  jobs = 10000, -- at once, with the timers of waits
  fetches = 16, -- at once: each may be a large picture
  output = 16777216, -- bytes printed
  complaints = 100,
  files = 100, -- and ten more for each task of the budget
  disk = 1073741824, -- bytes written
  picture = 16777216, -- bytes read
}
box.MOST = MOST

-- What of a request may come from the script.  Left out: `extra`, `input` and
-- `account_filter`, which are put into the request unseen, and `notify_hook`, by
-- which the gateway would call any host.
local wanted_fields = {}
for name in ([[op prompt params pictures mask areas canvas place zoom task button task_json remix
  type strength provider dimensions language motion video_type loop batch index bot mode state
  key on_duplicate lenient progress group deadline]]):gmatch "%S+" do
  wanted_fields[name] = true
end

-- Control characters would reach the terminal, and there they are commands.
function box.clean(text)
  return (text:gsub("[%z\1-\8\11-\31\127]", "?"):gsub("\194[\128-\159]", "?"))
end

function box.refuse(code, text)
  return nil, err.new(code, text)
end

local clean, refuse = box.clean, box.refuse

local Box = {}
Box.__index = Box

function box.make(B, made)
  local self = setmetatable({ B = B, box = made, events = {}, open = {} }, Box)
  B.boxes[#B.boxes + 1] = self
  self.source = {
    step = function(_, wait, budget)
      local n, e = made:step(wait, budget)
      return n and true, e
    end,
    timeout = function() return made:timeout() end,
    fd = function() return made:fd() end,
  }
  sources.add(self.source)
  return #B.boxes
end

local function turn(B, wait)
  local left = math.max(0, B.deadline - sources.now())
  sources.step(math.min(wait or left, left, 1))
end

-- What the gateway named belongs to the script from now on.
local function learn_task(B, task)
  B.own[task.id or false] = true
  for _, url in ipairs { task.image_url or false, task.video_url or false } do
    B.urls[url] = true
  end
  for _, list in ipairs { task.images or {}, task.videos or {} } do
    for _, url in ipairs(list) do
      B.urls[url] = true
    end
  end
end

local function learn(B, payload)
  B.own[payload.task_id or false] = true
  B.own[payload.token or false] = true
  for _, item in ipairs(payload.items or {}) do
    B.own[item], B.urls[item] = true, true
  end
  if payload.task then
    learn_task(B, payload.task)
  end
  for _, task in ipairs(payload.tasks or {}) do
    learn_task(B, task)
  end
  B.own[false] = nil
end

local function forget(self, id)
  local job = self.open[id]
  if job then
    self.open[id] = nil
    self.B.jobs = self.B.jobs - 1
    self.B.held = self.B.held - job.bytes
    if job.fetch then
      self.B.fetches = self.B.fetches - 1
    end
  end
end

-- The next event of the core's, and what the broker keeps of it.
function box.next_event(self)
  local kind, id, payload = self.box:event()
  if not kind then
    return nil
  end
  learn(self.B, payload)
  local job = self.open[id]
  if job and payload.task_id then
    job.task_id = payload.task_id
  end
  if kind == "done" or kind == "timer" then
    if job and job.paid and payload.error and payload.error.code == "unknown_outcome" then
      self.B.unknown = self.B.unknown + 1
    end
    forget(self, id)
  end
  return kind, id, payload
end

local function room(self, bytes, fetch)
  local B = self.B
  if B.jobs >= MOST.jobs then
    return refuse("resource", ("a restricted script has at most %d jobs at once"):format(MOST.jobs))
  elseif B.held + bytes > B.memory * 1048576 then
    return refuse("resource", "a restricted script has as much under way as --memory allows it")
  elseif fetch and B.fetches >= MOST.fetches then
    return refuse("resource", ("a restricted script gets at most %d pictures at once"):format(
      MOST.fetches))
  end
  return true
end

local function opened(self, id, bytes, paid, fetch)
  if id then
    local B = self.B
    self.open[id] = { bytes = bytes, paid = paid, fetch = fetch }
    B.jobs, B.held = B.jobs + 1, B.held + bytes
    B.fetches = B.fetches + (fetch and 1 or 0)
  end
end

local methods = {}
box.methods = methods

-- Of boxes without a gateway, too, and harmless for what they are given: the
-- binding checks their types.
for name in ("timeout now observe detach cancel info stats log_line dialect can"):gmatch "%S+" do
  methods[name] = function(self, ...)
    return self.box[name](self.box, ...)
  end
end

function methods:step(wait)
  turn(self.B, #self.events > 0 and 0 or type(wait) == "number" and wait or nil)
  return 1
end

function methods:event()
  local event = table.remove(self.events, 1)
  if event then
    return event[1], event[2], event[3]
  end
  return box.next_event(self)
end

function methods:after(seconds)
  local ok, e = room(self, 0)
  if not ok then
    return nil, e
  end
  local id
  id, e = self.box:after(seconds)
  opened(self, id, 0)
  return id, e
end

function methods:cancel(id)
  local ok, e = self.box:cancel(id)
  if not self.gateway then -- a timer goes without an event
    forget(self, id)
  end
  return ok, e
end

function methods:fd()
  return self.box:fd()
end

-- One box waits for the others: descriptors of boxes, and no others.
local function is_ours(B, fd)
  for _, other in ipairs(B.boxes) do
    if other.box:fd() == fd then
      return true
    end
  end
end

function methods:watch(fd)
  if not is_ours(self.B, fd) then
    return refuse("invalid", "no descriptor of a client")
  end
  return true -- each step here waits for all boxes
end

function methods.unwatch()
  return true
end

function methods.wakeup()
  return true
end

function methods.resumed()
  return false
end

function methods.flush()
  return true
end

local function not_here()
  return refuse("unsupported", "a restricted script sees the work of this run only")
end

-- Limits, budgets and journals are the user's, and shared with other programs.
for name in ("rows resolve run_done budget set_budget money limits pause hint"):gmatch "%S+" do
  methods[name] = not_here
end

local function is_own(B, id)
  return type(id) == "string" and B.own[id]
end

-- Costs something: counted before it goes, and never given back.
function methods:submit(wanted, bytes)
  local B = self.B
  if type(wanted) ~= "table" then
    return refuse("invalid", "a request is a table")
  end
  for name in pairs(wanted) do
    if not wanted_fields[name] then
      return refuse("unsupported", ("'%s' is not for a restricted script"):format(
        clean(tostring(name)):sub(1, 40)))
    end
  end
  if wanted.task ~= nil and not is_own(B, wanted.task) then
    return refuse("unsupported", "a restricted script clicks on tasks of its own only")
  elseif B.spent >= B.budget then
    return refuse("budget", B.budget == 0
      and "a restricted script submits nothing unless --budget N allows it N tasks"
      or ("all %d tasks that --budget allows are submitted"):format(B.budget))
  end
  local ok, e = room(self, bytes)
  if not ok then
    return nil, e
  end
  local id
  id, e = self.box:submit(wanted)
  if id then
    B.spent = B.spent + 1
    opened(self, id, bytes, true)
  end
  return id, e
end

local about_own = { seed = true, cancel = true, ids = true }

function methods:ask(what, ids)
  if what ~= "dialect" and not about_own[what] then
    return not_here()
  end
  for _, id in pairs(type(ids) == "table" and ids or {}) do
    if not is_own(self.B, id) then
      return not_here()
    end
  end
  local ok, e = room(self, 0)
  if not ok then
    return nil, e
  end
  local id
  id, e = self.box:ask(what, ids)
  opened(self, id, 0)
  return id, e
end

function methods:track(task)
  if not is_own(self.B, task) then
    return not_here()
  end
  local ok, e = room(self, 0)
  if not ok then
    return nil, e
  end
  local id
  id, e = self.box:track(task)
  opened(self, id, 0)
  return id, e
end

function methods:fetch(url)
  local B = self.B
  if type(url) ~= "string" or not B.urls[url] then
    return refuse("blocked_address", "a restricted script gets the pictures that the gateway named")
  end
  local ok, e = room(self, 0, true)
  if not ok then
    return nil, e
  end
  local id
  id, e = self.box:fetch(url)
  opened(self, id, 0, false, true)
  return id, e
end

-- Written at once; the event comes behind.
function methods:write(path, data)
  local B = self.B
  local ok, why
  if not B.folder then
    return refuse("unsupported", "a restricted script writes nothing without --restricted=FOLDER")
  elseif type(path) ~= "string" or type(data) ~= "string" then
    return refuse("invalid", "a path and bytes expected")
  elseif B.files >= MOST.files + 10 * B.budget or B.disk + #data > MOST.disk then
    return refuse("resource", "a restricted script has written as much as it may")
  end
  B.files, B.disk = B.files + 1, B.disk + #data
  ok, why = B.sys.sandbox.write_below(B.folder, path, data)
  if not ok then
    return refuse("resource", ("cannot write %s: %s"):format(clean(path):sub(1, 200), why))
  end
  B.writes = B.writes + 1
  local id = 2 ^ 52 + B.writes -- the core's own ids never come that far
  self.events[#self.events + 1] = { "done", id, {} }
  return id
end

-- With a journal a saved picture is written as any other: what the journal knows of
-- files are paths, which are not for the script, and a start that goes on gets it again.
function methods:save(_, _, path, data, keep)
  if keep then
    return refuse("unsupported", "replace = false is not for a restricted script")
  end
  return methods.write(self, path, data)
end

function methods.saved()
  return {}
end

function methods.saved_all()
  return true
end

-- What is sent, or runs, goes on; what was not sent yet never is.
function methods:close()
  for id, job in pairs(self.open) do
    if not job.paid or self.box:info(id) == "queued" then
      self.box:cancel(id)
    end
  end
  return true
end

return box
