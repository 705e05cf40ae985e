-- SPDX-License-Identifier: MIT
-- Prompts and their parameters.  aspect = "3:2" is the name and the text that
-- the core's table turns into a flag, and back.  Ranges are checked there.

local core = require "mj.core"
local option = require "mj.option"
option.mine()

local prompt = {}

-- In the order in which the flags are written.
prompt.names = {
  "aspect", "stylize", "chaos", "weird", "version", "seed", "quality", "no", "iw",
  "sref", "sw", "cref", "cw", "oref", "ow", "tile", "style", "draft", "stop",
}

-- Of the generate family only; the core refuses it in the other.
local FLAGLESS = "translate"

local kinds = {
  stylize = "number", chaos = "number", weird = "number", seed = "number", quality = "number",
  iw = "number", sw = "number", cw = "number", ow = "number", stop = "number",
  tile = "switch", draft = "switch",
  no = "list", sref = "list", cref = "list", oref = "list",
}

local TYPES = "string|number|boolean|table"

-- Adds them to a schema of options.
function prompt.extend(schema)
  for _, name in ipairs(prompt.names) do
    schema[name] = TYPES
  end
  schema[FLAGLESS] = TYPES
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

local function add(list, what, name, value)
  if value ~= nil and value ~= false then
    list[#list + 1] = { name, text(what, name, value) }
  end
end

-- The parameters among `opts`, as the list that core's submit takes.
function prompt.params(what, opts)
  local list = {}
  for _, name in ipairs(prompt.names) do
    add(list, what, name, opts[name])
  end
  add(list, what, FLAGLESS, opts[FLAGLESS])
  return list
end

-- Whole prompts -----------------------------------------------------------------

local parsed_mt = { __name = "mj.prompt" }

-- "dogs, birds" and "https://a.b/1.png 123" as lists.
local function items(name, value)
  local list = {}
  for item in value:gmatch(name == "no" and "[^,]+" or "%S+") do
    item = item:match "^%s*(.-)%s*$"
    if item ~= "" then
      list[#list + 1] = item
    end
  end
  return #list > 0 and list or value
end

-- A number that prints as it was written, else the text: "007" is no matter,
-- twenty digits are.
local function value_of(name, value)
  local kind = kinds[name]
  if kind == "number" then
    return #value <= 14 and tonumber(value) or value
  elseif kind == "switch" then
    return true
  elseif kind == "list" then
    return items(name, value)
  end
  return value
end

local parse_schema = { strict = "boolean" }

-- Takes a prompt apart: a table with `text`, `images`, the fields that it sets,
-- `unknown` (flags that are no field, as written) and `warnings`, which prints
-- as the prompt; or nil, err for a value that cannot be.
function prompt.parse(whole, opts)
  if type(whole) ~= "string" then
    option.raise("mj.prompt.parse: string expected, got " .. type(whole))
  end
  opts = option.check("mj.prompt.parse", opts, parse_schema)
  local parts, e = core.parse_prompt(whole, opts.strict == false)
  if not parts then
    return nil, e
  end
  local out = {
    text = parts.text or "", images = parts.images, unknown = {}, warnings = parts.warnings,
  }
  for _, pair in ipairs(parts.params) do
    out[pair[1]] = value_of(pair[1], pair[2])
  end
  for i, pair in ipairs(parts.others) do
    out.unknown[i] = pair[2] == "" and pair[1] or pair[1] .. " " .. pair[2]
  end
  return setmetatable(out, parsed_mt)
end

local format_schema = prompt.extend {
  text = "string", prompt = "string", images = "table|string", unknown = "table|string",
  warnings = "table", strict = "boolean",
}
format_schema[FLAGLESS] = nil

local function strings(what, name, value)
  if type(value) == "string" then
    value = { value }
  end
  for _, item in ipairs(value or {}) do
    if type(item) ~= "string" then
      option.field(what, name, "list of strings", item)
    end
  end
  return value
end

local function print_it(what, opts, lenient)
  if opts.text ~= nil and opts.prompt ~= nil then
    option.raise(what .. ": give either 'text' or 'prompt'")
  end
  local others = {}
  for i, item in ipairs(strings(what, "unknown", opts.unknown) or {}) do
    others[i] = { item:match "^%s*(%S*)%s*(.-)%s*$" }
  end
  local ok, whole, e = pcall(core.format_prompt, {
    text = opts.text or opts.prompt,
    images = strings(what, "images", opts.images),
    params = prompt.params(what, opts),
    others = others,
    lenient = lenient,
  })
  if not ok then
    option.raise(what .. ": " .. tostring(whole):gsub("^[^:]+:%d+: ", ""))
  end
  return whole, e
end

-- The prompt as text; nil, err for a value that cannot be.
function prompt.format(opts)
  if type(opts) ~= "table" then
    option.raise("mj.prompt.format: table of options expected, got " .. type(opts))
  end
  option.check("mj.prompt.format", opts, format_schema)
  return print_it("mj.prompt.format", opts, opts.strict == false)
end

-- What was read prints, out of range or not.
function parsed_mt:__tostring()
  local whole, e = print_it("tostring", self, true)
  return whole or option.raise("tostring: " .. e.message)
end

return prompt
