-- SPDX-License-Identifier: MIT
-- The folders of spec/wire/mj through the whole client: what goes out, what
-- becomes of a reply, and how often it was paid.  spec/c/wire_case.h says what
-- is in a folder; test_wire.c runs the same ones against the core alone.

local core = require "mj.core"
local helper = require "helper"

local ROOT = "spec/wire/mj/"
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

local function folders()
  local list = {}
  local pipe = assert(io.popen("ls " .. ROOT))
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  pipe:close()
  return list
end

local function case(name)
  local text = assert(read(name, "call.json"))
  local call = core.decode(text)
  if call.extra then -- as text: no encoder between the folder and the wire
    call.extra = text:match '"extra": (%b{})' or text:match '"extra": (%b[])'
      or text:match '"extra": "(.-)"'
  end
  call.task_json = text:match '"task_json": (%b{})'
  return {
    call = call, want = core.decode(assert(read(name, "want.json"))),
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

local function enter(c, replies)
  local gateway = c.call.gateway or {}
  return helper.script(replies, {
    base_url = gateway.base or BASE, prefix = gateway.prefix, mode = gateway.mode,
    mode_style = gateway.mode_style, strict = not c.call.lenient, wire_state = "user",
  })
end

local function start(client, call)
  if call.op == "fetch" then
    return client:task(call.task)
  elseif call.op == "click" then
    return client:click(call.task, call.button, {
      mode = call.mode, state = call.state, extra = call.extra,
    })
  end
  local opts = { prompt = call.prompt, mode = call.mode, state = call.state, extra = call.extra }
  for name, value in pairs(call.params or {}) do
    opts[name] = value
  end
  return client:imagine(opts)
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
local function submitted(c)
  local replies = {}
  if c.call.task_json then -- the button is found by a look at the task
    replies[1] = { match = "GET", body = c.call.task_json }
  end
  local reply = played(c)
  reply.match, reply["repeat"] = "POST", true
  replies[#replies + 1] = reply
  replies[#replies + 1] = {
    match = "GET", body = '{"id":"%ID","status":"CANCEL"}', ["repeat"] = true,
  }
  local client, world = enter(c, replies)
  local job = start(client, c.call)
  local id, e = job:id()
  if c.want.verdict == "accepted" then
    assert.equal(c.want.id, id)
    job:await()
  else
    assert.is_nil(id)
    check_error(c, e)
    assert.equal(c.want.retryable or false, e.retryable)
  end
  local posts = sent(world, "POST")
  assert.equal(c.want.verdict == "not_sent" and 4 or 1, #posts)
  for _, request in ipairs(posts) do
    check_request(c, request)
  end
end

local seconds = { submitted = "submitted_at", started = "started_at", finished = "finished_at" }

local function check_buttons(want, got)
  assert.equal(#want, #got)
  for i, button in ipairs(want) do
    assert.equal(none(button[1]), got[i].label)
    assert.equal(none(button[2]), got[i].custom_id)
  end
end

local function check_task(want, task)
  for name, value in pairs(want) do
    value = none(value)
    if name == "buttons" then
      check_buttons(value, task.buttons)
    elseif name == "images" then
      assert.same(value, task.images)
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

-- A free question.  What is not the end is seen as it goes by.
local function looked(c)
  local first = played(c)
  first["repeat"] = c.want.look ~= "task" or nil
  local client, world = enter(c, {
    first, { body = '{"id":"%ID","status":"CANCEL"}', ["repeat"] = true },
  })
  local job = start(client, c.call)
  local seen
  local task, e = job:await { on_progress = function(t)
    seen = seen or t
  end }
  check_request(c, sent(world, "GET")[1])
  assert.equal(0, #sent(world, "POST"))
  if c.want.look ~= "task" then
    assert.is_nil(task)
    check_error(c, e)
    assert.equal(c.want.look == "again", #sent(world, "GET") > 3)
  elseif final[c.want.task.status] then
    check_task(c.want.task, task or e.task)
  elseif c.want.task.status ~= "UNKNOWN" then
    assert.is_table(seen)
    check_task(c.want.task, seen)
  end
end

describe("wire folder", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local list = folders()

  it("are all there", function()
    assert.is_true(#list >= 200)
  end)

  for _, name in ipairs(list) do
    it(name, function()
      local c = case(name)
      if c.want.raises then
        refused_before(c)
      elseif c.want.verdict then
        submitted(c)
      else
        looked(c)
      end
    end)
  end
end)
