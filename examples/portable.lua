-- SPDX-License-Identifier: MIT
-- One script for every gateway: nothing in it asks which one answers.
--
--   mjlua --sim=clock=20 examples/portable.lua [FOLDER]
--   mjlua --sim=clock=20,profile=generate examples/portable.lua
--
-- A grid, an upscale, a variation and a reroll everywhere; a zoom and a region
-- where the picture has those buttons.

local mj = require "mj"

local folder = arg[1] or "out"

local function keep(name, task)
  print(name, assert(task:save(("%s/%s.{ext}"):format(folder, name))))
  return task
end

local grid = keep("grid", assert(mj.imagine "black cat on a sofa --ar 3:2":await()))
local big = keep("upscale", assert(grid:click "U2":await()))
keep("variation", assert(grid:click "V1":await()))
keep("reroll", assert(grid:click "reroll":await()))

if big:can "zoom:2" then
  keep("zoom", assert(big:click "zoom:2":await()))
end
if big:can "zoom:1.3" then
  keep("custom-zoom", assert(big:click "zoom:1.3":await()))
end
if big:can "vary:region" then
  local mask = assert(mj.mask(big, { unit = "fraction", rects = { { 0.25, 0, 0.5, 0.4 } } }))
  keep("region", assert(big:click("vary:region", { prompt = "a red hat", mask = mask }):await()))
end
