-- SPDX-License-Identifier: MIT
-- Which part of which picture: masks for buttons and dialogs, holes for edits.

local err = require "mj.err"
local mask = require "mj.mask"
local media = require "mj.media"
local option = require "mj.option"
local task = require "mj.task"
option.mine()

local region = {}

-- Whether a mask is given as shapes, and not as a picture.
function region.is_shapes(value)
  return type(value) == "table" and not media.is_bytes(value)
end

-- Whether it takes a look at the picture of `of`, a task or an id, to know what a
-- mask's shapes mean.
function region.is_sizeless(value, of)
  return region.is_shapes(value) and value.size == nil and not task.size(of)
end

-- A mask for a picture of `of`, a task or an id.
function region.mask(what, value, of)
  return mask.make(what, value, task.size(of))
end

-- Whether the bytes are at hand.
function region.is_here(picture)
  return picture.bytes ~= nil or picture.url:find "^[Dd][Aa][Tt][Aa]:" ~= nil
end

function region.bytes(picture)
  return picture.bytes or (media.uri_head(picture.url, #picture.url))
end

-- {width, height} of a picture; or nil, err.  libgd is wanted for what is no PNG;
-- `who` needs it, in the words of a message.
function region.measure(who, bytes)
  local width, height = media.png_size(bytes)
  local image, e
  if not width then
    image, e = mask.image(who .. " needs")
    if not image then
      return nil, e
    end
    width, height = image.size(bytes)
  end
  if not width then
    return nil, err.new("invalid", who .. " needs a picture, and this is none")
  end
  return { width, height }
end

-- The picture, transparent where the mask is white; or nil, err.
function region.cut(what, picture, value)
  local image, e = mask.image(what .. ": field 'mask': it needs")
  if not image then
    return nil, e
  end
  local bytes = region.bytes(picture)
  local width, height = image.size(bytes)
  if not width then
    return nil, err.new("invalid", what .. ": field 'image': it cannot be decoded")
  end
  local made
  made, e = mask.make(what, value, { width, height })
  if not made then
    return nil, e
  end
  local png, why = image.cut(bytes, region.bytes(made))
  if not png then
    return nil, err.new("invalid", ("%s: field 'mask': %s"):format(what, why))
  elseif #png > media.MOST then
    return nil, err.new("too_large", ("%s: with its hole the picture is a PNG of %.1f MB, gateways "
      .. "take %d; make it smaller"):format(what, #png / 1048576, media.MOST / 1048576))
  end
  return { bytes = png }
end

-- Width and height of a task's picture, which is downloaded; or nil, err.
local function look(what, of, opts)
  local bytes, e = of:bytes(1, opts)
  if not bytes then
    return nil, e
  end
  return region.measure(("%s: a look at task %s"):format(what, of.id), bytes)
end

-- The task that has the id, at its end or in its dialog; or nil, err.
local function task_of(client, of)
  if task.is(of) then
    return of
  end
  local found, e = client:task(of):await()
  if not found and e.code == "needs_input" then
    found = e.task
  end
  return found, e
end

-- The same as region.mask where nobody told the size: it looks at the picture, and
-- may wait.  Nil without an error where the task has no such button, so that its
-- missing is what is told (a customId is pressed without looking for it).
function region.mask_by_look(client, what, value, of, button)
  local e, size
  of, e = task_of(client, of)
  if not of then
    return nil, e
  elseif button and not button:find "::" and #of.buttons > 0 and not of:can(button) then
    return nil
  end
  size = task.size(of)
  if not size then
    local picture = task.pictured(of)
    if not picture then
      return nil, err.new("invalid", what .. ": field 'mask': the size of the picture is not "
        .. "known, and there is none to look at; add size = {width, height}",
        { task = of, task_id = of.id })
    end
    size, e = look(what, picture)
  end
  if not size then
    return nil, e
  end
  return mask.make(what, value, size)
end

local schema = { timeout = "number" }

-- mj.mask(task, shapes): a mask where the gateway does not say how large its
-- picture is.  Waits; mj.bytes, or nil, err.
function region.make(of, shapes, opts)
  if not task.is(of) then
    option.raise("mj.mask: task expected, got " .. type(of))
  elseif type(shapes) ~= "table" or media.is_bytes(shapes) then
    option.raise("mj.mask: table of shapes expected, got " .. type(shapes))
  end
  opts = option.check("mj.mask", opts, schema)
  local size = shapes.size or task.size(of)
  if not size then
    local failure
    size, failure = look("mj.mask", of, opts)
    if not size then
      return nil, failure
    end
  end
  local made, e = mask.make("mj.mask", shapes, size)
  if not made then
    return nil, e
  end
  return media.bytes(made.bytes)
end

return region
