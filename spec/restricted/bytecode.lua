-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^refused refused refused nil\n$
local function try(...)
  local ok, chunk = pcall(load, ...)
  return (ok and chunk) and "LOADED" or "refused"
end
local head = "\27Lua\84\0\25\147\r\n\26\n\4\8\8xV"
local parts = { head, ("\0"):rep(64) }
print(try(head) .. " " .. try(head, "x", "b") .. " " .. try(function()
  return table.remove(parts, 1)
end, "x", "bt") .. " " .. tostring(string.dump))
