-- SPDX-License-Identifier: MIT
-- A region made anew in the generate family: one picture by its address, the
-- region as polygons or as a picture, and where on the canvas all that lies.

local err = require "mj.err"
local mask = require "mj.mask"
local media = require "mj.media"
local option = require "mj.option"
local region = require "mj.region"
local task = require "mj.task"
option.mine()

local inpaint = {}

-- {1024, 768} or {width = 1024, height = 768} as the latter; nil stays nil.
local function box(what, field, value, names)
  if value == nil then
    return nil
  end
  local out, known = {}, {}
  for i, name in ipairs(names) do
    local number = value[i] or value[name]
    local least = (name == "x" or name == "y") and -1e6 or 0 -- it may be off the canvas
    if type(number) ~= "number" or number < least or number > 1e6 or number % 1 ~= 0 then
      option.raise(("%s: field '%s': {%s} in whole pixels expected"):format(
        what, field, table.concat(names, ", ")))
    end
    out[name], known[name], known[i] = number, true, true
  end
  for name in pairs(value) do
    if not known[name] then
      option.raise(("%s: field '%s': unknown '%s'"):format(what, field, tostring(name)))
    end
  end
  return out
end

-- The address of one of a task's pictures.
local function picture_of(what, of, index)
  local urls = of.images
  local function refuse(code, text)
    return nil, err.new(code, ("%s: task %s %s"):format(what, of.id, text:format(#urls)),
      { task = of, task_id = of.id })
  end
  if #urls == 0 then
    return refuse("not_found", "has no picture")
  elseif not index and #urls > 1 then
    return refuse("invalid", "has %d pictures: say which one, from 1, as 'index'")
  elseif index and not urls[index] then
    return refuse("invalid", "has %d pictures; the first is index 1")
  end
  return { url = urls[index or 1] }
end

-- The picture, and the task that it is of; of an id it has to be asked for.
local function source(client, what, args)
  local of = args.task
  if of == nil then
    return media.picture(what, "image", args.image)
  elseif not task.is(of) then
    local e
    of, e = client:task(of):await()
    if not of then
      return nil, e
    end
  end
  return picture_of(what, of, args.index)
end

-- Width and height of a picture, from its bytes.
local function look(client, what, picture)
  local bytes, e
  if region.is_here(picture) then
    bytes = region.bytes(picture)
  else
    bytes, e = client:_download(picture.url)
  end
  if not bytes then
    return nil, e
  end
  return region.measure(what .. ": field 'mask': without a size it", bytes)
end

local function add_shapes(client, what, args, out)
  local size, e = task.size(args.task), nil
  if region.is_sizeless(args.mask, args.task) then
    size, e = look(client, what, out.pictures[1])
  end
  if not e then
    out.areas, e = mask.areas(what, args.mask, size)
  end
  if not e and not out.areas then
    out.mask, e = mask.make(what, args.mask, size)
  end
  return not e and out or nil, e
end

local function add_picture(what, args, out)
  local e
  if type(args.mask) == "string" and args.mask:find "^[Hh][Tt][Tt][Pp][Ss]?://" then
    out.mask, e = media.picture(what, "mask", args.mask)
  else
    out.mask, e = mask.make(what, args.mask, task.size(args.task))
  end
  return out.mask and out, e
end

local function complete(client, what, args, out)
  local picture, e = source(client, what, args)
  if not picture then
    return nil, e
  end
  out.pictures = { picture }
  if region.is_shapes(args.mask) then
    return add_shapes(client, what, args, out)
  end
  return add_picture(what, args, out)
end

-- Picture, mask and their places into the request `out`.  Returns as
-- request.make does.
function inpaint.fill(client, what, args, out)
  local index = args.index
  if args.task ~= nil and type(args.task) ~= "string" and not task.is(args.task) then
    option.field(what, "task", "task or id (a string)", args.task)
  elseif index and (index < 1 or index % 1 ~= 0) then
    option.raise(what .. ": field 'index': a whole number from 1 up expected")
  elseif index and args.image ~= nil then
    option.raise(what .. ": field 'index': it goes with 'task'")
  end
  out.canvas = box(what, "canvas", args.canvas, { "width", "height" })
  out.place = box(what, "place", args.place, { "x", "y", "width", "height" })
  if type(args.task) ~= "string" and not region.is_sizeless(args.mask, args.task) then
    return complete(client, what, args, out)
  end
  return out, nil, function()
    return complete(client, what, args, out)
  end
end

return inpaint
