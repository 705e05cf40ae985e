-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
for _ = 1, 10 do
  setmetatable({}, { __gc = function() while true do end end })
end
for i = 1, 1e7 do
  local _ = { i }
end
