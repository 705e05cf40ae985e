-- SPDX-License-Identifier: MIT
-- A picture into words, and the first of the proposals into pictures.
--
--   mjlua --sim=clock=20 examples/describe.lua [PICTURE] [FOLDER]
--
-- PICTURE is a file or an address; without one a picture is made first.

local mj = require "mj"

local picture, folder = arg[1], arg[2] or "out"

if not picture then
  local grid = assert(mj.imagine "black cat, cinematic lighting":await())
  picture = assert(assert(grid:click "upscale:1":await()):save(folder .. "/seen.{ext}"))[1]
end

local seen = assert(mj.describe(picture):await())
for i, prompt in ipairs(seen.prompts) do
  print(i, prompt)
end

local again = assert(mj.imagine(seen.prompts[1]):await())
print(assert(again:save(folder .. "/described.{ext}")))
