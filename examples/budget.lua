-- SPDX-License-Identifier: MIT
-- So many pictures as the money is enough for: nothing is sent that would cost
-- more, whatever fails and however often the script is killed and started again.
--
--   mjlua --sim=clock=100 examples/budget.lua [LIMIT]
--   mjlua --dry-run examples/budget.lua         what all of it would cost

local mj = require "mj"

local client = mj.client {
  budget = tonumber(arg[1]) or 1, -- in whatever the prices are in
  prices = {
    imagine = { fast = 0.10, relax = 0.03, default = 0.05 },
    upscale = 0.01,
    default = 0.05, -- of whatever else
  },
}

local subjects = { "fox", "owl", "hare", "crane", "carp", "bear", "moth", "wren", "lynx", "toad" }

print("all of it: " .. tostring(client:estimate {
  { "imagine", mode = "fast", count = #subjects },
  { "click", button = "U1", count = #subjects },
}))

-- Two at a time, so that what was begun is finished before the next one begins.
local ids, errors = mj.map(subjects, function(subject)
  local grid, err = client:imagine { prompt = subject .. ", ink on paper", mode = "fast" }:await()
  local big
  if grid then
    big, err = grid:click("U1"):await()
  end
  return big and big.id or err.code
end, { concurrency = 2 })

for i, subject in ipairs(subjects) do
  local result = ids[i] or tostring(errors[i])
  print(subject, result == "budget" and "not enough money left" or result)
end

local budget = client:budget()
print(("%g of %g spent"):format(budget.spent, budget.limit))
print(mj.report { by = "verb" })
