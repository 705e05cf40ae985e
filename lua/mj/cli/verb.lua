-- SPDX-License-Identifier: MIT
-- mjlua -m click, blend, describe ...: a verb, its picture saved, its words printed.

local common = require "mj.cli.common"

local verb = {}

local DEFAULT = "{prompt:40}-{id}.{ext}"

-- takes: the arguments as usage shows them; arguments: target, how many, meaning;
-- options: of the parser; words: it takes the prompt's parameters; saves: it makes
-- pictures; make(args, request): the request, or nil and what is wrong; by_task: its
-- task is fetched first where a mask of shapes needs its picture.
local rows = {}

local function join(words)
  return words and #words > 0 and table.concat(words, " ") or nil
end

-- "0.3,0,0.4,0.3" -> { 0.3, 0, 0.4, 0.3 }
local function rect(text)
  local list = {}
  for item in (text .. ","):gmatch "([^,]*)," do
    list[#list + 1] = tonumber(item)
  end
  if #list ~= 4 or select(2, text:gsub(",", "")) ~= 3 then
    return nil, ("option '--rect': X,Y,WIDTH,HEIGHT expected, got '%s'"):format(text)
  end
  for _, n in ipairs(list) do
    if not (n >= 0 and n <= 1) then
      return nil, "option '--rect': fractions of the picture, 0 to 1, expected"
    end
  end
  if list[3] == 0 or list[4] == 0 then
    return nil, "option '--rect': there is nothing in it"
  end
  return list
end

local function mask_options(parser)
  parser:option("--mask", "a PNG: white is made anew"):argname "FILE"
  parser:option("--rect", "in place of a mask: X,Y,WIDTH,HEIGHT in fractions, 0.3,0,0.4,0.3")
    :argname("X,Y,W,H"):count("*"):convert(rect)
end

local function mask_of(args, request)
  if args.mask and #args.rect > 0 then
    return "give either --mask or --rect"
  elseif #args.rect > 0 then
    request.mask = { unit = "fraction", rects = args.rect }
  else
    request.mask = args.mask
  end
end

rows.click = {
  summary = "A button of a task, by its label, customId or meaning (upscale:2, zoom:1.7).",
  example = "1712205491846217 U2 -o cat.png",
  takes = "TASK BUTTON",
  arguments = { { "task", 1, "its id" }, { "button", 1, "U2, reroll, vary:region ..." } },
  options = function(parser)
    parser:option("--prompt", "for a dialog"):argname "TEXT"
    parser:option("--zoom", "for Custom Zoom: 1 to 2"):argname("N")
      :convert(common.number("--zoom", 1))
    parser:flag("--remix", "ask for the dialog of a variation")
    parser:option("--type", "of an upscale, in the generate family"):argname "X"
    parser:option("--strength", "of a variation, in the generate family"):argname "X"
    mask_options(parser)
  end,
  words = true, saves = true, by_task = true,
  make = function(args, request)
    for _, name in ipairs { "task", "button", "prompt", "zoom", "remix", "type", "strength" } do
      request[name] = args[name]
    end
    return mask_of(args, request)
  end,
}
rows.blend = {
  summary = "Two to five pictures into one.",
  example = "cat.png dog.png --dimensions landscape -o both.png",
  takes = "PICTURE PICTURE...",
  arguments = { { "images", "2-5", "files or addresses" } },
  options = function(parser)
    parser:option("--dimensions", "of the result")
      :choices { "portrait", "square", "landscape" }
  end,
  saves = true,
  make = function(args, request)
    request.images, request.dimensions = args.images, args.dimensions
  end,
}
rows.describe = {
  summary = "Words for a picture: prompts, one a line.",
  example = "cat.png",
  takes = "PICTURE",
  arguments = { { "image", 1, "a file or an address" } },
  options = function(parser)
    parser:option("--language", "of the words, where a gateway has several"):argname "NAME"
  end,
  make = function(args, request)
    request.image, request.language = args.image, args.language
  end,
}
rows.shorten = {
  summary = "Fewer words for a prompt: proposals, one a line.",
  example = [["a very, very beautiful black cat"]],
  takes = "PROMPT",
  arguments = { { "prompt", "+", "to be shortened" } },
  words = true,
  make = function(args, request)
    request.prompt = join(args.prompt)
  end,
}
rows.inpaint = {
  summary = "A part of a picture made anew, of a task or of a file.",
  example = [["a red hat" --task 1712205491846217 --rect 0.3,0,0.4,0.3 -o hat.png]],
  takes = "PROMPT",
  arguments = { { "prompt", "+", "what is to be seen there" } },
  options = function(parser)
    parser:option("--task", "the task that has the picture"):argname "ID"
    parser:option("--image", "or a picture: a file or an address"):argname "PICTURE"
    parser:option("--index", "which of the task's pictures, in the generate family"):argname("N")
      :convert(common.number("--index", 1))
    mask_options(parser)
  end,
  words = true, saves = true, by_task = true,
  make = function(args, request)
    request.prompt, request.task, request.image = join(args.prompt), args.task, args.image
    request.index = args.index
    if (args.task == nil) == (args.image == nil) then
      return "give either --task or --image"
    end
    local err = mask_of(args, request)
    return err or (request.mask == nil and "what is made anew? give --rect or --mask" or nil)
  end,
}
rows.edit = {
  summary = "A picture changed by words.",
  example = [[cat.png "the same cat, asleep" -o asleep.png]],
  takes = "PICTURE PROMPT",
  arguments = { { "image", 1, "a file or an address" }, { "prompt", "+", "what is to be seen" } },
  options = mask_options,
  words = true, saves = true,
  make = function(args, request)
    request.image, request.prompt = args.image, join(args.prompt)
    return mask_of(args, request)
  end,
}
rows.retexture = {
  summary = "The shapes of a picture in another look.",
  example = [[cat.png "carved in wood" -o wood.png]],
  takes = "PICTURE PROMPT",
  arguments = { { "image", 1, "a file or an address" }, { "prompt", "+", "the look" } },
  words = true, saves = true,
  make = function(args, request)
    request.image, request.prompt = args.image, join(args.prompt)
  end,
}
rows.video = {
  summary = "A film from a picture.",
  example = [["the cat turns its head" --image cat.png --motion low -o cat.mp4]],
  takes = "[PROMPT]",
  arguments = { { "prompt", "*", "what happens" } },
  options = function(parser)
    parser:option("--image", "the first frame: a file or an address"):argname "PICTURE"
    parser:option("--end-image", "the last frame"):argname "PICTURE"
    parser:option("--motion", "how much of it"):choices { "low", "high" }
    parser:flag("--loop", "the end leads to the beginning")
    parser:option("--video-type", "vid_1.1_i2v_720 ..."):argname "NAME"
    parser:option("--batch", "how many: 1, 2 or 4"):argname("N")
      :convert(common.number("--batch", 1))
    parser:option("--task", "goes on with a film of this task"):argname "ID"
    parser:option("--index", "which of its films, from 1"):argname("N")
      :convert(common.number("--index", 1))
  end,
  words = true, saves = true,
  make = function(args, request)
    request.prompt = join(args.prompt)
    for _, name in ipairs { "image", "end_image", "motion", "loop", "video_type", "batch", "task",
      "index" } do
      request[name] = args[name]
    end
    return not (args.image or args.task) and "of which picture? give --image, or --task" or nil
  end,
}
rows["swap-face"] = {
  verb = "swap_face",
  summary = "A face put into another picture.",
  example = "face.png group.png -o swapped.png",
  takes = "FACE PICTURE",
  arguments = { { "source", 1, "has the face" }, { "target", 1, "gets it" } },
  saves = true,
  make = function(args, request)
    request.source, request.target = args.source, args.target
  end,
}
rows.upload = {
  summary = "Pictures brought to the gateway: prints their addresses.",
  example = "cat.png dog.png",
  takes = "PICTURE...",
  arguments = { { "images", "+", "files" } },
  make = function(args, request)
    request.images = args.images
  end,
}

-- A mask of shapes needs the size of the picture, so the task that has it.
local function with_task(session, client, row, request)
  if not row.by_task or type(request.mask) ~= "table" or not request.task then
    return true
  end
  local of, e = session:wait(client:task(request.task), "task " .. request.task)
  if not of then
    return nil, e
  end
  request.task = of
  return true
end

local function say_items(session, name, items)
  if session.args.json then
    return session:json { verb = name, items = items }
  end
  for _, item in ipairs(items) do
    session:say_text(item)
  end
end

local function make(session, name, row, request)
  local args, client, result = session.args, session.gateway, nil
  local ok, e = with_task(session, client, row, request)
  if ok then
    result, e = session:wait(client:submit(row.verb or name, session:with_deadline(request)),
      request.prompt or name)
  end
  if not result then
    session:quiet_end()
    session:fail(e)
  elseif name == "upload" then
    session:quiet_end()
    say_items(session, name, result)
  else
    session:result(result, row.saves and common.template(args.output or DEFAULT))
    session:quiet_end()
  end
end

local function run(name, row, request, args, complain)
  local session = common.session(args, complain)
  if not session:client() then
    return session.worst
  end
  return session:guard(function()
    make(session, name, row, request)
  end)
end

local function parser_of(name, row)
  local parser = common.parser(name, row)
  for _, argument in ipairs(row.arguments) do
    common.argument(parser, argument[1], argument[3]):args(argument[2])
  end
  if row.options then
    row.options(parser)
  end
  common.own_options(parser)
  if row.saves then
    common.save_options(parser, DEFAULT)
  end
  if row.words then
    common.parameter_options(parser)
  end
  common.paid_options(parser)
  return parser
end

function verb.plan(name, words)
  local row = rows[name]
  local args, status, err = common.parse(name, parser_of(name, row), words)
  if not args then
    return nil, status, err
  end
  local request = common.fill({}, args)
  err = row.make(args, request) or (args.output and common.bad_template(args.output))
  if err then
    return nil, common.USAGE, name .. ": " .. err
  end
  return { args = args, run = function(complain)
    return run(name, row, request, args, complain)
  end }
end

return verb
