-- SPDX-License-Identifier: MIT
-- The folders of spec/wire, a family each, through the whole client: what goes
-- out, what becomes of a reply, and how often it was paid.  spec/c/wire_case.h says what
-- is in a folder; test_wire.c runs the same ones against the core alone.

local core = require "mj.core"
local helper = require "helper"
local mask = require "mj.mask"
local media = require "mj.media"
local mj = require "mj"
local region = require "mj.region"
local mask_of_region, mask_made = region.mask, mask.make

local ROOT = "spec/wire/"
local BASE = "https://gateway.example"
local final = { SUCCESS = true, FAILURE = true, CANCEL = true, MODAL = true }

local function read(name, file)
  local handle = io.open(ROOT .. name .. "/" .. file, "rb")
  local text = handle and handle:read "*a"
  if handle then
    handle:close()
  end
  return text
end

local families = { "mj", "generate" }

-- "mj/imagine_plain" and so on.
local function folders()
  local list = {}
  for _, family in ipairs(families) do
    local pipe = assert(io.popen("ls " .. ROOT .. family))
    for name in pipe:lines() do
      list[#list + 1] = family .. "/" .. name
    end
    pipe:close()
  end
  return list
end

local function case(name)
  local text = assert(read(name, "call.json"))
  local call = core.decode(text)
  if call.extra then -- as text: no encoder between the folder and the wire
    call.extra = text:match '"extra": (%b{})' or text:match '"extra": (%b[])'
      or text:match '"extra": "(.-)"'
  end
  call.account_filter = text:match '"account_filter": (%b{})' or call.account_filter
  if call.op == "generate" then
    call.input = text:match '"input": (%b{})' or call.input
  end
  call.task_json = text:match '"task_json": (%b{})'
  return {
    family = name:match "^%w+", call = call, want = core.decode(assert(read(name, "want.json"))),
    request = read(name, "request.http"), reply = read(name, "reply.http"),
  }
end

-- The reply as mjtest plays it.
local function played(c)
  local broken = c.call.transfer
  if broken then
    return { rc = broken.curl_code, sent = broken.sent }
  end
  local head, body = c.reply:match "^(.-)\n\n(.*)$"
  return {
    http = tonumber(head:match "^HTTP/1.1 (%d+)"), body = body,
    retry_after = tonumber(head:match "Retry%-After: (%d+)"),
    content_type = head:match "Content%-Type: ([^\n]+)",
    location = head:match "Location: ([^\n]+)",
  }
end

-- What a file begins with; spec/c/wire_folder.c has the same.
local magics = {
  png = "\137PNG\r\n\26\nfixture", jpeg = "\255\216\255\224fixture", gif = "GIF89afixture",
  gif87 = "GIF87afixture", webp = "RIFF\16\0\0\0WEBPfixture", text = "not a picture",
}

local function picture(value)
  if type(value) == "table" then
    return mj.bytes(magics[value.magic])
  end
  return value
end

-- Where each verb has its pictures, by their place.
local places = {
  describe = { "image" }, edit = { "image" }, retexture = { "image" },
  inpaint = { "image" }, video = { "image", "end_image" }, swap_face = { "source", "target" },
}
local same = {
  "prompt", "task", "mode", "state", "extra", "bot", "notify_hook", "account_filter", "zoom",
  "remix", "dimensions", "language", "motion", "video_type", "loop", "batch", "index",
  "strength", "provider", "input", "canvas", "place",
}

-- The core's polygons as shapes.
local function shapes(areas)
  local shape = { size = { areas[1].width, areas[1].height }, polygons = {} }
  for i, area in ipairs(areas) do
    shape.polygons[i] = area.points
  end
  return shape
end

local function options(call)
  local opts = {}
  for _, name in ipairs(same) do
    opts[name] = call[name]
  end
  for name, value in pairs(call.params or {}) do
    opts[name] = value
  end
  opts.type = call.type
  opts.mask = call.mask and picture(call.mask) or call.areas and shapes(call.areas)
  -- the folders' masks are a few bytes; spec/mask_spec.lua has real ones
  region.mask = function(what, value)
    return media.picture(what, "mask", value)
  end
  mask.make = function(what, value, size)
    if region.is_shapes(value) then
      return mask_made(what, value, size)
    end
    return media.picture(what, "mask", value)
  end
  local list = {}
  for i, value in ipairs(call.pictures or {}) do
    list[i] = picture(value)
  end
  for i, name in ipairs(places[call.op] or {}) do
    opts[name], list[i] = list[i], nil
  end
  if next(list) then
    opts.images = list
  end
  return opts
end

local questions = {
  fetch = function(client, call)
    return client:task(call.task)
  end,
  list = function(client)
    return client:list()
  end,
  ids = function(client, call)
    return client:list { ids = call.ids }
  end,
  queue = function(client)
    return client:queue()
  end,
  cancel = function(client, call)
    return client:_cancel(call.task)
  end,
}

local function enter(c, replies)
  local gateway = c.call.gateway or {}
  return helper.script(replies, {
    api_key = "sk-of-the-fixtures", base_url = gateway.base or BASE, dialect = c.family,
    prefix = gateway.prefix,
    mode = gateway.mode or ((questions[c.call.op] or c.call.op == "seed") and c.call.mode) or nil,
    mode_style = gateway.mode_style, strict = not c.call.lenient, wire_state = "user",
    on_busy = "fail",
  })
end

-- What ends a job that nobody is curious about.
local over = {
  mj = '{"id":"%ID","status":"CANCEL"}',
  generate = '{"code":200,"message":"success","data":{"taskId":"%ID","state":"failed"}}',
}

local function start(client, call)
  if questions[call.op] then
    return questions[call.op](client, call)
  end
  local opts = options(call)
  if call.op == "click" then
    opts.task = nil
    return client:click(call.task, call.button, opts)
  elseif call.op == "modal" then
    opts.task = nil
    return client:modal(call.task, opts)
  end
  return client:submit(call.op, opts)
end

local function sent(world, method)
  local list = {}
  for _, request in ipairs(world:requests()) do
    if request.method == method then
      list[#list + 1] = request
    end
  end
  return list
end

local function none(value)
  if value == core.null then
    return nil
  end
  return value
end

local function check_error(c, e)
  assert.is_table(e)
  assert.equal(c.want.code, e.code)
  if c.want.text then
    assert.truthy(e.message:find(c.want.text, 1, true), e.message)
  end
  if c.want.remote_code and c.want.remote_code ~= 0 then
    assert.equal(c.want.remote_code, e.remote_code)
  end
end

local function refused_before(c)
  local client, world = enter(c, {
    { match = "GET", body = c.call.task_json or "", ["repeat"] = true },
    { match = "POST", body = helper.accepted(), ["repeat"] = true },
  })
  local ok, job = pcall(start, client, c.call)
  if ok then
    local task, e = job:await()
    assert.is_nil(task)
    assert.equal(c.want.raises, e.code)
  end
  assert.equal(0, #sent(world, "POST"))
end

local function check_request(c, request)
  if not c.request then
    return
  end
  local line, body = c.request:match "^(.-)\n\n(.*)$"
  assert.equal(line, request.method .. " " .. request.url)
  assert.equal(body, request.body or "")
end

-- A paid request: one of them, unless the reply proves that it was not sent.
local builds_on = { click = true, modal = true, video = true }

-- How often a refused or unsent request goes: four times when it was not sent, and
-- three when it was refused because of the task that it builds on.  These clients do
-- not wait for a gateway that has too much to do.
local busy = { rate_limited = true, queue_full = true }

local function attempts(c)
  if c.want.verdict == "not_sent" and not busy[c.want.code] then
    return 4
  end
  return c.want.parent and builds_on[c.call.op] and c.call.task and 3 or 1
end

local function check_accepted(c, job)
  if c.call.op == "upload" then
    assert.same(c.want.items, job:await())
    return
  end
  assert.equal(c.want.id, job:id())
  job:await()
end

local function submitted(c)
  local replies = {}
  if c.call.task_json then -- the button is found by a look at the task
    replies[1] = { match = "GET", body = c.call.task_json }
  end
  local reply = played(c)
  reply.match, reply["repeat"] = "POST", true
  replies[#replies + 1] = reply
  replies[#replies + 1] = {
    match = "GET", body = over[c.family], ["repeat"] = true,
  }
  local client, world = enter(c, replies)
  local job = start(client, c.call)
  if c.want.verdict == "accepted" then
    check_accepted(c, job)
  else
    local result, e = job:await()
    assert.is_nil(result)
    check_error(c, e)
    assert.equal(c.want.retryable or false, e.retryable)
  end
  local posts = {}
  for _, request in ipairs(sent(world, "POST")) do
    if c.call.op == "modal" or not request.url:find "/submit/modal$" then -- not a dialog's
      posts[#posts + 1] = request
      check_request(c, request)
    end
  end
  assert.equal(attempts(c), #posts)
end

local seconds = {
  submitted = "submitted_at", started = "started_at", finished = "finished_at",
  expires = "expires_at", cost = "cost",
}
local lists = { images = true, videos = true, prompts = true }

local function check_tokens(want, got)
  local plain = {}
  for i, token in ipairs(got) do
    plain[i] = { token.text, token.dropped or false, token.weight or -1 }
  end
  assert.same(want, plain)
end

local function check_buttons(want, got)
  assert.equal(#want, #got)
  for i, button in ipairs(want) do
    assert.equal(none(button[1]), got[i].label)
    assert.equal(none(button[2]), got[i].custom_id)
    if button[4] then
      assert.equal(none(button[4]), got[i].intent)
    end
  end
end

-- What a failure means is told by the error.
local function check_task(want, task, e)
  for name, value in pairs(want) do
    value = none(value)
    if name == "buttons" then
      check_buttons(value, task.buttons)
    elseif lists[name] then
      assert.same(value, task[name])
    elseif name == "error" then
      assert.equal(value or task.status == "FAILURE" and "failed" or nil, e and e.code)
    elseif name == "again" then
      assert.equal(value == 1, e and e.retryable or false)
    elseif name == "tokens" then
      check_tokens(value, task.tokens)
    elseif name == "status" and value == "UNKNOWN" then
      assert.falsy(final[task.status])
    elseif seconds[name] then
      local at = task[seconds[name]]
      assert.equal(value == 0 and "nil" or ("%.3f"):format(value / 1000),
        at and ("%.3f"):format(at) or "nil")
    elseif name == "progress" then
      assert.equal(value >= 0 and value or nil, task.progress)
    elseif name ~= "status_text" and name ~= "id" then -- the id is that which was asked for
      assert.equal(value, task[name], name)
    end
  end
end

local function ids_of(tasks)
  local ids = {}
  for i, task in ipairs(tasks) do
    ids[i] = task.id
  end
  return ids
end

-- A task that is not at its end is seen as it goes by.
local function check_look(c, seen, result, e)
  local want = c.want
  if want.look ~= "good" then
    assert.is_nil(result)
    check_error(c, e)
  elseif want.tasks then
    assert.same(want.tasks, ids_of(result))
  elseif want.items then
    assert.equal(want.items[1], result)
  elseif c.call.op == "fetch" then
    check_task(want.task, seen or result or e.task, not seen and e or nil)
  end
end

local function ask(c, client)
  if c.call.op == "seed" then
    return require("mj.task").new(client, { id = c.call.task }):seed()
  end
  local seen
  local job = start(client, c.call)
  local result, e = job:await { on_progress = function(t)
    seen = seen or t
  end }
  return result, e, seen
end

-- A free question.
local function looked(c)
  local first = played(c)
  first["repeat"] = c.want.look ~= "good" or nil
  local client, world = enter(c, {
    first, { body = over[c.family], ["repeat"] = true },
  })
  local result, e, seen = ask(c, client)
  local requests = world:requests()
  check_request(c, requests[1])
  for _, request in ipairs(requests) do
    assert.is_false(request.paid)
  end
  check_look(c, seen, result, e)
  if c.want.look ~= "good" then
    assert.equal(c.want.look == "again", #requests > 3)
  end
end

local modes = { fast = true, relax = true, turbo = true }

describe("wire folder", function()
  before_each(helper.before_each)
  after_each(function()
    region.mask, mask.make = mask_of_region, mask_made
    helper.after_each()
  end)

  local list = folders()

  it("are all there", function()
    assert.is_true(#list >= 200)
  end)

  for _, name in ipairs(list) do
    it(name, function()
      local c = case(name)
      local mode = c.call.gateway and c.call.gateway.mode
      if c.call.core then -- what Lua says in another way
        return
      end
      if mode and not modes[mode] then -- what the core alone would take
        assert.has_error(function()
          enter(c, {})
        end)
      elseif c.want.raises then
        refused_before(c)
      elseif c.want.verdict then
        submitted(c)
      else
        looked(c)
      end
    end)
  end
end)
