-- SPDX-License-Identifier: MIT
-- mjlua: what the interpreter does with its command line.  csrc/mjlua.c calls
-- this with what plain Lua has no word for, and with argv.

local options = require "mj.cli.options"

-- What Ctrl-C raises inside a task.
local interrupt = setmetatable({ code = "cancelled", message = "interrupted" }, {
  __name = "mj.interrupt",
  __tostring = function(self)
    return self.message
  end,
})

local OK, FAILED, USAGE = 0, 1, 2

-- Modules that are not linked in, and what brings the library they need.
local elsewhere = {
  ["mj.httpd"] = "libmicrohttpd (Debian: libmicrohttpd12)",
  ["mj.image"] = "libgd and libpng (Debian: libgd3, libpng16-16)",
}

local function complain(text)
  io.stderr:write("mjlua: ", text, "\n")
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
  for _, name in ipairs { "mj.httpd", "mj.image" } do
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

-- What to run -----------------------------------------------------------------

local function run_init()
  for _, name in ipairs { "LUA_INIT_5_4", "LUA_INIT" } do
    local text = os.getenv(name)
    if text then
      local chunk = text:sub(1, 1) == "@" and assert(loadfile(text:sub(2), "t"))
        or assert(load(text, "=" .. name, "t"))
      return chunk()
    end
  end
end

local function run_step(step)
  if step.kind == "e" then
    return assert(load(step.value, "=(command line)", "t"))()
  end
  local global, module = step.value:match "^([%a_][%w_]*)=(.*)$"
  _G[global or step.value] = require(module or step.value)
end

local function run_script(argv, first)
  local name = argv[first]
  local stdin = name == "-" and argv[first - 1] ~= "--"
  -- Text only: bytecode from elsewhere can crash the interpreter.
  local chunk, err = loadfile(not stdin and name or nil, "t")
  if not chunk then
    error(err, 0)
  end
  return chunk(table.unpack(argv, first + 1))
end

local function set_arg(argv, first)
  local arg = {}
  for i = 0, #argv do
    arg[i - (first or 0)] = argv[i]
  end
  _G.arg = arg
end

-- The scheduler is loaded when a script asks for it, not before: a script that
-- waits for nothing starts as fast as it can.
local function prepare_loop(session)
  local load = package.preload["mj.loop"]
  package.preload["mj.loop"] = function(...)
    local loop = load(...)
    loop.check, loop.report = session.check, session.report
    return loop
  end
end

-- A turn on behalf of the script, which waits for something in it.
local function turn()
  local loop = package.loaded["mj.loop"]
  if loop then
    local sources = require "mj.sources"
    local idle = loop.pending() == 0 and sources.timers() == 0
    loop.turn_for_host(idle and 0 or nil)
  end
end

-- Runs fn in a coroutine whose host we are, so that waiting works at the top
-- level; as pcall.
local function run_task(session, fn)
  local ok, results
  local function handler(err)
    if session.traceback and err ~= interrupt then
      session.trace = debug.traceback("", 2)
    end
    return { err = err }
  end
  local function keep(first, ...)
    ok, results = first, table.pack(...)
  end
  local co = coroutine.create(function()
    keep(xpcall(fn, handler))
  end)
  local ran, err = coroutine.resume(co)
  while ran and coroutine.status(co) ~= "dead" do
    ran, err = pcall(turn)
    if ran then
      ran, err = coroutine.resume(co)
    end
  end
  if not ran then
    return false, err
  elseif not ok then
    return false, results[1].err
  end
  return true, table.unpack(results, 1, results.n)
end

local function report(session, err)
  complain(text_of(err) .. (session.trace or ""))
  session.trace = nil
end

-- One line of the interactive mode: errors and Ctrl-C end the line only.
local function run_line(session, chunk)
  return (function(ok, ...)
    if not ok then
      report(session, (...))
      session.sys.ready()
    end
    return ok, ...
  end)(run_task(session, chunk))
end

local function interact(session)
  local tty = session.sys.isatty(0)
  require("mj.cli.repl").loop(function(prompt)
    if tty then
      io.write(prompt)
      io.flush()
    end
    local line = io.read "L"
    return line and line:gsub("\n$", "")
  end, function(chunk)
    return run_line(session, chunk)
  end, complain)
  if tty then
    print()
  end
end

-- The whole of a run but for the lines typed in.
local function program(session, opts, argv)
  run_init()
  for _, step in ipairs(opts.steps) do
    run_step(step)
  end
  if opts.first then
    run_script(argv, opts.first)
  elseif #opts.steps == 0 and not opts.show and not session.sys.isatty(0) then
    assert(loadfile(nil, "t"))()
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
  local signal = session.sys.signal
  local ok, unknown, left = pcall(require("mj.cli.leave").leave, signal, complain, good)
  if not ok then
    complain(text_of(unknown))
  elseif left or (signal() and #require("mj.env").runs > 0) then
    complain("run it again to go on: " .. session.again)
  end
  return unknown
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
    local good = code == nil or code == true or code == 0
    if leave(session, good) and good then
      code, good = FAILED, false
    end
    journal.finish(good, complain)
    return os_exit(code, ...)
  end
  local ok, err = run_task(session, function()
    return program(session, opts, argv)
  end)
  if ok then
    ok, err = pcall(wait_for_coroutines)
  end
  if ok and (opts.interactive
      or (not opts.first and #opts.steps == 0 and not opts.show and sys.isatty(0))) then
    interact(session)
  end
  local signal = sys.signal()
  if signal then
    complain "interrupted"
  elseif not ok then
    report(session, err)
  end
  if leave(session, ok and not session.failed and not signal) then
    session.failed = true
  end
  -- ids of paid work may be in it
  local wrote, why = io.stdout:flush()
  if not wrote then
    complain("cannot write to standard output: " .. tostring(why))
    session.failed = true
  end
  if signal then
    return 128 + signal
  end
  local good = ok and not session.failed
  journal.finish(good, complain)
  return good and OK or FAILED
end

local commands = { status = "mj.cli.status" }

local function run_command(name, args)
  if not commands[name] then
    return USAGE, ("no command '%s'; there is: status"):format(name)
  end
  return require(commands[name]).main(args)
end

local function new_session(sys, opts)
  local session = { sys = sys, traceback = opts.traceback }
  function session.check()
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
  local opts, err = options.parse(argv)
  if not opts then
    return USAGE, err
  end
  set_paths(sys)
  require("mj.cli.journal").realpath = sys.realpath
  if opts.help then
    io.write(options.usage)
    return OK
  elseif opts.version then
    print_versions(sys)
    return OK
  elseif opts.sim_serve then
    return serve(sys, opts.sim_serve)
  elseif opts.command then
    return run_command(opts.command, { table.unpack(argv, opts.rest) })
  end
  if opts.show then
    print(("mjlua %s (Lua %s)"):format(sys.version, sys.lua))
  end
  if opts.warnings then
    warn "@on"
  end
  set_arg(argv, opts.first)
  local session = new_session(sys, opts)
  prepare_loop(session)
  if opts.sim then
    local status
    status, err = use_simulator(opts.sim == true and "" or opts.sim)
    if status then
      return status, err
    end
  end
  sys.catch(interrupt)
  return run(session, opts, argv)
end

return function(sys, argv)
  local status, err = main(sys, argv)
  if err then
    complain(err)
  end
  return status
end
