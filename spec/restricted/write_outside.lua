-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^refused refused refused refused refused refused refused written\n$
-- with: --budget 1
local client = require("mj").client {}
local task = assert(client:imagine "cat":await())
local out = {}
for _, path in ipairs { "../outside.png", "/tmp/mj-outside.png", "a/../../outside.png",
  "./../outside.png", "link/outside.png", "a//../outside.png", "..", "inside/{id}.png" } do
  out[#out + 1] = task:save(path) and "written" or "refused"
end
print(table.concat(out, " "))
