-- SPDX-License-Identifier: MIT
-- Prompt parameters as fields: aspect = "3:2" is the name and the text that
-- the core's table turns into a flag.  Ranges are checked there.

local option = require "mj.option"
option.mine()

local prompt = {}

-- In the order in which the flags are written.
prompt.names = {
  "aspect", "stylize", "chaos", "weird", "version", "seed", "quality", "no", "iw",
  "sref", "sw", "cref", "cw", "oref", "ow", "tile", "style", "draft", "stop",
}

-- Adds them to a schema of options.
function prompt.extend(schema)
  for _, name in ipairs(prompt.names) do
    schema[name] = "string|number|boolean|table"
  end
  schema.translate = option.LATER
  return schema
end

-- Neither "7.0" nor a locale's comma.
local function number(value)
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return ("%d"):format(value)
  end
  return (("%.14g"):format(value):gsub(",", "."))
end

local between = { no = ", " }

local function text(what, name, value)
  if type(value) == "string" then
    return value
  elseif type(value) == "boolean" then
    return tostring(value)
  elseif type(value) == "number" then
    if value ~= value or math.abs(value) == math.huge then
      option.raise(("%s: field '%s': a finite number expected"):format(what, name))
    end
    return number(value)
  end
  local list = {}
  for i, item in ipairs(value) do
    if type(item) ~= "string" and type(item) ~= "number" then
      option.field(what, name, "list of strings", item)
    end
    list[i] = text(what, name, item)
  end
  return table.concat(list, between[name] or " ")
end

-- The parameters among `opts`, as the list that core's submit takes.
function prompt.params(what, opts)
  local list = {}
  for _, name in ipairs(prompt.names) do
    local value = opts[name]
    if value ~= nil and value ~= false then
      list[#list + 1] = { name, text(what, name, value) }
    end
  end
  return list
end

return prompt
