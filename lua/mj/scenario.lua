-- SPDX-License-Identifier: MIT
-- Scenarios: what the simulator does otherwise than usual, as a list of steps.
--
--   { route = "/submit/imagine", nth = 2, fault = "html502" }
--   { route = "/task/*/fetch", nth = "3-5", status = 502, type = "text/html",
--     body = "<html>...", headers = { ["Retry-After"] = "2" } }
--   { task = "cat", fail = "no cats" }

local option = require "mj.option"
option.mine()

local scenario = {}

local schema = {
  route = "string",
  nth = "number|string",
  fault = "string",
  status = "number",
  type = "string",
  body = "string|table",
  headers = "table",
  after = "boolean",
  drop = "boolean",
  delay = "number",
  task = "string",
  fail = "string",
  seconds = "number",
  stuck = "boolean",
}

scenario.fields = schema

local of_routes = { "fault", "status", "type", "body", "headers", "after", "drop", "delay" }
local of_tasks = { "fail", "seconds", "stuck" }

local function refuse(what, text, ...)
  option.raise(what .. ": " .. text:format(...))
end

-- 2 is 2, 2; "3-5" is 3, 5.
local function ordinals(what, nth)
  if nth == nil then
    return nil
  end
  local text = tostring(nth)
  local first, last = text:match "^(%d+)%-(%d+)$"
  first = tonumber(first or text:match "^%d+$")
  last = tonumber(last) or first
  if not first or first < 1 or last < first or last > 1e9 then
    refuse(what, [[field 'nth': 2 or "3-5" expected, got %s]], text)
  end
  return first, last
end

-- The bytes of an answer, and what they most likely are.
local function body_of(what, body)
  if type(body) == "table" then
    local ok, cjson = pcall(require, "cjson")
    if not ok then
      refuse(what, "field 'body': a table needs lua-cjson; give JSON text instead")
    end
    local done, text = pcall(cjson.encode, body)
    if not done then
      refuse(what, "field 'body': %s", tostring(text))
    end
    return text, "application/json"
  elseif body == nil or body == "" then
    return body, nil
  end
  local first = body:match "^%s*(.?)"
  return body, (first == "{" or first == "[") and "application/json"
    or first == "<" and "text/html" or "text/plain; charset=utf-8"
end

local function headers_of(what, headers)
  local list = {}
  for name, value in pairs(headers or {}) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      refuse(what, "field 'headers': '%s' is no name of a header", tostring(name))
    elseif (type(value) ~= "string" and type(value) ~= "number")
      or tostring(value):find "[%c\127]" then
      refuse(what, "field 'headers': %s: text of one line expected", name)
    elseif #tostring(value) > 255 then
      refuse(what, "field 'headers': %s: at most 255 bytes", name)
    end
    list[#list + 1] = { name, tostring(value) }
  end
  if #list > 4 then
    refuse(what, "field 'headers': at most 4")
  end
  table.sort(list, function(a, b)
    return a[1] < b[1]
  end)
  return list
end

-- Fields of `names` that `step` has.
local function count(step, names)
  local n = 0
  for _, name in ipairs(names) do
    n = n + (step[name] ~= nil and 1 or 0)
  end
  return n
end

-- A step as the simulator takes it.
local function step_of(what, given, faults)
  option.check(what, given, schema)
  if (given.route == nil) == (given.task == nil) then
    refuse(what, "'route' or 'task' expected, and not both")
  end
  local mine, others = of_routes, of_tasks
  if given.task then
    mine, others = others, mine
  end
  if count(given, others) > 0 then
    refuse(what, "a step about a %s has only %s, and nth",
      given.task and "task" or "route", table.concat(mine, ", "))
  elseif count(given, mine) == 0 then
    refuse(what, "nothing to do; one of %s expected", table.concat(mine, ", "))
  elseif given.fault and not faults[given.fault] then
    option.unknown(what, "fault", given.fault, faults)
  end
  local literal = count(given, { "status", "type", "body", "headers" }) > 0
  if (given.fault and 1 or 0) + (literal and 1 or 0) + (given.drop and 1 or 0) > 1 then
    refuse(what, "'fault', 'drop' or an answer expected, not two of them")
  end
  local status = given.status or literal and 200
  if status and (status % 1 ~= 0 or status < 200 or status > 599) then
    refuse(what, "field 'status': 200 to 599 expected, got %s", tostring(status))
  end
  local step = {}
  for _, name in ipairs { "route", "task", "fault", "after", "drop", "fail", "stuck" } do
    step[name] = given[name]
  end
  step.status = status or nil
  for _, name in ipairs { "delay", "seconds" } do
    step[name] = option.seconds(what, name, given[name])
    if step[name] and step[name] > 86400 then
      refuse(what, "field '%s': at most a day", name)
    end
  end
  step.first, step.last = ordinals(what, given.nth)
  local kind
  step.body, kind = body_of(what, given.body)
  step.type = given.type or kind
  step.headers = headers_of(what, given.headers)
  return step
end

-- Compiles text only; it sees the usual globals and changes none.
local function compile(text, name)
  local env = setmetatable({}, { __index = _G })
  local set_environment = rawget(_G, "setfenv") -- Lua 5.1
  if text:sub(1, 1) == "\27" then
    return nil, name:sub(2) .. ": compiled Lua is not read"
  elseif set_environment then
    local chunk, why = rawget(_G, "loadstring")(text, name)
    return chunk and set_environment(chunk, env), why
  end
  return load(text, name, "t", env)
end

-- The list that a file returns, or nil and an error.
local function read(path)
  local err = require "mj.err"
  local file, why = io.open(path, "rb")
  local text
  if file then
    text, why = file:read "*a"
    file:close()
  end
  if not text then
    return nil, err.new("invalid", ("the scenario cannot be read: %s"):format(
      why:find(path, 1, true) and why or path .. ": " .. why))
  end
  local chunk, ok, list
  chunk, why = compile(text:gsub("^#[^\n]*", ""), "@" .. path)
  if chunk then
    ok, list = pcall(chunk)
    why = not ok and tostring(list) or type(list) ~= "table" and ("%s: a list of steps expected, "
      .. "it returns %s"):format(path, type(list)) or nil
  end
  if why then
    return nil, err.new("invalid", "the scenario: " .. why)
  end
  return list
end

-- Steps for the simulator, from a list or the name of a Lua file that returns one.
-- Raises what is wrong with a step; nil and an error when the file cannot be used.
function scenario.steps(what, list, faults)
  local name = what .. ": scenario"
  if type(list) == "string" then
    local err
    name = list
    list, err = read(list)
    if not list then
      return nil, err
    end
  end
  local steps = {}
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list or key % 1 ~= 0 then
      refuse(name, "list of steps expected, it has a '%s'", tostring(key))
    end
  end
  for i, given in ipairs(list) do
    steps[i] = step_of(("%s[%d]"):format(name, i), given, faults)
  end
  return steps
end

return scenario
