-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
local chunk = load [[
  local _ <close> = setmetatable({}, { __close = function() while true do end end })
  error "leaves"]]
pcall(chunk)
