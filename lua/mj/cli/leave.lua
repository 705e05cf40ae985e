-- SPDX-License-Identifier: MIT
-- The end of a run: sends what was submitted and not sent yet, then says what
-- goes on at the gateway without us.  No code of the script runs any more.

local client = require "mj.client"
local sources = require "mj.sources"

local leave = {}

-- A little more than the core gives a paid request.
local LONGEST = 100

local function jobs_left()
  local list = {}
  for _, owner in ipairs(client.list()) do
    for id, job in pairs(owner._jobs) do
      list[#list + 1] = { id = id, job = job, box = owner._pump.box }
    end
  end
  table.sort(list, function(a, b)
    return a.id < b.id
  end)
  return list
end

local function phase(item)
  return not item.job._ended.fired and item.box:info(item.id) or "ended"
end

local function with_phase(list, wanted)
  local out = {}
  for _, item in ipairs(list) do
    if wanted[phase(item)] then
      out[#out + 1] = item
    end
  end
  return out
end

-- What was not sent costs nothing; what is being sent is let finish, since to
-- break off would only hide whether it was paid.
local function give_up_queued(list)
  local queued = with_phase(list, { queued = true })
  for _, item in ipairs(queued) do
    item.job:cancel()
    item.given_up = true
  end
  return #queued
end

local unsent = { queued = true, sending = true }

local function send(list, interrupted)
  local deadline = sources.now() + LONGEST
  local gave_up = false
  while #with_phase(list, unsent) > 0 do
    local rest = deadline - sources.now()
    if (interrupted() or rest <= 0) and not gave_up then
      gave_up = true
      give_up_queued(list)
    end
    if rest <= 0 then
      return
    end
    sources.step(rest)
  end
end

local function tasks(n)
  return n == 1 and "1 task" or ("%d tasks"):format(n)
end

-- One line for each kind of failure.
local function report_failures(list, complain)
  local order, count = {}, {}
  for _, item in ipairs(list) do
    local e = item.job._err
    if e and not item.given_up and not item.job._task_id then
      local text = tostring(e)
      if not count[text] then
        order[#order + 1], count[text] = text, 0
      end
      count[text] = count[text] + 1
    end
  end
  for _, text in ipairs(order) do
    complain(("%s not accepted: %s"):format(tasks(count[text]), text))
  end
end

local function report_given_up(list, complain)
  local n = 0
  for _, item in ipairs(list) do
    n = n + (item.given_up and 1 or 0)
  end
  if n > 0 then
    complain(("%s not sent, at no cost"):format(tasks(n)))
  end
end

local function report_running(list, complain)
  local ids = {}
  for _, item in ipairs(list) do
    if item.job._task_id and not item.job._ended.fired then
      ids[#ids + 1] = item.job._task_id
    end
  end
  if #ids > 0 then
    complain(('%s still running at the gateway: %s; look %s up with client:task("%s")'):format(
      tasks(#ids), table.concat(ids, " "), #ids == 1 and "it" or "one", ids[1]))
  end
end

-- interrupted() tells whether the user wants to be gone; complain(text) writes
-- a line.
function leave.leave(interrupted, complain)
  local list = jobs_left()
  if #list == 0 then
    return
  end
  local waiting = with_phase(list, unsent)
  if #waiting > 0 then
    send(list, interrupted)
  end
  report_failures(waiting, complain)
  report_given_up(waiting, complain)
  report_running(list, complain)
  local unknown = with_phase(list, { sending = true })
  if #unknown > 0 then
    complain(("%s sent and not answered: it may have been paid for"):format(tasks(#unknown)))
  end
end

return leave
