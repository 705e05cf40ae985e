-- SPDX-License-Identifier: MIT
-- Many jobs at once.  An error of one never loses another.

local err = require "mj.err"
local job = require "mj.job"
local loop = require "mj.loop"
local option = require "mj.option"
local signal = require "mj.signal"
option.mine()

local many = {
  -- shown(list), while a progress follows everything: what wants to hear of a map's items,
  -- each as item(fiber, value), and of its end, or nil.
  shown = nil,
}

-- Jobs and coroutines end in the same ways, and are the signals of their ends.
local function check_item(what, item)
  if not job.is(item) and not loop.is_fiber(item) then
    option.raise(("%s: job expected, got %s"):format(what, type(item)))
  end
end

local function hold(item)
  if loop.is_fiber(item) then
    loop.hold(item)
  end
end

local function release(item)
  if loop.is_fiber(item) then
    loop.release(item)
  end
end

-- value, err of something that has ended.
local function outcome(item)
  if job.is(item) then
    return item:await()
  end
  item.heard = true
  if item.failure then
    return nil, item.failure[1]
  end
  return item.results[1], item.results[2]
end

local function timeout_of(item)
  return job.is(item) and item._client._timeout or 0
end

-- Without a timeout of its own, a wait for many is as patient as the most
-- patient of them; coroutines have no limit.
local function deadline_for(what, list, opts)
  local seconds = option.seconds(what, "timeout", opts.timeout)
  if seconds then
    return loop.deadline(seconds)
  end
  for _, item in ipairs(list) do
    if loop.is_fiber(item) then
      return nil
    end
    seconds = math.max(seconds or 0, timeout_of(item))
  end
  return loop.deadline(seconds)
end

local function not_ended(item)
  local token = job.is(item) and item:token() or nil
  return err.new("timeout", "no end in time; the work goes on",
    { retryable = true, token = token, task_id = token })
end

local wait_schema = { timeout = "number" }

-- mj.await(job or coroutine), or mj.await(list) -> results, errors.
function many.await(what, opts)
  if job.is(what) or loop.is_fiber(what) then
    return what:await(opts)
  elseif type(what) ~= "table" then
    option.raise("mj.await: job or list of jobs expected, got " .. type(what))
  end
  opts = option.check("mj.await", opts, wait_schema)
  local list = {} -- the caller may change its own while this waits
  for i, item in ipairs(what) do
    check_item("mj.await", item)
    list[i] = item
  end
  local deadline = deadline_for("mj.await", list, opts)
  local results, errors = {}, {}
  for _, item in ipairs(list) do
    hold(item)
  end
  for i, item in ipairs(list) do
    if loop.wait(item, loop.remaining(deadline)) then
      results[i], errors[i] = outcome(item)
    else
      errors[i] = not_ended(item)
    end
  end
  for _, item in ipairs(list) do
    release(item)
  end
  return results, errors
end

-- for i, task, err in mj.each(jobs): in the order in which they end.
function many.each(list, opts)
  if type(list) ~= "table" then
    option.raise("mj.each: list of jobs expected, got " .. type(list))
  end
  opts = option.check("mj.each", opts, wait_schema)
  local deadline = deadline_for("mj.each", list, opts)
  local queue, head, tail = {}, 1, 0
  local missing, first, left = {}, 1, #list
  local news = signal.new()
  for _, item in ipairs(list) do
    check_item("mj.each", item)
  end
  for i, item in ipairs(list) do
    missing[i] = item
    hold(item)
    signal.hook(item, function()
      if missing[i] then -- else its timeout was told
        tail = tail + 1
        queue[tail] = i
        signal.fire(news)
      end
    end)
  end
  -- The one that ended first; else, when the time is over, the first in the list.
  local function take()
    local i = queue[head]
    if i then
      queue[head] = nil
      head = head + 1
    else
      while not missing[first] do
        first = first + 1
      end
      i = first
    end
    local item = missing[i]
    missing[i] = nil
    release(item)
    return i, item
  end
  -- Lua 5.1 cannot yield out of an iterator.
  local nested_only = not loop.yields_anywhere
  return function()
    if left == 0 then
      return nil
    end
    left = left - 1
    if head > tail then
      news = signal.new()
      loop.wait(news, loop.remaining(deadline), nested_only)
    end
    local in_time = head <= tail
    local i, item = take()
    if in_time then
      return i, outcome(item)
    end
    return i, nil, not_ended(item)
  end
end

local map_schema = { concurrency = "number" }

-- A list or an iterator, as a function that returns index and item.
local function items_of(list)
  local i = 0
  local callable = type(list) == "function"
  if not callable and type(list) ~= "table" then
    option.raise("mj.map: list or iterator expected, got " .. type(list))
  end
  return function()
    i = i + 1
    local item
    if callable then
      item = list()
    else
      item = list[i]
    end
    if item ~= nil then
      return i, item
    end
  end
end

local function keep(fiber, i, results, errors)
  local value, e = outcome(fiber)
  results[i] = value
  if value == nil then
    errors[i] = e
  end
end

-- Feeds start(item, i), which returns a handle, from next_item(), `most` at a
-- time; collect(handle) when one ends.  An error of the list itself ends the
-- feeding; what runs is waited for.
local function feed(next_item, most, start, collect, errors)
  local running, fed = 0, 0
  local freed
  local function ended(fiber)
    running = running - 1
    collect(fiber)
    signal.fire(freed)
  end
  local function pull()
    local ok, i, item = pcall(next_item)
    if ok then
      fed = i or fed
      return i, item
    end
    errors[fed + 1] = i == nil and "nil" or i
  end
  local i, item = pull()
  while i or running > 0 do
    freed = signal.new()
    while i and running < most do
      running = running + 1
      signal.hook(start(item, i), ended)
      i, item = pull()
    end
    if running > 0 then
      loop.wait(freed)
    end
  end
end

-- fn(item, i) for each, at most `concurrency` at a time.  fn may return a job.
function many.map(list, fn, opts)
  opts = option.check("mj.map", opts, map_schema)
  local most = opts.concurrency ~= math.huge
    and option.count("mj.map", "concurrency", opts.concurrency, 1) or opts.concurrency or 32
  if type(fn) ~= "function" then
    option.raise("mj.map: function expected, got " .. type(fn))
  end
  local function call(item, i)
    local value, e = fn(item, i)
    if job.is(value) then
      return value:await()
    end
    return value, e
  end
  local results, errors = {}, {}
  local group, shown = loop.new_group(), many.shown and many.shown(list)
  local function start(item, i)
    local fiber = loop.spawn(call, item, i)
    fiber.at = i
    fiber.group = group
    loop.hold(fiber)
    if shown then
      shown:item(fiber, item)
    end
    return fiber
  end
  local function collect(fiber)
    keep(fiber, fiber.at, results, errors)
  end
  feed(items_of(list), most, start, collect, errors)
  if shown then
    shown:finish()
  end
  return results, errors
end

return many
