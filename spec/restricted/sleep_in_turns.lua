-- SPDX-License-Identifier: MIT
-- ends: 40
-- with: --time 1
local mj = require "mj"
while true do
  mj.sleep(0)
end
