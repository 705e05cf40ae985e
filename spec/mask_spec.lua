-- SPDX-License-Identifier: MIT
-- Masks from shapes and files; looked at through mj.image.

local helper = require "helper"
local image = require "mj.image"
local mask = require "mj.mask"
local media = require "mj.media"
local mj = require "mj"

local function raised(...)
  local ok, message = pcall(mask.make, "click", ...)
  assert.is_false(ok)
  return (tostring(message):gsub("^.-:%d+: ", ""))
end

-- How much of a mask is white; nil if it is no mask of this size.
local function white(picture, w, h)
  local width, height, kind = image.size(picture.bytes)
  assert.same({ w, h, "png" }, { width, height, kind })
  return image.white(picture.bytes)
end

-- Whether the pixel is white: what is left when everything else is cut off.
local function is_white(picture, w, h, x, y)
  local one = image.mask {
    width = w, height = h, invert = true, rects = { { x, y, 1, 1 } },
  }
  local both = image.cut(picture.bytes, one)
  return image.white(both) == 1 / (w * h)
end

describe("mj.mask", function()
  it("draws rectangles in pixels", function()
    local m = assert(mask.make("click", { size = { 100, 50 }, rects = { { 10, 5, 20, 10 } } }))
    assert.equal(200 / 5000, white(m, 100, 50))
    for _, p in ipairs { { 10, 5, true }, { 29, 14, true }, { 9, 5, false }, { 10, 4, false },
      { 30, 14, false }, { 29, 15, false } } do
      assert.equal(p[3], is_white(m, 100, 50, p[1], p[2]))
    end
  end)

  it("draws fractions, at the size that is given", function()
    local m = assert(mask.make("click",
      { unit = "fraction", rects = { { 0.5, 0, 0.5, 1 } } }, { 64, 32 }))
    assert.equal(0.5, white(m, 64, 32))
    assert.is_true(is_white(m, 64, 32, 32, 31))
    assert.is_false(is_white(m, 64, 32, 31, 31))
    m = assert(mask.make("click",
      { unit = "fraction", ellipses = { { 0.5, 0.5, 0.25, 0.5 } } }, { width = 200, height = 100 }))
    assert.near(math.pi / 8, white(m, 200, 100), 0.002)
  end)

  it("asks for the unit where all numbers are fractions", function()
    local size = { 64, 32 }
    for kind, one in pairs { rects = { 0, 0, 0.5, 1 }, ellipses = { 0.5, 0.5, 0.25, 0.5 },
      polygons = { 0, 0, 1, 0, 0.5, 1 } } do
      assert.equal(("click: field 'mask': %s[1]: all of it is within one pixel: "
        .. 'unit = "fraction" is missing?'):format(kind), raised({ [kind] = { one } }, size))
    end
    assert.matches("rects%[2%]: all",
      raised({ rects = { { 1, 1, 9, 9 }, { 0.1, 0, 1, 1 } } }, size))
    for _, rect in ipairs { { 0, 0, 1, 1 }, { 0, 0, 1.5, 2 }, { -1, 0, 2.5, 1 } } do
      assert(mask.make("click", { rects = { rect } }, size))
    end
    assert.not_matches("unit", raised({ unit = "pixel", rects = { { 0, 0, 0.1, 0.1 } } }, size))
  end)

  it("joins shapes and cuts off what is outside", function()
    local m = assert(mask.make("click", {
      size = { 40, 40 },
      rects = { { -10, -10, 20, 20 }, { 5, 5, 10, 10 } },
      polygons = { { 20, 20, 1000, 20, 1000, 1000, 20, 1000 } },
    }))
    assert.equal((100 + 75 + 400) / 1600, white(m, 40, 40))
  end)

  it("draws polygons of any form", function()
    local m = assert(mask.make("click",
      { size = { 100, 100 }, polygons = { { 0, 0, 100, 0, 0, 100 } } }))
    assert.near(0.5, white(m, 100, 100), 0.006)
    assert.is_true(is_white(m, 100, 100, 0, 98))
    assert.is_false(is_white(m, 100, 100, 99, 98))
    -- the corner of an L is free
    m = assert(mask.make("click",
      { size = { 10, 10 }, polygons = { { 0, 0, 5, 0, 5, 5, 10, 5, 10, 10, 0, 10 } } }))
    assert.equal(0.75, white(m, 10, 10))
    assert.is_false(is_white(m, 10, 10, 7, 2))
  end)

  it("inverts", function()
    local m = assert(mask.make("click",
      { size = { 10, 10 }, rects = { { 0, 0, 10, 4 } }, invert = true }))
    assert.equal(0.6, white(m, 10, 10))
    assert.is_false(is_white(m, 10, 10, 0, 0))
    assert.is_true(is_white(m, 10, 10, 0, 4))
  end)

  it("refuses to select nothing", function()
    assert.equal("click: field 'mask': it selects nothing of a picture of 10x10",
      raised { size = { 10, 10 }, rects = { { 20, 20, 5, 5 } } })
    assert.equal("click: field 'mask': it selects nothing of a picture of 10x10",
      raised { size = { 10, 10 }, rects = { { 0, 0, 10, 10 } }, invert = true })
    assert.equal("click: field 'mask': no shapes (rects, ellipses, polygons)",
      raised { size = { 10, 10 } })
  end)

  it("names the shape that is wrong", function()
    local function wrong(kind, shape, unit)
      return raised { size = { 10, 10 }, unit = unit, [kind] = { { 1, 1, 1, 1, 1, 2 }, shape } }
    end
    local rect = "click: field 'mask': rects[1]: {x, y, width, height} expected"
    assert.equal(rect .. ", the last two above 0",
      raised { size = { 9, 9 }, rects = { { 1, 2, 3 } } })
    assert.equal(rect .. ", the last two above 0",
      raised { size = { 9, 9 }, rects = { { 1, 2, 0, 4 } } })
    assert.equal(rect .. ", got number", raised { size = { 9, 9 }, rects = { 1, 2, 3, 4 } })
    assert.equal(rect .. ", number 2 is x",
      raised { size = { 9, 9 }, rects = { { 1, "x", 3, 4 } } })
    assert.equal(rect .. ", number 3 is " .. tostring(math.huge),
      raised { size = { 9, 9 }, rects = { { 1, 2, math.huge, 4 } } })
    assert.equal("click: field 'mask': polygons[2]: {x1, y1, x2, y2, x3, y3, ...} expected, "
      .. "got 4 numbers", wrong("polygons", { 1, 2, 3, 4 }))
    assert.equal("click: field 'mask': polygons[2]: {x1, y1, x2, y2, x3, y3, ...} expected, "
      .. "got 7 numbers", wrong("polygons", { 1, 2, 3, 4, 5, 6, 7 }))
    assert.equal("click: field 'mask': rects[1]: number 3 is 1.5, fractions are 0 to 1",
      raised { size = { 10, 10 }, unit = "fraction", rects = { { 0, 0, 1.5, 1 } } })
    local many = {}
    for i = 1, 8194 do
      many[i] = i % 7
    end
    assert.equal("click: field 'mask': polygons[1]: at most 4096 points",
      raised { size = { 10, 10 }, polygons = { many } })
  end)

  it("refuses what it does not know", function()
    assert.equal("click: mask: unknown option 'rect' (did you mean 'rects'?)",
      raised { size = { 10, 10 }, rect = { 1, 2, 3, 4 } })
    assert.equal([[click: field 'mask': unit: "pixel" or "fraction" expected, got 'percent']],
      raised { size = { 10, 10 }, unit = "percent", rects = { { 1, 2, 3, 4 } } })
    assert.equal("click: field 'mask': size = {width, height} of the picture is missing",
      raised { rects = { { 1, 2, 3, 4 } } })
    for _, size in ipairs { { 0, 5 }, { 5 }, { 5.5, 5 }, { 9000, 5 }, { "5", 5 } } do
      assert.equal("click: field 'mask': size: {width, height} in pixels expected, at most 8192",
        raised { size = size, rects = { { 1, 2, 3, 4 } } })
    end
    assert.truthy(raised(7):find("field 'mask': path", 1, true))
    assert.truthy(raised("https://a.test/mask.png"):find("cannot be sent as a mask", 1, true))
  end)

  describe("from a file", function()
    local png = image.mask { width = 20, height = 10, rects = { { 1, 1, 5, 5 } } }

    it("is passed on as it is", function()
      local folder = helper.folder()
      local file = assert(io.open(folder .. "/mask.png", "wb"))
      file:write(png)
      file:close()
      assert.same({ bytes = png }, mask.make("click", folder .. "/mask.png"))
      assert.same({ bytes = png }, mask.make("click", mj.bytes(png), { 20, 10 }))
      helper.remove(folder)
    end)

    it("may be a data: URI", function()
      local uri = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4"
        .. "nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
      assert.same({ url = uri }, mask.make("click", uri, { 1, 1 }))
      local m, e = mask.make("click", uri, { 2, 1 })
      assert.is_nil(m)
      assert.equal("field 'mask': it is 1x1, the picture 2x1", e.message)
    end)

    it("has to be a PNG of the right size with something white", function()
      local function refused(value, size)
        local m, e = mask.make("click", value, size)
        assert.is_nil(m)
        assert.equal("invalid", e.code)
        return e.message
      end
      assert.equal("field 'mask': a mask is a PNG (black stays, white is redone)",
        refused(mj.bytes "GIF89a\1\0\1\0"))
      assert.equal("field 'mask': it is 20x10, the picture 10x20",
        refused(mj.bytes(png), { 10, 20 }))
      assert.equal("field 'mask': nothing in it is white, so nothing is redone",
        refused(mj.bytes((image.mask { width = 4, height = 4 }))))
      assert.truthy(refused("no such file"):find("No such file", 1, true))
    end)
  end)

  it("says what brings mj.image", function()
    local loaded, preload = package.loaded["mj.image"], package.preload["mj.image"]
    package.loaded["mj.image"] = nil
    package.preload["mj.image"] = function()
      error "cannot open shared object file"
    end
    local m, e = mask.make("click", { size = { 4, 4 }, rects = { { 0, 0, 1, 1 } } })
    local png = image.mask { width = 2, height = 2 }
    local given = mask.make("click", mj.bytes(png))
    package.loaded["mj.image"], package.preload["mj.image"] = loaded, preload
    assert.is_nil(m)
    assert.equal("resource", e.code)
    assert.truthy(e.message:find("libgd3", 1, true))
    assert.same({ bytes = png }, given) -- a file needs no libgd
  end)
end)

describe("mj.image", function()
  it("cuts a hole where the mask is white", function()
    local picture = image.picture { width = 64, height = 64, seed = 1 }
    local hole = image.mask { width = 64, height = 64, rects = { { 0, 0, 32, 64 } } }
    local cut = assert(image.cut(picture, hole))
    assert.same({ 64, 64, "png" }, { image.size(cut) })
    assert.same({ "png", 6 }, { media.type(cut), cut:byte(26) }) -- RGB and alpha
    -- a white picture with a hole is white where it is left
    local all = image.mask { width = 64, height = 64, rects = { { 0, 0, 64, 64 } } }
    assert.equal(0.5, image.white(image.cut(all, hole)))
  end)

  it("says why it cannot cut", function()
    local a = image.mask { width = 8, height = 8 }
    local b = image.mask { width = 8, height = 9 }
    assert.same({ n = 2, nil, "picture and mask differ in size" }, table.pack(image.cut(a, b)))
    assert.same({ n = 2, nil, "the picture cannot be decoded" }, table.pack(image.cut("x", b)))
    assert.same({ n = 2, nil, "the mask cannot be decoded" },
      table.pack(image.cut(a, a:sub(1, 40))))
    assert.is_nil(image.white "x")
    assert.is_nil(image.size "x")
  end)

  it("refuses shapes that are none", function()
    local function message(t)
      local ok, e = pcall(image.mask, t)
      assert.is_false(ok)
      return e
    end
    assert.truthy(message { width = 5 }:find("field 'height'", 1, true))
    assert.truthy(message { width = 5, height = 5, rects = 7 }:find("field 'rects'", 1, true))
    assert.truthy(message { width = 5, height = 5, rects = { 7 } }:find("rects[1]", 1, true))
    assert.truthy(message { width = 5, height = 5, polygons = { { 1, 2, 3, 4 } } }
      :find("polygons[1]", 1, true))
    assert.truthy(message { width = 5, height = 5, ellipses = { { 1, 1, 1, 0 / 0 } } }
      :find("ellipses[1]", 1, true))
  end)
end)
