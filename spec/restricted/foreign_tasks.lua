-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^unsupported unsupported unsupported unsupported unsupported unsupported unsupported\n$
-- with: --budget 5
-- count: 0
local client = require("mj").client {}
local out = {}
for _, job in ipairs { client:task "1712205491846000", client:list(), client:queue(),
  client:list { ids = { "1712205491846000" } },
  client:click("1712205491846000", "MJ::JOB::upsample::1::x") } do
  local _, e = job:await()
  out[#out + 1] = e.code
end
local _, e = client:unknown()
out[#out + 1] = e.code
_, e = client:resolve("key", "absent")
out[#out + 1] = e.code
print(table.concat(out, " "))
