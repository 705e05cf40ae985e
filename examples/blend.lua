-- SPDX-License-Identifier: MIT
-- Two to five pictures into one.
--
--   mjlua --sim=clock=20 examples/blend.lua [FOLDER] [PICTURE ...]
--
-- Without pictures, two are made first: at the same time, since nobody waits for
-- the first one before the second is submitted.

local mj = require "mj"

local folder = arg[1] or "out"
local pictures = { (table.unpack or unpack)(arg, 2) }

if #pictures == 0 then
  local prompts = { "black cat", "stained glass window" }
  pictures = mj.map(prompts, function(prompt, i)
    local grid = assert(mj.imagine(prompt):await())
    local one = assert(grid:click "upscale:1":await())
    return assert(one:save(("%s/part-%d.{ext}"):format(folder, i)))[1]
  end)
end

local blended = assert(mj.blend { images = pictures, dimensions = "landscape" }:await())
print(assert(blended:save(folder .. "/blended.{ext}")))
