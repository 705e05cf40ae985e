-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^refused refused refused refused refused refused refused refused \n$
local said = ""
for _, name in ipairs { "io", "os", "debug", "package", "mj.core", "mj.httpd", "mj.env",
  "../../etc/x" } do
  local ok = pcall(require, name)
  said = said .. (ok and "LOADED " or "refused ")
end
print(said)
