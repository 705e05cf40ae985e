-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --budget 3 --cpu 1
-- err: 1 task still running at the gateway: %d+
-- count: 1
local client = require("mj").client {}
assert(client:imagine "cat":id())
client:imagine "never sent"
client:imagine "never sent either"
while true do end
