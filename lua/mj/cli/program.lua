-- SPDX-License-Identifier: MIT
-- Runs what the command line names, as the manual of Lua 5.4 has it (§7): each
-- chunk in a coroutine that passes for the main program, so that waiting works in
-- it while the scheduler stays outside.

local program = {}

-- A turn on behalf of the script, which waits for something in it.
local function turn()
  local loop = package.loaded["mj.loop"]
  if loop then
    local sources = require "mj.sources"
    local idle = loop.pending() == 0 and sources.timers() == 0
    loop.turn_for_host(idle and 0 or nil)
  end
end

-- A mistake in what mj was given is one line, the script's: where inside mj it was
-- noticed helps nobody.
local function without_ours(session, text)
  local option = package.loaded["mj.option"]
  local raised = option and option.raised
  if raised and not session.traceback and text:sub(1, #raised) == raised
      and text:find("^\nstack traceback:\n", #raised + 1) then
    return raised
  end
  return text
end

-- The first mistake of all.
local function with_hint(text)
  if _G.mj == nil and text:find("a nil value (global 'mj')", 1, true) then
    return (text:gsub("%(global 'mj'%)", '%0; a script begins with: local mj = require "mj"', 1))
  end
  return text
end

-- Runs fn(...): true and its results, or false and what to say.
function program.call(session, fn, ...)
  local sys = session.sys
  sys.ready()
  local co = sys.program(session.traceback)
  local results = table.pack(coroutine.resume(co, fn, ...))
  while results[1] and coroutine.status(co) ~= "dead" do
    local ok, err = pcall(turn)
    if not ok then
      return false, session.text_of(err)
    end
    results = table.pack(coroutine.resume(co))
  end
  if not results[1] then
    return false, session.text_of(results[2])
  elseif not results[2] then
    return false, with_hint(without_ours(session, session.text_of(results[3])))
  end
  return table.unpack(results, 2, results.n)
end

-- Loads and runs; raises what is to be said.
local function run(session, chunk, err, ...)
  if not chunk then
    error(err, 0)
  end
  local ok, text = program.call(session, chunk, ...)
  if not ok then
    error(text, 0)
  end
end

-- Text only: bytecode from elsewhere can crash the interpreter.
local function run_init(session)
  for _, name in ipairs { "LUA_INIT_5_4", "LUA_INIT" } do
    local text = os.getenv(name)
    if text then
      if text:sub(1, 1) == "@" then
        return run(session, loadfile(text:sub(2), "t"))
      end
      return run(session, load(text, "=" .. name, "t"))
    end
  end
end

local function run_library(session, value)
  local global, module = value:match "^(.-)=(.*)$"
  local ok, result = program.call(session, require, module or value)
  if not ok then
    error(result, 0)
  end
  _G[global or value] = result
end

local function run_step(session, step)
  if step.kind == "e" then
    run(session, load(step.value, "=(command line)", "t"))
  elseif step.kind == "l" then
    run_library(session, step.value)
  else
    warn "@on"
  end
end

-- `mjlua imagine cat` has forgotten a word.
local function with_command(err, argv, first)
  if not (err:find "^cannot open " and require("mj.cli.commands").has(argv[first])) then
    return err
  end
  local meant = { [0] = argv[0], table.unpack(argv) }
  table.insert(meant, first, "-m")
  return ("%s; a command is run with -m: %s"):format(err,
    require("mj.cli.journal").again({ first = 0 }, meant))
end

local function run_script(session, argv, first)
  local name = argv[first]
  if name == "-" and argv[first - 1] ~= "--" then
    name = nil
  end
  local chunk, err = loadfile(name, "t")
  if not chunk then
    error(name and with_command(err, argv, first) or err, 0)
  end
  local arg = _G.arg -- what is in it by now
  if type(arg) ~= "table" then
    error("'arg' is not a table", 0)
  end
  run(session, chunk, nil, table.unpack(arg, 1, #arg))
end

-- The words before the script have numbers below zero.
function program.set_arg(argv, first)
  local arg = {}
  for i = 0, #argv do
    arg[i - (first or 0)] = argv[i]
  end
  _G.arg = arg
end

-- Whether lines are read from the user; nothing else is to be run then.
function program.is_interactive(session, opts)
  if opts.task then
    return false
  end
  return opts.interactive
    or (not opts.first and not opts.code and not opts.show and session.sys.isatty(0))
end

-- The whole of a run but for the lines typed in: true, or false and what to say.
function program.run(session, opts, argv)
  return pcall(function()
    if opts.task then -- a command
      local ok, status = program.call(session, opts.task)
      if not ok then
        error(status, 0)
      end
      session.status = status
      return
    end
    if not opts.no_environment then
      run_init(session)
    end
    for _, step in ipairs(opts.steps) do
      run_step(session, step)
    end
    if opts.first then
      run_script(session, argv, opts.first)
    elseif not opts.code and not opts.show and not program.is_interactive(session, opts) then
      run(session, loadfile(nil, "t"))
    end
  end)
end

return program
