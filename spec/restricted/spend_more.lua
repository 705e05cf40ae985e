-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^2 taken, 48 refused\n$
-- err: ^[^\n]*\n?$
-- with: --budget 2
-- count: 2
local client, other = require("mj").client {}, require("mj").client {}
local jobs, taken, refused = {}, 0, 0
for i = 1, 50 do
  jobs[i] = (i % 2 == 0 and client or other):imagine("cat " .. i)
  if i > 2 then
    jobs[i]:cancel()
  end
end
for i = 1, 50 do
  local id, e = jobs[i]:id(20)
  taken = taken + (id and 1 or 0)
  refused = refused + ((e and e.code == "budget") and 1 or 0)
end
print(("%d taken, %d refused"):format(taken, refused))
