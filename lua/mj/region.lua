-- SPDX-License-Identifier: MIT
-- Which part of which picture: masks for buttons and dialogs, holes for edits.

local err = require "mj.err"
local mask = require "mj.mask"
local media = require "mj.media"
local option = require "mj.option"
local task = require "mj.task"
option.mine()

local region = {}

-- A mask for a picture of `of`, a task or an id.
function region.mask(what, value, of)
  local size = task.size(of)
  local shapes = type(value) == "table" and not media.is_bytes(value)
  if shapes and value.size == nil and not size then
    option.raise(what .. ": field 'mask': the size of the picture is not known; add "
      .. "size = {width, height}, or give mj.mask(task, shapes), which looks at the picture")
  end
  return mask.make(what, value, size)
end

-- Whether the bytes are at hand.
function region.is_here(picture)
  return picture.bytes ~= nil or picture.url:find "^[Dd][Aa][Tt][Aa]:" ~= nil
end

local function bytes_of(picture)
  return picture.bytes or (media.uri_head(picture.url, #picture.url))
end

-- The picture, transparent where the mask is white; or nil, err.
function region.cut(what, picture, value)
  local image, e = mask.image(what .. ": field 'mask': it needs")
  if not image then
    return nil, e
  end
  local bytes = bytes_of(picture)
  local width, height = image.size(bytes)
  if not width then
    return nil, err.new("invalid", what .. ": field 'image': it cannot be decoded")
  end
  local made
  made, e = mask.make(what, value, { width, height })
  if not made then
    return nil, e
  end
  local png, why = image.cut(bytes, bytes_of(made))
  if not png then
    return nil, err.new("invalid", ("%s: field 'mask': %s"):format(what, why))
  elseif #png > media.MOST then
    return nil, err.new("too_large", ("%s: with its hole the picture is a PNG of %.1f MB, gateways "
      .. "take %d; make it smaller"):format(what, #png / 1048576, media.MOST / 1048576))
  end
  return { bytes = png }
end

-- Width and height of a task's picture, which is downloaded; or nil, err.
local function look(of, opts)
  local image, e = mask.image "mj.mask: a look at the picture needs"
  if not image then
    return nil, e
  end
  local bytes
  bytes, e = of:bytes(1, opts)
  if not bytes then
    return nil, e
  end
  local width, height = image.size(bytes)
  if not width then
    return nil, err.new("invalid", ("mj.mask: what task %s shows is no picture"):format(of.id))
  end
  return { width, height }
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
    size, failure = look(of, opts)
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
