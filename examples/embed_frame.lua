-- SPDX-License-Identifier: MIT
-- A program that draws 60 frames a second and never waits for the gateway.
--
--   mjlua --sim=clock=20 examples/embed_frame.lua

local mj = require "mj"

local FRAME = 1 / 60

-- Stands in for the engine: something to draw, then the wait for the screen.
local function draw()
  local x = 0
  for i = 1, 10000 do
    x = x + math.sin(i)
  end
  return x
end

local function wait_for_screen(start)
  while os.clock() - start < FRAME do end
end

local job = mj.imagine "black cat, cinematic lighting"
job:on_done(function(task, err)
  print(task and "picture  " .. task.image_url or "failed: " .. tostring(err))
end)

local frames, worst = 0, 0
while not job:done() do
  local start = os.clock()
  mj.step(0)
  worst = math.max(worst, os.clock() - start)
  draw()
  wait_for_screen(start)
  frames = frames + 1
end
print(("%d frames; the longest mj.step took %.2f ms of a frame's %.1f ms"):format(
  frames, worst * 1000, FRAME * 1000))
