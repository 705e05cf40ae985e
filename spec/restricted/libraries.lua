-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^nothing\n$
local names = { "io", "debug", "package", "dofile", "loadfile", "collectgarbage", "loadstring",
  "setfenv", "getfenv", "warn" }
for _, name in ipairs(names) do
  if _G[name] ~= nil or _ENV[name] ~= nil then
    print("there is " .. name)
  end
end
for _, name in ipairs { "execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale" } do
  if os[name] ~= nil then
    print("there is os." .. name)
  end
end
local real = load "return _G"()
if real.io or real.debug or real.package then
  print "load leads out"
end
print "nothing"
