-- SPDX-License-Identifier: MIT
-- mjlua --record and --replay: a transcript of a session.  Its first line tells
-- what a client was made with.

local client = require "mj.client"
local core = require "mj.core"
local env = require "mj.env"
local option = require "mj.option"
local settings = require "mj.settings"
local sources = require "mj.sources"
option.mine()

local tape = {}

local FORMAT = 1

-- Where a client is told what the head of a transcript has.
local variables = {
  MJ_BASE_URL = "base_url", MJ_AUTH = "auth", MJ_DIALECT = "dialect", MJ_MODE = "mode",
  MJ_MODE_STYLE = "mode_style", MJ_PREFIX = "prefix", MJ_IMAGE_HOST = "image_host",
  MJ_POLL = "poll",
}

-- As a variable has it.
local function text_of(value)
  if type(value) ~= "table" then
    return value
  elseif #value == 0 then -- when to look: first, every
    value = { value.first or value.every, value.every or value.first }
  end
  return table.concat(value, ",")
end

local function head_of_record()
  local ok, opts, e = pcall(settings.merge, "--record", {}, client.schema)
  if not ok or not opts then
    return nil, ok and e.message or tostring(opts):gsub("^[^ ]+:%d+: ", "")
  end
  local all = {}
  for name, field in pairs(variables) do
    all[name] = text_of(opts[field])
  end
  return { mj = core.version, tape = FORMAT, env = all, key = opts.api_key and true or false }
end

local function record(path)
  local cjson = require "cjson"
  local head, why = head_of_record()
  if not head then
    return 1, "--record: " .. why
  end
  local made, e = core.tape(path, cjson.encode(head))
  if not made then
    return 1, "--record: " .. e.message
  end
  env.tape = made
end

local function replay(path)
  local cjson = require "cjson.safe"
  local made, e = core.tape(path)
  if not made then
    return 1, ("--replay: %s"):format(e.message)
  end
  local head = cjson.decode(made:head())
  if type(head) ~= "table" or head.tape ~= FORMAT or type(head.env) ~= "table" then
    return 1, ("--replay: %s is no transcript of this version"):format(path)
  end
  for name in pairs(variables) do
    env.set(name, type(head.env[name]) == "string" and head.env[name] or "")
  end
  env.set("MJ_API_KEY", head.key and "sk-replay" or "")
  env.set("MJ_API_KEY_FILE", "")
  env.set("MJ_GATEWAY", "")
  env.tape, env.replays = made, true
  sources.use_clock { tape = made } -- waits of the script are no longer than its own
end

-- nil, or the status to end with and what is wrong.
function tape.start(opts)
  if not pcall(require, "cjson") then
    return 1, "--record and --replay need lua-cjson"
  elseif opts.record then
    return record(opts.record)
  end
  return replay(opts.replay)
end

-- What was not as recorded; nil: nothing, or nothing is replayed.
function tape.is_wrong()
  return env.replays and env.tape and env.tape:wrong() or nil
end

-- Raises when something was not as recorded.
function tape.check()
  local wrong = tape.is_wrong()
  if wrong then
    error(wrong, 0)
  end
end

-- At the end; false, and a word to complain (if there is one), when it was not
-- played to its end, or not written.
function tape.finish(complain)
  local made = env.tape
  env.tape = nil
  local ok, e = true, nil
  if made then
    ok, e = made:check()
  end
  if not ok and complain then
    complain(e.message)
  end
  return ok and true or false
end

return tape
