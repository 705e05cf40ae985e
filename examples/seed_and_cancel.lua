-- SPDX-License-Identifier: MIT
-- The seed of a picture, used again; and work that is not wanted any more.
--
--   mjlua --sim=clock=20,profile=plus examples/seed_and_cancel.lua

local mj = require "mj"

local grid = assert(mj.imagine "black cat":await())
local seed = assert(grid:seed())
print("seed", seed)

local same = assert(mj.imagine { prompt = "black cat, at night", seed = seed }:await())
print("again", same.prompt)

-- A job that is given up tells the gateway to stop, where it can.
local job = mj.imagine "white cat"
local id = assert(job:id())
job:cancel()
local _, err = job:await()
print("cancelled", err.code)
print("now", assert(mj.client {}:list { ids = { id } }:await())[1].status)
