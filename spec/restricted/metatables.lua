-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^nil%sfalse%strue\nstill here\n$
print(getmetatable "", (pcall(setmetatable, "", {})), (pcall(setmetatable, _G, {
  __index = function(_, name) error("no " .. name) end })))
rawset(string, "format", function() return "changed" end)
rawset(string, "gsub", nil)
rawset(table, "concat", nil)
print "still here"
