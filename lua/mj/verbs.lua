-- SPDX-License-Identifier: MIT
-- The verbs: what each takes.  One row each; mj.request makes requests of them,
-- and what a gateway calls their fields, and whether it has them, the core knows.

local err = require "mj.err"
local inpaint = require "mj.inpaint"
local option = require "mj.option"
local prompt = require "mj.prompt"
option.mine()

local verbs = {}

-- Whoever reads these checks them, with better words.
local TASK, BUTTON, PICTURE, PICTURES = "any", "any", "any", "any"

-- Rows ------------------------------------------------------------------------

-- short: the option that a bare value stands for; needs: what cannot be left
-- out; either: two of which one is given; same: what goes to the core as it is;
-- texts: likewise, a number as text; objects: what
-- goes there as JSON; pictures: fields with one picture, list: a field with one
-- or more; parameters: the prompt's are options, too; places: what
-- client:verb(...) takes in front of the options; as(what, args, family) returns
-- the name and the options of the verb that it is short for, or nil, err; it is
-- told the gateway's family where by_family is set; becomes: the core's verbs of
-- which it takes one; fill: makes the request of task, pictures and mask.
local rows = {}
verbs.rows = rows

rows.imagine = {
  short = "prompt", parameters = true, needs = { "prompt" }, list = "images",
  fields = { prompt = "string", images = PICTURES },
  same = { "prompt" },
}
rows.blend = {
  short = "images", needs = { "images" }, list = "images",
  fields = { images = PICTURES, dimensions = "string" },
  same = { "dimensions" },
}
rows.describe = {
  short = "image", needs = { "image" }, pictures = { "image" },
  fields = { image = PICTURE, language = "string" },
  same = { "language" },
}
rows.shorten = {
  short = "prompt", parameters = true, needs = { "prompt" },
  fields = { prompt = "string" },
  same = { "prompt" },
}
rows.click = {
  parameters = true, needs = { "task", "button" }, places = { "task", "button" },
  fields = {
    task = TASK, button = BUTTON, prompt = "string", zoom = "number",
    mask = PICTURE, remix = "boolean", type = "string|number", strength = "string|number",
  },
  same = { "prompt", "zoom", "remix" }, texts = { "type", "strength" },
}
rows.modal = {
  parameters = true, needs = { "task" }, places = { "task" },
  fields = { task = TASK, prompt = "string", zoom = "number", mask = PICTURE },
  same = { "prompt", "zoom" },
}
rows.video = {
  short = "prompt", parameters = true, pictures = { "image", "end_image" },
  fields = {
    prompt = "string", image = PICTURE, end_image = PICTURE, motion = "string", loop = "boolean",
    video_type = "string", batch = "number", task = TASK, index = "number",
  },
  same = { "prompt", "motion", "loop", "video_type", "batch", "index" },
}
rows.edit = {
  parameters = true, needs = { "image", "prompt" }, pictures = { "image" },
  fields = { image = PICTURE, prompt = "string", mask = PICTURE },
  same = { "prompt" },
}
rows.retexture = {
  parameters = true, needs = { "image", "prompt" }, pictures = { "image" },
  fields = { image = PICTURE, prompt = "string" },
  same = { "prompt" },
}
rows.upload = {
  short = "images", needs = { "images" }, list = "images", gives = "items",
  fields = { images = PICTURES },
}
rows.swap_face = {
  needs = { "source", "target" }, pictures = { "source", "target" },
  fields = { source = PICTURE, target = PICTURE },
}

-- What stands for the mode of a page that no verb is about.
rows.generate = {
  needs = { "input" }, objects = { "input" },
  fields = { input = "table|string" },
}

-- What only generate takes, on a gateway of the mj family; nil when there is none.
local function too_much(args)
  if args.index ~= nil and args.index ~= 1 then -- the first one is all there is
    return err.new("unsupported", ([[field 'index': for gateways of the generate family; here ]]
      .. [[click "U%g" first, and inpaint what that brings]]):format(args.index))
  end
  for _, name in ipairs { "canvas", "place" } do
    if args[name] ~= nil then
      return err.new("unsupported", ("field '%s': gateways of the mj family have no such thing, "
        .. "those of the generate family do"):format(name))
    end
  end
end

-- A region made anew.  In the mj family of a task through its button, of a
-- picture as an edit.
rows.inpaint = {
  parameters = true, needs = { "mask" }, either = { "task", "image" },
  fields = {
    task = TASK, image = PICTURE, index = "number", mask = PICTURE, prompt = "string",
    canvas = "table", place = "table",
  },
  same = { "prompt" }, by_family = true, becomes = { "inpaint", "click", "edit" },
  as = function(_, args, family)
    local e = family == "mj" and too_much(args)
    if family ~= "mj" then
      return "inpaint", args
    elseif e then
      return nil, e
    elseif args.image ~= nil then
      return "edit", args
    end
    args.button = "vary:region"
    return "click", args
  end,
  fill = inpaint.fill,
}

local intents = { UPSCALE = "upscale:%d", VARIATION = "vary:%d", REROLL = "reroll" }

-- The first gateways' way to press a button; see also simple_change.
rows.change = {
  needs = { "task", "action" }, becomes = { "click" },
  fields = { task = TASK, action = "string", index = "number" },
  as = function(what, args)
    local intent = intents[args.action:upper()]
    local index = args.index
    if not intent then
      option.raise(([[%s: field 'action': "UPSCALE", "VARIATION" or "REROLL" expected, got '%s']])
        :format(what, args.action))
    elseif intent:find "%%" and not (index and index >= 1 and index <= 4 and index % 1 == 0) then
      option.raise(("%s: field 'index': 1 to 4 expected, got %s"):format(what, tostring(index)))
    end
    args.button = intent:format(index)
    args.action, args.index = nil, nil
    return "click", args
  end,
}

-- "ID U1" to "ID U4", "ID V1" to "ID V4", "ID R"; cases do not matter.
rows.simple_change = {
  short = "content", needs = { "content" }, becomes = { "click" },
  fields = { content = "string" },
  as = function(what, args)
    local id, kind, index = args.content:upper():match "^%s*(%S+)%s+([UVR])([1-4]?)%s*$"
    if not id or (kind == "R") ~= (index == "") then
      option.raise(([[%s: field 'content': "ID U1", "ID V1" or "ID R" expected, got '%s']])
        :format(what, args.content))
    end
    args.task = args.content:match "%S+"
    args.button = kind == "U" and "upscale:" .. index or kind == "V" and "vary:" .. index
      or "reroll"
    args.content = nil
    return "click", args
  end,
}

local common = { -- of all
  mode = "string",
  state = "string",
  extra = "table|string",
  bot = "string",
  notify_hook = "string",
  account_filter = "table|string",
  provider = "string",
  key = "string",
  on_duplicate = "string",
  deadline = "number",
  attempts = "number",
}

verbs.common = common

-- The wire's names, for who copies from a gateway's page.
local spelled = {
  notifyHook = { "notify_hook" }, botType = { "bot" }, accountFilter = { "account_filter" },
  base64Array = { "images" }, base64 = { "image", "images" }, link = { "image" },
  maskBase64 = { "mask" }, taskId = { "task" }, task_id = { "task" }, customId = { "button" },
  custom_id = { "button" }, endImage = { "end_image" }, videoType = { "video_type" },
  batchSize = { "batch" }, enableRemix = { "remix" }, sourceBase64 = { "source" },
  ar = { "aspect" }, aspect_ratio = { "aspect" }, aspectRatio = { "aspect" },
  v = { "version" }, niji = { "version" },
  s = { "stylize" }, c = { "chaos" }, w = { "weird" }, q = { "quality" }, negative = { "no" },
  sourceUrl = { "source" }, targetBase64 = { "target" }, targetUrl = { "target" },
  image_urls = { "images", "image" }, imageUrls = { "images", "image" }, imgPos = { "place" },
  imageIndex = { "index" }, enableTranslation = { "translate" }, speed = { "mode" },
  callback_url = { "notify_hook" }, callbackUrl = { "notify_hook" },
  request_type = { "notify_hook" },
}

-- The option that another name means, for a verb that has it.
function verbs.meant(name, schema)
  for _, ours in ipairs(spelled[name] or {}) do
    if schema[ours] then
      return ours
    end
  end
end

for _, row in pairs(rows) do
  row.schema = row.parameters and prompt.extend {} or {}
  for _, fields in ipairs { common, row.fields } do
    for name, kind in pairs(fields) do
      row.schema[name] = kind
    end
  end
end

-- Names of the verbs, sorted.
function verbs.names()
  local names = {}
  for name in pairs(rows) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

return verbs
