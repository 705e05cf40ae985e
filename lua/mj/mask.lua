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

-- A page's names for them.
local spelled = { areas = "polygons" }

local function meant(name)
  return spelled[name]
end

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
  return nil, err.new("resource", ("%s mj.image, which needs %s: %s%s"):format(who,
    require("mj.needs")["mj.image"], (tostring(image):gsub("\n.*", "")), instead or ""))
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

-- One shape's numbers.
local function check_shape(what, kind, i, value, fraction)
  local name = ("%s: field 'mask': %s[%d]"):format(what, kind, i)
  if type(value) ~= "table" then
    option.raise(("%s: %s expected, got %s"):format(name, shapes[kind], type(value)))
  end
  for k, v in ipairs(value) do
    if type(v) ~= "number" or v ~= v or math.abs(v) == math.huge then
      option.raise(("%s: %s expected, number %d is %s"):format(name, shapes[kind], k, tostring(v)))
    elseif fraction and (v < 0 or v > 1) then
      option.raise(("%s: number %d is %s, fractions are 0 to 1"):format(name, k, tostring(v)))
    end
  end
  local n = #value
  if kind == "polygons" and (n < 6 or n % 2 == 1) then
    option.raise(("%s: %s expected, got %d numbers"):format(name, shapes[kind], n))
  elseif kind == "polygons" and n > 8192 then
    option.raise(name .. ": at most 4096 points")
  elseif kind ~= "polygons" and (n ~= 4 or value[3] <= 0 or value[4] <= 0) then
    option.raise(("%s: %s expected, the last two above 0"):format(name, shapes[kind]))
  end
end

-- Less than a pixel of a picture, and as fractions much of it.
local function is_tiny(value)
  local fraction = false
  for _, v in ipairs(value) do
    if v < 0 or v > 1 then
      return false
    end
    fraction = fraction or v % 1 ~= 0
  end
  return fraction
end

-- Raises for what is no mask of any picture, before its size is known.
function mask.check(what, value)
  option.check(what .. ": mask", value, schema, meant)
  if value.unit ~= nil and value.unit ~= "pixel" and value.unit ~= "fraction" then
    option.raise(([[%s: field 'mask': unit: "pixel" or "fraction" expected, got '%s']]):format(
      what, value.unit))
  elseif value.size ~= nil then
    size_of(what, value.size)
  end
  local count = 0
  for _, kind in ipairs(kinds) do
    for i, one in ipairs(value[kind] or {}) do
      check_shape(what, kind, i, one, value.unit == "fraction")
      if value.unit == nil and is_tiny(one) then
        option.raise(('%s: field \'mask\': %s[%d]: all of it is within one pixel: '
          .. 'unit = "fraction" is missing?'):format(what, kind, i))
      end
      count = count + 1
    end
  end
  if count == 0 then
    option.raise(what .. ": field 'mask': no shapes (rects, ellipses, polygons)")
  end
end

-- A shape's numbers in pixels.
local function scaled(value, scale)
  local out = {}
  for k, v in ipairs(value) do
    out[k] = scale and v * scale[k % 2 == 1 and 1 or 2] or v
  end
  return out
end

-- The shapes in pixels, checked: with width, height, invert, and a list of each
-- kind; or nil, err.
local function drawing_of(what, value, size)
  mask.check(what, value)
  local wide, high = size and (size[1] or size.width), size and (size[2] or size.height)
  if value.size == nil and size and (wide > 8192 or high > 8192) then
    return nil, err.new("too_large", ("%s: field 'mask': a picture of %dx%d; masks have at most "
      .. "8192 pixels a side"):format(what, wide, high))
  end
  local width, height = size_of(what, value.size or size)
  local drawing = { width = width, height = height, invert = value.invert }
  for _, kind in ipairs(kinds) do
    drawing[kind] = {}
    for i, one in ipairs(value[kind] or {}) do
      drawing[kind][i] = scaled(one, value.unit == "fraction" and { width, height })
    end
  end
  return drawing
end

local function draw(what, value, size)
  local drawing, e = drawing_of(what, value, size)
  local image
  if drawing then
    image, e = mask.image("masks from shapes need", "; or give a PNG")
  end
  if not image then
    return nil, e
  end
  local png, white = image.mask(drawing)
  if white == 0 then
    option.raise(("%s: field 'mask': it selects nothing of a picture of %dx%d"):format(
      what, drawing.width, drawing.height))
  end
  return { bytes = png }
end

-- The corners of a rectangle, clockwise; whole pixels, so that none is lost.
local function corners(rect)
  local left, top = math.floor(rect[1]), math.floor(rect[2])
  local right, bottom = math.ceil(rect[1] + rect[3]), math.ceil(rect[2] + rect[4])
  return { left, top, right, top, right, bottom, left, bottom }
end

local function rounded(polygon)
  local points = {}
  for i, v in ipairs(polygon) do
    points[i] = math.floor(v + 0.5)
  end
  return points
end

local function is_inside(points, width, height)
  for i, v in ipairs(points) do
    if v < 0 or v > (i % 2 == 1 and width or height) then
      return false
    end
  end
  return true
end

-- Shapes as polygons for the core: { width =, height =, points = } each; nil for
-- those that have to be drawn; or nil, err.
function mask.areas(what, value, size)
  local drawing, e = drawing_of(what, value, size)
  if not drawing or drawing.invert or #drawing.ellipses > 0 then
    return nil, e
  end
  local areas = {}
  for _, kind in ipairs { "rects", "polygons" } do
    for _, one in ipairs(drawing[kind]) do
      local points = kind == "rects" and corners(one) or rounded(one)
      if not is_inside(points, drawing.width, drawing.height) then
        return nil
      end
      areas[#areas + 1] = { width = drawing.width, height = drawing.height, points = points }
    end
  end
  return areas
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
