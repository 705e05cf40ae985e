-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^4 of 4 blocked_address\n$
local mj = require "mj"
local client = mj.client {}
local gateway = tostring(client):match "http://[%d.:]+"
local n, code = 0, nil
for _, url in ipairs { "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
  "http://127.0.0.1:9/?stolen", gateway .. "/mj/task/list" } do
  local _, e = client:_download(url)
  n, code = n + (e.message:find "the gateway named" and 1 or 0), e.code
end
print(n .. " of 4 " .. code)
