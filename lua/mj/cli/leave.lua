-- SPDX-License-Identifier: MIT
-- The end of a run: sends what was submitted and not sent yet, then says what
-- went wrong unheard, and what goes on at the gateway without us.  No code of
-- the script runs any more.

local client = require "mj.client"
local env = require "mj.env"
local sources = require "mj.sources"
local unheard = require "mj.unheard"

local leave = {}

-- A little more than the core gives a paid request.
local LONGEST = 100

local function jobs_left()
  local list = {}
  for _, owner in ipairs(client.list()) do
    for _, job in ipairs(owner:jobs()) do
      list[#list + 1] = { id = job._id, job = job, box = owner._pump.box }
    end
  end
  table.sort(list, function(a, b)
    return a.id < b.id
  end)
  return list
end

local function phase(item)
  return not item.job.fired and item.box:info(item.id) or "ended"
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

-- One line for an error that nobody asked for.
local function failure(entry)
  local n, id = tasks(entry.n), entry.id
  local which = id and (entry.n == 1 and (" (%s)"):format(id) or (" (the first: %s)"):format(id))
    or ""
  if entry.code == "unknown_outcome" then
    return ("%s sent and not answered: %s%s"):format(n, entry.text, which)
  elseif entry.code == "closed" and id and env.override "MJ_BASE_URL" then
    return ("%s still running, which ended with the simulator%s"):format(n, which)
  elseif entry.code == "closed" and id then
    return ("%s still running at the gateway, the client was closed%s"):format(n, which)
  elseif entry.code == "closed" then
    return ("%s not sent: the client was closed"):format(n)
  elseif id then
    return ("%s ended with an error that nobody waited for: %s%s"):format(n, entry.text, which)
  end
  return ("%s not accepted: %s"):format(n, entry.text)
end

-- True if one of them may have been paid for.
local function report_unheard(complain)
  local unknown = false
  for _, entry in ipairs(unheard.list()) do
    unknown = unknown or entry.code == "unknown_outcome"
    complain(failure(entry))
  end
  return unknown
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
    if item.job._task_id and not item.job.fired then
      ids[#ids + 1] = item.job._task_id
    end
  end
  if #ids > 0 and env.override "MJ_BASE_URL" then -- the one of --sim ends with us
    complain(("%s still running, which ended with the simulator: %s"):format(
      tasks(#ids), table.concat(ids, " ")))
  elseif #ids > 0 then
    local text = '%s still running at the gateway: %s; look %s up with mj.client {}:task("%s")'
    complain(text:format(tasks(#ids), table.concat(ids, " "), #ids == 1 and "it" or "one", ids[1]))
  end
end

-- interrupted() tells whether the user wants to be gone; complain(text) writes
-- a line.  True if it is not known of something whether it was paid for.
function leave.leave(interrupted, complain)
  unheard.leaving = true
  local list = jobs_left()
  if #with_phase(list, unsent) > 0 then
    send(list, interrupted)
  end
  local unknown = report_unheard(complain)
  report_given_up(list, complain)
  report_running(list, complain)
  local sending = with_phase(list, { sending = true })
  if #sending > 0 then
    complain(("%s sent and not answered: it may have been paid for"):format(tasks(#sending)))
  end
  return unknown or #sending > 0
end

return leave
