-- SPDX-License-Identifier: MIT
-- Many prompts, a few at a time.  One that fails does not stop the others.
--
--   mjlua --sim=clock=100 examples/batch.lua [FILE] [FOLDER]

local mj = require "mj"

local here = arg[0]:match "^(.*)/[^/]*$" or "."
local file = arg[1] or here .. "/prompts.txt"
local folder = arg[2] or "out/batch"

local prompts = {}
for line in assert(io.open(file)):lines() do
  if line:find "%S" then
    prompts[#prompts + 1] = line
  end
end

local bar = mj.progress({}, { total = #prompts })
local results, errors = mj.map(prompts, function(prompt, i)
  local task = assert(bar:add(mj.imagine(prompt), prompt):await())
  assert(task:save(("%s/%03d-{prompt:40}.{ext}"):format(folder, i)))
  return task.id
end, { concurrency = 20 })
bar:finish()

local saved, failed = 0, 0
for i, prompt in ipairs(prompts) do
  if results[i] then
    saved = saved + 1
  else
    failed = failed + 1
    print(("%s: %s"):format(prompt, tostring(errors[i])))
  end
end
print(("%d saved in %s, %d failed"):format(saved, folder, failed))
-- With 0 the run would be over, and the next start begin anew; with 1 it goes on with
-- what is missing.
os.exit(failed == 0)
