-- SPDX-License-Identifier: MIT
-- mjlua -m task, list, capabilities: questions, which cost nothing.

local common = require "mj.cli.common"
local task = require "mj.task"
local width = require "mj.width"

local questions = {}

local function when(seconds)
  return seconds and os.date("%m-%d %H:%M:%S", math.floor(seconds)) or ""
end

local function print_task(session, of, files)
  if session.args.json then
    return session:json(common.object(of, files))
  end
  local clean = width.clean
  session:say((("%s  %s %s  %s  %s  %s"):format(clean(of.id or "?"),
    width.fit(clean(of.status or "?"), 11), of.progress and ("%3d%%"):format(of.progress) or "    ",
    width.fit(clean(of.action or ""), 9), width.fit(when(of.submitted_at), 14),
    width.cut(clean(of.prompt or of.fail_reason or ""), 60)):gsub("%s+$", "")))
  for _, path in ipairs(files or {}) do
    session:say(path)
  end
end

-- As it is now, or when it has ended.
local function look(session, client, id)
  if session.args.wait or session.args.output then
    return session:wait(client:task(id), "task " .. id)
  end
  return task.new(client, { id = id }):refresh()
end

local function about_one(session, client, id)
  local args = session.args
  local of, e, files
  if args.cancel then
    of, e = client:_cancel(id):await()
  else
    of, e = look(session, client, id)
  end
  if of and args.output and (of.image_url or of.video_url) then
    files, e = of:save(common.template(args.output))
    of = files and of
  end
  if not of then
    session:fail(e, "task " .. id)
    return false
  elseif not args.seed then
    print_task(session, of, files)
    return true
  end
  local seed
  seed, e = of:seed()
  if not seed then
    session:fail(e, "task " .. id)
  elseif args.json then
    session:json { id = id, seed = seed }
  else
    session:say_text(seed)
  end
  return seed ~= nil
end

local function run_task(session, client)
  local good = 0
  for _, id in ipairs(session.args.id) do
    good = good + (about_one(session, client, id) and 1 or 0)
  end
  session:quiet_end()
  if session.worst == common.FAILED and good > 0 then
    session.worst = common.SOME_FAILED
  end
end

local function run_list(session, client)
  local job = session.args.queue and client:queue() or client:list()
  local list, e = job:await()
  if not list and e.code == "unsupported" and not session.args.json then
    session:note(common.status_of(e))
    session.complain("this gateway cannot tell: " .. session:worded(e.message))
    return session.complain("mjlua -m status has what was asked for from here, mjlua -m task ID "
      .. "one task of which the id is known")
  elseif not list then
    return session:fail(e)
  end
  for _, of in ipairs(list) do
    print_task(session, of)
  end
end

local function sorted(set)
  local names = {}
  for name, has in pairs(set) do
    if has then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function run_capabilities(session, client)
  local has, e = client:capabilities()
  if not has then
    return session:fail(e)
  elseif session.args.json then
    return session:json(has)
  end
  session:say("family     " .. has.dialect)
  session:say("verbs      " .. sorted(has.verbs))
  session:say("modes      " .. sorted(has.modes))
  session:say("questions  " .. sorted { list = has.list, ids = has.ids, queue = has.queue,
    seed = has.seed, cancel = has.cancel })
end

local rows = {
  task = {
    summary = "What became of tasks: how far they are, or with --wait how they ended.",
    example = "1712205491846217 --wait -o cat.png",
    takes = "TASK...",
    options = function(parser)
      common.argument(parser, "id", "of a task"):args "+"
      parser:flag("--wait", "until it has ended")
      parser:option("-o", "waits, and saves its pictures there"):hidden_name("--output")
        :target("output"):argname "PATH"
      parser:flag("--seed", "print the seed of its picture")
      parser:flag("--cancel", "have the gateway stop it")
    end,
    run = run_task,
  },
  list = {
    summary = "The newest tasks of a gateway that can tell.",
    example = "--json",
    options = function(parser)
      parser:flag("--queue", "those that wait and run")
    end,
    run = run_list,
  },
  capabilities = {
    summary = "What works at a gateway, as far as its family and its own words go.",
    example = "--sim=profile=generate",
    options = function() end,
    run = run_capabilities,
  },
}

local function wrong(args)
  if args.seed and args.cancel then
    return "give either --seed or --cancel"
  elseif args.cancel and (args.wait or args.output) then
    return "--cancel does not go with --wait or -o"
  end
  return args.output and common.bad_template(args.output)
end

function questions.plan(name, words)
  local row = rows[name]
  local parser = common.parser(name, row)
  row.options(parser)
  common.own_options(parser)
  common.gateway_options(parser)
  common.output_options(parser)
  local args, status, err = common.parse(name, parser, words)
  if not args then
    return nil, status, err
  end
  err = wrong(args)
  if err then
    return nil, common.USAGE, name .. ": " .. err
  end
  return { args = args, free = true, run = function(complain)
    local session = common.session(args, complain)
    session.free = true
    local client = session:client()
    return client and session:guard(function()
      row.run(session, client)
      session:quiet_end()
    end) or session.worst
  end }
end

return questions
