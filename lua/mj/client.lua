-- SPDX-License-Identifier: MIT
-- A client: one gateway, one key.

local core = require "mj.core"
local env = require "mj.env"
local err = require "mj.err"
local job = require "mj.job"
local option = require "mj.option"
local prompt = require "mj.prompt"
local pump = require "mj.pump"
local sources = require "mj.sources"
local task = require "mj.task"
option.mine()

local client = {}

local methods = {}
local mt = { __index = methods, __name = "mj.client" }

local open_clients = setmetatable({}, { __mode = "k" })

-- Options -------------------------------------------------------------------

local LATER = option.LATER

local schema = {
  base_url = "string",
  api_key = "string|boolean", -- false: send none, whatever the environment says
  auth = "string",
  dialect = "string",
  mode = "string",
  mode_style = "string",
  prefix = "string",
  headers = "table",
  user_agent = "string",
  proxy = "string",
  ca_file = "string",
  timeout = "number",
  poll = "string|table",
  limits = "table",
  allow_hosts = "table|string",
  strict = "boolean",
  log = "function|boolean",
  wire_state = "string",
  connections = "number",
  virtual = "userdata", -- a test's transport and clock
  journal = LATER,
  run = LATER,
  budget = LATER,
  on_unknown = LATER,
  image_host = LATER,
  webhook = LATER,
}
client.schema = schema

-- As the core takes them.
local copied = {
  "base_url", "api_key", "auth", "dialect", "mode", "mode_style", "prefix", "headers",
  "user_agent", "proxy", "ca_file", "wire_state", "connections", "virtual",
}

local limits_schema = { submits = "number", requests = "number", live = "number" }
local poll_schema = { first = "number", every = "number" }

-- "auto", {2, 4, 8} (then 8 for ever) or {first = 20, every = 3}
local function poll_options(what, poll, out)
  if poll == nil or poll == "auto" then
    return
  elseif type(poll) == "string" then
    option.raise(what .. [[: field 'poll': "auto", {2, 4, 8} or {first=, every=} expected]])
  elseif #poll == 0 then
    option.check(what .. ": poll", poll, poll_schema)
    out.poll_first = poll.first or poll.every
    out.poll_gaps = { poll.every or poll.first }
    if not out.poll_first then
      option.raise(what .. ": field 'poll': nothing in it")
    end
    return
  end
  for i, gap in ipairs(poll) do
    if type(gap) ~= "number" or gap < 0 then
      option.field(what, ("poll[%d]"):format(i), "seconds", gap)
    end
  end
  out.poll_first = poll[1]
  out.poll_gaps = { (table.unpack or unpack)(poll, #poll > 1 and 2 or 1) }
end

-- MJ_POLL=2,4,8 is poll = {2, 4, 8}.
local function poll_of_environment(what)
  local text = env.get "MJ_POLL"
  if not text or text == "" then
    return nil
  end
  local poll = {}
  for item in (text .. ","):gmatch "([^,]*)," do
    poll[#poll + 1] = tonumber(item) or option.raise(
      ("%s: MJ_POLL: seconds like 2,4,8 expected, got '%s'"):format(what, text))
  end
  return poll
end

local function core_options(what, opts)
  local out = {}
  for _, name in ipairs(copied) do
    out[name] = opts[name]
  end
  out.base_url = opts.base_url or env.get "MJ_BASE_URL"
  if not opts.base_url then -- how that gateway takes its key
    out.auth = opts.auth or env.get "MJ_AUTH"
  end
  if not out.base_url then
    option.raise(what .. ": no gateway: give base_url, or set MJ_BASE_URL")
  end
  if opts.api_key == nil then
    out.api_key = env.get "MJ_API_KEY"
  elseif opts.api_key == true then
    option.field(what, "api_key", "string", true)
  end
  out.api_key = out.api_key or nil
  for name, value in pairs(option.check(what .. ": limits", opts.limits, limits_schema)) do
    out[name] = value
  end
  out.allow_hosts = type(opts.allow_hosts) == "string" and { opts.allow_hosts } or opts.allow_hosts
  poll_options(what, opts.poll or poll_of_environment(what), out)
  out.log = type(opts.log) == "function"
  return out
end

-- What a person may see of it: the key's tail only.
local function label(options)
  local key = options.api_key
  local tail = key and (#key >= 16 and "…" .. key:sub(-4) or "…")
  return ("mj.client %s%s"):format(options.base_url:gsub("?.*", ""),
    key and (" (key %s%s)"):format(key:match "^sk%-" or "", tail) or " (no key)")
end

-- Under mjlua --sim a client that names its own gateway talks to that one.
local function warn_elsewhere(url)
  local simulator = env.override "MJ_BASE_URL"
  if simulator and env.elsewhere and url:gsub("/+$", "") ~= simulator:gsub("/+$", "") then
    env.elsewhere((url:gsub("[?#].*", ""):gsub("//[^/]*@", "//")))
  end
end

-- Raises on a mistake; nil, err when the world does not allow it.
function client.new(opts)
  opts = option.check("mj.client", opts, schema)
  if opts.log == true then
    option.field("mj.client", "log", "function", true)
  end
  local options = core_options("mj.client", opts)
  local timeout = option.seconds("mj.client", "timeout", opts.timeout)
  local ok, box, e = pcall(core.client, options)
  if not ok then
    option.raise("mj.client: " .. tostring(box):gsub("^[^:]+:%d+: ", ""))
  elseif not box and e.code == "invalid" then
    option.raise("mj.client: " .. e.message)
  elseif not box then
    return nil, e
  end
  warn_elsewhere(options.base_url)
  local self = setmetatable({
    _pump = pump.new(box, type(opts.log) == "function" and opts.log or nil),
    _timeout = timeout or 900,
    _lenient = opts.strict == false,
    _label = label(options),
    _closed = false,
  }, mt)
  open_clients[self] = true
  return self
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

-- Verbs ---------------------------------------------------------------------

-- Those of later versions; client:submit names the others when it refuses them.
local imagine_schema = prompt.extend {
  prompt = "string",
  mode = "string",
  state = "string",
  extra = "table|string",
  images = LATER,
  key = LATER,
}
local click_schema = {
  mode = "string",
  state = "string",
  extra = "table|string",
  prompt = LATER,
  mask = LATER,
  type = LATER,
  strength = LATER,
  key = LATER,
}

-- Members that join the body of the request, as JSON text.
local function extra_json(what, extra)
  if type(extra) == "table" then
    local ok, cjson = pcall(require, "cjson")
    if not ok then
      option.raise(what .. ": field 'extra': a table needs lua-cjson; give JSON text instead")
    end
    extra = cjson.encode(extra)
  end
  if extra and not (extra:find "^%s*{" and core.decode(extra)) then
    option.raise(what .. ": field 'extra': a JSON object expected")
  end
  return extra
end

local function submit(self, what, about, request)
  return job.start(self, about, function(box)
    local ok, id, e = pcall(box.submit, box, request)
    if not ok then
      option.raise(what .. ": " .. tostring(id):gsub("^[^:]+:%d+: ", ""))
    end
    return id, e
  end)
end

local function imagine(self, what, opts)
  if type(opts) == "string" then
    opts = { prompt = opts }
  end
  opts = option.check(what, opts, imagine_schema)
  if opts.prompt == nil then
    option.field(what, "prompt", "string", nil)
  end
  return submit(self, what, { verb = "imagine" }, {
    op = "imagine",
    prompt = opts.prompt,
    params = prompt.params(what, opts),
    mode = opts.mode,
    state = opts.state,
    extra = extra_json(what, opts.extra),
    lenient = self._lenient,
  })
end

-- `parent` is a task or an id; `button` a button or whatever names one.
function methods:_click(what, parent, button, opts)
  local known = task.is(parent)
  local id = known and parent.id or parent
  if type(id) ~= "string" then
    option.field(what, "task", "task or id (a string)", parent)
  end
  if task.is_button(button) then
    button = button.custom_id or button.label or button.emoji
  elseif type(button) ~= "string" then
    option.field(what, "button", "button or string", button)
  end
  opts = option.check(what, opts, click_schema)
  return submit(self, what, { verb = "click", parent = known and parent }, {
    op = "click",
    task = id,
    button = button,
    -- without buttons the snapshot is too old to go by: the core looks itself
    task_json = known and #parent.buttons > 0 and parent.json or nil,
    mode = opts.mode,
    state = opts.state,
    extra = extra_json(what, opts.extra),
    lenient = self._lenient,
  })
end

function methods:imagine(opts)
  return imagine(self, "client:imagine", opts)
end

-- No fetch is needed first where `button` is a customId.
function methods:click(task_id, button, opts)
  return self:_click("client:click", task_id, button, opts)
end

local verbs = {}

function verbs.imagine(self, opts)
  return imagine(self, 'client:submit "imagine"', opts)
end

function verbs.click(self, opts)
  local what = 'client:submit "click"'
  if type(opts) ~= "table" then
    option.raise(what .. ": table of options expected, got " .. type(opts))
  end
  local rest = {}
  for name, value in pairs(opts) do
    if name ~= "task" and name ~= "button" then
      rest[name] = value
    end
  end
  return self:_click(what, opts.task, opts.button, rest)
end

-- The general form: client:submit("imagine", { prompt = ... }).
function methods:submit(verb, opts)
  local run = verbs[verb]
  if not run then
    local names = {}
    for name in pairs(verbs) do
      names[#names + 1] = name
    end
    table.sort(names)
    option.raise(("client:submit: no verb '%s'; this version has %s"):format(
      tostring(verb), table.concat(names, ", ")))
  end
  return run(self, opts)
end

-- A job that waits for a task which exists: by its id, or a job's token.
function methods:task(id)
  if type(id) ~= "string" or id == "" then
    option.raise(("client:task: id (a string) expected, got %s"):format(
      id == "" and "an empty one" or type(id)))
  end
  return job.start(self, { verb = "task", task_id = id }, function(box)
    return box:track(id)
  end)
end

-- For task ------------------------------------------------------------------

function methods:_fetch(url)
  return task.operation(self._pump, self._pump.box:fetch(url))
end

function methods:_write(path, bytes)
  return task.operation(self._pump, self._pump.box:write(path, bytes))
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
  sources.remove(self._pump)
  self._pump:close(closed)
end

mt.__gc = methods.close
mt.__close = methods.close

mt.__tostring = function(self)
  return self._label .. (self._closed and " (closed)" or "")
end

return client
