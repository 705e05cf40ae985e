-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
local function forever()
  while true do
    coroutine.wrap(function() end)()
  end
end
while true do
  coroutine.resume(coroutine.create(forever))
end
