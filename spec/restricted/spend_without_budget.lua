-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^budget budget budget \n$
-- count: 0
local client = require("mj").client {}
local codes = ""
for _ = 1, 3 do
  local _, e = client:imagine "cat":await()
  codes = codes .. e.code .. " "
end
print(codes)
