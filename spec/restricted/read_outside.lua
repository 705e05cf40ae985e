-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^refused refused refused refused refused\n$
-- with: --budget 5
local client = require("mj").client {}
local out = {}
for _, path in ipairs { "/etc/passwd", "../secret.png", "link/secret.png", "secret-link.png",
  "/proc/self/environ" } do
  local task, e = client:describe(path):await()
  out[#out + 1] = not task and e.code == "invalid" and "refused" or "READ"
end
print(table.concat(out, " "))
