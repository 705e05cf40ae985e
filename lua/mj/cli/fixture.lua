-- SPDX-License-Identifier: MIT
-- mjlua -m fixture: an exchange of a transcript as a folder of spec/wire.

local words = require "mj.cli.words"

local fixture = {}

fixture.usage = [=[
usage: mjlua -m fixture TRANSCRIPT N FOLDER

Writes exchange N of a transcript (of mjlua --record) into FOLDER, which must
exist, as a case for spec/wire/mj or spec/wire/generate: call.json,
request.http, reply.http, want.json.  Knows questions for a task and submissions
of imagine and clicks that were accepted; look through want.json, which says
what shall come out.

Example:
  mjlua -m fixture night.jsonl 3 spec/wire/mj/new_case
]=]

local EXAMPLE = "https://gateway.example"

local phrases = { [200] = "OK", [201] = "Created", [204] = "No Content", [400] = "Bad Request",
  [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [429] = "Too Many Requests" }

-- The head and exchange n, or nil and why not.
local function find(path, n, cjson)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local head, found = cjson.decode(file:read "*l" or ""), nil
  for line in file:lines() do
    local exchange = cjson.decode(line)
    if type(exchange) == "table" and exchange.n == n then
      found = exchange
    end
  end
  file:close()
  if type(head) ~= "table" or head.tape ~= 1 then
    return nil, path .. " is no transcript"
  elseif not found then
    return nil, ("%s has no exchange %d"):format(path, n)
  end
  return head, found
end

-- What is asked for, what is to come out; or nil and why not.
local function of_fetch(x, id, reply, family)
  local of = family == "generate" and reply.data or reply
  if type(of) ~= "table" or x.status ~= 200 then
    return nil, "only answers with a task are known here"
  end
  local task = { status = of.status, action = of.action, prompt = of.prompt }
  if family == "generate" then
    local states = { success = "SUCCESS", fail = "FAILURE", pending = "SUBMITTED",
      processing = "IN_PROGRESS" }
    task = { status = states[of.state] }
  end
  for name, value in pairs(task) do
    task[name] = type(value) == "string" and value ~= "" and value or nil
  end
  return { op = "fetch", task = id }, { look = "good", task = task }
end

local function of_submit(x, call, reply)
  local id = type(reply.result) == "table" and reply.result.taskId or reply.result
  if x.status ~= 200 or reply.code ~= 1 or (type(id) ~= "string" and type(id) ~= "number") then
    return nil, "only submissions that were accepted are known here"
  end
  return call, { verdict = "accepted", id = tostring(id) }
end

local function of_exchange(x, cjson)
  local path = x.path or ""
  local reply = cjson.decode(x.reply or "")
  local request = cjson.decode(x.request or "{}")
  if type(reply) ~= "table" or type(request) ~= "table" then
    return nil, "its answer is no object of JSON"
  end
  local id = path:match "^/mj/task/([%w_-]+)/fetch$"
  if id then
    return of_fetch(x, id, reply, "mj")
  end
  id = path:match "^/api/v1/statusTask/midjourney%?taskId=([%w_-]+)$"
  if id then
    return of_fetch(x, id, reply, "generate")
  elseif path == "/mj/submit/imagine" then
    return of_submit(x, { op = "imagine", prompt = request.prompt, state = request.state }, reply)
  elseif path == "/mj/submit/action" then
    return of_submit(x, { op = "click", task = request.taskId, button = request.customId,
      state = request.state }, reply)
  end
  return nil, ("%s %s is not known here"):format(x.method, path)
end

local function write(folder, name, text)
  local file, why = io.open(folder .. "/" .. name, "wb")
  local ok = file and file:write(text)
  if file then
    ok, why = file:close()
  end
  return ok, why
end

-- Returns the status to end with, and what is wrong.
function fixture.main(args)
  local opts, first = words.parse("fixture", args, {})
  if not opts then
    return 2, first
  elseif opts.help then
    io.write(fixture.usage)
    return 0
  end
  local path, n, folder = args[first], tonumber(args[first + 1]), args[first + 2]
  if not folder or args[first + 3] or not n then
    return 2, "fixture: a transcript, a number and a folder expected; --help shows how"
  end
  local loaded, cjson = pcall(require, "cjson.safe")
  if not loaded then
    return 1, "fixture: needs lua-cjson"
  end
  local head, x = find(path, n, cjson)
  if not head then
    return 1, "fixture: " .. x
  end
  local call, want = of_exchange(x, cjson)
  if not call then
    return 1, ("fixture: exchange %d: %s"):format(n, want)
  end
  local base = head.env.MJ_BASE_URL or EXAMPLE
  local reply = x.reply:gsub(base:gsub("%p", "%%%0"), (EXAMPLE:gsub("%%", "%%%%")))
  for name, text in pairs {
    ["call.json"] = cjson.encode(call) .. "\n",
    ["want.json"] = cjson.encode(want) .. "\n",
    ["request.http"] = ("%s %s%s\n\n%s"):format(x.method, EXAMPLE, x.path, x.request or ""),
    ["reply.http"] = ("HTTP/1.1 %d %s\nContent-Type: %s\n\n%s"):format(x.status,
      phrases[x.status] or "Status", x.type or "application/json", reply),
  } do
    local ok, why = write(folder, name, text)
    if not ok then
      return 1, ("fixture: %s"):format(why)
    end
  end
  return 0
end

return fixture
