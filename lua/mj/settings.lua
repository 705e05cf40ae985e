-- SPDX-License-Identifier: MIT
-- What a client is made with: its options, then the environment, then the file of
-- gateways.  A key goes to no other gateway than the one that it was given with.

local config = require "mj.config"
local env = require "mj.env"
local err = require "mj.err"
local option = require "mj.option"
option.mine()

local settings = {}

local read = {}

function read.string(text)
  return text
end

function read.number(text)
  return tonumber(text), "a number"
end

function read.list(text)
  local list = {}
  for item in text:gmatch "[^,%s]+" do
    list[#list + 1] = item
  end
  return #list > 0 and list or nil, "names with commas between them"
end

function read.boolean(text)
  local values = { ["1"] = true, yes = true, ["true"] = true, on = true, ["0"] = false,
    no = false, ["false"] = false, off = false }
  return values[text:lower()], "yes or no"
end

-- "2,4,8" is {2, 4, 8}.
function read.poll(text)
  local poll = {}
  for item in (text .. ","):gmatch "([^,]*)," do
    local gap = tonumber(item)
    if not gap or gap < 0 then
      return text == "auto" and "auto" or nil, "seconds like 2,4,8"
    end
    poll[#poll + 1] = gap
  end
  return poll
end

-- Of whoever the gateway is.
local wishes = {
  { "MJ_MODE", "mode", "string" },
  { "MJ_TIMEOUT", "timeout", "number" },
  { "MJ_POLL", "poll", "poll" },
  { "MJ_USER_AGENT", "user_agent", "string" },
  { "MJ_PROXY", "proxy", "string" },
  { "MJ_CA_FILE", "ca_file", "string" },
  { "MJ_CONNECTIONS", "connections", "number" },
  { "MJ_ON_UNKNOWN", "on_unknown", "string" },
  { "MJ_STRICT", "strict", "boolean" },
}

-- Of the gateway at MJ_BASE_URL, and of no other.
local bound = {
  { "MJ_AUTH", "auth", "string" },
  { "MJ_DIALECT", "dialect", "string" },
  { "MJ_MODE_STYLE", "mode_style", "string" },
  { "MJ_PREFIX", "prefix", "string" },
  { "MJ_IMAGE_HOST", "image_host", "string" },
  { "MJ_ALLOW_HOSTS", "allow_hosts", "list" },
}

-- What a gateway in the file says of itself, which the simulator is not.
local of_gateway = { "base_url", "api_key", "api_key_file", "auth", "dialect", "mode_style",
  "prefix", "image_host", "allow_hosts", "headers", "proxy", "ca_file", "limits", "prices" }

-- The names of the variables, for -m doctor.
function settings.variables()
  local list = { "MJ_BASE_URL", "MJ_API_KEY", "MJ_API_KEY_FILE", "MJ_GATEWAY", "MJ_CONFIG" }
  for _, rows in ipairs { bound, wishes } do
    for _, row in ipairs(rows) do
      list[#list + 1] = row[1]
    end
  end
  return list
end

local function set(out, from, field, value, source)
  if value ~= nil and out[field] == nil then
    out[field], from[field] = value, source
  end
end

local function from_environment(what, rows, get, out, from)
  for _, row in ipairs(rows) do
    local text = get(row[1])
    if text and text ~= "" and out[row[2]] == nil then
      local value, expected = read[row[3]](text)
      if value == nil then
        option.raise(("%s: %s: %s expected, got '%s'"):format(what, row[1], expected, text))
      end
      set(out, from, row[2], value, row[1])
    end
  end
end

local function names_of(all)
  local names = {}
  for name in pairs(all) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- The file's gateway of that name, or its default; nil where none is; nil, err.
local function gateway_of(what, name, simulated, schema)
  local file, e = config.read(schema)
  if file == nil then
    return nil, e
  end
  name = name or (file and file.default)
  if not name and file and not simulated and not env.dry and next(file.all) then
    option.raise(("%s: which gateway? %s has %s: name one, or set default = there, or MJ_GATEWAY")
      :format(what, file.path, table.concat(names_of(file.all), ", ")))
  end
  if not name or (not file and simulated) then
    return nil
  elseif not file then
    return nil, err.new("invalid", ("gateway '%s': there is no file %s that names it"):format(
      name, config.path() or "(HOME is not set)"))
  elseif not file.all[name] then
    option.unknown(what, "gateway", name, file.all, nil, names_of(file.all))
  end
  return file.all[name], nil, ("%s, gateway '%s'"):format(file.path, name), file.path
end

local function from_file(what, name, simulated, schema, out, from)
  local gateway, e, source, path = gateway_of(what, name, simulated, schema)
  if e then
    return nil, e
  end
  gateway = gateway or {}
  local skip = {}
  for _, field in ipairs(simulated and of_gateway or {}) do
    skip[field] = true
  end
  for field, value in pairs(gateway) do
    if field == "api_key_file" then
      value = config.resolve(path, value)
    end
    if not skip[field] then
      set(out, from, field, value, source)
    end
  end
  return true
end

-- Puts the key in; true or nil, err.  That of MJ_BASE_URL is for that one alone.
local function take_key(out, from, get, named)
  local other = named and get "MJ_BASE_URL"
  if out.api_key == nil and not out.api_key_file and not other then
    set(out, from, "api_key", get "MJ_API_KEY", "MJ_API_KEY")
    if out.api_key == nil then
      set(out, from, "api_key_file", get "MJ_API_KEY_FILE", "MJ_API_KEY_FILE")
    end
  end
  if out.api_key == nil and out.api_key_file then
    local key, e = config.key_of(out.api_key_file)
    if not key then
      if from.api_key_file then
        e.message = ("%s: %s"):format(from.api_key_file, e.message)
      end
      return nil, e
    end
    out.api_key, from.api_key = key, from.api_key_file
  end
  out.api_key_file = nil
  return true
end

-- What --sim put there.
local function override(name)
  local value = env.override(name)
  return value ~= "" and value or nil
end

-- Options with what stands behind them, and where each is from; or nil, err.
-- Raises what is wrong in the environment.
function settings.merge(what, opts, schema)
  local out, from = {}, {}
  local simulated = not opts.base_url and override "MJ_BASE_URL"
  local get = simulated and override or env.get
  if opts.gateway and opts.base_url then
    option.raise(what .. ": give gateway or base_url, not both")
  elseif opts.api_key and opts.api_key_file then
    option.raise(what .. ": give api_key or api_key_file, not both")
  end
  for field, value in pairs(opts) do
    out[field] = value
  end
  out.gateway = nil
  local name = opts.gateway or (not opts.base_url and env.get "MJ_GATEWAY") or nil
  if not opts.base_url and (simulated or not name) and get "MJ_BASE_URL" then
    set(out, from, "base_url", get "MJ_BASE_URL", "MJ_BASE_URL")
    from_environment(what, bound, get, out, from)
  end
  from_environment(what, wishes, env.get, out, from)
  if name or not out.base_url then
    local ok, e = from_file(what, name, simulated and out.base_url, schema, out, from)
    if not ok then
      return nil, e
    end
  end
  local ok, e = take_key(out, from, get, not simulated and from.base_url ~= nil
    and from.base_url ~= "MJ_BASE_URL")
  if not ok then
    return nil, e
  end
  return out, nil, from
end

-- The core names a field: says where that one is from.
function settings.blame(message, from)
  local field = message:match "^([%a_]+):"
  if field and from[field] then
    return ("%s (from %s)"):format(message, from[field])
  end
  return message
end

return settings
