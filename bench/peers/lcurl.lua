-- SPDX-License-Identifier: MIT
-- Lua-cURL's multi interface with lua-cjson.   lcurl.lua URL TASKS CONNECTIONS

local curl = require "lcurl"
local cjson = require "cjson"

local url, tasks, connections = arg[1], tonumber(arg[2]), tonumber(arg[3])
local headers = {
  "Authorization: Bearer sk-bench",
  "Content-Type: application/json",
  "Accept: application/json",
}
local body = '{"base64Array":[],"prompt":"black cat, cinematic lighting"}'

local multi = curl.multi()
multi:setopt_maxconnects(connections)

local queue, first, last = {}, 1, 0
local function push(task)
  last = last + 1
  queue[last] = task
end
for _ = 1, tasks do
  push {}
end

local slots, idle = {}, {}
for i = 1, math.min(tasks, connections) do
  local easy = curl.easy { httpheader = headers }
  local slot = { parts = {} }
  easy:setopt_writefunction(function(data)
    slot.parts[#slot.parts + 1] = data
    return #data
  end)
  slots[easy], idle[i] = slot, easy
end

local finished, polls = 0, 0
while finished < tasks do
  while #idle > 0 and first <= last do
    local easy, task = table.remove(idle), queue[first]
    queue[first], first = nil, first + 1
    local slot = slots[easy]
    slot.task, slot.parts = task, {}
    if task.id then
      easy:setopt_url(url .. "/mj/task/" .. task.id .. "/fetch")
      easy:setopt_httpget(true)
    else
      easy:setopt_url(url .. "/mj/submit/imagine")
      easy:setopt_postfields(body)
    end
    multi:add_handle(easy)
  end
  multi:perform()
  local any = false
  while true do
    local easy, ok, err = multi:info_read(true)
    if not easy or easy == 0 then
      break
    end
    any = true
    assert(ok, tostring(err))
    assert(easy:getinfo_response_code() == 200)
    local slot = slots[easy]
    local reply = cjson.decode(table.concat(slot.parts))
    if slot.task.id then
      polls = polls + 1
    else
      slot.task.id = reply.result
    end
    if reply.status == "SUCCESS" then
      finished = finished + 1
    else
      push(slot.task)
    end
    idle[#idle + 1] = easy
  end
  if not any then
    multi:wait(1000)
  end
end
print("polls=" .. polls)
