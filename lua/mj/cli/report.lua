-- SPDX-License-Identifier: MIT
-- mjlua -m report: what was paid for, as a journal has it.

local core = require "mj.core"
local report = require "mj.report"
local status = require "mj.cli.status"
local words = require "mj.cli.words"

local command = {}

command.usage = [=[
usage: mjlua -m report [--json]
       mjlua -m report [--by GROUP] [--csv | --json] JOURNAL
       mjlua -m report [--by GROUP] [--csv | --json] SCRIPT [arguments]
       mjlua -m report [--by GROUP] [--csv | --json] BATCH

Shows what the work in a journal cost: spent, reserved (it goes on) and unknown
(nobody knows whether it was paid).  Prices are those that the script gave.
BATCH is a file of prompts that a batch was made of.  Without a name: which
journals there are.

  --by GROUP  verb (unless told), mode, gateway, day, run or budget
  --csv       a line for each, with a line of names
  --json      one object

Example:
  mjlua -m report --by day poster.lua
]=]

local takes = { ["--by"] = "value", ["--csv"] = "flag", ["--json"] = "flag" }

-- Returns the status to end with, and what is wrong.
function command.main(args, sys)
  local opts, first = words.parse("report", args, takes)
  if not opts then
    return 2, first
  elseif opts.csv and opts.json then
    return 2, "report: give either --csv or --json"
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
  local paths, why = status.paths_of(args, first, sys)
  if not paths then
    return 2, "report: " .. why
  elseif #paths > 1 then
    return 2, ("report: %d batches were made of %s; which of their journals? %s"):format(#paths,
      args[first], table.concat(paths, " "))
  end
  local sums, e = core.money(paths[1])
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
