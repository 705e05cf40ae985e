-- SPDX-License-Identifier: MIT
-- The command line of mjlua: argv -> what to do.  Pure; main.lua does it.

local options = {}

options.usage = [=[
usage: mjlua [options] [script [arguments]]

  -e CODE      run CODE
  -l MODULE    require MODULE into a global variable of that name (-l g=MODULE)
  -m COMMAND   run a command: status (what a journal holds; -m status --help)
  -i           read lines after the script
  -v           print the version
  -W           turn warnings on
  -            run standard input
  --           end of the options

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
  --traceback  a stack trace with each error
  --version    the version, and those of the libraries
  --help       this text

Settings of the simulator: profile=new-api (or novicezk, plus, trueai, generate),
clock=20 (twenty times faster), seed=7 (other pictures); doc/simulator.md has them
all.
A real gateway: MJ_BASE_URL and MJ_API_KEY in the environment.
]=]

-- The value of a long option: "no", "maybe" (--sim=...), "next" (or the next word),
-- "must" (likewise, and it cannot be left out).
local long = {
  ["--sim"] = "maybe",
  ["--sim-serve"] = "next",
  ["--traceback"] = "no",
  ["--journal"] = "must",
  ["--no-journal"] = "no",
  ["--fresh"] = "no",
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
    return nil, ("unknown option '%s'; did you mean '%s'?"):format(name, nearest(name))
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

-- -e, -l with the value in the same word or in the next one.
local function take_value(opts, argv, i, letter)
  local value, n = argv[i]:sub(3), 1
  if value == "" then
    value, n = argv[i + 1], 2
  end
  if not value then
    return nil, ("option '-%s' needs a value"):format(letter)
  end
  opts.steps[#opts.steps + 1] = { kind = letter, value = value }
  return n
end

-- Returns a table: steps (in order), interactive, version, help ..., first (the
-- place of the script in argv, nil = none); or nil and what is wrong.
function options.parse(argv)
  local opts = { steps = {} }
  local i = 1
  while argv[i] do
    local word = argv[i]
    local n, err = 1, nil
    if word == "--" then
      i = i + 1
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      break
    elseif word:sub(1, 2) == "--" then
      n, err = take_long(opts, argv, i)
    elseif word:find "^%-[el]" then
      n, err = take_value(opts, argv, i, word:sub(2, 2))
    elseif word == "-m" then
      if not argv[i + 1] then
        return nil, "option '-m' needs a value"
      end
      opts.command, opts.rest = argv[i + 1], i + 2
      return opts
    elseif word == "-i" then
      opts.interactive, opts.show = true, true
    elseif word == "-v" then
      opts.show = true
    elseif word == "-W" then
      opts.warnings = true
    else
      n, err = nil, ("unknown option '%s'; --help lists them"):format(word)
    end
    if not n then
      return nil, err
    end
    i = i + n
  end
  if argv[i] then
    opts.first = i
  end
  if opts.journal and opts.no_journal then
    return nil, "give either --journal or --no-journal"
  elseif opts.journal and opts.sim then
    return nil, "--journal is not for --sim, whose tasks end with the script"
  elseif opts.journal == "" then
    return nil, "option '--journal' needs the name of a file"
  end
  if opts.sim_serve and opts.first then
    return nil, "--sim-serve runs no script"
  end
  return opts
end

return options
