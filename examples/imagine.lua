-- SPDX-License-Identifier: MIT
-- A picture from a prompt, then the second of the four in full size.
--
--   mjlua --sim=clock=20 examples/imagine.lua [FOLDER] [PROMPT]
--
-- Without --sim it asks the gateway that MJ_BASE_URL and MJ_API_KEY name.

local mj = require "mj"

local folder = arg[1] or "out"
local prompt = arg[2] or "black cat, cinematic lighting"

-- One line on the terminal that is written over.
local function show(task)
  io.stderr:write(("\r%-12s %3d %%"):format(task.status, task.progress or 0))
end

local function wait(job)
  local task, err = job:await { on_progress = show }
  io.stderr:write("\r", (" "):rep(20), "\r")
  return assert(task, err)
end

local grid = wait(mj.imagine { prompt = prompt, aspect = "3:2" })
print("grid     " .. grid.id)
print(assert(grid:save(folder .. "/{prompt:40}-grid.{ext}")))

local big = wait(grid:click "U2")
print("upscale  " .. big.id)
print(assert(big:save(folder .. "/{prompt:40}-2.{ext}")))
