-- SPDX-License-Identifier: MIT
-- The command line of mjlua: argv -> what to do.  Pure; main.lua does it.

local options = {}

options.usage = [=[
usage: mjlua [options] [script [arguments]]

As lua:
  -e CODE      run CODE
  -l MODULE    require MODULE into a global variable of that name (-l g=MODULE)
  -i           read lines after the script
  -v           print the version of Lua
  -E           ignore the environment of Lua: LUA_INIT, LUA_PATH, LUA_CPATH
  -W           turn warnings on
  -            run standard input
  --           end of the options

Of mjlua; they come before the script, too:
  -m COMMAND   run a command: imagine, batch, task, doctor ... (-m lists them)
  --sim[=SETTING,...]
               run against a simulated gateway: no key, no cost
  --sim-serve [HOST:PORT][,SETTING,...]
               serve the simulated gateway until interrupted
  --journal FILE
               where paid work is written down, so that a script that was cut
               off goes on when it is started again; unless told, a file in the
               state folder for each script and its arguments
  --no-journal no such file; --sim, -e and typed lines have none anyway
  --fresh      begin anew, whatever was cut off
  --dry-run    send nothing: check and count what the script would send, and say
               what that would cost
  --record FILE
               write down what is said to the gateway and what it answers,
               without the key (a line of JSON each)
  --replay FILE
               answer from that file, and ask nobody; what differs is an error;
               what was waited for then takes no time
  --restricted[=FOLDER]
               run a script that is not trusted: it sees no key, no file but
               those below FOLDER (nor those without it), no host but the
               gateway, and spends what --budget allows (doc/sandbox.md)
  --time S, --cpu S, --memory MB, --budget N
               its limits: seconds by the clock (900) and of work (30), memory
               (256), and how many tasks it may submit (0)
  --traceback  a stack trace with errors that have a text of their own, too
  --version    the version, and those of the libraries
  --help       this text

Settings of the simulator: profile=new-api (or novicezk, plus, trueai,
generate), clock=20 (twenty times faster), seed=7 (other pictures);
doc/simulator.md has them all.
A real gateway: MJ_BASE_URL and MJ_API_KEY in the environment.
]=]

-- After a wrong option.
options.brief = [=[
usage: mjlua [options] [script [arguments]]
  -e CODE  -l [NAME=]MODULE  -i  -v  -E  -W  -  --      as lua
  --sim[=...]  --sim-serve  --journal FILE  --no-journal  --fresh  --dry-run
  --record FILE  --replay FILE  --restricted[=FOLDER]  --traceback
  -m COMMAND  --version  --help                         of mjlua; --help says more]=]

-- The value of a long option: "no", "maybe" (--sim=...), "next" (or the next word),
-- "must" (likewise, and it cannot be left out).
local long = {
  ["--sim"] = "maybe",
  ["--sim-serve"] = "next",
  ["--traceback"] = "no",
  ["--dry-run"] = "no",
  ["--journal"] = "must",
  ["--no-journal"] = "no",
  ["--fresh"] = "no",
  ["--record"] = "must",
  ["--replay"] = "must",
  ["--restricted"] = "maybe",
  ["--time"] = "must",
  ["--cpu"] = "must",
  ["--memory"] = "must",
  ["--budget"] = "must",
  ["--version"] = "no",
  ["--help"] = "no",
}

local function nearest(name)
  local best, least
  for known in pairs(long) do
    local d = require("mj.option").distance(name, known)
    -- In a tie the first by name, whatever the order of the table.
    if not best or d < least or (d == least and known < best) then
      best, least = known, d
    end
  end
  return best
end

-- One long option; returns how many words it took, or nil and what is wrong.
local function take_long(opts, argv, i)
  local name, value = argv[i]:match "^([^=]+)=?(.*)$"
  local kind = long[name]
  if not kind then
    return nil, ("unrecognized option '%s'\ndid you mean '%s'?\n%s"):format(argv[i],
      nearest(name), options.brief), 1
  end
  local given = argv[i]:find("=", 1, true) ~= nil
  if kind == "no" and given then
    return nil, ("option '%s' takes no value"):format(name)
  end
  local key = name:sub(3):gsub("-", "_")
  if kind == "next" and not given and argv[i + 1] and not argv[i + 1]:find "^%-" then
    opts[key] = argv[i + 1]
    return 2
  end
  if kind == "must" and not given then
    if not argv[i + 1] then
      return nil, ("option '%s' needs a value"):format(name)
    end
    opts[key] = argv[i + 1]
    return 2
  end
  opts[key] = kind == "no" or value
  return 1
end

-- What lua.c does not know it answers with status 1 and its usage.
local function lua_usage(word)
  if word:find "^%-[el]" then
    return nil, ("'%s' needs argument\n%s"):format(word, options.brief), 1
  end
  return nil, ("unrecognized option '%s'\n%s"):format(word, options.brief), 1
end

-- -e, -l with the value in the same word or in the next one, which must not look
-- like an option.
local function take_value(opts, argv, i, letter)
  local value, n = argv[i]:sub(3), 1
  if value == "" then
    value, n = argv[i + 1], 2
  end
  if not value or (n == 2 and value:sub(1, 1) == "-") then
    return lua_usage(argv[i])
  end
  opts.steps[#opts.steps + 1] = { kind = letter, value = value }
  opts.code = opts.code or letter == "e"
  return n
end

-- Options that do not go together, and a script for --restricted; nil is fine.
local function check_modes(opts, argv)
  for _, name in ipairs { "time", "cpu", "memory", "budget" } do
    if opts[name] and not opts.restricted then
      return ("--%s is for --restricted"):format(name)
    end
  end
  if opts.restricted and (#opts.steps > 0 or opts.interactive or argv[opts.first] == "-"
      or not opts.first) then
    return "--restricted runs a script in a file, and nothing else"
  elseif opts.restricted and opts.dry_run then
    return "--dry-run is not for --restricted; without --budget it submits nothing"
  end
  if opts.replay and (opts.record or opts.sim or opts.journal) then
    return "--replay asks nobody: --record, --sim and --journal are not for it"
  elseif (opts.replay or opts.record) and opts.restricted then
    return "--record and --replay are not for --restricted"
  end
end

local function take_command(opts, argv, i)
  opts.command, opts.rest = argv[i + 1] or "help", i + 2
  return 2
end

-- The words of one option; or nil, what is wrong and the status.
local function take(opts, argv, i)
  local word = argv[i]
  if word:sub(1, 2) == "--" then
    return take_long(opts, argv, i)
  elseif word:find "^%-[el]" then
    return take_value(opts, argv, i, word:sub(2, 2))
  elseif word == "-m" then
    return take_command(opts, argv, i)
  elseif word == "-i" then
    opts.interactive, opts.show = true, true
  elseif word == "-v" then
    opts.show = true
  elseif word == "-E" then
    opts.no_environment = true
  elseif word == "-W" then
    opts.steps[#opts.steps + 1] = { kind = "W", value = "" }
  else
    return lua_usage(word)
  end
  return 1
end

-- What cannot be together.
local function check(opts, argv)
  if opts.journal and opts.no_journal then
    return nil, "give either --journal or --no-journal"
  elseif opts.journal and opts.sim then
    return nil, "--journal is not for --sim, whose tasks end with the script"
  elseif opts.journal == "" then
    return nil, "option '--journal' needs the name of a file"
  end
  local wrong = check_modes(opts, argv)
  if wrong then
    return nil, wrong
  end
  if opts.dry_run and opts.command then
    return nil, opts.command == "batch" and "batch has --dry-run of its own, behind the name; "
      .. "--dry-run in front is for scripts" or "--dry-run is for scripts, and for -m batch FILE "
      .. "--dry-run"
  elseif opts.dry_run and (opts.sim or opts.sim_serve) then
    return nil, "give either --dry-run, which sends nothing, or --sim, which costs nothing"
  end
  if opts.sim_serve and (opts.first or opts.command) then
    return nil, "--sim-serve runs no script"
  end
  return opts
end

-- Returns a table: steps (in order), code (-e was given), interactive, version,
-- help ..., first (the place of the script in argv, nil = none); or nil, what is
-- wrong and the status to end with (nil: 2).
function options.parse(argv)
  local opts = { steps = {} }
  local i = 1
  while argv[i] do
    local word = argv[i]
    if word == "--" then
      i = i + 1
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      break
    end
    local n, err, status = take(opts, argv, i)
    if not n then
      return nil, err, status
    elseif opts.command then
      return check(opts, argv) -- what follows is the command's
    end
    i = i + n
  end
  opts.first = argv[i] and i or nil
  return check(opts, argv)
end

return options
