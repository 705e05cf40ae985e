-- SPDX-License-Identifier: MIT
-- mjlua -m: the commands, and from their words to what there is to do.

local commands = {}

-- In the order in which they are listed; the module has plan(name, words, sys), or
-- main(words, sys, before) for what has a way of its own.
local list = {
  { "imagine", "mj.cli.imagine", "a picture from a prompt, and its upscales" },
  { "batch", "mj.cli.batch", "a file of prompts, many at a time" },
  { "click", "mj.cli.verb", "a button of a task" },
  { "blend", "mj.cli.verb", "two to five pictures into one" },
  { "describe", "mj.cli.verb", "words for a picture" },
  { "shorten", "mj.cli.verb", "fewer words for a prompt" },
  { "inpaint", "mj.cli.verb", "a part of a picture made anew" },
  { "edit", "mj.cli.verb", "a picture changed by words" },
  { "retexture", "mj.cli.verb", "a picture in another look" },
  { "video", "mj.cli.verb", "a film from a picture" },
  { "swap-face", "mj.cli.verb", "a face put into another picture" },
  { "upload", "mj.cli.verb", "pictures brought to the gateway: their addresses" },
  { "task", "mj.cli.task", "what became of tasks: look, wait, save, seed, cancel" },
  { "list", "mj.cli.task", "the newest tasks, or those that wait and run" },
  { "capabilities", "mj.cli.task", "what works at a gateway" },
  { "status", "mj.cli.status", "what a journal holds" },
  { "resolve", "mj.cli.resolve", "what a person knows of work in doubt" },
  { "report", "mj.cli.report", "what work cost" },
  { "doctor", "mj.cli.doctor", "what is set, what answers, what the gateway can do" },
  { "fixture", "mj.cli.fixture", "a test's folder, made of a transcript" },
}

local by_name = {}
for _, row in ipairs(list) do
  by_name[row[1]] = row
end

function commands.has(name)
  return by_name[name] ~= nil
end

local function print_list()
  print "usage: mjlua -m COMMAND [arguments]   (mjlua -m COMMAND --help shows them)\n"
  for _, row in ipairs(list) do
    print(("  %-13s %s"):format(row[1], row[3]))
  end
  print [[

They end with 0, or 1 an error, 2 wrong usage, 3 some failed, 4 something may
have been paid for without an answer, 5 the budget did not allow it.
A gateway: MJ_BASE_URL and MJ_API_KEY in the environment, or --sim for a
simulated one.]]
end

-- How it is done is no part of what a run is: the same work goes on.
local manner = { -- (a budget that was raised is for the same work, too)
  json = true, quiet = true, timeout = true, journal = true, no_journal = true, fresh = true,
  output = true, no_save = true, concurrency = true, sim = true, yes = true, failed = true,
  grid = true, price = true, budget = true,
}

local function text_of(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local items = {}
  for i, item in ipairs(value) do
    items[i] = tostring(item)
  end
  return table.concat(items, "\1")
end

-- What names the run of a command: what it asks for, in any order of its options.
local function words_of(name, args)
  local words, names = { "-m", name }, {}
  for key in pairs(args) do
    if not manner[key] then
      names[#names + 1] = key
    end
  end
  table.sort(names)
  for _, key in ipairs(names) do
    local value = args[key]
    if type(value) ~= "table" or #value > 0 then
      words[#words + 1] = key .. "=" .. text_of(value)
    end
  end
  return words
end

-- `before`: the options in front of -m.
local function conflicts(args, before)
  local file = args.journal or before.journal
  if file and (args.no_journal or before.no_journal) then
    return "give either --journal or --no-journal"
  elseif file and (args.sim or before.sim) then
    return "--journal is not for --sim, whose tasks end with the command"
  elseif file == "" then
    return "option '--journal' needs the name of a file"
  end
end

local function options_of(name, plan)
  local args = plan.args
  return {
    sim = args.sim, journal = args.journal, no_journal = args.no_journal or plan.free,
    fresh = args.fresh, free = plan.free, of = plan.of,
    words = words_of(name, plan.run_args or args),
  }
end

-- `before`: the options in front of -m; `sys`: what mjlua.c gives main.
-- What there is to do: a table with options (for the rest of mjlua: sim, journal ...)
-- and run(complain) -> status; or nil, the status to end with, and what is wrong.
function commands.plan(name, words, before, sys)
  if name == "help" and words[1] and by_name[words[1]] then
    name, words = words[1], { "--help" }
  elseif name == "--help" or name == "-h" or (name == "help" and not words[1]) then
    print_list()
    return nil, 0
  end
  name = name == "help" and words[1] or name
  local row = by_name[name]
  if not row then
    local near = require("mj.option").nearest(name, by_name)
    return nil, 2, ("no command '%s'%s; mjlua -m lists them"):format(name,
      near and (" (did you mean '%s'?)"):format(near) or "")
  end
  local module = require(row[2])
  if module.main then
    for _, option in ipairs { "sim", "record", "replay", "dry_run" } do
      if before and before[option] then -- it would ask the gateway itself
        return nil, 2, ("%s: --%s is not for it"):format(name, (option:gsub("_", "-")))
      end
    end
    return nil, module.main(words, sys, before)
  elseif not pcall(require, "argparse") then
    return nil, 1, "-m needs lua-argparse (Debian: lua-argparse; LuaRocks: argparse)"
  end
  local plan, status, err = module.plan(name, words, sys)
  if not plan then
    return nil, status, err
  end
  err = conflicts(plan.args, before or {})
  if err then
    return nil, 2, ("%s: %s"):format(name, err)
  end
  plan.options = options_of(name, plan)
  return plan
end

return commands
