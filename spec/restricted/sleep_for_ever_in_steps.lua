-- SPDX-License-Identifier: MIT
-- ends: 40
-- with: --time 1
local mj = require "mj"
mj.spawn(function() mj.sleep(1e6) end)
while true do
  pcall(mj.step, 1e6)
end
