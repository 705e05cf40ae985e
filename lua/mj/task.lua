-- SPDX-License-Identifier: MIT
-- A task: what the gateway said about it, once.  Read-only; refresh() asks for
-- a new one.

local core = require "mj.core"
local err = require "mj.err"
local loop = require "mj.loop"
local option = require "mj.option"
local save = require "mj.save"
local signal = require "mj.signal"
local sources = require "mj.sources"
option.mine()

local task = {}

local methods = {}
local mt = { __name = "mj.task" }
local DATA, CLIENT, TASK, PARENT, TOKEN = {}, {}, {}, {}, {} -- private keys

-- The gateways' spellings, as their pages have them.
local aliases = {
  imageUrl = "image_url",
  imageUrls = "images",
  videoUrl = "video_url",
  videoUrls = "videos",
  failReason = "fail_reason",
  promptEn = "prompt_en",
  finalPrompt = "final_prompt",
  resultUrls = "images",
  failCode = "fail_code",
  failMsg = "fail_reason",
  taskId = "id",
}
-- Lists, empty where the gateway has none.
local lists = { images = true, videos = true, prompts = true, tokens = true }
-- These are milliseconds on the wire, and under the wire's name.
local wall = {
  submitTime = "submitted_at",
  startTime = "started_at",
  finishTime = "finished_at",
  createTime = "submitted_at",
  completeTime = "finished_at",
  costTime = "cost",
}

-- Buttons -------------------------------------------------------------------

local button_methods = {}
local button_mt = { __name = "mj.button" }

button_mt.__index = function(self, name)
  if name == "customId" then
    return rawget(self, "custom_id")
  elseif name == "intent" then
    local custom_id = rawget(self, "custom_id")
    return custom_id and core.intent(custom_id)
  end
  return button_methods[name]
end

button_mt.__tostring = function(self)
  return ("mj.button %s"):format(self.label or self.emoji or self.custom_id or "?")
end

function button_methods:click(opts)
  return self[TASK]:click(self, opts)
end

local buttons_mt = { __name = "mj.buttons" }

-- task.buttons.U2, task.buttons["upscale:2"], task.buttons["🔄"]
buttons_mt.__index = function(self, selector)
  if type(selector) ~= "string" then
    return nil
  end
  local i = core.find_button(self, selector)
  return i and rawget(self, i)
end

buttons_mt.__tostring = function(self)
  local names = {}
  for i, button in ipairs(self) do
    names[i] = button.label or button.emoji or button.intent or button.custom_id
  end
  return table.concat(names, " ")
end

local function own_buttons(self, list)
  for _, button in ipairs(list) do
    button[TASK] = self
    setmetatable(button, button_mt)
  end
  return setmetatable(list, buttons_mt)
end

-- The task that a button is of; nil for one made by hand.
function task.of_button(button)
  return rawget(button, TASK)
end

function task.is_button(value)
  return type(value) == "table" and getmetatable(value) == button_mt
end

-- The task -----------------------------------------------------------------

function task.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

-- `data` is the core's table; it becomes the task's own.
function task.new(client, data)
  local self = setmetatable({ [DATA] = data, [CLIENT] = client }, mt)
  data.buttons = own_buttons(self, data.buttons or {})
  return self
end

-- `self` is how the journal's work with this token ended: what is saved of it is
-- remembered.
function task.journaled(self, token)
  if token and self.status == "SUCCESS" then
    rawset(self, TOKEN, token)
  end
  return self
end

-- The client that a task came from.
function task.client(self)
  return rawget(self, CLIENT)
end

-- `self` waits for more input about a picture of `parent` (may be nil).
function task.follow(self, parent)
  if parent and self.status == "MODAL" then
    rawset(self, PARENT, parent)
  end
end

-- lua-cjson, if it is there, marks an empty array so that it stays one.
local prepared = false
local function prepare_decoder()
  prepared = true
  local ok, cjson = pcall(require, "cjson")
  if ok and type(cjson) == "table" and cjson.empty_array_mt then
    core.set_empty_array(cjson.empty_array_mt)
  end
end

local function decode(data)
  if not prepared then
    prepare_decoder()
  end
  if data.json then
    data.raw = core.decode(data.json)
  end
  return data.raw
end

-- Width and height of a task's picture, or of that which its dialog is about, as
-- far as the gateway says them (midjourney-proxy of trueai-org does).
function task.size(value)
  while task.is(value) do
    local raw = value.raw
    if type(raw) == "table" then
      local width = tonumber(raw.imageWidth) or tonumber(raw.width)
      local height = tonumber(raw.imageHeight) or tonumber(raw.height)
      if width and height and width >= 1 and height >= 1 and width % 1 == 0 and height % 1 == 0 then
        return { width, height }
      end
    end
    value = rawget(value, PARENT)
  end
end

-- The task that has the picture: this, or that which its dialog is about; or nil.
function task.pictured(self)
  while self and #self.images == 0 and not self.image_url do
    self = rawget(self, PARENT)
  end
  return self
end

mt.__index = function(self, name)
  local data = rawget(self, DATA)
  if methods[name] then
    return methods[name]
  elseif name == "raw" and data.raw == nil then
    return decode(data)
  elseif wall[name] then
    return data[wall[name]] and math.floor(data[wall[name]] * 1000 + 0.5)
  end
  name = aliases[name] or name
  if lists[name] and data[name] == nil then
    data[name] = {}
  end
  return data[name]
end

mt.__newindex = function(_, name)
  option.raise(("task: '%s' cannot be set: a task is a snapshot"):format(tostring(name)))
end

mt.__pairs = function(self)
  return next, rawget(self, DATA), nil
end

-- Where the names are that the prompt completes.
mt.__names = function(self)
  return { methods, rawget(self, DATA) }
end

mt.__tostring = function(self)
  return ("mj.task %s (%s %s)"):format(tostring(self.id), self.action or "?", self.status or "?")
end

function methods:can(button)
  option.own(task.is, self, "task", "can")
  if type(button) ~= "string" then
    option.raise("task:can: string expected, got " .. type(button))
  end
  local i, e = core.find_button(self.buttons, button)
  if i then
    return true
  end
  return false, e
end

-- A job that presses a button: the button itself, its customId, label, emoji or
-- intent.
function methods:click(button, opts)
  option.own(task.is, self, "task", "click")
  return rawget(self, CLIENT):_start("click", "task:click", opts,
    { task = self, button = button })
end

-- A job that goes on with a task of status MODAL.
function methods:modal(opts)
  option.own(task.is, self, "task", "modal")
  return rawget(self, CLIENT):_start("modal", "task:modal", opts, { task = self })
end

-- A job that has it stopped at the gateway, and brings it as it is then.
function methods:cancel()
  option.own(task.is, self, "task", "cancel")
  return rawget(self, CLIENT):_cancel(self.id)
end

-- Operations ----------------------------------------------------------------

-- The gateway is not told: who stops looking does not stop the task.
local function give_up(op)
  if op.id and not op.over.fired then
    op.pump:forget(op.id)
    op.pump.box:detach(op.id)
  end
end

local op_methods = {}
local op_mt = { __index = op_methods }

function op_methods:_event(kind, payload)
  self.payload = payload
  if kind == "done" then
    signal.fire(self.over)
  elseif self.first and payload.task then
    give_up(self) -- one answer is enough
    signal.fire(self.over)
  end
end

-- Something short in the core: over, and then payload.
function task.operation(pump, id, e)
  local op = setmetatable({ over = signal.new(), payload = nil, id = id, pump = pump }, op_mt)
  if not id then
    op.payload = { error = e }
    signal.fire(op.over)
    return op
  end
  sources.expect(pump, id, op)
  return op
end

-- Waiting -------------------------------------------------------------------

local function remaining(self, what, opts, schema)
  opts = option.check(what, opts, schema)
  local seconds = option.seconds(what, "timeout", opts.timeout)
  return loop.deadline(seconds or rawget(self, CLIENT)._timeout)
end

local timeout_schema = { timeout = "number" }

-- Waits for an operation until `deadline`: its payload.
local function finish(op, deadline, what)
  if not loop.wait(op.over, loop.remaining(deadline)) then
    give_up(op)
    return nil, err.new("timeout", what .. ": no end in time", { retryable = true })
  elseif op.payload.error then
    return nil, op.payload.error
  end
  return op.payload
end
task.finish = finish

-- A new snapshot, or nil, err.
function methods:refresh(opts)
  option.own(task.is, self, "task", "refresh")
  local client = rawget(self, CLIENT)
  local deadline = remaining(self, "task:refresh", opts, timeout_schema)
  local op = client:_look(self.id)
  local payload, e = finish(op, deadline, "task:refresh")
  if op.payload and op.payload.task then -- a task that failed is an answer too
    return task.journaled(task.new(client, op.payload.task), rawget(self, TOKEN))
  end
  return payload and self, e
end

-- The seed of its picture, a string of digits; or nil, err.
function methods:seed(opts)
  option.own(task.is, self, "task", "seed")
  local deadline = remaining(self, "task:seed", opts, timeout_schema)
  local payload, e = finish(rawget(self, CLIENT):_seed(self.id), deadline, "task:seed")
  if not payload then
    return nil, e
  end
  return payload.items and payload.items[1]
end

-- Of a film its videos, and not the poster in front of it; each address once.
local function addresses(self)
  local list, seen = {}, {}
  for _, url in ipairs(#self.videos > 0 and self.videos or self.images) do
    if not seen[url] then
      list[#list + 1], seen[url] = url, true
    end
  end
  if #list > 0 then
    return list
  elseif self.video_url or self.image_url then
    return { self.video_url or self.image_url }
  end
  return nil, err.new("not_found",
    ("task %s has no picture (status %s)"):format(tostring(self.id), tostring(self.status)),
    { task_id = self.id, task = self })
end

-- The bytes of a download, or nil, err: a picture without its end is none.
local function whole(payload, url)
  local bytes = payload.data or ""
  if save.is_whole(bytes) then
    return bytes
  end
  return nil, err.new("protocol",
    ("the picture ends early, after %d bytes: %s"):format(#bytes, url), { retryable = true })
end

-- The bytes of picture or video i, and its content type; or nil, err.
function methods:bytes(i, opts)
  option.own(task.is, self, "task", "bytes")
  local client = rawget(self, CLIENT)
  local deadline = remaining(self, "task:bytes", opts, timeout_schema)
  local list, e = addresses(self)
  if not list then
    return nil, e
  elseif not list[i or 1] then
    return nil, err.new("not_found",
      ("task %s has no picture %s"):format(tostring(self.id), tostring(i)))
  end
  local payload
  payload, e = finish(client:_fetch(list[i or 1]), deadline, "task:bytes")
  if not payload then
    return nil, e
  end
  local bytes
  bytes, e = whole(payload, list[i or 1])
  if not bytes then
    return nil, e
  end
  return bytes, payload.content_type
end

local function give_up_all(ops)
  for _, op in pairs(ops) do
    give_up(op)
  end
end

-- The paths of pictures that were saved before, of a start that was cut off, and are
-- there as they were: by their numbers.
local function there(plan)
  local client = plan.client
  local paths, checks = {}, {}
  for _, file in ipairs(plan.token and client:_saved(plan.token) or {}) do
    if file.n <= plan.count then
      local extension = file.path:match "%.(%w+)$"
      local path = save.path(plan.template, plan.task, file.n, plan.count, nil, extension)
      local as = plan.keep and save.known_as(path, file.path) or path
      checks[file.n] = { op = client:_verify(file, as), path = as, wanted = path }
    end
  end
  for i, check in pairs(checks) do
    if finish(check.op, plan.deadline, "task:save") then
      paths[i] = check.path
      plan.wanted[i] = check.wanted
    end
  end
  return paths
end

local NAMES = 10000 -- that are looked at for a free one

-- Ends a write; while the name is another file's, the next one is tried.  The path, or
-- nil, err.
local function written(plan, write)
  local payload, e = finish(write.op, plan.deadline, "task:save")
  local k, path = 1, write.path
  while not payload and plan.keep and e.code == "duplicate" and k < NAMES do
    k = k + 1
    path = save.another(write.path, k)
    payload, e = finish(plan.client:_write(path, write.bytes, plan.token, write.n, true),
      plan.deadline, "task:save")
  end
  return payload and path, e
end

-- `paths` has those that need no fetch.
local function write_all(plan, fetches, paths)
  local writes = {}
  for i = 1, plan.count do
    local fetch = fetches[i]
    local payload, e, bytes
    if fetch then
      payload, e = finish(fetch, plan.deadline, "task:save")
    end
    if payload then
      bytes, e = whole(payload, "picture " .. i)
    end
    if bytes then
      fetch.payload = {} -- the bytes are large
      local path = save.path(plan.template, plan.task, i, plan.count, bytes)
      plan.wanted[i] = path
      writes[#writes + 1] = { n = i, path = path, bytes = plan.keep and bytes,
        op = plan.client:_write(path, bytes, plan.token, i, plan.keep) }
    elseif fetch then
      give_up_all(fetches)
      return nil, e
    end
  end
  for _, write in ipairs(writes) do
    local path, e = written(plan, write)
    if not path then
      return nil, e
    end
    paths[write.n] = path
  end
  if plan.token then -- also when the start before had no time to say so
    plan.client:_saved_all(plan.token)
  end
  for i, wanted in pairs(plan.wanted) do
    if wanted ~= paths[i] then
      paths.instead_of = paths.instead_of or {}
      paths.instead_of[i] = wanted
    end
  end
  return save.paths(paths)
end

local save_schema = { timeout = "number", replace = "boolean" }

-- Saves every picture and video; the list of paths, or nil, err.
function methods:save(template, opts)
  option.own(task.is, self, "task", "save")
  if template ~= nil and type(template) ~= "string" then
    option.raise("task:save: path expected, got " .. type(template))
  elseif template and template:find("\0", 1, true) then
    option.raise "task:save: the path contains a NUL byte"
  end
  local deadline = remaining(self, "task:save", opts, save_schema)
  local list, e = addresses(self)
  if not list then
    return nil, e
  end
  save.path(template or "", self, 1, #list, "") -- a mistake in it shows before the work
  local plan = {
    client = rawget(self, CLIENT), task = self, token = rawget(self, TOKEN),
    template = template or "", count = #list, deadline = deadline, wanted = {},
    keep = type(opts) == "table" and opts.replace == false,
  }
  local paths = there(plan)
  local fetches = {}
  for i, url in ipairs(list) do
    fetches[i] = not paths[i] and plan.client:_fetch(url) or nil
  end
  return write_all(plan, fetches, paths)
end

return task
