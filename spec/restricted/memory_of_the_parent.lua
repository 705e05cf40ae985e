-- SPDX-License-Identifier: MIT
-- ends: 0
-- err: ^[^\n]*\n?$
-- out: resource.*resource
-- with: --memory 64 --budget 1000
local mj = require "mj"
local client = mj.client {}
local picture = mj.bytes("\137PNG\r\n\26\n" .. ("x"):rep(4e6))
local jobs, codes = {}, {}
for i = 1, 40 do
  jobs[i] = client:imagine { prompt = "cat", images = picture }
end
for i = 1, 40 do
  local task, e = jobs[i]:await { timeout = 0.01 }
  codes[#codes + 1] = task and "task" or e.code
end
print(table.concat(codes, " "))
