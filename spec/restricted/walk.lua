-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^walked
-- with: --budget 1
-- Everything that can be reached is printed: the key must not be in it.
local mj = require "mj"
local client = mj.client {}
local task = client:imagine "cat":await()
local seen, n, texts = {}, 0, {}
local function walk(value)
  if type(value) == "string" then
    texts[#texts + 1] = value
    return
  end
  if type(value) ~= "table" or seen[value] then
    return
  end
  seen[value] = true
  n = n + 1
  for k, v in next, value do
    walk(k)
    walk(v)
  end
  walk(getmetatable(value))
end
walk(_G)
walk(mj)
walk(client)
walk(task)
print("walked " .. n)
for _, text in ipairs(texts) do
  if text:find "sk%-" then
    print(text)
  end
end
