-- SPDX-License-Identifier: MIT
-- How a snapshot of the model looks: as lines of a width, as one plain line, as
-- JSON.  Pure.  Nothing here is wider than it was told to be.

local width = require "mj.width"

local screen = {}

local marks = {
  [true] = { full = "█", empty = "░", cut = "…", none = "–" },
  [false] = { full = "#", empty = ".", cut = "~", none = "-" },
}

local paints = { good = "32", bad = "31", busy = "36", quiet = "2" }

-- Words ---------------------------------------------------------------------------

-- 45s, 12m30s, 3h05m, 4d02h
function screen.duration(seconds)
  local s = math.floor(seconds + 0.5)
  if s < 60 then
    return ("%ds"):format(s)
  elseif s < 3600 then
    return ("%dm%02ds"):format(math.floor(s / 60), s % 60)
  elseif s < 86400 then
    return ("%dh%02dm"):format(math.floor(s / 3600), math.floor(s % 3600 / 60))
  end
  return ("%dd%02dh"):format(math.min(9999, math.floor(s / 86400)), math.floor(s % 86400 / 3600))
end

local function rate_of(rate)
  if rate * 60 >= 100 then
    return ("%.1f/s"):format(rate)
  end
  return ("%.1f/min"):format(rate * 60)
end

-- An amount with two digits at least; text stays as it is.
local function money(amount)
  if type(amount) ~= "number" then
    return width.clean(amount)
  end
  return (("%.6f"):format(amount):gsub("^(.-%...)(.-)0*$", "%1%2"))
end

-- What there is to say behind "31 of 100 done", in order; each may be left out of a
-- narrow line, those with the highest number first.
local function facts(s)
  local list = {}
  local function add(rank, paint, text, ...)
    list[#list + 1] = { rank = rank, paint = paint, text = text:format(...) }
  end
  if s.failed > 0 then
    add(2, "bad", "%d failed", s.failed)
  end
  if s.unknown > 0 then
    add(1, "bad", "%d unknown", s.unknown)
  end
  if s.running > 0 then
    add(3, "busy", "%d running", s.running)
  end
  if s.queued > 0 then
    add(6, nil, "%d queued", s.queued)
  end
  if s.rate then
    add(7, nil, "%s", rate_of(s.rate))
  end
  if s.eta then
    add(4, nil, "%s left", screen.duration(s.eta))
  end
  if s.spent then
    add(5, nil, "%s spent", money(s.spent))
  end
  return list
end

local function texts(list)
  local out = {}
  for i, fact in ipairs(list) do
    out[i] = fact.text
  end
  return table.concat(out, ", ")
end

-- "31 of 100 done, 2 failed, 8 running, 59 queued, 4.1/min, 12m30s left"
function screen.plain(s)
  local rest = texts(facts(s))
  return ("%d of %d done%s"):format(s.done, s.total, rest ~= "" and ", " .. rest or "")
end

-- The line that stays.
function screen.final(s)
  local last = {}
  for name, value in pairs(s) do
    last[name] = value
  end
  last.rate, last.eta = nil, nil
  return ("%s, in %s"):format(screen.plain(last), screen.duration(s.elapsed))
end

-- A table for an encoder of JSON.
function screen.object(s, final)
  local function rounded(value)
    return value and math.floor(value * 1000 + 0.5) / 1000
  end
  return {
    progress = {
      total = s.total, done = s.done, failed = s.failed, unknown = s.unknown,
      running = s.running, queued = s.queued, spent = s.spent, final = final or nil,
      elapsed = rounded(s.elapsed), per_minute = s.rate and rounded(s.rate * 60),
      eta = rounded(s.eta),
    },
  }
end

-- Lines ---------------------------------------------------------------------------

local function painter(look)
  return function(paint, text)
    local code = look.color and paints[paint]
    return code and ("\27[%sm%s\27[0m"):format(code, text) or text
  end
end

local function bar(look, columns, share)
  local mark = marks[look.unicode]
  local full = math.floor(columns * math.max(0, math.min(1, share)) + 0.0001)
  return mark.full:rep(full), mark.empty:rep(columns - full)
end

-- The facts that fit into so many columns, each with two blanks in front.
local function choose(list, room)
  local ranked, keep = {}, {}
  for i, fact in ipairs(list) do
    ranked[i] = fact
  end
  table.sort(ranked, function(a, b)
    return a.rank < b.rank
  end)
  for _, fact in ipairs(ranked) do
    if #fact.text + 2 > room then
      break
    end
    keep[fact], room = true, room - #fact.text - 2
  end
  return keep, room
end

local LEAST, MOST = 8, 30 -- columns of a bar

local function summary(s, look, paint)
  local list = facts(s)
  local head = ("%d/%d"):format(s.done, s.total)
  local room = look.width - #head - 1
  local keep, left = choose(list, room - LEAST)
  local out = { head:sub(1, look.width) }
  if left + LEAST >= 3 and room >= 3 then
    local columns = math.max(3, math.min(MOST, left + LEAST))
    local full, empty = bar(look, columns, (s.total - s.queued - s.running) / math.max(1, s.total))
    out[#out + 1] = " " .. paint("good", full) .. paint("quiet", empty)
  end
  for _, fact in ipairs(list) do
    if keep[fact] then
      out[#out + 1] = "  " .. paint(fact.paint, fact.text)
    end
  end
  return table.concat(out)
end

-- What a terminal without UTF-8 can show.
local function plain_ascii(text)
  return (text:gsub("[\192-\255][\128-\191]*", "?"))
end

local function row(item, look, paint)
  local mark = marks[look.unicode]
  local columns = look.width < 24 and 0 or look.width < 60 and 8 or 16
  local percent = item.percent
  local full, empty = bar(look, columns, (percent or 0) / 100)
  local number = percent and ("%3d%%"):format(math.floor(percent)) or "   " .. mark.none
  local label = width.clean(item.label or "")
  if not look.unicode then
    label = plain_ascii(label)
  end
  local front = columns > 0 and "  " .. paint("busy", full) .. paint("quiet", empty) .. " " or ""
  local room = look.width - (columns > 0 and columns + 3 or 0) - #"100%  "
  local line = front .. number .. "  " .. width.cut(label, room, mark.cut)
  return (line:gsub(" +$", ""))
end

-- The lines of a moment: a summary, then `rows` (items with label and percent), and
-- how many more there are.  `look`: width (columns that may be used), color, unicode.
function screen.lines(s, rows, look)
  local paint = painter(look)
  local lines = { summary(s, look, paint) }
  for _, item in ipairs(rows) do
    lines[#lines + 1] = row(item, look, paint)
  end
  local more = s.running - #rows
  if more > 0 and #rows > 0 then
    lines[#lines + 1] = paint("quiet", width.cut(("  and %d more"):format(more), look.width,
      marks[look.unicode].cut))
  end
  return lines
end

-- The line that stays, as long as it is: nothing is drawn over it.
function screen.last(s, look)
  return painter(look)(s.failed + s.unknown > 0 and "bad" or "good", screen.final(s))
end

-- Columns of a line that may have paint in it.
function screen.columns(line)
  return width.of((line:gsub("\27%[[%d;]*m", "")))
end

return screen
