-- SPDX-License-Identifier: MIT
-- Lua values as text, between a restricted script and the program that it may ask.
-- The reader trusts nothing: depth and number of values are limited.

local core = require "mj.core"

local wire = {}

local DEEPEST, MOST = 16, 1000000

local put

local function put_number(out, value)
  if value ~= value then
    error("a number that is none", 0)
  elseif value == math.huge or value == -math.huge then
    out[#out + 1] = value > 0 and "d1e999;" or "d-1e999;"
  else
    out[#out + 1] = (value % 1 == 0 and math.abs(value) < 2 ^ 53) and ("d%d;"):format(value)
      or ("d%.17g;"):format(value)
  end
end

local function put_table(out, value, depth)
  if depth > DEEPEST then
    error("a table in a table, too deep", 0)
  end
  local is_error = getmetatable(value) == core.error_mt
  out[#out + 1] = is_error and "e" or "{"
  for k, v in next, value do
    local kind = type(v)
    if (type(k) == "string" or type(k) == "number")
        and (kind ~= "function" and kind ~= "thread" and (kind ~= "userdata" or v == core.null))
    then
      put(out, k, depth)
      put(out, v, depth)
    end
  end
  out[#out + 1] = "}"
end

function put(out, value, depth)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = ("s%d:"):format(#value)
    out[#out + 1] = value
  elseif kind == "number" then
    put_number(out, value)
  elseif kind == "boolean" then
    out[#out + 1] = value and "t" or "f"
  elseif kind == "table" then
    put_table(out, value, depth + 1)
  elseif value == core.null then
    out[#out + 1] = "n"
  elseif value == nil then
    out[#out + 1] = "z"
  else
    error(("a %s cannot be told to the gateway"):format(kind), 0)
  end
end

-- What cannot be said is left out of tables: functions, threads.
function wire.write(value)
  local out = {}
  put(out, value, 0)
  return table.concat(out)
end

local take

local function take_table(r, depth, is_error)
  local t = {}
  if depth > DEEPEST then
    error("too deep", 0)
  end
  while r.text:sub(r.at, r.at) ~= "}" do
    local k = take(r, depth)
    local v = take(r, depth)
    if type(k) ~= "string" and type(k) ~= "number" then
      error("a key of another type", 0)
    end
    t[k] = v
  end
  r.at = r.at + 1
  return is_error and setmetatable(t, core.error_mt) or t
end

function take(r, depth)
  local at = r.at
  local kind = r.text:sub(at, at)
  r.at, r.n = at + 1, r.n + 1
  if r.n > MOST then
    error("too much", 0)
  elseif kind == "s" then
    local digits, colon = r.text:match("^(%d%d?%d?%d?%d?%d?%d?%d?%d?%d?):()", at + 1)
    local last = digits and colon + tonumber(digits) - 1
    if not digits or last > #r.text then
      error("a text that is cut off", 0)
    end
    r.at = last + 1
    return r.text:sub(colon, last)
  elseif kind == "d" then
    local digits, after = r.text:match("^([%d.e+-]+);()", at + 1)
    local value = digits and #digits < 40 and tonumber(digits)
    if not value then
      error("no number", 0)
    end
    r.at = after
    return value
  elseif kind == "{" or kind == "e" then
    return take_table(r, depth + 1, kind == "e")
  elseif kind == "t" or kind == "f" then
    return kind == "t"
  elseif kind == "n" then
    return core.null
  elseif kind == "z" then
    return nil
  end
  error("no value", 0)
end

-- The value that a text is; raises for anything else.
function wire.read(text)
  local r = { text = text, at = 1, n = 0 }
  local value = take(r, 0)
  if r.at ~= #text + 1 then
    error("more than a value", 0)
  end
  return value
end

return wire
