-- SPDX-License-Identifier: MIT
-- What can stand at the cursor: globals, fields, methods.  Pure, and it runs
-- nothing of the user's: tables are looked into by raw access, and __index only
-- where it is a table.

local complete = {}

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
  repeat return then true until while]]):gmatch "%a+" do
  keywords[#keywords + 1] = word
end

local DEEP = 8 -- tables behind __index
local MANY = 5000 -- names that are looked at

local function meta_of(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and meta or nil
end

-- The tables in which a value's fields are, the nearest first.
local function tables_of(value)
  local list = {}
  for _ = 1, DEEP do
    if type(value) == "table" then
      list[#list + 1] = value
    end
    local meta = meta_of(value)
    local names = meta and rawget(meta, "__names") -- of a task: its fields are behind a function
    if type(names) == "function" then
      for _, t in ipairs(names(value)) do
        list[#list + 1] = t
      end
    end
    value = meta and rawget(meta, "__index")
    if type(value) ~= "table" then
      break
    end
  end
  return list
end

local function field(value, name)
  for _, t in ipairs(tables_of(value)) do
    local found = rawget(t, name)
    if found ~= nil then
      return found
    end
  end
end

-- The value that "a.b.c." or "a.b:" is about; nil when there is none.
local function resolve(chain, globals)
  local value = globals
  for name in chain:gmatch "[%a_][%w_]*" do
    value = field(value, name)
    if value == nil then
      return nil
    end
  end
  return value
end

local function names_in(value, prefix, only_functions)
  local seen, list, looked = {}, {}, 0
  for _, t in ipairs(tables_of(value)) do
    for name, what in next, t do
      looked = looked + 1
      if looked > MANY then
        break
      end
      if type(name) == "string" and not seen[name] and name:sub(1, #prefix) == prefix
        and name:find "^[%a_][%w_]*$" and (prefix ~= "" or name:sub(1, 1) ~= "_")
        and (not only_functions or type(what) == "function") then
        seen[name] = true
        list[#list + 1] = name
      end
    end
  end
  table.sort(list)
  return list
end

local function common(list)
  local first, last = list[1], list[#list] -- it is sorted
  local n = 0
  while n < #first and first:byte(n + 1) == last:byte(n + 1) do
    n = n + 1
  end
  return first:sub(1, n)
end

-- Text before the cursor, and the table of globals -> what to put in, and the
-- names there are.
function complete.at(before, globals)
  local path = before:match "[%a_][%w_.:]*$" or ""
  path = path:match "^.*%.%.(.*)$" or path -- behind a concatenation
  local at = #before - #path
  if at > 0 and before:sub(at, at):find "[%w_\"')%]]" then
    return "", {} -- it goes on from what is no name
  end
  local chain, sign, prefix = path:match "^(.-)([.:]?)([%w_]*)$"
  if chain:find "[.:][.:]" or chain:find ":" or (sign == "" and chain ~= "") then
    return "", {}
  end
  local behind = before:sub(1, at)
  if sign == "" and behind:find "[.:]$" and (not behind:find "%.%.$" or behind:find "%.%.%.$") then
    return "", {} -- behind a call, or an index
  end
  local value = sign == "" and globals or resolve(chain, globals)
  if type(value) == "string" then
    value = string
  end
  if value == nil then
    return "", {}
  end
  local list = names_in(value, prefix, sign == ":")
  if sign == "" and prefix ~= "" then
    for _, word in ipairs(keywords) do
      if word:sub(1, #prefix) == prefix then
        list[#list + 1] = word
      end
    end
    table.sort(list)
  end
  if #list == 0 then
    return "", list
  end
  return common(list):sub(#prefix + 1), list
end

-- The names in columns.
function complete.columns(list, width)
  local longest = 0
  for _, name in ipairs(list) do
    longest = math.max(longest, #name)
  end
  local per_row = math.max(1, math.floor((width - 1) / (longest + 2)))
  local rows = math.ceil(#list / per_row)
  local lines = {}
  for row = 1, rows do
    local cells = {}
    for i = row, #list, rows do
      cells[#cells + 1] = list[i] .. (" "):rep(longest - #list[i])
    end
    lines[row] = (table.concat(cells, "  "):gsub(" +$", ""))
  end
  return table.concat(lines, "\n") .. "\n"
end

return complete
