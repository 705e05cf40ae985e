-- SPDX-License-Identifier: MIT
-- mjlua: what the interpreter does with its command line.  csrc/mjlua.c calls
-- this with what plain Lua has no word for, and with argv.

local dry = require "mj.cli.dry"
local needs = require "mj.needs"
local options = require "mj.cli.options"
local program = require "mj.cli.program"
local run = require "mj.cli.run"
local voice = require "mj.cli.voice"

local complain, text_of, written = voice.complain, voice.text_of, voice.written

local OK, FAILED, USAGE = 0, 1, 2

-- Modules -------------------------------------------------------------------

local function missing_module(name)
  if needs[name] then
    return ("\n\t%s is built where %s is installed, and was not found beside mjlua"):format(
      name, needs[name])
  end
end

local function set_paths(sys)
  local places = { sys.modules, package.cpath }
  if sys.folder then -- where it was built, or installed
    table.insert(places, 1, sys.folder .. "/lib/?.so")
    table.insert(places, 2, sys.folder .. "/../lib/lua/5.4/?.so")
  end
  package.cpath = table.concat(places, ";")
  package.searchers[#package.searchers + 1] = missing_module
end

-- Versions ------------------------------------------------------------------

-- A module that names its library says so with `library`.
local function library_of(name)
  local ok, module = pcall(require, name)
  if not ok then
    return nil
  end
  return type(module) == "table" and module.library or name
end

local function print_versions(sys)
  print(("mjlua %s (Lua %s)"):format(sys.version, sys.lua))
  print("core       " .. require("mj.core").libraries())
  local ok, cjson = pcall(require, "cjson")
  print("lua-cjson  " .. (ok and tostring(cjson._VERSION) or "not found"))
  for _, name in ipairs { "mj.httpd", "mj.image", "mj.edit" } do
    print(name .. "   " .. (library_of(name) or "not found; it needs " .. needs[name]))
  end
end

-- The simulator ---------------------------------------------------------------

local DEFAULT_KEY = "sk-simulator"

-- "profile=novicezk,clock=20" -> options; usage errors end the program.
local function simulator_options(text)
  local sim = require "mj.sim"
  local ok, opts, err = pcall(sim.parse, text)
  if not ok then
    return nil, text_of(opts)
  elseif not opts then
    return nil, text_of(err)
  end
  opts.key = opts.key or DEFAULT_KEY
  return opts
end

-- The simulator; or nil, what is wrong and the status to end with.
local function start_simulator(opts)
  require("mj.option").mine() -- so that no line of this file is blamed
  local sim = require "mj.sim"
  -- An address may end with a secret: its beginning says enough.
  function sim.on_refused(url)
    complain(("the simulator calls this machine only, not %s (callbacks=any: others too)"):format(
      url:gsub("^(%a+://)[^/?#]*@", "%1"):match "^%a+://[^/?#]*" or "that address"))
  end
  local ok, server, err = pcall(sim.start, opts)
  if not ok then
    return nil, text_of(server), USAGE
  elseif not server then
    return nil, text_of(err), FAILED
  end
  return server
end

local function use_simulator(text)
  local opts, err = simulator_options(text)
  if not opts then
    return USAGE, "--sim: " .. err
  end
  local server, status
  server, err, status = start_simulator(opts)
  if not server then
    return status, "--sim: " .. err:gsub("^sim%.start: ", ""):gsub("^simulator: ", "")
  end
  local env = require "mj.env" -- stands in front of the environment
  local warned = false
  function env.elsewhere(url)
    if not warned then
      warned = true
      complain(("--sim: this client talks to %s, not to the simulator"):format(url))
    end
  end
  env.set("MJ_BASE_URL", server.url)
  env.set("MJ_API_KEY", opts.key)
  env.set("MJ_AUTH", server.auth)
  local clock = tonumber(opts.clock) or 1
  if clock > 1 and not os.getenv "MJ_POLL" then -- as many looks as at a real gateway
    env.set("MJ_POLL", ("%.3f,%.3f,%.3f"):format(
      math.max(0.01, 2 / clock), math.max(0.01, 4 / clock), math.max(0.01, 8 / clock)))
  end
  return nil
end

-- "127.0.0.1:8080,clock=20": an address in front, if the first item is none of
-- the settings.
local function split_address(text)
  local first, rest = text:match "^([^,]*),?(.*)$"
  if first == "" or first:find("=", 1, true) then
    return nil, nil, text
  end
  local host, port = first:match "^(.*):(%d+)$"
  if not host then
    host, port = first:match "^%d+$" and "" or first, first:match "^%d+$"
  end
  if host == "localhost" then
    host = "127.0.0.1"
  end
  return host ~= "" and host or nil, tonumber(port), rest
end

local function serve(sys, value)
  local host, port, settings = split_address(value == true and "" or value)
  local opts, err = simulator_options(settings)
  if not opts then
    return USAGE, "--sim-serve: " .. err
  end
  opts.host, opts.port = host or opts.host, port or opts.port
  if opts.port and opts.port > 65535 then
    return USAGE, ("--sim-serve: no port has the number %d"):format(opts.port)
  end
  local sim, status
  sim, err, status = start_simulator(opts)
  if not sim then
    return status, "--sim-serve: " .. err:gsub("^sim%.start: ", ""):gsub("^simulator: ", "")
  end
  sys.catch(run.interrupt)
  print(sim.url)
  print(("export MJ_BASE_URL=%s MJ_API_KEY=%s MJ_AUTH=%s"):format(sim.url, opts.key, sim.auth))
  io.stdout:flush()
  while not sys.signal() do
    sys.wait(sim:fd(), sim:timeout())
    sim:step()
  end
  local stats = sim:stats()
  sim:close()
  if stats.most_in_window > 0 then
    complain(("most in 60 seconds: %d requests (submissions: %d)"):format(
      stats.most_in_window, stats.most_submits_in_window))
  end
  return OK
end

-- The plan of a command joins the options; or nil, the status to end with, and what
-- is wrong.
local function plan_command(sys, opts, argv)
  local plan, status, err = require("mj.cli.commands").plan(opts.command,
    { table.unpack(argv, opts.rest) }, opts, sys)
  if not plan then
    return nil, status, err
  end
  for name, value in pairs(plan.options) do
    opts[name] = opts[name] or value
  end
  function opts.task()
    return plan.run(complain)
  end
  return true
end

local function main(sys, argv)
  local opts, err, status = options.parse(argv)
  if not opts then
    return status or USAGE, err
  end
  if opts.no_environment then
    sys.forget_environment()
  end
  set_paths(sys)
  require("mj.cli.journal").realpath = sys.realpath
  local session = run.new_session(sys, opts)
  run.prepare_loop(session) -- before anything loads it
  if opts.help then
    io.write(options.usage)
    return written(sys) and OK or FAILED
  elseif opts.version then
    print_versions(sys)
    return written(sys) and OK or FAILED
  elseif opts.sim_serve then
    return serve(sys, opts.sim_serve)
  elseif opts.command then
    sys.ready()
    local planned
    planned, status, err = plan_command(sys, opts, argv)
    if not planned then
      return (err or written(sys) or status ~= OK) and status or FAILED, err
    end
  end
  if opts.show then
    print(sys.copyright)
  end
  program.set_arg(argv, opts.first)
  if opts.sim then
    status, err = use_simulator(opts.sim == true and "" or opts.sim)
    if status then
      return status, err
    end
  end
  if opts.record or opts.replay then
    session.tape = require "mj.cli.tape"
    status, err = session.tape.start(opts)
    if status then
      return status, err
    end
  end
  if opts.restricted then
    return require("mj.restricted.broker").run(sys, opts, argv, complain)
  end
  if opts.dry_run then
    dry.begin()
  end
  return run.go(session, opts, argv)
end

return function(sys, argv)
  voice.name = argv[0] and argv[0]:match "[^/]+$" or voice.name
  local status, err = main(sys, argv)
  if err then
    complain(err)
  end
  return status
end
