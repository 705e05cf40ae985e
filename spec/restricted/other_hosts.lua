-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^no other\nno other\nnot for\nnot for\nnot for\nnot for\nno other\n$
-- with: --budget 5
local mj = require "mj"
for _, opts in ipairs { { base_url = "http://127.0.0.1:9" }, { base_url = "https://evil.example" },
  { proxy = "http://127.0.0.1:9" }, { headers = { Host = "evil.example" } },
  { image_host = "http://127.0.0.1:9" }, { allow_hosts = "127.0.0.1" },
  { base_url = "http://evil.example", api_key = "x" } } do
  local _, e = pcall(mj.client, opts)
  print(tostring(e):match "no other" or tostring(e):match "not for" or e)
end
