-- SPDX-License-Identifier: MIT
-- The simulator: a real HTTP server on this machine that behaves like a gateway,
-- in this process and on its loop.

local option = require "mj.option"
local scenario = require "mj.scenario"
option.mine()

local sim = {}

-- What sim.start takes, each with the type that sim.parse makes of its text.
local fields = {
  profile = "string",
  seed = "number",
  clock = "number",
  key = "string",
  host = "string",
  port = "number",
  running = "number",
  waiting = "number",
  sync = "number",
  fault = "string",
  missing = "string",
  rate = "number",
  submits = "number",
  live = "number",
  capabilities = "string",
  remix = "boolean",
  scenario = "table|string",
  pictures = "boolean",
  callbacks = "string",
}

sim.settings = fields

-- The module, or nil and why not.
local function load_module(name)
  local ok, module = pcall(require, name)
  if ok then
    return module
  end
  local err = require "mj.err"
  return nil, err.new("resource", ("the simulator needs %s, which needs %s: %s"):format(
    name, require("mj.needs")[name], (tostring(module):gsub("\n.*", ""))))
end

-- A list of names as the keys of a table.
local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

-- Names that the server would refuse without a hint at what was meant.
local function check_names(what, opts, httpd)
  local profiles = set_of(httpd.profiles)
  if opts.profile and not profiles[opts.profile] then
    option.unknown(what, "profile", opts.profile, profiles, nil, httpd.profiles)
  end
  local faults = set_of(httpd.faults)
  for rule in (opts.fault or ""):gmatch "[^+]+" do
    local name = rule:match "^[^@:/]*"
    if not faults[name] then
      option.unknown(what, "fault", name, faults)
    end
  end
end

-- Where the key is not sent as the client usually does it.
local auth_of = { ["novicezk"] = "secret", ["plus"] = "secret", ["trueai"] = "raw" }

local methods = {}
local meta = { __index = methods, __name = "mj.sim" }

-- Called once for a simulator, with an address, when a callback was not sent as
-- it leads to another machine (mjlua says so).
sim.on_refused = nil

-- A source of the loop, see mj.sources.
function methods:fd()
  return self.server:fd()
end

function methods:timeout()
  return self.server:timeout()
end

function methods:step()
  local open = self.server:step()
  if self._watched and self.server:refused() then
    self._watched = false
    if sim.on_refused then
      sim.on_refused(self.server:refused())
    end
  end
  return open
end

function meta.__tostring(self)
  return ("mj.sim (%s)"):format(self.url)
end

-- What has come up to now: requests, submits, tasks, fetches, pictures, faults, and
-- the most in any 60 seconds: most_in_window, most_submits_in_window.
function methods:stats()
  return self.server:stats()
end

-- Ends the server; what it knows is gone.
function methods:close()
  require("mj.loop").remove(self)
  self.server:close()
end
meta.__close = methods.close

-- Starts a simulator on `host` (127.0.0.1) and `port` (a free one).  Returns an
-- object with `url`, `key`, `auth`, `profile`, `server` and close(), or nil and
-- an error.
function sim.start(opts)
  opts = option.check("sim.start", opts, fields)
  local httpd, err = load_module "mj.httpd"
  if not httpd then
    return nil, err
  end
  check_names("sim.start", opts, httpd)
  local given = {}
  for name, value in pairs(opts) do
    if name ~= "pictures" then
      given[name] = value
    end
  end
  if opts.scenario then
    given.scenario, err = scenario.steps("sim.start", opts.scenario, set_of(httpd.faults))
    if not given.scenario then
      return nil, err
    end
  end
  if opts.pictures ~= false then
    local image
    image, err = load_module "mj.image"
    if not image then
      return nil, err
    end
    given.draw = image.draw
  end
  local ok, server
  ok, server, err = pcall(httpd.simulator, given)
  if not ok then
    option.raise((tostring(server):gsub("^[^:]+:%d+: ", "")))
  elseif not server then
    return nil, err
  end
  local profile = opts.profile or httpd.profiles[1]
  local self = setmetatable({
    url = server:url(),
    server = server,
    key = opts.key,
    profile = profile,
    auth = auth_of[profile] or "bearer",
    _watched = true,
  }, meta)
  require("mj.loop").add(self)
  return self
end

local read = {}

function read.string(text)
  return text
end

function read.number(text)
  return tonumber(text)
end

function read.boolean(text)
  local values = { ["true"] = true, yes = true, on = true, ["false"] = false, no = false,
    off = false }
  return values[text]
end

-- "profile=novicezk,clock=20,seed=7" as a table for sim.start.  Faults may come
-- several times.  Raises what is wrong with the text.
function sim.parse(text)
  local opts = {}
  for item in (text or ""):gmatch "[^,]+" do
    local name, value = item:match "^%s*([^=%s]*)%s*=%s*(.-)%s*$"
    if not name then
      error(("simulator: '%s' is no setting (NAME=VALUE expected)"):format(item), 0)
    end
    local wanted = fields[name]
    if not wanted then
      local near = option.nearest(name, fields)
      error(("simulator: unknown setting '%s'%s"):format(
        name, near and (" (did you mean '%s'?)"):format(near) or ""), 0)
    end
    local v = read[wanted:match "%a+$"](value)
    if v == nil or value == "" then
      error(("simulator: %s=%s: %s expected"):format(
        name, value, name == "scenario" and "name of a file" or wanted), 0)
    elseif name == "fault" and opts.fault then
      v = opts.fault .. "+" .. v
    end
    opts[name] = v
  end
  return opts
end

return sim
