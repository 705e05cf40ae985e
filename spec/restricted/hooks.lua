-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^unsupported unsupported unsupported \n$
-- with: --budget 5
local client = require("mj").client {}
local codes = ""
for _, opts in ipairs { { notify_hook = "https://evil.example/" },
  { extra = '{"notifyHook":"https://evil.example/"}' }, { account_filter = "{}" } } do
  opts.prompt = "cat"
  local _, e = client:imagine(opts):await()
  codes = codes .. e.code .. " "
end
print(codes)
