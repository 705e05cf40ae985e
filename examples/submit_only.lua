-- SPDX-License-Identifier: MIT
-- Submits, prints the id, leaves.  The gateway works on; pick_up.lua fetches.
--
--   mjlua examples/submit_only.lua [PROMPT]

local mj = require "mj"

local job = mj.imagine(arg[1] or "black cat, cinematic lighting")
print(assert(job:id()))
