-- SPDX-License-Identifier: MIT
-- What the judge kills: pictures, a button of each, and at the end a page that
-- says what came of them.  `mjlua script.lua NAME COUNT [FOLDER]`: FOLDER has
-- the pictures saved.  It is an ordinary script; that it is killed and started
-- again is not its business.

local mj = require "mj"

local unpack = table.unpack or unpack -- luacheck: ignore 143
local name, count, folder = arg[1], tonumber(arg[2]), arg[3]
local page = assert(os.getenv "MJ_JUDGE_PAGE")
local dialogs = os.getenv "MJ_JUDGE_DIALOGS" == "yes"
local twins = os.getenv "MJ_JUDGE_TWINS" == "yes"

-- Fewer at once than it asks for, so that some wait their turn.
local live = tonumber(os.getenv "MJ_JUDGE_LIVE")
local client = assert(mj.client { timeout = 1e7, limits = live and { live = live } })

-- What a person found out about tasks without an answer: TOKEN ID a line.
local known = io.open(page .. ".known")
if known then
  for line in known:lines() do
    local token, id = line:match "^(%S+) (%S+)$"
    assert(client:resolve(token, id))
  end
  known:close()
end

-- Every fifth is asked for in the same words as the one before, every third
-- has a key of its own.
local items = {}
for i = 1, count do
  local n = twins and i % 5 == 0 and i - 1 or i
  items[i] = {
    prompt = ("%s number %d"):format(name, n),
    key = i % 3 == 0 and ("%s key %d"):format(name, i) or nil,
    zoom = dialogs and i % 3 == 1,
  }
end

local lines = {}
local function say(...)
  lines[#lines + 1] = table.concat({ ... }, "\t")
end

local results, errors = mj.map(items, function(item)
  local task, e = client:imagine { prompt = item.prompt, key = item.key }:await()
  if not task then
    return { "bad", item.prompt, e.code, e.token or "-", tostring(e) }
  end
  local big
  big, e = task:click("U2"):await()
  if not big then
    return { "half", item.prompt, task.id, e.code, e.token or "-", tostring(e) }
  end
  if folder then
    assert(big:save(("%s/{id}.{ext}"):format(folder)))
  end
  local good = { "good", item.prompt, task.id, big.id }
  if item.zoom then -- asks for more, and is answered
    local wide
    wide, e = big:click("zoom:1.7"):await()
    good.more = wide and { "wide", big.id, wide.id }
      or { "shut", big.id, e.code, e.token or "-", tostring(e) }
  end
  return good
end, { concurrency = 8 })

local bad = 0
for i = 1, count do
  if not results[i] then
    say("broken", items[i].prompt, tostring(errors[i]))
    bad = bad + 1
  else
    say(unpack(results[i]))
    bad = bad + (results[i][1] == "good" and 0 or 1)
    local more = results[i].more
    if more then
      say(unpack(more))
      bad = bad + ((more[1] == "wide" or more[3] == "needs_input") and 0 or 1)
    end
  end
end
for _, row in ipairs(assert(client:unknown())) do
  say("unknown", row.token, row.verb, row.parent or row.prompt, row.state)
end
say "end"

-- The last thing it does.
local out = assert(io.open(page .. ".part", "w"))
assert(out:write(table.concat(lines, "\n"), "\n"))
assert(out:close())
assert(os.rename(page .. ".part", page))
if bad > 0 then
  error(("%d of %d without their pictures"):format(bad, count), 0)
end
