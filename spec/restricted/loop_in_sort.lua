-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
local t = {}
for i = 1, 100000 do
  t[i] = i
end
while true do
  pcall(table.sort, t, function(a, b) return a % 7 < b % 7 end)
end
