-- SPDX-License-Identifier: MIT
-- A part of a picture made anew, and the whole of it made wider: two buttons that
-- ask back, answered with what the click brings along.
--
--   mjlua --sim=clock=20 examples/region.lua [FOLDER]

local mj = require "mj"

local folder = arg[1] or "out"

local grid = assert(mj.imagine { prompt = "black cat on a sofa", aspect = "3:2" }:await())
local big = assert(grid:click "upscale:2":await())

-- White is made anew: the upper left quarter, and a triangle.  Fractions of the
-- picture, so that its size does not matter.
local mask = assert(mj.mask(big, {
  unit = "fraction",
  rects = { { 0, 0, 0.5, 0.5 } },
  polygons = { { 0.6, 0.1, 0.9, 0.1, 0.75, 0.4 } },
}))
local region = assert(big:click("vary:region", { prompt = "a red hat", mask = mask }):await())
print(assert(region:save(folder .. "/region.{ext}")))

local wide = assert(big:click "zoom:1.5":await())
print(assert(wide:save(folder .. "/zoom-1.5.{ext}")))

-- A factor without a button of its own goes through Custom Zoom; so does a prompt.
local wider = assert(big:click("Custom Zoom", {
  zoom = 1.8, prompt = "black cat on a sofa in a palace --ar 3:2",
}):await())
print(assert(wider:save(folder .. "/zoom-1.8.{ext}")))
