-- SPDX-License-Identifier: MIT
-- The end of a run: sends what was submitted and not sent yet, then says what
-- went wrong unheard, and what goes on at the gateway without us.  No code of
-- the script runs any more.

local client = require "mj.client"
local env = require "mj.env"
local sources = require "mj.sources"
local unheard = require "mj.unheard"

local leave = {}

-- A little more than the core gives a paid request; and what somebody waits who
-- wants to be gone, where the journal has it all.
local LONGEST, BRIEF = 100, 10

local function jobs_left()
  local list = {}
  for _, owner in ipairs(client.list()) do
    for _, job in ipairs(owner:jobs()) do
      list[#list + 1] = {
        id = job._id, job = job, box = owner._pump.box,
        kept = owner._run, -- its journal finds it again
      }
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

local function where(list, wanted)
  local out = {}
  for _, item in ipairs(list) do
    if wanted(item) then
      out[#out + 1] = item
    end
  end
  return out
end

local function is_queued(item)
  return phase(item) == "queued"
end

local function is_unsent(item)
  return phase(item) == "queued" or phase(item) == "sending"
end

-- Of what runs: its task, whether or not the job has heard of it.
local function task_of(item)
  return phase(item) == "running" and (item.job._task_id or (select(4, item.box:info(item.id))))
end

-- On its way, or without an answer and looked for.
local function is_unanswered(item)
  return phase(item) == "sending"
    or (phase(item) == "running" and item.job._gives ~= "tasks" and not task_of(item))
end

-- What was not sent costs nothing; what is being sent is let finish, since to
-- break off would only hide whether it was paid.
local function give_up_queued(list)
  for _, item in ipairs(where(list, is_queued)) do
    item.job:cancel()
    item.given_up = true
  end
end

local function is_brief(list)
  return #where(list, function(item)
    return is_unsent(item) and not item.kept
  end) == 0
end

-- What is answered at once needs no word.
local PATIENCE = 1

local function waiting(n)
  return ("waiting for %d submission%s without an answer (Ctrl-C ends that)"):format(
    n, n == 1 and "" or "s")
end

local function send(list, interrupted, complain)
  local begun = sources.now()
  local deadline = begun + LONGEST
  local gave_up, told, before = false, false, nil
  while #where(list, is_unsent) > 0 do
    local now = sources.now()
    if (interrupted() or now >= deadline) and not gave_up then
      gave_up = true
      give_up_queued(list)
      deadline = is_brief(list) and math.min(deadline, now + BRIEF) or deadline
    end
    local n = #where(list, is_unsent)
    if not told and now >= begun + PATIENCE and n > 0 and not interrupted() then
      told, before = true, interrupted()
      complain(waiting(n))
    end
    if now >= deadline or (told and not before and interrupted() and not is_brief(list)) then
      return
    end
    sources.step(told and deadline - now or math.min(deadline - now, PATIENCE))
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
    if not (env.replays and entry.text:find("replay: ", 1, true)) then -- said at the end
      complain(failure(entry))
    end
  end
  return unknown
end

local function report_given_up(list, complain, on)
  local n = #where(list, function(item)
    return item.given_up
  end)
  if n > 0 then
    complain(("%s not sent, at no cost%s"):format(tasks(n), on
      and (n == 1 and "; the next start sends it" or "; the next start sends them") or ""))
  end
end

local function report_running(list, complain, on)
  local ids = {}
  for i, item in ipairs(where(list, task_of)) do
    ids[i] = task_of(item)
  end
  if #ids == 0 or env.replays then -- nothing runs behind a transcript
    return
  end
  local text, all = tasks(#ids), table.concat(ids, " ")
  if env.override "MJ_BASE_URL" then -- the one of --sim ends with us
    complain(("%s still running, which ended with the simulator: %s"):format(text, all))
  elseif on then
    complain(("%s still running at the gateway: %s; the next start goes on with %s"):format(
      text, all, #ids == 1 and "it" or "them"))
  else
    complain(('%s still running at the gateway: %s; look %s up with mj.client {}:task("%s")')
      :format(text, all, #ids == 1 and "it" or "one", ids[1]))
  end
end

local function report_unanswered(list, complain, on)
  local n = #where(list, is_unanswered)
  if n > 0 then
    complain(("%s sent and not answered: it may have been paid for%s"):format(tasks(n), on
      and "; the next start looks what became of it" or ""))
  end
  return n > 0
end

-- Whether something may have been paid for without an answer, of the work whose
-- journal finds it again, or of the rest; and whether anything was left.
local function report(list, complain, on)
  report_given_up(list, complain, on)
  report_running(list, complain, on)
  local unknown = report_unanswered(list, complain, on)
  return unknown, unknown or #where(list, function(item)
    return item.given_up or task_of(item)
  end) > 0
end

local function flush(complain)
  for _, owner in ipairs(client.list()) do
    local ok, e = owner._pump.box:flush(BRIEF)
    if not ok then
      complain("the journal: " .. tostring(e))
    end
  end
end

-- interrupted() tells whether the user wants to be gone; complain(text) writes
-- a line; good: the script ended well, and its run with it, if nothing is in doubt
-- (what still runs is not).  True if it is not known of something whether it was
-- paid for; and true if the next start goes on with something.
function leave.leave(interrupted, complain, good)
  unheard.leaving = true
  local list = jobs_left()
  if #where(list, is_unsent) > 0 then
    send(list, interrupted, complain)
  end
  flush(complain)
  local unknown = report_unheard(complain)
  local kept = where(list, function(item)
    return item.kept
  end)
  local others = where(list, function(item)
    return not item.kept
  end)
  local in_doubt = unknown or #where(list, is_unanswered) > 0
  local doubt, left = report(kept, complain, not good or in_doubt)
  local lost = report(others, complain, false)
  return unknown or doubt or lost, left and (not good or in_doubt)
end

return leave
