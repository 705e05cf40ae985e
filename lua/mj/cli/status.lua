-- SPDX-License-Identifier: MIT
-- mjlua -m status: what a journal holds.

local core = require "mj.core"
local journal = require "mj.cli.journal"

local status = {}

status.usage = [=[
usage: mjlua -m status [--unknown] [--json] JOURNAL
       mjlua -m status [--unknown] [--json] SCRIPT [arguments]

Shows the paid work that a journal holds: that of a file, or of a script that is
run with these arguments.  While a script runs its journal is its own.

  --unknown  only what may have been paid for without an answer
  --json     a line of JSON for each
]=]

-- Options, and where the rest begins; or nil and what is wrong.
local function parse(args)
  local opts, i = {}, 1
  while args[i] and args[i]:sub(1, 2) == "--" do
    local name = args[i]:match "^%-%-(%a+)$"
    if name ~= "unknown" and name ~= "json" and name ~= "help" then
      return nil, ("status: unknown option '%s'; --help lists them"):format(args[i])
    end
    opts[name] = true
    i = i + 1
  end
  if not args[i] and not opts.help then
    return nil, "status: which journal? give its file, or the script and its arguments"
  end
  return opts, i
end

local function is_journal(path)
  local file = io.open(path, "rb")
  local head = file and file:read(15)
  if file then
    file:close()
  end
  return head == "SQLite format 3"
end

local function path_of(args, first)
  if is_journal(args[first]) then
    return args[first]
  end
  local settings = journal.settings({ first = first }, args)
  return settings and settings.path
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

local function print_row(row)
  print(("%s  %s  %s  %s  %s"):format(cell(when(row.sent_at or row.created_at), 14),
    cell(row.state, 12), cell(row.verb, 9), cell(row.task_id or row.token, 29),
    cell(row.error or row.prompt or row.parent, 40):gsub("%s+$", "")))
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

-- Returns the status to end with, and what is wrong.
function status.main(args)
  local opts, first = parse(args)
  if not opts then
    return 2, first
  elseif opts.help then
    io.write(status.usage)
    return 0
  end
  local path = path_of(args, first)
  if not path then
    return 2, "status: there is no state folder: set HOME, or give the journal's file"
  end
  local rows, e = core.journal(path, opts.unknown)
  if not rows then
    return 1, ("status: %s%s"):format(e.message,
      e.message:find("has it already", 1, true) and "; while a script runs its journal is its own"
      or "")
  end
  local cjson = opts.json and require "cjson"
  for _, row in ipairs(rows) do
    if cjson then
      print(cjson.encode(row))
    else
      print_row(row)
    end
  end
  if not cjson then
    print_sum(rows)
  end
  return 0
end

return status
