-- SPDX-License-Identifier: MIT
-- mj.log: what clients have to say, and scripts, in levels; to standard error or to
-- a function.  Lines have no key and no control characters in them.

local core = require "mj.core"
local env = require "mj.env"
local option = require "mj.option"
local width = require "mj.width"
option.mine()

local levels = { "error", "warning", "info", "trace" }
local rank = {}
for i, name in ipairs(levels) do
  rank[name] = i
end

local settings = { level = nil, to = nil }
local clients -- () -> those that are open; see log.clients

local log = {}
local mt = { __name = "mj.log" }

-- mj.client says where the keys are that no line may have.
local function register(fn)
  clients = fn
end

-- What a line of ours may be: no key of an open client, no control character.
local function redacted(text)
  text = width.clean(text)
  for _, client in ipairs(clients and clients() or {}) do
    text = core.redact(client._pump.box, text)
  end
  return text
end

-- Whether somebody wants lines of that level.
local function wanted(level)
  if settings.level then
    return settings.level ~= "none" and rank[level] <= rank[settings.level]
  end
  return settings.to ~= nil and rank[level] <= rank.warning
end

-- A line that needs no cleaning any more.
local function put(level, line)
  if settings.level == nil and settings.to == nil then
    if env.log then -- the program's own way, which knows what it wants
      env.log(level, line)
    end
  elseif not wanted(level) then
    return
  elseif settings.to then
    settings.to(level, line)
  else
    if env.clear_line then
      env.clear_line()
    end
    io.stderr:write(env.log and "mjlua: " or "mj: ", level, ": ", line, "\n")
  end
end

-- Where a client's lines go that has no log of its own; nil: nobody asked for them
-- before it was made.
function log._sink()
  if env.log or settings.level or settings.to then
    return put
  end
end

log._register = register

for _, level in ipairs(levels) do
  -- mj.log.info("%d of %d", i, n)
  log[level] = function(text, ...)
    if type(text) ~= "string" then
      option.raise(("mj.log.%s: string expected, got %s"):format(level, type(text)))
    end
    if select("#", ...) > 0 then
      text = text:format(...)
    end
    put(level, redacted(text))
  end
end

-- mj.log("info", "text")
function mt.__call(_, level, text, ...)
  if not rank[level] then
    option.unknown("mj.log", "level", tostring(level), rank, nil, levels)
  end
  return log[level](text, ...)
end

mt.__index = function(_, name)
  if name == "level" then
    return settings.level or ((env.log or settings.to) and "warning") or "none"
  end
  return settings[name]
end

local check = {}

function check.level(value)
  if value ~= nil and value ~= "none" and not rank[value] then
    option.unknown("mj.log", "level", tostring(value), rank, nil,
      { "error", "warning", "info", "trace", "none" })
  end
end

function check.to(value)
  if value ~= nil and type(value) ~= "function" then
    option.field("mj.log", "to", "function", value)
  end
end

mt.__newindex = function(_, name, value)
  if not check[name] then
    option.unknown("mj.log", "field", tostring(name), check)
  end
  check[name](value)
  settings[name] = value
end

return setmetatable(log, mt)
