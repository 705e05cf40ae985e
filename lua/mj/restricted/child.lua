-- SPDX-License-Identifier: MIT
-- What runs in the process of a restricted script.  All that it has of the world
-- is call(text): the kernel keeps the rest from it, so nothing here has to be right
-- for the promises of doc/sandbox.md to hold.

local wire = require "mj.restricted.wire"

local unpack = table.unpack

-- Asks the program outside: raises what it raises.
local function asker(call)
  return function(name, ...)
    local reply = wire.read(call(wire.write { name = name, n = select("#", ...), ... }))
    if reply.raised then
      error(reply.raised, 0)
    end
    return unpack(reply, 1, reply.n)
  end
end

-- The core's box, which is outside.
local function replace_core(ask)
  local core = require "mj.core"
  local mt = { __name = "mj.core.client" }
  function mt.__index(_, name)
    return function(self, ...)
      return ask("box", rawget(self, "box"), name, ...)
    end
  end
  mt.__gc = function() end
  function core.client(options)
    local id, e = ask("client", options)
    return id and setmetatable({ box = id }, mt), e
  end
  local function unsupported()
    return nil, require("mj.err").new("unsupported", "not for a restricted script")
  end
  core.journal, core.money, core.read_private = unsupported, unsupported, unsupported
  core.run_last = unsupported
end

-- Raises at the script's line: what returns nothing that could be an error.
local function replace_calls()
  local client, log, option = require "mj.client", require "mj.log", require "mj.option"
  option.mine()
  local function raiser(name)
    return function()
      option.raise(name .. ": unsupported: not for a restricted script")
    end
  end
  client.replace("pause", raiser "client:pause")
  client.replace("resume", raiser "client:resume")
  for _, level in ipairs { "error", "warning", "info", "trace" } do
    rawset(log, level, raiser("mj.log." .. level))
  end
  getmetatable(log).__newindex = raiser "mj.log"
end

-- For mj.media alone: pictures below the folder.
local function replace_io(ask)
  local function open(path)
    local text, why = ask("read", path)
    if not text then
      return nil, path .. ": " .. why
    end
    return {
      read = function() return text end,
      close = function() return true end,
    }
  end
  local quiet = { write = function() end, flush = function() return true end }
  io = { open = open, stderr = quiet, stdout = quiet } -- luacheck: ignore 121
  package.loaded.io = io
end

local function copy(names, from)
  local out = {}
  for name in names:gmatch "%S+" do
    out[name] = from[name]
  end
  return out
end

local modules = { mj = true, ["mj.prompt"] = true, cjson = true, ["cjson.safe"] = true }

-- What a script sees: the language, and mj.
local function environment(ask, names)
  local G = _G
  local g = copy("assert error ipairs next pairs pcall rawequal rawget rawlen rawset select "
    .. "setmetatable tonumber tostring type xpcall _VERSION", G)
  g._G = g
  g.coroutine = copy("close create isyieldable resume running status wrap yield", coroutine)
  g.math = copy("abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min "
    .. "mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult", math)
  g.string = copy("byte char find format gmatch gsub len lower match rep reverse sub upper pack "
    .. "packsize unpack", string)
  g.table = copy("concat insert move pack remove sort unpack", table)
  g.utf8 = copy("char charpattern codepoint codes len offset", G.utf8)
  g.os = copy("clock date difftime time", os)
  function g.getmetatable(value)
    return type(value) ~= "string" and G.getmetatable(value) or nil
  end
  function g.load(chunk, name, _, env)
    if type(chunk) == "function" then
      local parts = {}
      for part in chunk do
        if part == "" then
          break
        end
        parts[#parts + 1] = part
      end
      chunk = table.concat(parts)
    end
    return G.load(chunk, name, "t", env == nil and g or env)
  end
  function g.print(...)
    local words = { ... }
    for i = 1, select("#", ...) do
      words[i] = tostring(words[i])
    end
    ask("print", table.concat(words, "\t") .. "\n")
  end
  function g.require(name)
    if not modules[name] then
      error(("require: a restricted script has %s only"):format(names), 2)
    end
    return require(name)
  end
  return g
end

local needless = {
  [_G] = "dofile loadfile collectgarbage",
  [string] = "dump",
  [os] = "execute exit remove rename setlocale tmpname",
  [package] = "loadlib searchpath",
}

-- The globals of the modules lose what they do not need, too.
local function strip()
  for from, names in pairs(needless) do
    for name in names:gmatch "%S+" do
      rawset(from, name, nil)
    end
  end
  rawset(package, "cpath", "")
  rawset(package, "path", "")
  local searchers = rawget(package, "searchers")
  for i = #searchers, 2, -1 do -- the first has what is built in
    searchers[i] = nil
  end
  debug = { getinfo = debug.getinfo, traceback = debug.traceback } -- luacheck: ignore 121
  package.loaded.debug = debug
end

local function text_of(e)
  if type(e) == "string" or type(e) == "number" then
    return tostring(e)
  end
  local meta = getmetatable(e)
  if type(meta) == "table" and meta.__tostring then
    local ok, text = pcall(tostring, e)
    return ok and text or "(an error that cannot be shown)"
  end
  return ("(error object is a %s value)"):format(type(e))
end

local function prepare(ask, start)
  strip()
  replace_io(ask)
  replace_core(ask)
  replace_calls()
  local env = require "mj.env"
  env.set("MJ_BASE_URL", start.url)
  for name, value in pairs(start.wishes) do
    env.set(name, value)
  end
  function env.log(level, line)
    if level == "warning" or level == "error" then
      ask("complain", level .. ": " .. line)
    end
  end
  require("mj.loop").report = function(text)
    ask("failed", tostring(text):match "^[^\n]*")
  end
end

return function(call)
  local ask = asker(call)
  local start = ask "start"
  prepare(ask, start)
  local g = environment(ask, "mj, mj.prompt and cjson")
  g.arg = start.arg
  local chunk, e = load(start.text, "@" .. start.name, "t", g)
  local ok = chunk ~= nil
  if ok then
    ok, e = pcall(chunk, unpack(start.arg))
    if ok then
      ok, e = pcall(require("mj.loop").run_coroutines)
    end
  end
  e = not ok and text_of(e) or nil
  ask("over", ok, e)
end
