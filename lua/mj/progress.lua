-- SPDX-License-Identifier: MIT
-- mj.progress: how far many jobs are, drawn in place on a terminal, as a line now and
-- then where there is none, or as lines of JSON.  A source of the loop: it draws while
-- something waits, at most ten times a second, and holds nothing up.

local client = require "mj.client"
local core = require "mj.core"
local env = require "mj.env"
local job = require "mj.job"
local loop = require "mj.loop"
local many = require "mj.many"
local model = require "mj.progress.model"
local option = require "mj.option"
local screen = require "mj.progress.screen"
local signal = require "mj.signal"
local sources = require "mj.sources"
option.mine()

local progress = {}

local unpack = table.unpack or unpack

local methods = {}
local mt = { __index = methods, __name = "mj.progress" }

local LEAST = 0.1 -- between two drawings
local IDLE = 1 -- the longest between two while something runs: the clock goes on
local every = { screen = LEAST, plain = 10, json = 1 }

local schema = {
  to = "function|userdata", json = "boolean", every = "number", total = "number",
  rows = "number", columns = "number|function", color = "boolean", unicode = "boolean",
  spent = "function|number|string", label = "function", now = "function",
}

-- Where to, and how -------------------------------------------------------------

local function is_set(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end

local function has_utf8()
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    if is_set(name) then -- the first that is set counts
      return os.getenv(name):lower():find "utf%-?8" ~= nil
    end
  end
  return false
end

local function descriptor(to)
  return to == io.stderr and 2 or to == io.stdout and 1 or nil
end

-- "screen" where lines can be written over.
local function kind_of(opts, to)
  if opts.json then
    return "json"
  elseif opts.columns then
    return "screen"
  end
  local fd, term = descriptor(to), os.getenv "TERM"
  return fd and term and term ~= "" and term ~= "dumb" and core.terminal(fd) and "screen"
    or "plain"
end

local function or_else(value, otherwise)
  if value == nil then
    return otherwise
  end
  return value
end

-- Columns that may be used, and rows.  The last column stays free: what is written
-- there makes some terminals begin a new line, and others not.
local function size(self)
  local columns, rows = self.opts.columns, nil
  if type(columns) == "function" then
    columns, rows = columns()
  elseif not columns then
    columns, rows = core.terminal(descriptor(self.to))
  end
  columns = columns and columns > 0 and columns or tonumber(os.getenv "COLUMNS") or 80
  return math.max(10, columns - 1), rows and rows > 0 and rows or 24
end

-- A display must not end a script: who is gone gets nothing more.
local function write(self, text)
  local ok
  if type(self.to) == "function" then
    ok = pcall(self.to, text)
  else
    ok = pcall(function()
      assert(self.to:write(text))
      assert(self.to:flush())
    end)
  end
  self.mute = self.mute or not ok
end

-- Drawing -----------------------------------------------------------------------

local active = {} -- those that draw in place

-- How far up the first line of what was drawn is: it takes more rows than it had
-- lines where the terminal has become narrower.
local function rows_up(self, columns)
  local up = -1
  for _, n in ipairs(self.drawn) do
    up = up + math.max(1, math.ceil(n / (columns + 1)))
  end
  return up
end

-- Line by line, from below: tmux keeps in its history what is cleared at once.
local function clear(self)
  if #self.drawn > 0 and not self.mute then
    write(self, "\r\27[K" .. ("\27[A\27[K"):rep(rows_up(self, (size(self)))))
  end
  self.drawn = {}
  self.dirty = true
end

local function clear_all(but)
  for _, other in ipairs(active) do
    if other ~= but and #other.drawn > 0 then
      clear(other)
    end
  end
end

local function put_lines(self, lines, columns)
  clear_all(self)
  local up = rows_up(self, columns)
  local out = { up >= 0 and "\r" or "", up > 0 and ("\27[%dA"):format(up) or "" }
  self.drawn = {}
  for i, line in ipairs(lines) do
    out[#out + 1] = (i > 1 and "\r\n" or "") .. line .. "\27[K"
    self.drawn[i] = screen.columns(line)
  end
  out[#out + 1] = "\27[J"
  write(self, table.concat(out))
end

local function look_at(item)
  local percent, prompt = item.percent, nil
  if item.job then
    percent, prompt = job.look(item.job)
  end
  return { percent = percent, label = item.label or prompt
    or (item.job and job.name(item.job)) or "" }
end

local function spent_by(self)
  local spent = self.spending
  if type(spent) == "function" then
    spent = spent()
  end
  return spent
end

local function draw_screen(self, s)
  local columns, rows = size(self)
  local list = self.model:rows(math.min(self.opts.rows or 8, rows - 3))
  for i, item in ipairs(list) do
    list[i] = look_at(item)
  end
  put_lines(self, screen.lines(s, list,
    { width = columns, color = self.color, unicode = self.unicode }), columns)
end

local function draw_json(self, s, final)
  write(self, require("cjson").encode(screen.object(s, final)) .. "\n")
end

local function snapshot(self, now)
  local s = self.model:snapshot(now)
  s.spent = spent_by(self)
  return s
end

-- While the user types there is no room but above the line, for what stays.
local function is_typed_at(self, text)
  return self.to == io.stderr and env.above ~= nil and env.above(text)
end

local function draw(self, now)
  self.dirty, self.at = false, now
  local s = snapshot(self, now)
  if self.mute or is_typed_at(self) then
    return
  elseif self.kind == "screen" then
    draw_screen(self, s)
  elseif self.kind == "json" then
    draw_json(self, s)
  else
    write(self, screen.plain(s) .. "\n")
  end
end

-- As a source of the loop --------------------------------------------------------

-- When it has to draw next; nil while nothing happens.
local function due(self)
  if self.dirty then
    return self.at + self.gap
  elseif self.kind == "screen" and self.model.running > 0 then
    return self.at + math.max(IDLE, self.gap)
  end
end

local source_methods = {}
local source_mt = { __index = source_methods }

function source_methods:fd() -- luacheck: ignore 212
  return -1
end

function source_methods:timeout()
  local at = due(self.owner)
  return at and math.max(0, at - self.owner.now())
end

function source_methods:step()
  local owner = self.owner
  local at = due(owner)
  local now = at and owner.now()
  if at and now >= at then
    draw(owner, now)
  end
  return true
end

-- Items -------------------------------------------------------------------------

local function finish_if_over(self)
  if self.ends_itself and self.model.ended == self.model:total() then
    self:finish()
  end
end

local function move(self, item, state)
  if self.model:move(item, state, self.now()) then
    self.dirty = true
    finish_if_over(self)
  end
end

local function is_over(item)
  return item.state ~= "queued" and item.state ~= "running"
end

local function end_state(e)
  if e == nil then
    return "done"
  end
  return type(e) == "table" and e.code == "unknown_outcome" and "unknown" or "failed"
end

local item_methods = {}
local item_mt = { __index = item_methods, __name = "mj.progress.item" }

-- It has begun; `of` (may be nil) is a job whose percent counts from now on, or a
-- number of percent.
function item_methods:run(of)
  if job.is(of) then
    self.job = of
  elseif of ~= nil then
    if type(of) ~= "number" then
      option.raise("item:run: job or percent expected, got " .. type(of))
    end
    self.job, self.percent = nil, of
  end
  self.owner.dirty = true
  move(self.owner, self, "running")
  return of
end

function item_methods:done()
  move(self.owner, self, "done")
end

-- `e` may be nil, or what came out of waiting for it.
function item_methods:failed(e)
  move(self.owner, self, e == nil and "failed" or end_state(e))
end

local function new_item(self, label)
  self.dirty = true
  return setmetatable(self.model:add { owner = self, label = label }, item_mt)
end

-- An item fed by hand.
function methods:item(label)
  return new_item(self, label ~= nil and tostring(label) or nil)
end

local function follow_job(self, item, of)
  item.job = of
  job.when_taken(of, function()
    if not of.fired then
      move(self, item, "running")
    end
  end)
  signal.hook(of, function()
    move(self, item, end_state(of._err))
    item.job = nil
  end)
end

local function follow_end(self, item, of)
  signal.hook(of, function()
    local e = of.failure and of.failure[1]
    if not of.failure and of.results[1] == nil then
      e = of.results[2]
    end
    move(self, item, end_state(e))
  end)
end

-- Follows a job, or a coroutine of mj.spawn, and returns it.
function methods:add(of, label)
  if not job.is(of) and not loop.is_fiber(of) then
    option.raise("progress:add: job expected, got " .. type(of))
  end
  local item = new_item(self, label)
  if job.is(of) then
    follow_job(self, item, of)
  else
    move(self, item, "running")
    follow_end(self, item, of)
  end
  return of
end

-- How many there will be, those included that are there.
function methods:total(n)
  if type(n) ~= "number" or n ~= n or n < 0 then
    option.raise "progress:total: a number from 0 up expected"
  end
  self.model.planned, self.dirty = n, true
end

-- What was spent so far: a number, a text, or a function that tells.
function methods:spent(amount)
  self.spending, self.dirty = amount, true
end

-- Prints a line, above whatever is drawn.
function methods.print(_, ...)
  clear_all()
  print(...)
  io.stdout:flush()
end

-- The numbers of this moment.
function methods:snapshot()
  return snapshot(self, self.now())
end

-- Begin and end -----------------------------------------------------------------

local watchers = {} -- of all jobs that are started

-- A job of a map's item is part of that item, as long as it goes on.
local function take_part(item, of, prompt)
  if is_over(item) then
    return false
  end
  item.label, item.job = item.label or prompt, of
  job.when_taken(of, function()
    if not of.fired then
      move(item.owner, item, "running")
    end
  end)
  signal.hook(of, function()
    if item.job == of then
      item.job = nil
    end
  end)
  return true
end

local function tell(of, prompt)
  local shown = loop.shown()
  for _, self in ipairs(watchers) do
    local item = shown and shown[self]
    if not (item and take_part(item, of, prompt)) then
      self:add(of, prompt)
    end
  end
end

-- Maps --------------------------------------------------------------------------

local map_methods = {}
local map_mt = { __index = map_methods }

-- What mj.map does with a list is known from the beginning: an item of the list is one
-- of ours, whatever jobs it takes.
local function show_map(list)
  local shown = loop.shown()
  for _, self in ipairs(watchers) do
    if shown and shown[self] and not is_over(shown[self]) then
      return nil -- a map in an item of another is that item's work
    end
  end
  local map = setmetatable({ bars = { unpack(watchers) }, left = 0 }, map_mt)
  while type(list) == "table" and rawget(list, map.left + 1) ~= nil do
    map.left = map.left + 1
  end
  for _, self in ipairs(map.bars) do
    self.model.coming, self.dirty = self.model.coming + map.left, true
  end
  return map
end

function map_methods:item(fiber, value)
  local shown, known = {}, self.left > 0
  self.left = self.left - (known and 1 or 0)
  for _, bar in ipairs(self.bars) do
    bar.model.coming = bar.model.coming - (known and 1 or 0)
    shown[bar] = new_item(bar, type(value) == "string" and value or nil)
    follow_end(bar, shown[bar], fiber)
  end
  fiber.shown = shown
end

function map_methods:finish()
  for _, bar in ipairs(self.bars) do
    bar.model.coming, bar.dirty = bar.model.coming - self.left, true
  end
  self.left = 0
end

local function enter(list, self)
  list[#list + 1] = self
end

local function leave(list, self)
  for i, other in ipairs(list) do
    if other == self then
      table.remove(list, i)
      return
    end
  end
end

local function stop(self)
  self.over = true
  leave(watchers, self)
  leave(active, self)
  client.started, many.shown = #watchers > 0 and tell or nil, #watchers > 0 and show_map or nil
  env.clear_line = #active > 0 and clear_all or nil
  loop.remove(self.source)
end

-- Draws the last line, which stays.  As often as one likes.
function methods:finish()
  if self.over then
    return
  end
  stop(self)
  local s = snapshot(self, self.now())
  if self.mute or (self.kind ~= "json" and is_typed_at(self, screen.final(s))) then
    return
  elseif self.kind == "json" then
    draw_json(self, s, true)
  elseif self.kind == "plain" then
    write(self, screen.final(s) .. "\n")
  else
    local columns = size(self)
    put_lines(self, { screen.last(s, { color = self.color }) }, columns)
    write(self, "\r\n")
  end
  self.drawn = {}
end

-- Ends it without a word; what was drawn goes.
function methods:close()
  if not self.over then
    stop(self)
    clear(self)
  end
end

mt.__close = methods.finish

-- At the end of the program, when little can be called any more: what comes next
-- begins on a line of its own.
function mt.__gc(self)
  if not self.over and #self.drawn > 0 then
    write(self, "\r\n")
  end
end

mt.__tostring = function(self)
  return "mj.progress: " .. screen.plain(self:snapshot())
end

local function begin(self, jobs)
  if self.kind == "screen" then
    enter(active, self)
    env.clear_line = clear_all
  end
  loop.add(self.source)
  if jobs == nil then
    enter(watchers, self)
    client.started, many.shown = tell, show_map
  end
  for i, of in ipairs(jobs or {}) do
    self:add(of, self.opts.label and self.opts.label(of, i))
  end
  self.ends_itself = jobs ~= nil and #jobs > 0
  finish_if_over(self)
end

-- mj.progress(jobs, opts) follows them and ends with the last of them;
-- mj.progress(nil, opts) follows every job that is started from now on, and
-- mj.progress({}, opts) what it is given, until :finish().
function progress.new(jobs, opts)
  opts = option.check("mj.progress", opts, schema)
  if job.is(jobs) then
    jobs = { jobs }
  elseif jobs ~= nil and type(jobs) ~= "table" then
    option.raise("mj.progress: list of jobs or nil expected, got " .. type(jobs))
  end
  local to, now = opts.to or io.stderr, opts.now or sources.now
  local kind = kind_of(opts, to)
  local gap = option.seconds("mj.progress", "every", opts.every) or every[kind]
  local self = setmetatable({
    opts = opts, to = to, now = now, kind = kind,
    gap = kind == "screen" and math.max(gap, LEAST) or gap,
    color = or_else(opts.color, not is_set "NO_COLOR"),
    unicode = or_else(opts.unicode, has_utf8()),
    spending = opts.spent,
    model = model.new(now(), opts.total),
    drawn = {}, -- the columns of each line that is on the screen
    dirty = true, mute = false, over = false, ends_itself = false,
    at = now() - (kind == "screen" and gap or 0),
  }, mt)
  self.source = setmetatable({ owner = self }, source_mt)
  begin(self, jobs)
  return self
end

return progress
