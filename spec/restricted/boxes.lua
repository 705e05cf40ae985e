-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^ended
-- with: --budget 1
local client = require("mj").client {}
local box = client._pump.box
local calls = { { "watch", 0 }, { "watch", 1e9 }, { "fetch" }, { "write" }, { "submit", "x" },
  { "submit", { op = 1 } }, { "submit", { op = "imagine", prompt = {} } }, { "no such" },
  { "__gc" }, { "step", -1 }, { "step", {} }, { "after", "x" }, { "cancel", -1 }, { "info", {} },
  { "ask", "list" }, { "ask", 7 }, { "track", 1 }, { "close", box }, { "event", 1, 2, 3, 4, 5 } }
for _, call in ipairs(calls) do
  pcall(box[call[1]], box, table.unpack(call, 2))
end
for _, other in ipairs { 0, -1, 99, 1.5, "1", {} } do
  box.box = other
  pcall(box.rows, box)
  pcall(box.stats, box)
end
local ok, e = pcall(function()
  for _ = 1, 100 do
    assert(require("mj").client {})
  end
end)
print("ended", ok, e)
