-- SPDX-License-Identifier: MIT
-- A client: one gateway, one key.

local capabilities = require "mj.capabilities"
local env = require "mj.env"
local err = require "mj.err"
local job = require "mj.job"
local limits = require "mj.limits"
local log = require "mj.log"
local loop = require "mj.loop"
local opening = require "mj.opening"
local option = require "mj.option"
local pump = require "mj.pump"
local request = require "mj.request"
local sources = require "mj.sources"
local task = require "mj.task"
local verbs = require "mj.verbs"
option.mine()

local client = {
  schema = opening.schema,
  open = opening.open,
  started = nil, -- called with each job of a verb, and its prompt
}

local methods = {}
local mt = { __index = methods, __name = "mj.client" }

local open_clients = setmetatable({}, { __mode = "k" })

-- Raises on a mistake; nil, err when the world does not allow it.
function client.new(given)
  local box, e, options, opts, timeout = opening.open(given)
  if not box then
    return nil, e
  end
  local self = setmetatable({
    _pump = pump.new(box, opening.logger(opts)),
    _timeout = timeout or 900,
    _lenient = opts.strict == false,
    _label = opening.label(options),
    _closed = false,
    _journaled = options.journal and true or false,
    _run = options.journal and options.run or false,
    _prices = options.prices or {},
    _mode = options.mode,
    _gateway = options.base_url,
    _journal = options.journal,
  }, mt)
  open_clients[self] = true
  return self
end

-- For a program that has a method of its own.
function client.replace(name, method)
  methods[name] = method
end

function client.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

-- Clients that were not closed and are still in use.
function client.list()
  local list = {}
  for self in pairs(open_clients) do
    list[#list + 1] = self
  end
  return list
end
log._register(client.list)

-- Verbs ---------------------------------------------------------------------

-- The request on its way into the core, where the types of what is in it are
-- checked.
local function submit(what, wanted)
  return function(box)
    local ok, id, e = pcall(box.submit, box, wanted)
    if not ok then
      option.raise(what .. ": " .. tostring(id):gsub("^[^:]+:%d+: ", ""))
    end
    return id, e
  end
end

-- A job of a verb; `places` are what stands in front of the options.  The world
-- may fail before anything is sent (a file that is not there): the job ends so.
function methods:_start(name, what, opts, places)
  local about = {}
  local wanted, e, complete = request.make(self, name, what, about, opts, places)
  about.op = wanted and wanted.op
  local made
  if not wanted then
    made = job.start(self, about, function()
      return nil, e
    end)
  elseif complete then
    made = job.later(self, about, function()
      local whole, failure = complete()
      about.op = whole and whole.op
      return whole and submit(what, whole), failure
    end)
  else
    made = job.start(self, about, submit(what, wanted))
  end
  if client.started then
    client.started(made, wanted and wanted.prompt)
  end
  return made
end

for name, row in pairs(verbs.rows) do
  if not row.places then
    methods[name] = function(self, opts, more)
      option.own(client.is, self, "client", name)
      option.alone("client:" .. name, row.short, more)
      return self:_start(name, "client:" .. name, opts)
    end
  end
end

-- `task` is one or an id, `button` a button or whatever names one.  No fetch is
-- needed first where it is a customId.
function methods:click(of, button, opts)
  option.own(client.is, self, "client", "click")
  return self:_start("click", "client:click", opts, { task = of, button = button })
end

-- Answers the dialog that a task waits in.
function methods:modal(of, opts)
  option.own(client.is, self, "client", "modal")
  return self:_start("modal", "client:modal", opts, { task = of })
end

-- The general form: client:submit("imagine", { prompt = ... }).
function methods:submit(verb, opts, more)
  option.own(client.is, self, "client", "submit")
  if not verbs.rows[verb] then
    option.raise(("client:submit: no verb '%s'; this version has %s"):format(
      tostring(verb), table.concat(verbs.names(), ", ")))
  end
  local what = ("client:submit %q"):format(verb)
  option.alone(what, verbs.rows[verb].short, more)
  return self:_start(verb, what, opts)
end

-- Questions -----------------------------------------------------------------

local list_schema = { ids = "table" }

-- A job that brings the newest tasks, or those with the ids: those that the
-- gateway knows, in its order.
function methods:list(opts)
  option.own(client.is, self, "client", "list")
  opts = option.check("client:list", opts, list_schema)
  local ids, n = {}, 0
  for _ in pairs(opts.ids or {}) do
    n = n + 1
  end
  for i = 1, n do
    local id = opts.ids[i]
    if task.is(id) then
      id = id.id
    elseif type(id) ~= "string" or id:find("\0", 1, true) then
      option.field("client:list", ("ids[%d]"):format(i), "id (a string) or task", id)
    end
    ids[i] = id
  end
  return job.start(self, { verb = "list", gives = "tasks" }, function(box)
    return box:ask(opts.ids and "ids" or "list", opts.ids and ids)
  end)
end

-- A job that brings the tasks that wait or run at the gateway.
function methods:queue()
  option.own(client.is, self, "client", "queue")
  return job.start(self, { verb = "queue", gives = "tasks" }, function(box)
    return box:ask "queue"
  end)
end

-- A job that waits for a task which exists: by its id, or a job's token.
function methods:task(id)
  option.own(client.is, self, "client", "task")
  if type(id) ~= "string" or id == "" then
    option.raise(("client:task: id (a string) expected, got %s"):format(
      id == "" and "an empty one" or type(id)))
  end
  return job.start(self, { verb = "task", task_id = id }, function(box)
    return box:track(id)
  end)
end

-- "mj" or "generate"; nil while nobody asked.
function methods:dialect()
  return self._pump.box:dialect()
end

-- What works at the gateway, or nil, err; waits until its family is known.
function methods:capabilities(opts)
  option.own(client.is, self, "client", "capabilities")
  return capabilities.of(self, "client:capabilities", opts)
end

-- The gateway's family, or nil, err; waits, until `deadline` if there is one.
function methods:_family(deadline)
  if self:dialect() then
    return self:dialect()
  end
  local op = task.operation(self._pump, self._pump.box:ask "dialect")
  deadline = deadline or loop.deadline(self._timeout)
  local payload, e = task.finish(op, deadline, "the gateway's family")
  return payload and payload.items[1], e
end

-- Limits --------------------------------------------------------------------

-- As they are now, after those of `opts` were changed: submits and requests a
-- minute, live; window (what the gateway is seen to take at once), used, quota (of
-- retries), and, in seconds, paused and slowed (the gateway asked for it).
function methods:limits(opts)
  option.own(client.is, self, "client", "limits")
  return limits.of("client:limits", self._pump.box, opts)
end

-- Nothing paid is sent for so long, or until client:resume().  What runs is looked
-- after.
function methods:pause(seconds)
  option.own(client.is, self, "client", "pause")
  return self._pump.box:pause(option.seconds("client:pause", "seconds", seconds))
end

function methods:resume()
  option.own(client.is, self, "client", "resume")
  return self._pump.box:pause(0)
end

-- The journal ---------------------------------------------------------------

-- What may have been paid for without an answer: a list of tables with token,
-- key, verb, prompt, sent_at ...; or nil, err.
function methods:unknown()
  return self._pump.box:rows(true)
end

-- What became of one of them, by its token or key: the id of its task, or
-- "absent": then it may be sent again.
function methods:resolve(key, id)
  if type(key) ~= "string" then
    option.field("client:resolve", "key", "key or token (a string)", key)
  elseif type(id) ~= "string" then
    option.field("client:resolve", "id", [[task id (a string) or "absent"]], id)
  end
  return self._pump.box:resolve(key, id ~= "absent" and id or nil)
end

-- What somebody sent to the address of a callback: only followed, never believed.
function methods:hint(body)
  if type(body) ~= "string" then
    option.field("client:hint", "body", "body of a callback (a string)", body)
  end
  return self._pump.box:hint(body)
end

-- The run that the client was made for is over: a program that is started again
-- with the same `run` begins anew; with `good` false it goes on with what was paid
-- for, and tries again what had failed.  mjlua does so for its script.
function methods:run_done(good)
  if not self._run then
    option.raise "client:run_done: the client has no journal, or no run"
  end
  local ok, e = self._pump.box:run_done(good ~= false)
  if ok then
    ok, e = self._pump.box:flush(30)
  end
  return ok, e
end

-- Money -----------------------------------------------------------------------

require("mj.budget").add(methods, client.is)

-- For task ------------------------------------------------------------------

function methods:_fetch(url)
  return task.operation(self._pump, self._pump.box:fetch(url))
end

-- The bytes at an address, or nil, err; waits.
function methods:_download(url)
  local payload, e = task.finish(self:_fetch(url), loop.deadline(self._timeout), "the picture")
  return payload and (payload.data or ""), e
end

-- With a token: of picture n, which the journal remembers.  keep: a file that is there
-- stays.
function methods:_write(path, bytes, token, n, keep)
  local box = self._pump.box
  if token or keep then
    return task.operation(self._pump, box:save(token, n, path, bytes, keep))
  end
  return task.operation(self._pump, box:write(path, bytes))
end

-- The files that the journal knows of a token: { n = , path = , ... } each.
function methods:_saved(token)
  return self._pump.box:saved(token)
end

-- Whether `path` is that file, and as it was saved.
function methods:_verify(file, path)
  return task.operation(self._pump, self._pump.box:verify(file, path))
end

function methods:_saved_all(token)
  return self._pump.box:saved_all(token)
end

-- Has a task stopped: a job that brings the task as it is then.
function methods:_cancel(id)
  return job.start(self, { verb = "cancel", task_id = id }, function(box)
    return box:ask("cancel", { id })
  end)
end

function methods:_seed(id)
  return task.operation(self._pump, self._pump.box:ask("seed", { id }))
end

-- Asks for a task once.
function methods:_look(id)
  local box = self._pump.box
  local op = task.operation(self._pump, box:track(id))
  op.first = true
  if op.id then
    box:observe(op.id, true)
  end
  return op
end

-- ---------------------------------------------------------------------------

-- Jobs that have not ended, oldest first.
function methods:jobs()
  local list = {}
  for _, handler in self._pump:each() do
    if job.is(handler) then
      list[#list + 1] = handler
    end
  end
  table.sort(list, function(a, b)
    return a._id < b._id
  end)
  return list
end

-- Counts of the core: queued, sending, running, requests, connects ...
function methods:stats()
  return self._pump.box:stats()
end

-- A request that is on its way may be paid for, and nobody will hear of it.
local function closed(phase)
  if phase == "sending" then
    return err.new("unknown_outcome",
      "the client was closed while this was being sent; it may have been paid for")
  end
  return err.new("closed", phase == "queued" and "the client was closed; this was not sent"
    or "the client was closed; what runs at the gateway goes on")
end

-- What runs at the gateway goes on there; who waits gets the error `closed`.
function methods:close()
  if self._closed then
    return
  end
  self._closed = true
  open_clients[self] = nil
  if env.dry then
    env.dry.collect(self._pump.box)
  end
  sources.remove(self._pump)
  self._pump:close(closed)
end

mt.__gc = methods.close
mt.__close = methods.close

mt.__tostring = function(self)
  return self._label .. (self._closed and " (closed)" or "")
end

return client
