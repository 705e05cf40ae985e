-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^not for\nnot for\nnot for\n$
local mj = require "mj"
for _, opts in ipairs { { journal = "../outside.journal" }, { run = "other" },
  { on_unknown = "resubmit" } } do
  local _, e = pcall(mj.client, opts)
  print(tostring(e):match "not for" or e)
end
