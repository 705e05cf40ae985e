-- SPDX-License-Identifier: MIT
-- mjlua -m report: what was paid for, as a journal has it.

local core = require "mj.core"
local report = require "mj.report"
local status = require "mj.cli.status"

local command = {}

command.usage = [=[
usage: mjlua -m report [--json]
       mjlua -m report [--by GROUP] [--csv | --json] JOURNAL
       mjlua -m report [--by GROUP] [--csv | --json] SCRIPT [arguments]

Shows what the work in a journal cost: spent, reserved (it goes on) and unknown
(nobody knows whether it was paid).  Prices are those that the script gave.
Without a name: which journals there are.

  --by GROUP  verb (unless told), mode, gateway, day, run or budget
  --csv       a line for each, with a line of names
  --json      one object

Example:
  mjlua -m report --by day poster.lua
]=]

local flags = { csv = true, json = true, help = true }

-- Options, and where the rest begins; or nil and what is wrong.
local function parse(args)
  local opts, i = {}, 1
  while args[i] and args[i]:find "^%-." do
    local name, value = args[i]:match "^%-%-(%a+)=?(.*)$"
    if args[i] == "-h" then
      opts.help = true
    elseif name == "by" then
      if value == "" then
        i = i + 1
        value = args[i]
      end
      opts.by = value or ""
    elseif not flags[name] or args[i] ~= "--" .. name then
      return nil, ("report: unknown option '%s'; --help lists them"):format(args[i])
    else
      opts[name] = true
    end
    i = i + 1
  end
  if opts.csv and opts.json then
    return nil, "report: give either --csv or --json"
  end
  return opts, i
end

-- Returns the status to end with, and what is wrong.
function command.main(args, sys)
  local opts, first = parse(args)
  if not opts then
    return 2, first
  elseif opts.help then
    io.write(command.usage)
    return 0
  end
  local ok, by = pcall(report.by, "report", opts.by)
  if not ok then
    return 2, (tostring(by):gsub("^[^ ]+:%d+: ", ""))
  elseif not args[first] and (opts.by or opts.csv) then
    return 2, "report: which journal? give its file, or the script and its arguments"
  elseif not args[first] then
    return status.all("report", opts, sys)
  end
  local path = status.path_of(args, first)
  if not path then
    return 2, "report: there is no state folder: set HOME, or give the journal's file"
  end
  local sums, e = core.money(path)
  if not sums then
    return 1, "report: " .. e.message
  end
  local made = report.new(by, sums)
  if opts.csv then
    io.write(made:csv())
  else
    print(opts.json and made:json() or made)
  end
  return 0
end

return command
