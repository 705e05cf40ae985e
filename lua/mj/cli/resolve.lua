-- SPDX-License-Identifier: MIT
-- mjlua -m resolve: what a person knows of work in doubt.

local core = require "mj.core"
local journal = require "mj.cli.journal"
local option = require "mj.option"
local words = require "mj.cli.words"

local resolve = {}

resolve.usage = [=[
usage: mjlua -m resolve [--journal FILE] [--json] KEY TASK_ID
       mjlua -m resolve [--journal FILE] [--json] KEY absent

Says what became of a request that was sent and not answered, where a person has
looked (the gateway's web page, its bill) and no program can.  KEY is its token,
which mjlua -m status --unknown lists, or the key that the script gave it.

  TASK_ID         it became this task: the next start of its script waits for it
  absent          there is no task: the next start sends it again, and pays
  --journal FILE  where it is written down; else it is looked for in all
                  journals of the state folder
  --json          a line of JSON: journal, token, key, state and task_id

Example:
  mjlua -m resolve mj_9k2jvfzfsq9gmx8y8e3v0vhw4c 1712205491846217
]=]

local takes = { ["--journal"] = "value", ["--json"] = "flag" }

-- What is meant as "absent", or as a token, would be believed as a task's id, and nobody
-- could take it back.
local function wrong_id(id)
  if id ~= "absent" and option.distance(id:lower(), "absent") <= 2 then
    return ("'%s' is no task's id; did you mean 'absent'"):format(id)
  elseif id:find "^mj_%w+$" and #id == 29 then
    return ("'%s' is a token, and not the id that the gateway gave the task"):format(id)
  end
end

-- Options and words; or nil and what is wrong.
local function parse(args)
  local opts, first = words.parse("resolve", args, takes)
  if not opts then
    return nil, (first:gsub("^resolve: ", ""))
  end
  opts.key, opts.task = args[first], args[first + 1]
  if not opts.help and (not opts.task or args[first + 2] or opts.key == "") then
    return nil, "a key or token and a task's id, or absent, are expected; --help shows them"
  end
  local wrong = not opts.help and wrong_id(opts.task)
  if wrong then
    return nil, wrong
  end
  return opts
end

-- Of one journal: the row in doubt, or nil and another that is called so (or nil and
-- what is wrong with the file, as the third).
local function find(path, key)
  local rows, e, owner = core.journal(path, false)
  if not rows then
    return nil, nil, e.message
  end
  local other
  for _, row in ipairs(rows) do
    if row.token == key or row.key == key then
      if row.state == "UNKNOWN" or row.state == "DISPATCHING" then
        row.owner = owner
        return row
      end
      other = row
    end
  end
  return nil, other
end

-- The same in all journals of the state folder: the row and its journal; or nil, what
-- is wrong, another row that is called so, and why a journal could not be read.
local function find_anywhere(key, sys)
  local folder = journal.folder()
  local found, paths, other, broken = nil, {}, nil, nil
  for _, file in ipairs(folder and sys.list(folder) or {}) do
    if file:find "%.journal$" then
      local path = folder .. "/" .. file
      local row, elsewhere, why = find(path, key)
      found = found or row
      paths[#paths + 1] = row and path or nil
      other, broken = other or elsewhere, broken or why
    end
  end
  if #paths == 1 then
    return found, paths[1]
  elseif #paths > 1 then
    table.sort(paths)
    return nil, ("several journals have '%s': give one of them, --journal %s"):format(key,
      table.concat(paths, " or --journal "))
  end
  return nil, nil, other, broken
end

local function search(opts, sys)
  if not opts.journal then
    return find_anywhere(opts.key, sys)
  end
  local row, other, why = find(opts.journal, opts.key)
  if row then
    return row, opts.journal
  end
  return nil, why, other
end

-- A journal that cannot be read may have it, and is no reason to be silent about the
-- others.
local function not_found(key, other, broken)
  if other then
    return ("%s is not in doubt: it is %s"):format(key, other.state)
  elseif broken then
    return ("nothing that can be read has the key or token '%s'; %s"):format(key, broken)
  end
  return ("nothing has the key or token '%s'; mjlua -m status --unknown lists what is in doubt")
    :format(key)
end

-- Writes it down: true, or nil and what is wrong.
local function settle(path, row, task)
  if row.owner ~= 0 then
    return nil, ("%s works on %s: stop it first, or let it call client:resolve"):format(
      row.owner > 0 and ("process %d"):format(row.owner) or "a process", path)
  end
  local box, e = core.client { journal = path }
  local ok = box
  if box then
    ok, e = box:resolve(row.token, task)
    if ok then
      ok, e = box:flush(30)
    end
    box:close()
  end
  return ok, e and e.message
end

local function tell(opts, path, row, task)
  if opts.json then
    print(require("cjson").encode { journal = path, token = row.token, key = row.key,
      state = task and "ACCEPTED" or "READY", task_id = task })
  elseif task then
    print(("%s: it is task %s; what goes on with it waits for that"):format(row.token, task))
  else
    print(("%s: there was no task; what goes on with it sends it again"):format(row.token))
  end
end

-- `before`: the options in front of -m.  Returns the status to end with, and what is
-- wrong.
function resolve.main(args, sys, before)
  local opts, wrong = parse(args)
  if not opts then
    return 2, "resolve: " .. wrong
  elseif opts.help then
    io.write(resolve.usage)
    return 0
  end
  opts.journal = opts.journal or before and before.journal
  local row, path, other, broken = search(opts, sys)
  if not row then
    return 1, "resolve: " .. (path or not_found(opts.key, other, broken))
  end
  local task = opts.task ~= "absent" and opts.task or nil
  local ok, why = settle(path, row, task)
  if not ok then
    return 1, "resolve: " .. why
  end
  tell(opts, path, row, task)
  return 0
end

return resolve
