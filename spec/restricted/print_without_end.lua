-- SPDX-License-Identifier: MIT
-- ends: 44
-- with: --cpu 20
local line = ("x"):rep(100000)
while true do
  print(line)
end
