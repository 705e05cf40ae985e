-- SPDX-License-Identifier: MIT
-- mjlua: what the interpreter does with its command line.  csrc/mjlua.c calls
-- this with what plain Lua has no word for, and with argv.

local dry = require "mj.cli.dry"
local options = require "mj.cli.options"
local program = require "mj.cli.program"

-- What Ctrl-C raises inside a task.
local interrupt = setmetatable({ code = "cancelled", message = "interrupted" }, {
  __name = "mj.interrupt",
  __tostring = function()
    return "interrupted!" -- as lua says it
  end,
})

local OK, FAILED, USAGE, UNKNOWN = 0, 1, 2, 4

-- Modules that are not linked in, and what brings the library they need.
local elsewhere = {
  ["mj.edit"] = "libedit (Debian: libedit2)",
  ["mj.httpd"] = "libmicrohttpd (Debian: libmicrohttpd12)",
  ["mj.image"] = "libgd and libpng (Debian: libgd3, libpng16-16)",
}

local called = "mjlua" -- what argv has for it

local talking -- the session whose user is at the prompt

local function complain(text)
  local input = talking and talking.input
  if input and input.reading then
    return input:above(text)
  end
  local env = package.loaded["mj.env"]
  if env and env.clear_line then -- something is drawn there
    env.clear_line()
  end
  io.stderr:write(called and called .. ": " or "", text, "\n")
end

local function text_of(err)
  if type(err) == "string" or type(err) == "number" then
    return tostring(err)
  end
  local meta = getmetatable(err)
  if type(meta) == "table" and meta.__tostring then
    return tostring(err)
  elseif type(err) == "table" and type(err.message) == "string" then
    return err.message
  end
  return ("(error object is a %s value)"):format(type(err))
end

-- Modules -------------------------------------------------------------------

local function missing_module(name)
  if elsewhere[name] then
    return ("\n\t%s is built where %s is installed, and was not found beside mjlua"):format(
      name, elsewhere[name])
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
    print(name .. "   " .. (library_of(name) or "not found; it needs " .. elsewhere[name]))
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
    return status, "--sim: " .. err
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
    return status, "--sim-serve: " .. err
  end
  sys.catch(interrupt)
  print(sim.url)
  print(("export MJ_BASE_URL=%s MJ_API_KEY=%s MJ_AUTH=%s"):format(sim.url, opts.key, sim.auth))
  io.stdout:flush()
  while not sys.signal() do
    sys.wait(sim:fd(), sim:timeout())
    sim:step()
  end
  sim:close()
  return OK
end

-- A run --------------------------------------------------------------------

-- The scheduler is loaded when a script asks for it, not before: a script that
-- waits for nothing starts as fast as it can.
-- From then on there may be work that was paid for, and leaving is orderly.
local function prepare_loop(session)
  local load = package.preload["mj.loop"]
  package.preload["mj.loop"] = function(...)
    local loop = session.sys.plain(load, ...)
    loop.check, loop.report = session.check, session.report
    session.sys.catch(interrupt)
    return loop
  end
end

-- True while a line is typed: what is to be written (nil: nothing) stands above it.
local function above(text)
  local input = talking and talking.input
  if not (input and input.reading) then
    return false
  elseif text then
    input:above(text)
  end
  return true
end

local function cleared(env, ...)
  if env.clear_line then
    env.clear_line()
  end
  return ...
end

-- As in lua, messages have no name in front then.
local function interact(session, opts)
  local before, env = called, require "mj.env"
  called = nil
  talking, env.above = session, above
  local ok, err = pcall(require("mj.cli.interact").run, session, function(...)
    return cleared(env, program.call(session, ...))
  end, not opts.first and #opts.steps == 0)
  called, talking, env.above = before, nil, nil
  if not ok then
    complain(text_of(err))
  end
end

-- The run goes on while coroutines of mj.spawn do; jobs that nobody waits for
-- do not hold it up.
local function wait_for_coroutines()
  local loop, sources = package.loaded["mj.loop"], package.loaded["mj.sources"]
  while loop and loop.pending() > sources.pending() do
    if loop.timeout() ~= 0 and sources.pending() == 0 and sources.timers() == 0 then
      error("a coroutine waits for something that cannot happen", 0)
    end
    loop.turn(nil)
  end
end

-- Once: os.exit and the end of the run both come here.  True if something may
-- have been paid for in vain.  `good`: the script ended well.
local function leave(session, good)
  if not package.loaded["mj.client"] or session.left then
    return false
  end
  session.left = true
  if session.tape and session.tape.is_wrong() then
    return false -- that is said, and nothing was sent
  end
  local signal = session.sys.signal
  local ok, unknown, left = pcall(require("mj.cli.leave").leave, signal, complain, good)
  if not ok then
    complain(text_of(unknown))
  elseif left or (signal() and #require("mj.env").runs > 0) then
    complain("run it again to go on: " .. session.again)
  end
  return unknown
end

local function has_work()
  local client = package.loaded["mj.client"]
  for _, owner in ipairs(client and client.list() or {}) do
    if #owner:jobs() > 0 then
      return true
    end
  end
  return false
end

-- Ids of paid work may be in what was printed: then it matters whether it got out.
local function flush()
  local wrote, why = io.stdout:flush()
  if wrote or not package.loaded["mj.client"] then
    return true
  end
  complain("cannot write to standard output: " .. tostring(why))
  return false
end

-- What a client would have to say, had it a log: doubts about a prompt, and
-- what is tried again.
local function log(level, line)
  if level == "warning" or level == "error" then
    complain(level .. ": " .. line)
  end
end

local function run(session, opts, argv)
  local sys = session.sys
  local env = require "mj.env"
  local journal = require "mj.cli.journal"
  env.log = log
  env.runs = {}
  env.journal = journal.settings(opts, argv, complain)
  session.again = journal.again(opts, argv)
  local os_exit = os.exit
  os.exit = function(code, ...) -- luacheck: ignore 122
    if code ~= nil and type(code) ~= "boolean" and not math.tointeger(code) then
      error(("bad argument #1 to 'os.exit' (%s)"):format(tonumber(code)
        and "number has no integer representation" or "number expected, got " .. type(code)), 2)
    end
    if session.input then -- typed at the prompt
      session.input:close()
    end
    local good = code == nil or code == true or code == 0
    if leave(session, good) and good then
      code, good = FAILED, false
    end
    dry.finish(complain)
    if session.tape and not session.tape.finish(good and complain) and good then
      code, good = FAILED, false
    end
    journal.finish(good, complain)
    return os_exit(code, ...)
  end
  local ok, err = program.run(session, opts, argv)
  if ok then
    ok, err = pcall(wait_for_coroutines)
  end
  ok, err = dry.forgive(ok, err)
  if ok and program.is_interactive(session, opts) then
    if not opts.show then
      print(sys.copyright)
    end
    interact(session, opts)
    if not sys.isatty(0) then -- at a terminal the user has been asked
      ok, err = pcall(wait_for_coroutines)
    end
  end
  local signal = sys.signal()
  if signal then
    complain(not ok and not has_work() and text_of(err) or "interrupted")
  elseif not ok then
    complain(text_of(err))
  end
  local ended = session.status or OK -- a command's
  if leave(session, ok and ended == OK and not session.failed and not signal) then
    session.failed = true
    ended = opts.task and ended == OK and UNKNOWN or ended
  end
  dry.finish(complain)
  if not flush() then
    session.failed = true
  end
  if signal then
    return 128 + signal
  end
  if session.tape and not session.tape.finish(ok and complain) then
    session.failed = true
  end
  local good = ok and ended == OK and not session.failed
  journal.finish(good, complain)
  if opts.task and ended == UNKNOWN then
    journal.tell_unknown(complain)
  end
  return good and OK or (ended ~= OK and ended) or FAILED
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

local function new_session(sys, opts)
  local session = { sys = sys, traceback = opts.traceback, text_of = text_of }
  function session.check()
    if session.tape then
      session.tape.check()
    end
    if sys.signal() then
      error(interrupt, 0)
    end
  end
  -- What ended a coroutine that nobody waits for; Ctrl-C has its own words.
  function session.report(text)
    if not sys.signal() then
      session.failed = true
      complain(opts.traceback and text or text:match "^[^\n]*")
    end
  end
  return session
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
  local session = new_session(sys, opts)
  prepare_loop(session) -- before anything loads it
  if opts.help then
    io.write(options.usage)
    return OK
  elseif opts.version then
    print_versions(sys)
    return OK
  elseif opts.sim_serve then
    return serve(sys, opts.sim_serve)
  elseif opts.command then
    sys.ready()
    local planned
    planned, status, err = plan_command(sys, opts, argv)
    if not planned then
      return status, err
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
  return run(session, opts, argv)
end

return function(sys, argv)
  called = argv[0] and argv[0]:match "[^/]+$" or called
  local status, err = main(sys, argv)
  if err then
    complain(err)
  end
  return status
end
