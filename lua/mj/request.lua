-- SPDX-License-Identifier: MIT
-- From a verb and its options to the request that the core takes.

local core = require "mj.core"
local loop = require "mj.loop"
local mask = require "mj.mask"
local media = require "mj.media"
local option = require "mj.option"
local prompt = require "mj.prompt"
local region = require "mj.region"
local task = require "mj.task"
local verbs = require "mj.verbs"
option.mine()

local request = {}

-- Options -----------------------------------------------------------------------

-- A JSON object as text.
local function object(what, name, value)
  if type(value) == "table" then
    local ok, cjson = pcall(require, "cjson")
    if not ok then
      option.raise(("%s: field '%s': a table needs lua-cjson; give JSON text instead"):format(
        what, name))
    end
    local encoded
    encoded, value = pcall(cjson.encode, value)
    if not encoded then
      option.raise(("%s: field '%s': %s"):format(what, name, tostring(value)))
    end
  end
  if value and not (value:find "^%s*{" and core.decode(value)) then
    option.raise(("%s: field '%s': a JSON object expected"):format(what, name))
  end
  return value
end

local words = {
  task = "task or id (a string)", button = "button or string", image = "picture",
  source = "picture", target = "picture", mask = "picture or table of shapes",
  images = "picture or list of pictures",
}

local function missing(what, row, args)
  for _, name in ipairs(row.needs or {}) do
    if args[name] == nil then
      option.field(what, name, words[name] or row.fields[name], nil)
    end
  end
end

local function check_either(what, row, args)
  local a, b = (table.unpack or unpack)(row.either or {})
  if a and (args[a] == nil) == (args[b] == nil) then
    option.raise(("%s: give either '%s' or '%s'"):format(what, a, b))
  end
end

-- A table of options of our own, checked; `places` stand for what was given in
-- front of them.
local function arguments(what, row, opts, places)
  local list = row.short == "images" and type(opts) == "table" and opts[1] ~= nil
  if row.short and (type(opts) == "string" or media.is_bytes(opts) or list) then
    opts = { [row.short] = opts }
  end
  if places then
    for _, name in ipairs(row.places) do
      if type(opts) == "table" and opts[name] ~= nil then
        option.raise(("%s: '%s' is given twice"):format(what, name))
      end
    end
  end
  option.check(what, opts, row.schema, verbs.meant)
  local args = {}
  for name, value in pairs(opts or {}) do
    args[name] = value
  end
  for name, value in pairs(places or {}) do
    args[name] = value
  end
  check_either(what, row, args)
  missing(what, row, args)
  if region.is_shapes(args.mask) then
    mask.check(what, args.mask)
  end
  return args
end

-- Tasks and buttons -------------------------------------------------------------

-- The id of a task that is given by itself or by its id.
local function id_of(what, value)
  local id = value
  if task.is(value) then
    id = value.id
  end
  if type(id) ~= "string" then
    option.field(what, "task", words.task, value)
  end
  return id
end

local function button_of(what, value, id)
  if task.is_button(value) then
    local owner = task.of_button(value)
    if owner and owner.id ~= id then
      option.raise(("%s: field 'button': it is of task %s, not of %s"):format(
        what, tostring(owner.id), id))
    end
    return value.custom_id or value.label or value.emoji
  elseif type(value) ~= "string" then
    option.field(what, "button", words.button, value)
  end
  return value
end

-- Requests ----------------------------------------------------------------------

local function add_pictures(what, row, args, out)
  if row.list and args[row.list] ~= nil then
    local list, e = media.pictures(what, row.list, args[row.list])
    if not list then
      return nil, e
    end
    out.pictures = list
  end
  for i, name in ipairs(row.pictures or {}) do
    if args[name] ~= nil then
      local picture, e = media.picture(what, name, args[name])
      if not picture then
        return nil, e
      end
      out.pictures = out.pictures or {}
      if #out.pictures < i - 1 then
        option.raise(("%s: field '%s': it needs '%s' as well"):format(what, name,
          row.pictures[i - 1]))
      end
      out.pictures[i] = picture
    end
  end
  return true
end

local function add_task(what, args, out)
  out.task = id_of(what, args.task)
  if task.is(args.task) then
    -- A dialog's has the prompt that is proposed.  Without buttons a snapshot is
    -- too old to find one in: the core looks itself.
    if out.op == "modal" or (args.button and #args.task.buttons > 0) then
      out.task_json = args.task.json
    end
    if out.op == "modal" and args.state == nil then -- it is the same task
      args.state = args.task.state
    end
  end
  out.button = args.button and button_of(what, args.button, out.task)
end

-- The request; nil, err; or, where the picture has to come from somewhere first,
-- the request and what completes it.
local function add_mask(client, what, name, args, out)
  local e
  if args.mask == nil then
    return out
  elseif name ~= "edit" and region.is_sizeless(args.mask, args.task) then
    return out, nil, function()
      local failure
      out.mask, failure = region.mask_by_look(client, what, args.mask, args.task, out.button)
      return not failure and out or nil, failure
    end
  elseif name ~= "edit" then
    out.mask, e = region.mask(what, args.mask, args.task)
    return out.mask and out, e
  end
  local picture = out.pictures[1]
  if not region.is_here(picture) then
    return out, nil, function()
      local bytes, failure = client:_download(picture.url)
      if bytes then
        out.pictures[1], failure = region.cut(what, { bytes = bytes }, args.mask)
      end
      return bytes and out.pictures[1] and out, failure
    end
  end
  out.pictures[1], e = region.cut(what, picture, args.mask)
  return out.pictures[1] and out, e
end

-- A number as a page has it: 2, and not 2.0.
local function text(value)
  return type(value) == "number" and ("%.14g"):format(value) or value
end

local function add_common(client, what, row, args, out)
  for _, name in ipairs(row.same or {}) do
    out[name] = args[name]
  end
  for _, name in ipairs(row.texts or {}) do
    out[name] = text(args[name])
  end
  for _, name in ipairs(row.objects or {}) do
    out[name] = object(what, name, args[name])
  end
  if row.parameters then
    out.params = prompt.params(what, args)
  end
  for _, name in ipairs { "mode", "state", "bot", "notify_hook", "provider",
    "key", "on_duplicate" } do
    out[name] = args[name]
  end
  -- 0 would be as if it were not given
  out.attempts = option.count(what, "attempts", args.attempts, 1, 100)
  option.count(what, "batch", args.batch, 1)
  option.count(what, "index", args.index, 1)
  if args.zoom == 0 then
    option.raise(what .. ": field 'zoom': 1 to 2 expected")
  end
  out.group = loop.group()
  if args.deadline ~= nil then -- 0 is none in the core
    out.deadline = math.max(option.seconds(what, "deadline", args.deadline), 0.001)
  end
  out.extra = object(what, "extra", args.extra)
  out.account_filter = object(what, "account_filter", args.account_filter)
  out.lenient = client._lenient
end

local function build(client, name, what, args)
  local row = verbs.rows[name]
  local out = { op = name }
  if row.fill then
    add_common(client, what, row, args, out)
    return row.fill(client, what, args, out)
  elseif args.task ~= nil then
    if args.image ~= nil or args.end_image ~= nil then
      option.raise(what .. ": give either 'task' or 'image'")
    end
    add_task(what, args, out)
  end
  add_common(client, what, row, args, out)
  local ok, e = add_pictures(what, row, args, out)
  if not ok then
    return nil, e
  end
  return add_mask(client, what, name, args, out)
end

-- The same for a verb that may be short for another.
local function translate(client, name, what, args, family)
  local row = verbs.rows[name]
  if not row.as then
    return build(client, name, what, args)
  end
  local meant, wanted = row.as(what, args, family)
  if not meant then
    return nil, wanted
  end
  missing(what, verbs.rows[meant], wanted)
  return build(client, meant, what, wanted)
end

local by_address = { describe = true, edit = true, retexture = true }

-- What to say when the gateway refuses it, since it is not as usual; or nil.
local function hint(client, name, args)
  if task.is(args.task) and task.client(args.task) ~= client then
    return "; the task is another client's"
  elseif by_address[name] and type(args.image) == "string" and args.mask == nil
    and args.image:find "^[Hh][Tt][Tt][Pp][Ss]?:" then
    return "; most gateways want the picture itself here, not its address"
  end
end

-- What a verb becomes: the request, nil and an error of the world, or the
-- request and, thirdly, a function that completes it and may wait; `about` is
-- filled for job.start.  Raises for mistakes.
function request.make(client, name, what, about, opts, places)
  local row = verbs.rows[name]
  local args = arguments(what, row, opts, places)
  about.verb, about.gives = name, row.gives
  about.hint = hint(client, name, args)
  about.parent = task.is(args.task) and args.task or nil
  about.key = args.key
  local family = client:dialect()
  if family or not row.by_family then
    return translate(client, name, what, args, family)
  end
  return {}, nil, function()
    local e
    family, e = client:_family()
    if not family then
      return nil, e
    end
    local wanted, failure, complete = translate(client, name, what, args, family)
    if wanted and complete then
      return complete()
    end
    return wanted, failure
  end
end

return request
