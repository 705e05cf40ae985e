-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^100 files, then resource\n$
local box = require("mj").client {}._pump.box
local n = 0
while true do
  local id, e = box:write("many/" .. n % 10, "x")
  if not id then
    print(("%d files, then %s"):format(n, e.code))
    break
  end
  n = n + 1
end
