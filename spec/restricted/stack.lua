-- SPDX-License-Identifier: MIT
-- ends: 1
-- err: stack overflow
local function f() return f() + 1 end
f()
