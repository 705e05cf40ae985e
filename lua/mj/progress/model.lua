-- SPDX-License-Identifier: MIT
-- What there is to know about many pieces of work: counts, rate, time left.  Pure:
-- time is an argument, in seconds.  An item that does not change costs nothing.

local model = {}

local methods = {}
local mt = { __index = methods, __name = "mj.progress.model" }

-- So many ends make the rate: what was fast an hour ago says little.
local RECENT = 32

-- `total` (may be nil) counts what is still to be added, too.
function model.new(now, total)
  return setmetatable({
    begun = now,
    planned = total or 0,
    added = 0,
    coming = 0, -- still to be added, by who knows how many there will be
    running = 0, done = 0, failed = 0, unknown = 0,
    first = nil, last = nil, -- the running ones, in the order in which they began
    ends = {}, -- the newest RECENT of them, as a ring
    ended = 0,
  }, mt)
end

-- A new item waits for its turn.  Its owner may keep more in it.
function methods:add(item)
  item.state = "queued"
  self.added = self.added + 1
  return item
end

local function link(self, item)
  item.before, item.after = self.last, nil
  if self.last then
    self.last.after = item
  else
    self.first = item
  end
  self.last = item
end

local function unlink(self, item)
  if item.before then
    item.before.after = item.after
  else
    self.first = item.after
  end
  if item.after then
    item.after.before = item.before
  else
    self.last = item.before
  end
  item.before, item.after = nil, nil
end

local is_end = { done = true, failed = true, unknown = true }

-- queued -> running -> done, failed or unknown; a state can be left out, and an end
-- is one.  True if something changed.
function methods:move(item, state, now)
  if item.state == state or is_end[item.state] or state == "queued" then
    return false
  elseif item.state == "running" then
    unlink(self, item)
    self.running = self.running - 1
  end
  item.state = state
  self[state] = self[state] + 1
  if is_end[state] then
    self.ends[self.ended % RECENT + 1] = now
    self.ended = self.ended + 1
  else
    link(self, item)
  end
  return true
end

function methods:total()
  return math.max(self.planned, self.added + self.coming)
end

-- Ends a second, of late; nil while there is too little to tell by.
function methods:rate(now)
  local n, since = self.ended, self.begun
  if n > RECENT then
    n, since = RECENT - 1, self.ends[self.ended % RECENT + 1] -- after the oldest one
  end
  local seconds = now - since
  if n == 0 or seconds < 0.5 then
    return nil
  end
  return n / seconds
end

-- The numbers of this moment; rate (a second) and eta (seconds) may be nil.
function methods:snapshot(now)
  local total, rate = self:total(), self:rate(now)
  local left = total - self.ended
  return {
    total = total, done = self.done, failed = self.failed, unknown = self.unknown,
    running = self.running, queued = left - self.running,
    elapsed = now - self.begun, rate = rate,
    eta = rate and left > 0 and left / rate or nil,
  }
end

-- The first `most` running items.
function methods:rows(most)
  local list, item = {}, self.first
  while item and #list < most do
    list[#list + 1] = item
    item = item.after
  end
  return list
end

return model
