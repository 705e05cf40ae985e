-- SPDX-License-Identifier: MIT
-- ends: 42
-- with: --memory 32
local t = {}
while true do
  t = { t, {}, {}, {} }
end
