-- SPDX-License-Identifier: MIT
-- The same work through the whole product: a coroutine for each task.
--
--   mjlua tasks.lua URL TASKS CONNECTIONS

local mj = require "mj"

local url, n, connections = arg[1], tonumber(arg[2]), tonumber(arg[3])
local client = mj.client {
  base_url = url,
  api_key = "sk-bench",
  dialect = "mj",
  connections = connections,
  poll = { 0.001 },
}

local prompts = {}
for i = 1, n do
  prompts[i] = "black cat, cinematic lighting"
end
local results, errors = mj.map(prompts, function(prompt)
  return assert(client:imagine(prompt):await()).status
end, { concurrency = n })
for i = 1, n do
  assert(results[i] == "SUCCESS", errors[i])
end
print("tasks=" .. n)
