-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ended\n$
-- Waiting in odd places, and a scheduler that is asked for what it cannot do.
local mj = require "mj"
print(pcall(mj.set_waiter, function() error "mine" end))
print(pcall(table.sort, { 3, 2, 1 }, function(a, b) mj.sleep(0) return a < b end))
local co = coroutine.wrap(function() mj.sleep(0) end)
print(pcall(co))
mj.set_waiter(nil)
print(pcall(mj.await, setmetatable({}, { __index = function() error "deep" end })))
print "ended"
