-- SPDX-License-Identifier: MIT
-- What the judge of budgets kills: more pictures than the money is enough for.
-- `mjlua spend.lua NAME COUNT`: a NAME that begins with "journal" has a budget
-- for all that the journal has, others one for each run.

local mj = require "mj"

local name, count = arg[1], tonumber(arg[2])
local page = assert(os.getenv "MJ_JUDGE_PAGE")
local limit = 10

local client = assert(mj.client {
  timeout = 1e7,
  budget = { limit = limit, per = name:match "^journal" or "run" },
  prices = { imagine = 0.3, upscale = "0.1" },
})

local items = {}
for i = 1, count do
  items[i] = ("%s number %d"):format(name, i)
end

-- What is counted is looked at whenever something ends.
local most = 0
local function look()
  local now = assert(client:budget())
  local sum = now.spent + now.reserved + now.unknown
  most = math.max(most, sum)
  assert(sum <= limit + 1e-9, ("%.6f counted"):format(sum))
end

local results, errors = mj.map(items, function(prompt)
  local grid, e = client:imagine(prompt):await()
  look()
  if not grid then
    return e.code
  end
  local big
  big, e = grid:click("U2"):await()
  look()
  return big and "good" or e.code
end, { concurrency = 8 })

local counts, names = {}, {}
for i = 1, count do
  local result = results[i] or "raised: " .. tostring(errors[i])
  if not counts[result] then
    names[#names + 1] = result
  end
  counts[result] = (counts[result] or 0) + 1
end
table.sort(names)
local out = assert(io.open(page .. ".part", "w"))
for _, result in ipairs(names) do
  out:write(("%s\t%d\n"):format(result, counts[result]))
end
out:write(("most\t%.6f\n"):format(most))
out:close()
assert(os.rename(page .. ".part", page))
