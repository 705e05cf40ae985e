-- SPDX-License-Identifier: MIT
-- mjlua -m imagine: a grid, and the pictures of it that are wanted in full size.

local common = require "mj.cli.common"

local imagine = {}

local DEFAULT = "{prompt:40}-{id}.{ext}"

local about = {
  takes = "PROMPT",
  summary = "A picture from a prompt; with --upscale in full size.",
  example = [["black cat, at night" --ar 3:2 --upscale 2 -o cat.png]],
}

-- "2", "1,3", "all" -> { 2 }, { 1, 3 }, { 1, 2, 3, 4 }
function imagine.upscales(text)
  if text == "all" then
    return { 1, 2, 3, 4 }
  end
  local list, seen = {}, {}
  for item in (text .. ","):gmatch "([^,]*)," do
    local n = tonumber(item)
    if not n or n < 1 or n > 4 or n % 1 ~= 0 or seen[n] then
      return nil, ("option '--upscale': 1 to 4, or all, expected, got '%s'"):format(text)
    end
    list[#list + 1], seen[n] = n, true
  end
  return list
end

function imagine.upscale_options(parser)
  parser:option("--upscale", "which of the four: 2, or 1,3, or all"):argname("N")
    :convert(imagine.upscales)
  parser:flag("--grid", "with --upscale: save the four in one, too")
end

-- A grid, its upscales: list of { task, suffix } to be saved; nil, err of the grid.
-- failed(e, button) hears of an upscale that did not work; watch(job, label) of each job.
function imagine.make(session, verb, request, args, watch, failed)
  local grid, e = watch(session.gateway:submit(verb, session:with_deadline(request)),
    request.prompt)
  if not grid then
    return nil, e
  elseif not args.upscale then
    return { { task = grid } }
  end
  local made, jobs = {}, {}
  local several = args.grid or #args.upscale > 1
  if args.grid then
    made[1] = { task = grid, suffix = "grid" }
  end
  for i, n in ipairs(args.upscale) do
    jobs[i] = grid:click("upscale:" .. n, session:with_deadline())
  end
  for i, n in ipairs(args.upscale) do
    local big
    big, e = watch(jobs[i], ("U%d of %s"):format(n, request.prompt or grid.id))
    if big then
      made[#made + 1] = { task = big, suffix = several and "U" .. n or nil }
    else
      failed(e, "U" .. n)
    end
  end
  return made
end

local function make(session)
  local args = session.args
  local request = common.fill({ prompt = table.concat(args.prompt, " ") }, args)
  request.images = args.image and #args.image > 0 and args.image or nil
  local made, e = imagine.make(session, "imagine", request, args, function(job, label)
    return session:wait(job, label)
  end, function(failure, button)
    session.made = true -- the grid
    session:fail(failure, button)
  end)
  if not made then
    session:quiet_end()
    session:fail(e)
    return
  end
  local good = 0
  for _, item in ipairs(made) do
    local template = common.template(args.output or DEFAULT)
    template = item.suffix and common.with_suffix(template, item.suffix) or template
    good = good + (session:result(item.task, template) and 1 or 0)
  end
  session:quiet_end()
  if session.worst == common.FAILED and good > 0 and not session.deaf then
    session.worst = common.SOME_FAILED
  end
end

local function run(args, complain)
  local session = common.session(args, complain)
  if not session:client() then
    return session.worst
  end
  return session:guard(function()
    make(session)
  end)
end

function imagine.plan(name, words)
  local parser = common.parser(name, about)
  common.argument(parser, "prompt", "what is to be seen"):args("+"):argname "PROMPT"
  parser:option("--image", "a picture as reference: a file or an address"):argname("PICTURE")
    :count "*"
  imagine.upscale_options(parser)
  common.own_options(parser)
  common.save_options(parser, DEFAULT)
  common.parameter_options(parser)
  common.paid_options(parser)
  local args, status, err = common.parse(name, parser, words)
  if not args then
    return nil, status, err
  end
  err = args.output and common.bad_template(args.output)
    or (args.grid and not args.upscale and "option '--grid' goes with --upscale")
  if err then
    return nil, common.USAGE, name .. ": " .. err
  end
  return { args = args, run = function(complain)
    return run(args, complain)
  end }
end

return imagine
