-- SPDX-License-Identifier: MIT
-- ends: 42
-- with: --memory 32
local t = {}
while true do
  t[#t + 1] = coroutine.wrap(function() coroutine.yield(("x"):rep(1000)) end)
  t[#t]()
end
