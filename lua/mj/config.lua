-- SPDX-License-Identifier: MIT
-- The user's file of gateways: ~/.config/mj/config.lua.  It returns data:
--   return { default = "work", work = { base_url = "https://...", api_key_file = "key" } }

local core = require "mj.core"
local err = require "mj.err"
local option = require "mj.option"
option.mine()

local config = {}

local LARGEST = 262144 -- bytes of the file
local STEPS = 1000000 -- of the virtual machine: it returns a table, it computes nothing

-- Options of a client that are about a program, not about a gateway.
local foreign = { gateway = true, virtual = true, log = true, run = true, fresh = true }

local function trouble(path, text)
  return nil, err.new("invalid", ("%s: %s"):format(path, text))
end

-- Where it is looked for, whether or not there is one; nil without a home.
function config.path()
  local given, xdg, home = os.getenv "MJ_CONFIG", os.getenv "XDG_CONFIG_HOME", os.getenv "HOME"
  if given and given ~= "" then
    return given
  elseif xdg and xdg:sub(1, 1) == "/" then
    return xdg .. "/mj/config.lua"
  end
  return home and home ~= "" and home .. "/.config/mj/config.lua" or nil
end

-- Text only, with nothing in reach.
local function compile(text, path)
  if text:sub(1, 1) == "\27" then
    return nil, path .. ": this is bytecode, not Lua text"
  elseif setfenv then -- luacheck: ignore 113
    local chunk, e = loadstring(text, "@" .. path) -- luacheck: ignore 113
    return chunk and setfenv(chunk, {}), e -- luacheck: ignore 113
  end
  return load(text, "@" .. path, "t", {})
end

local function too_long()
  error("it does not come to an end; it has to return a table", 0)
end

-- A loop in it ends with an error, also where it calls itself.
local function evaluate(chunk)
  local co = coroutine.create(chunk)
  local jit = rawget(_G, "jit")
  if jit then
    jit.off(chunk, true) -- compiled code calls no hook
  end
  debug.sethook(co, too_long, "", STEPS)
  return coroutine.resume(co)
end

local function check_gateway(path, name, gateway, schema)
  if type(gateway) ~= "table" then
    return trouble(path, ("'%s': a table of options expected, got %s"):format(name, type(gateway)))
  end
  for field, value in pairs(gateway) do
    local wanted = type(field) == "string" and not foreign[field] and schema[field]
    if not wanted then
      local near = type(field) == "string" and option.nearest(field, schema)
      return trouble(path, ("gateway '%s': unknown option '%s'%s"):format(name, tostring(field),
        near and near ~= field and not foreign[near] and (" (did you mean '%s'?)"):format(near)
          or ""))
    elseif wanted ~= option.LATER
        and not ("|" .. wanted .. "|"):find("|" .. type(value) .. "|", 1, true) then
      return trouble(path, ("gateway '%s': %s: %s expected, got %s"):format(name, field,
        wanted:gsub("|", " or "), type(value)))
    end
  end
  if not gateway.base_url then
    return trouble(path, ("gateway '%s': base_url is missing"):format(name))
  end
  return true
end

-- The gateways, and whether a key is in one; or nil and what is wrong.
local function check(path, all, schema)
  if type(all) ~= "table" then
    return trouble(path, "has to return a table: return { work = { base_url = ... } }")
  end
  local has_key = false
  for name, gateway in pairs(all) do
    if type(name) ~= "string" then
      return trouble(path, "each gateway needs a name: return { work = { base_url = ... } }")
    elseif name ~= "default" then
      local ok, e = check_gateway(path, name, gateway, schema)
      if not ok then
        return nil, e
      end
      has_key = has_key or type(gateway.api_key) == "string"
    end
  end
  local default = all.default
  if default ~= nil and (default == "default" or type(all[default]) ~= "table") then
    return trouble(path, ("default = '%s': there is no such gateway"):format(tostring(default)))
  end
  return true, has_key
end

-- The first line of a file that only its owner can read; or nil, err.
function config.key_of(path)
  local text, exposed = core.read_private(path, 4096)
  if not text then
    return nil, exposed
  elseif exposed then
    return nil, exposed
  end
  local key = text:match "^%s*([^\r\n]-)%s*[\r\n]" or text:match "^%s*(.-)%s*$"
  if key == "" then
    return trouble(path, "there is no key in it")
  end
  return key
end

-- { path =, all = { name = options }, default = name }; false where there is none;
-- nil, err for one that cannot be used.  `schema`: the options of a client.
function config.read(schema)
  local path = config.path()
  local text, exposed = nil, nil
  if path then
    text, exposed = core.read_private(path, LARGEST)
  end
  if not path or (not text and exposed.code == "not_found") then
    return false
  elseif not text then
    return nil, exposed
  end
  local chunk, e = compile(text, path)
  if not chunk then
    return nil, err.new("invalid", e)
  end
  local ran, all = evaluate(chunk)
  if not ran then
    return trouble(path, (tostring(all):gsub("^" .. path:gsub("%p", "%%%0") .. ":", "line ")))
  end
  local ok, has_key = check(path, all, schema)
  if not ok then
    return nil, has_key
  elseif has_key and exposed then
    return nil, exposed
  end
  local default = all.default
  all.default = nil
  if not default and next(all) and next(all, (next(all))) == nil then
    default = next(all) -- there is but one
  end
  return { path = path, all = all, default = default, exposed = exposed }
end

-- A path in the file: "~/" is the home, and what is relative is beside the file.
function config.resolve(file, path)
  if path:sub(1, 2) == "~/" then
    return (os.getenv "HOME" or "") .. path:sub(2)
  elseif path:sub(1, 1) == "/" then
    return path
  end
  return (file:match "^(.*/)" or "") .. path
end

return config
