-- SPDX-License-Identifier: MIT
-- The journal that mjlua keeps for a script: where it is, and its end.

local env = require "mj.env"

local journal = {
  -- The place of a file without links and dots, or nil; mjlua brings its own.
  realpath = function()
    return nil
  end,
}

-- Two polynomials of 31 bits: the same words, the same file.
local function hash(text)
  local a, b = 7, 11
  for i = 1, #text do
    local byte = text:byte(i)
    a = (a * 31 + byte) % 2147483647
    b = (b * 37 + byte) % 2147483629
  end
  return ("%08x%08x"):format(a, b)
end

-- The user's state folder (XDG base directories); nil when there is no home.
function journal.folder()
  local state, home = os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if state and state:sub(1, 1) == "/" then
    return state .. "/mj"
  end
  return home and home ~= "" and home .. "/.local/state/mj" or nil
end

-- One file has one name, however it is written.
local function script_of(argv, first)
  return journal.realpath(argv[first]) or argv[first]
end

-- What it is called: a script with the same arguments, or the same -e, is the same
-- run.  nil for what has no name, as lines that are typed in.
local function run_of(opts, argv)
  local words = {}
  if opts.words then -- a command
    words = opts.words
  elseif opts.first then
    words[1] = script_of(argv, opts.first)
    for i = opts.first + 1, #argv do
      words[#words + 1] = argv[i]
    end
  else
    for _, step in ipairs(opts.steps or {}) do
      words[#words + 1] = "-" .. step.kind .. step.value
    end
  end
  local text = table.concat(words, "\0")
  return text ~= "" and (opts.words or argv[opts.first] ~= "-") and hash(text) or nil
end

local function is_there(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function file_name(text)
  return (text:gsub("%.lua$", ""):gsub("[^%w_-]", "_"):sub(1, 40))
end

-- The place of a run's journal.  That of a command that is about a file has its name, and
-- what finds it by the file, which those of older versions have not.
local function place_of(place, opts, argv, run)
  if not opts.words then
    return ("%s/%s-%s.journal"):format(place,
      file_name(script_of(argv, opts.first):match "[^/]*$"), run)
  end
  local plain = ("%s/%s-%s.journal"):format(place, file_name(opts.command), run)
  if not opts.of or is_there(plain) then
    return plain
  end
  return ("%s/%s-%s-%s-%s.journal"):format(place, file_name(opts.command),
    file_name(opts.of:match "[^/]*$"), hash(opts.of), run)
end

-- The journals of the commands that were about a file, as place_of names them; list(folder)
-- are the names in it.
function journal.of_file(path, list)
  local place, found = journal.folder(), {}
  local ending = "%-" .. hash(journal.realpath(path) or path) .. "%-%x+%.journal$"
  for _, name in ipairs(place and list(place) or {}) do
    found[#found + 1] = name:find(ending) and place .. "/" .. name or nil
  end
  table.sort(found)
  return found
end

-- Settings for mj.env; nil: what there is to run keeps none unless it is told to.
function journal.settings(opts, argv, complain)
  local run = run_of(opts, argv)
  if opts.no_journal or opts.sim or opts.replay
      or not (opts.journal or ((opts.first or opts.words) and run)) then
    return nil
  end
  local path, place = opts.journal, journal.folder()
  if not path and place then
    path = place_of(place, opts, argv, run)
  end
  return {
    path = path,
    run = run and "run " .. run,
    fresh = opts.fresh,
    announce = function()
      complain("going on with what was cut off; --fresh begins anew")
    end,
    asked = opts.journal and true,
    lacking = function(why)
      complain("no journal is kept: " .. why)
    end,
  }
end

local function quote(word)
  if word:find "^[%w_./:=@%%+,-]+$" then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The command that goes on with what was cut off.
function journal.again(opts, argv)
  local words = {}
  for i = 0, #argv do
    if argv[i] ~= "--fresh" or (opts.first and i > opts.first) then
      words[#words + 1] = quote(argv[i])
    end
  end
  return table.concat(words, " ")
end

-- What a command that ends in doubt leaves to be looked at.
function journal.tell_unknown(complain)
  local path = env.journal and env.journal.path
  local file = path and io.open(path, "rb")
  if file then
    file:close()
    complain("what may have been paid for: mjlua -m status --unknown " .. quote(path))
  end
end

-- A run that is over is gone on with by nobody: who settles what is in doubt in it,
-- and starts again, pays for all of it.
local function tell_doubts(box, path, complain)
  local doubts = 0
  for _, row in ipairs(box:rows(true) or {}) do
    doubts = doubts + (row.run == box:run_id() and 1 or 0)
  end
  if doubts > 0 then
    complain(("%d request%s in doubt: mjlua -m status --unknown %s"):format(doubts,
      doubts == 1 and " is" or "s are", quote(path)))
    complain("this run ended well and is over: the next start makes, and pays for, all that "
      .. "has no key of its own (os.exit(1) would have had it go on)")
  end
end

local function end_run(path, run, good, complain)
  local box, e = require("mj.core").client { journal = path, run = run }
  local ok = box
  if box then
    if good then
      tell_doubts(box, path, complain)
    end
    ok, e = box:run_done(good)
    if ok then
      ok, e = box:flush(30)
    end
    box:close()
  end
  return ok, e
end

-- The script ended by itself: its runs are over; with an error, they go on the next
-- time.
function journal.finish(good, complain)
  for _, entry in ipairs(env.runs or {}) do
    local ok, e = end_run(entry.path, entry.run, good, complain)
    if not ok then
      complain("the journal: " .. tostring(e))
    end
  end
end

return journal
