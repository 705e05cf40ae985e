-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --memory 32 --cpu 1
while true do
  pcall(string.rep, "x", 2 ^ 33)
  pcall(function()
    local t = {} -- luacheck: ignore 241
    for i = 1, 1e9 do
      t[i] = {}
    end
  end)
end
