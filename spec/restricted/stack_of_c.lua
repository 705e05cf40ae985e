-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ended
local s = ("("):rep(300) .. "1" .. (")"):rep(300)
print(load("return " .. s) and "loaded" or "refused")
print(pcall(string.gsub, ("x"):rep(1e5), ("(x"):rep(40), ""))
local f = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
print(pcall(function() return f[1] end))
print "ended"
