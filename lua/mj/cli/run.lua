-- SPDX-License-Identifier: MIT
-- One run of mjlua: the script or command, what it leaves behind, and the status it
-- ends with.

local dry = require "mj.cli.dry"
local program = require "mj.cli.program"
local voice = require "mj.cli.voice"

local run = {}

local complain, text_of = voice.complain, voice.text_of

local getinfo = debug.getinfo

local OK, FAILED, UNKNOWN, BUDGET = 0, 1, 4, 5

-- What Ctrl-C raises inside a task.
local interrupt = setmetatable({ code = "cancelled", message = "interrupted" }, {
  __name = "mj.interrupt",
  __tostring = function()
    return "interrupted!" -- as lua says it
  end,
})
run.interrupt = interrupt

-- The scheduler is loaded when a script asks for it, not before: a script that
-- waits for nothing starts as fast as it can.
-- From then on there may be work that was paid for, and leaving is orderly.
function run.prepare_loop(session)
  local load = package.preload["mj.loop"]
  package.preload["mj.loop"] = function(...)
    local loop = session.sys.plain(load, ...)
    loop.check, loop.report = session.check, session.report
    session.sys.catch(interrupt)
    return loop
  end
end

local function cleared(env, ...)
  if env.clear_line then
    env.clear_line()
  end
  return ...
end

local function interact(session, opts)
  voice.at_prompt(session, function()
    local env = require "mj.env"
    require("mj.cli.interact").run(session, function(...)
      return cleared(env, program.call(session, ...))
    end, not opts.first and #opts.steps == 0)
  end)
end

-- The run goes on while coroutines of mj.spawn do; jobs that nobody waits for do not
-- hold it up.
local function wait_for_coroutines()
  local loop = package.loaded["mj.loop"]
  if loop then
    loop.run_coroutines()
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

-- What a client would have to say, had it a log: doubts about a prompt, and
-- what is tried again.
local function log(level, line)
  if level == "warning" or level == "error" then
    complain(level .. ": " .. line)
  end
end

-- Once the script may end by os.exit, which is as orderly as its end.
local function replace_exit(session, journal)
  local os_exit = os.exit
  os.exit = function(code, ...) -- luacheck: ignore 122
    if code ~= nil and type(code) ~= "boolean" and not math.tointeger(code) then
      local name = getinfo(1, "n").name or "os.exit" -- what it was called by, as in lua
      error(("bad argument #1 to '%s' (%s)"):format(name, tonumber(code)
        and "number has no integer representation" or "number expected, got " .. type(code)), 2)
    end
    if session.input then -- typed at the prompt
      session.input:close()
    end
    local good = code == nil or code == true or code == 0
    if leave(session, good) and good then
      code, good = FAILED, false
    end
    if dry.finish(complain) and good then
      code, good = BUDGET, false
    end
    if session.tape and not session.tape.finish(good and complain) and good then
      code, good = FAILED, false
    end
    journal.finish(good, complain)
    return os_exit(code, ...)
  end
end

-- The script, its coroutines, and the prompt where there is one: true, or false and
-- what it ended with.
local function work(session, opts, argv)
  local ok, err = program.run(session, opts, argv)
  if ok then
    ok, err = pcall(wait_for_coroutines)
  end
  ok, err = dry.forgive(ok, err)
  if ok and program.is_interactive(session, opts) then
    if not opts.show then
      print(session.sys.copyright)
    end
    interact(session, opts)
    if not session.sys.isatty(0) then -- at a terminal the user has been asked
      ok, err = pcall(wait_for_coroutines)
    end
  end
  return ok, err
end

-- Returns the status to end with.
function run.go(session, opts, argv)
  local env = require "mj.env"
  local journal = require "mj.cli.journal"
  env.log = log
  env.runs = {}
  env.journal = journal.settings(opts, argv, complain)
  session.again = journal.again(opts, argv)
  replace_exit(session, journal)
  local ok, err = work(session, opts, argv)
  local signal = session.sys.signal()
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
  if dry.finish(complain) and ended == OK and ok and not session.failed then
    ended = BUDGET
  end
  if (opts.command or package.loaded["mj.client"])
    and not voice.written(session.sys, not opts.free) then
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

function run.new_session(sys, opts)
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

return run
