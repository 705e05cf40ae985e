-- SPDX-License-Identifier: MIT
-- Masks: which part of a picture is made anew.  Black stays, white is redone.

local err = require "mj.err"
local media = require "mj.media"
local option = require "mj.option"
option.mine()

local mask = {}

local schema = {
  size = "table",
  rects = "table",
  ellipses = "table",
  polygons = "table",
  unit = "string",
  invert = "boolean",
}

local kinds = { "rects", "ellipses", "polygons" }
local shapes = {
  rects = "{x, y, width, height}",
  ellipses = "{center x, center y, radius x, radius y}",
  polygons = "{x1, y1, x2, y2, x3, y3, ...}",
}

-- libgd is wanted by those who draw masks, so it is looked for only then.
-- `who` needs it, in the words of a message; `instead`: what else can be done.
function mask.image(who, instead)
  local ok, image = pcall(require, "mj.image")
  if ok then
    return image
  end
  return nil, err.new("resource", ("%s mj.image, which needs libgd (Debian: libgd3): %s%s")
    :format(who, (tostring(image):gsub("\n.*", "")), instead or ""))
end

local function size_of(what, size)
  if size == nil then
    option.raise(what .. ": field 'mask': size = {width, height} of the picture is missing")
  end
  for i = 1, 2 do
    local side = type(size) == "table" and (size[i] or size[i == 1 and "width" or "height"])
    if type(side) ~= "number" or side < 1 or side > 8192 or side % 1 ~= 0 then
      option.raise(what .. ": field 'mask': size: {width, height} in pixels expected, at most 8192")
    end
  end
  return size[1] or size.width, size[2] or size.height
end

-- The numbers of one shape in pixels, checked.
local function shape(what, kind, i, value, scale)
  local name = ("%s: field 'mask': %s[%d]"):format(what, kind, i)
  local out = {}
  if type(value) ~= "table" then
    option.raise(("%s: %s expected, got %s"):format(name, shapes[kind], type(value)))
  end
  for k, v in ipairs(value) do
    if type(v) ~= "number" or v ~= v or math.abs(v) == math.huge then
      option.raise(("%s: %s expected, number %d is %s"):format(name, shapes[kind], k, tostring(v)))
    elseif scale and (v < 0 or v > 1) then
      option.raise(("%s: number %d is %s, fractions are 0 to 1"):format(name, k, tostring(v)))
    end
    out[k] = scale and v * scale[k % 2 == 1 and 1 or 2] or v
  end
  if kind == "polygons" and (#out < 6 or #out % 2 == 1) then
    option.raise(("%s: %s expected, got %d numbers"):format(name, shapes[kind], #out))
  elseif kind == "polygons" and #out > 8192 then
    option.raise(name .. ": at most 4096 points")
  elseif kind ~= "polygons" and (#out ~= 4 or out[3] <= 0 or out[4] <= 0) then
    option.raise(("%s: %s expected, the last two above 0"):format(name, shapes[kind]))
  end
  return out
end

local function draw(what, value, size)
  option.check(what .. ": mask", value, schema)
  if value.unit ~= nil and value.unit ~= "pixel" and value.unit ~= "fraction" then
    option.raise(([[%s: field 'mask': unit: "pixel" or "fraction" expected, got '%s']]):format(
      what, value.unit))
  end
  local wide, high = size and (size[1] or size.width), size and (size[2] or size.height)
  if value.size == nil and size and (wide > 8192 or high > 8192) then
    return nil, err.new("too_large", ("%s: field 'mask': a picture of %dx%d; masks have at most "
      .. "8192 pixels a side"):format(what, wide, high))
  end
  local width, height = size_of(what, value.size or size)
  local drawing = { width = width, height = height, invert = value.invert }
  local count = 0
  for _, kind in ipairs(kinds) do
    drawing[kind] = {}
    for i, one in ipairs(value[kind] or {}) do
      drawing[kind][i] = shape(what, kind, i, one, value.unit == "fraction" and { width, height })
      count = count + 1
    end
  end
  if count == 0 then
    option.raise(what .. ": field 'mask': no shapes (rects, ellipses, polygons)")
  end
  local image, e = mask.image("masks from shapes need", "; or give a PNG")
  if not image then
    return nil, e
  end
  local png, white = image.mask(drawing)
  if white == 0 then
    option.raise(("%s: field 'mask': it selects nothing of a picture of %dx%d"):format(
      what, width, height))
  end
  return { bytes = png }
end

-- A mask of the wrong size, or of no white at all, would be paid for nothing.
local function check(picture, size)
  local head = picture.bytes or media.uri_head(picture.url, 24)
  local width, height = media.png_size(head)
  if not width then
    return nil, err.new("invalid", "field 'mask': a mask is a PNG (black stays, white is redone)")
  elseif size and (width ~= (size[1] or size.width) or height ~= (size[2] or size.height)) then
    return nil, err.new("invalid", ("field 'mask': it is %dx%d, the picture %dx%d"):format(
      width, height, size[1] or size.width, size[2] or size.height))
  end
  local ok, image = pcall(require, "mj.image")
  if not ok then -- only who draws needs it
    return picture
  end
  local white = image.white(picture.bytes or (media.uri_head(picture.url, #picture.url)))
  if not white then
    return nil, err.new("invalid", "field 'mask': the PNG is broken, it cannot be decoded")
  elseif white == 0 then
    return nil, err.new("invalid", "field 'mask': nothing in it is white, so nothing is redone")
  end
  return picture
end

-- A mask for the core.  `value` is what media.picture takes, or shapes:
--   { size = {w, h}, rects = {{x, y, w, h}}, ellipses = {{cx, cy, rx, ry}},
--     polygons = {{x1, y1, x2, y2, x3, y3}}, unit = "pixel" | "fraction", invert = true }
-- `size` is that of the picture, where it is known.
function mask.make(what, value, size)
  if type(value) == "table" and not media.is_bytes(value) then
    return draw(what, value, size)
  elseif type(value) == "string" and value:find "^[Hh][Tt][Tt][Pp][Ss]?://" then
    option.raise(what .. ": field 'mask': an address cannot be sent as a mask; give a path, "
      .. "a data: URI, mj.bytes or shapes")
  end
  local picture, e = media.picture(what, "mask", value)
  if not picture then
    return nil, e
  end
  return check(picture, size)
end

return mask
