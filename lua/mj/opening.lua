-- SPDX-License-Identifier: MIT
-- From the options of a client to one of the core's: where they are from, what is
-- wrong with them, and whose journal it has.

local config = require "mj.config"
local core = require "mj.core"
local env = require "mj.env"
local limits = require "mj.limits"
local log = require "mj.log"
local option = require "mj.option"
local prices = require "mj.prices"
local settings = require "mj.settings"
option.mine()

local opening = {}

local LATER = option.LATER

local schema = {
  gateway = "string", -- one of the user's file
  base_url = "string",
  api_key = "string|boolean", -- false: send none, whatever the environment says
  api_key_file = "string",
  auth = "string",
  dialect = "string",
  mode = "string",
  mode_style = "string",
  prefix = "string",
  headers = "table",
  user_agent = "string",
  proxy = "string",
  ca_file = "string",
  timeout = "number|table",
  poll = "string|table",
  limits = "table",
  allow_hosts = "table|string",
  outcomes = "table",
  seed_tag = "boolean",
  strict = "boolean",
  log = "function|boolean",
  wire_state = "string",
  connections = "number",
  image_host = "string",
  virtual = "userdata", -- a test's transport and clock
  journal = "string|boolean", -- false: none, whatever the program has
  run = "string",
  fresh = "boolean",
  on_unknown = "string",
  on_busy = "string",
  budget = "number|string|table",
  prices = "table",
  webhook = LATER,
}
opening.schema = schema

-- As the core takes them.
local copied = {
  "base_url", "api_key", "auth", "dialect", "mode", "mode_style", "prefix", "headers",
  "user_agent", "proxy", "ca_file", "wire_state", "connections", "image_host", "virtual",
  "run", "fresh", "on_unknown", "outcomes", "seed_tag",
}

local outcome_schema = {
  http = "number|table", code = "number", text = "string", means = "string", error = "string",
  retryable = "boolean",
}
local timeout_schema = {
  await = "number", connect = "number", request = "number", submit = "number", download = "number",
  busy = "number",
}
local timeout_names = { download = "fetch_timeout", busy = "busy" }
local poll_schema = { first = "number", every = "number" }

-- "auto", {2, 4, 8} (then 8 for ever) or {first = 20, every = 3}
local function poll_options(what, poll, out)
  if poll == nil or poll == "auto" then
    return
  elseif type(poll) == "string" then
    option.raise(what .. [[: field 'poll': "auto", {2, 4, 8} or {first=, every=} expected]])
  elseif #poll == 0 then
    option.check(what .. ": poll", poll, poll_schema)
    out.poll_first = poll.first or poll.every
    out.poll_gaps = { poll.every or poll.first }
    if not out.poll_first then
      option.raise(what .. ": field 'poll': nothing in it")
    end
    return
  end
  for i, gap in ipairs(poll) do
    if type(gap) ~= "number" or gap < 0 then
      option.field(what, ("poll[%d]"):format(i), "seconds", gap)
    end
  end
  out.poll_first = poll[1]
  out.poll_gaps = { (table.unpack or unpack)(poll, #poll > 1 and 2 or 1) }
end

-- A number is that of waits; a table has those of requests, too.  Returns the
-- one of waits.
local function timeouts(what, timeout, out)
  if type(timeout) ~= "table" then
    return option.seconds(what, "timeout", timeout)
  end
  option.check(what .. ": timeout", timeout, timeout_schema)
  for name, value in pairs(timeout) do
    option.seconds(what .. ": timeout", name, value)
    if name ~= "await" then
      out[timeout_names[name] or name .. "_timeout"] = value
    end
  end
  return timeout.await
end

-- The user's log; else mj.log (in mjlua, that prints warnings); false is none.
function opening.logger(opts)
  if opts.log ~= nil then
    return opts.log or nil
  end
  return log._sink()
end

-- The client's own journal; else the program's (mjlua has one for each script),
-- which is not for the simulator; false is none.
local function journal_options(what, opts, out)
  local program = env.journal
  if opts.journal == true then
    option.field(what, "journal", "string", true)
  elseif opts.journal then
    out.journal = opts.journal
  elseif opts.journal == nil and program and not program.path then
    if not program.told then
      program.told = true
      program.lacking "HOME is not set (--journal FILE keeps one)"
    end
  elseif opts.journal == nil and program then
    out.journal = program.path
    out.run = opts.run or program.run
    if opts.fresh == nil then
      out.fresh = program.fresh and not program.began
    end
  end
end

-- Where mj was built without, the program's journal is left out, unless somebody
-- asked for it.
local function may_go_without(opts, options, e)
  local program = env.journal
  if e.code ~= "unsupported" or opts.journal or not options.journal or program.asked then
    return false
  end
  options.journal, options.run, options.fresh = nil, nil, nil
  if not program.told then
    program.told = true
    program.lacking(e.message)
  end
  return true
end

-- The end of the program ends its runs.
local function remember_run(path, run)
  for _, entry in ipairs(env.runs) do
    if entry.path == path and entry.run == run then
      return
    end
  end
  table.insert(env.runs, { path = path, run = run })
end

-- After a client was made with these.
local function began(opts, options, box)
  local program = env.journal
  if not options.journal then
    return
  elseif options.run and env.runs then
    remember_run(options.journal, options.run)
  end
  if not program then
    return
  elseif opts.journal == nil then
    program.began = true
  end
  if box:resumed() and not program.told then
    program.told = true
    program.announce()
  end
end

local function core_options(what, opts)
  local out = {}
  for _, name in ipairs(copied) do
    out[name] = opts[name]
  end
  out.dry_run = env.dry and true or nil
  if not env.dry then
    journal_options(what, opts, out)
  elseif not out.base_url then
    out.base_url = "https://gateway.invalid"
  end
  if not out.base_url then
    option.raise(what .. ": no gateway: give base_url, or set MJ_BASE_URL, or name it in "
      .. (config.path() or "~/.config/mj/config.lua") .. "; or run the script with mjlua --sim")
  end
  if opts.api_key == true then
    option.field(what, "api_key", "string", true)
  end
  out.api_key = out.api_key or nil
  for name, value in pairs(option.check(what .. ": limits", opts.limits, limits.options)) do
    out[name] = value
  end
  out.allow_hosts = type(opts.allow_hosts) == "string" and { opts.allow_hosts } or opts.allow_hosts
  for i, rule in ipairs(opts.outcomes or {}) do
    option.check(("%s: outcomes[%d]"):format(what, i), rule, outcome_schema)
  end
  if opts.prices then
    out.prices, out.refund = prices.read(what .. ": prices", opts.prices)
  end
  if opts.budget ~= nil then
    prices.budget(what, opts.budget, out)
  end
  poll_options(what, opts.poll, out)
  out.log = opening.logger(opts) ~= nil
  out.attempts = env.attempts
  out.tape = env.tape
  if env.replays then -- nothing is paid
    out.journal, out.run, out.fresh = nil, nil, nil
  end
  return out
end

-- Whether a full gateway is asked again, for timeout.busy seconds.
local function busy_option(what, opts, out)
  if opts.on_busy == "fail" then
    out.busy = 0
  elseif opts.on_busy ~= nil and opts.on_busy ~= "wait" then
    option.raise(([[%s: field 'on_busy': "wait" or "fail" expected, got '%s']]):format(what,
      opts.on_busy))
  end
end

-- What a person may see of it: the key's tail only.
function opening.label(options)
  local key = options.api_key
  local tail = key and (#key >= 16 and "…" .. key:sub(-4) or "…")
  return ("mj.client %s%s"):format(options.base_url:gsub("?.*", ""),
    key and (" (key %s%s)"):format(key:match "^sk%-" or "", tail) or " (no key)")
end

-- Under mjlua --sim a client that names its own gateway talks to that one.
local function warn_elsewhere(url)
  local simulator = env.override "MJ_BASE_URL"
  if simulator and env.elsewhere and url:gsub("/+$", "") ~= simulator:gsub("/+$", "") then
    env.elsewhere((url:gsub("[?#].*", ""):gsub("//[^/]*@", "//")))
  end
end

-- The core's client for these options: box, nil, what it was made with, options,
-- the time of a wait; or nil, err.
function opening.open(opts)
  local merge_error, from
  if type(opts) == "string" then -- the name of a gateway
    opts = { gateway = opts }
  end
  opts = option.check("mj.client", opts, schema)
  if opts.log == true then
    option.field("mj.client", "log", "function", true)
  end
  opts, merge_error, from = settings.merge("mj.client", opts, schema)
  if not opts then
    return nil, merge_error
  end
  local options = core_options("mj.client", opts)
  local timeout = timeouts("mj.client", opts.timeout, options)
  busy_option("mj.client", opts, options)
  local ok, box, e = pcall(core.client, options)
  if ok and not box and may_go_without(opts, options, e) then
    ok, box, e = pcall(core.client, options)
  end
  if not ok then
    option.raise("mj.client: " .. settings.blame(tostring(box):gsub("^[^:]+:%d+: ", ""), from))
  elseif not box and e.code == "journal" and opts.journal == nil then
    e.message = e.message .. "; mjlua --no-journal runs without one, --journal FILE with another"
    return nil, e
  elseif not box and e.code == "invalid" then
    option.raise("mj.client: " .. settings.blame(e.message, from))
  elseif not box then
    return nil, e
  end
  if env.on_key and options.api_key then
    env.on_key(options.api_key)
  end
  warn_elsewhere(options.base_url)
  began(opts, options, box)
  return box, nil, options, opts, timeout
end

return opening
