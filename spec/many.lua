-- SPDX-License-Identifier: MIT
-- Many tasks at once over real sockets.   mjlua --sim=clock=200 spec/many.lua [N]

local mj = require "mj"

local n = tonumber(arg[1]) or 1000
local prompts = {}
for i = 1, n do
  prompts[i] = "picture " .. i
end

local ids, seen = {}, {}
local results, errors = mj.map(prompts, function(prompt, i)
  local task = assert(mj.imagine(prompt):await())
  assert(task.prompt:find(prompt, 1, true), "another task's prompt")
  ids[i] = task.id
  return task.status
end, { concurrency = n })
for i = 1, n do
  assert(results[i] == "SUCCESS", tostring(errors[i]))
  assert(not seen[ids[i]], "an id twice")
  seen[ids[i]] = true
end
print(n .. " tasks")
