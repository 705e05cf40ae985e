-- SPDX-License-Identifier: MIT
-- A picture that moves, and goes on moving.
--
--   mjlua --sim=clock=20,profile=trueai examples/video.lua [PICTURE] [FOLDER]

local mj = require "mj"

local picture, folder = arg[1], arg[2] or "out"

if not picture then
  local grid = assert(mj.imagine "black cat on a sofa":await())
  picture = assert(grid:click "upscale:1":await()).image_url
end

local film = assert(mj.video { prompt = "the cat yawns", image = picture, motion = "low" }:await())
print(assert(film:save(folder .. "/yawn.{ext}")))

local longer = assert(mj.video { prompt = "the cat leaves", task = film, index = 1 }:await())
print(assert(longer:save(folder .. "/leaves.{ext}")))
