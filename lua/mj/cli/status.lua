-- SPDX-License-Identifier: MIT
-- mjlua -m status: what a journal holds.

local core = require "mj.core"
local journal = require "mj.cli.journal"
local words = require "mj.cli.words"

local status = {}

status.usage = [=[
usage: mjlua -m status [--unknown] [--json]
       mjlua -m status [--unknown] [--json] JOURNAL
       mjlua -m status [--unknown] [--json] SCRIPT [arguments]
       mjlua -m status [--unknown] [--json] BATCH

Shows the paid work that a journal holds: that of a file, of a script that is
run with these arguments, or of the batches that were made of a file of prompts,
whether or not it runs just now.  Without a name: which journals there are, or,
with --unknown, what is in doubt in any of them.

  --unknown  only what may have been paid for without an answer
  --json     a line of JSON for each

Example:
  mjlua -m status --unknown poster.lua
]=]

local takes = { ["--unknown"] = "flag", ["--json"] = "flag" }

local function is_journal(path)
  local file = io.open(path, "rb")
  local head = file and file:read(15)
  if file then
    file:close()
  end
  return head == "SQLite format 3"
end

local NO_FOLDER = "there is no state folder: set HOME, or give the journal's file"

-- The journals that are meant: a file, that of a script with its arguments, or those of
-- the batches of a file; or nil and what is wrong.
function status.paths_of(args, first, sys)
  if is_journal(args[first]) then
    return { args[first] }
  end
  local settings = journal.settings({ first = first }, args)
  if not settings or not settings.path then
    return nil, NO_FOLDER
  end
  local batches = not args[first + 1] and not is_journal(settings.path)
    and journal.of_file(args[first], sys.list) or {}
  return batches[1] and batches or { settings.path }
end

-- The first line of a text, cut to a width; what a gateway said has no control
-- characters by now, but a prompt may.
local function cell(text, width)
  text = tostring(text or ""):gsub("%c", " ")
  if #text <= width then
    return text .. (" "):rep(width - #text)
  end
  text = text:sub(1, width - 1):gsub("[\192-\255][\128-\191]*$", "")
  return text .. "…" .. (" "):rep(width - 1 - #text)
end

local function when(seconds)
  return seconds and os.date("%m-%d %H:%M:%S", math.floor(seconds)) or ""
end

-- The rows get what was saved of them.
local function add_files(rows, files)
  local lists = {}
  for _, file in ipairs(files) do
    lists[file.token] = lists[file.token] or {}
    table.insert(lists[file.token], file.path)
  end
  for _, row in ipairs(rows) do
    row.files = lists[row.token]
  end
end

local function print_row(row)
  print(("%s  %s  %s  %s  %s"):format(cell(when(row.sent_at or row.created_at), 14),
    cell(row.state, 12), cell(row.verb, 9),
    cell(row.state ~= "UNKNOWN" and row.task_id or row.token, 29),
    cell(row.error or row.prompt or row.parent, 40):gsub("%s+$", "")))
  for _, path in ipairs(row.files or {}) do
    print(("%s  %s"):format((" "):rep(14), (path:gsub("%c", "?"))))
  end
end

local function print_sum(rows)
  local counts, names = {}, {}
  for _, row in ipairs(rows) do
    if not counts[row.state] then
      names[#names + 1] = row.state
    end
    counts[row.state] = (counts[row.state] or 0) + 1
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = ("%d %s"):format(counts[name], name)
  end
  print(#rows == 0 and "nothing" or table.concat(names, ", "))
end

-- What can be done about doubts, once and at the end; no part of the list.
local function tell_cure(opts)
  if opts.doubts and not opts.json then
    io.stderr:write("mjlua: to say what became of one: mjlua -m resolve TOKEN TASK_ID, "
      .. "or mjlua -m resolve TOKEN absent\n")
  end
end

-- One journal: true, or nil and what is wrong.
local function show(path, opts)
  local rows, files, owner = core.journal(path, opts.unknown)
  if not rows then
    return nil, files.message
  elseif opts.named and #rows == 0 then
    return true
  end
  add_files(rows, files)
  local cjson = opts.json and require "cjson"
  if opts.named and not cjson then
    print(path)
  end
  for _, row in ipairs(rows) do
    row.journal = opts.named and path or nil
    opts.doubts = opts.doubts or row.state == "UNKNOWN"
    if cjson then
      print(cjson.encode(row))
    else
      print_row(row)
    end
  end
  if not cjson and owner ~= 0 then
    print(owner > 0 and ("process %d works on it"):format(owner) or "a process works on it")
  end
  if not cjson then
    print_sum(rows)
  end
  return true
end

-- A line for a journal: when it changed, its rows, those in doubt.
local function show_line(path, opts)
  local rows, e = core.journal(path, false)
  local doubtful = rows and core.journal(path, true)
  if not doubtful then
    return nil, rows and "it changes just now" or e.message
  end
  local changed
  for _, row in ipairs(rows) do
    local at = row.changed_at or row.created_at
    changed = at and math.max(changed or at, at) or changed
  end
  if opts.json then
    print(require("cjson").encode { journal = path, changed_at = changed, rows = #rows,
      unknown = #doubtful })
  else
    print(("%s  %6d row%s  %s  %s"):format(cell(when(changed), 14), #rows,
      #rows == 1 and " " or "s", cell(#doubtful > 0 and #doubtful .. " unknown" or "", 12), path))
  end
  return true
end

-- All that are in the state folder; `name` is the command's.  Returns the status to
-- end with, and what is wrong.
function status.all(name, opts, sys)
  local folder = journal.folder()
  if not folder then
    return 2, ("%s: %s"):format(name, NO_FOLDER)
  end
  local names, worst, wrong = {}, 0, nil
  for _, file in ipairs(sys.list(folder) or {}) do
    names[#names + 1] = file:find "%.journal$" and file or nil
  end
  table.sort(names)
  for _, file in ipairs(names) do
    local path = folder .. "/" .. file
    local ok, why = (opts.unknown and show or show_line)(path, opts)
    if not ok then
      worst, wrong = 1, (wrong and wrong .. "\nmjlua: " or "") .. ("%s: %s"):format(name, why)
    end
  end
  if #names == 0 and not opts.json then
    print(("no journal in %s"):format(folder))
  end
  tell_cure(opts)
  return worst, wrong
end

-- Returns the status to end with, and what is wrong.
function status.main(args, sys)
  local opts, first = words.parse("status", args, takes)
  if not opts then
    return 2, first
  elseif opts.help then
    io.write(status.usage)
    return 0
  end
  if not args[first] then
    opts.named = true
    return status.all("status", opts, sys)
  end
  local paths, why = status.paths_of(args, first, sys)
  if not paths then
    return 2, "status: " .. why
  end
  opts.named = #paths > 1
  for _, path in ipairs(paths) do
    local ok
    ok, why = show(path, opts)
    if not ok then
      return 1, "status: " .. why
    end
  end
  tell_cure(opts)
  return 0
end

return status
