-- SPDX-License-Identifier: MIT
-- Checking what a caller passes.  A mistake is raised, names the field, and
-- points at the caller's line, however deep inside the module it is found.

local option = {}

-- Chunks of this module, so that the caller's can be told apart.
local own = {}

-- Each file calls this once.
function option.mine()
  local info = debug.getinfo(2, "S")
  own[info.source] = true
end
option.mine()

-- What was raised last: mjlua tells by it whose mistake a text is.
option.raised = nil

-- Raises `message` at the first level that is not ours.
function option.raise(message)
  local level, info = 2
  repeat
    info = debug.getinfo(level, "Sl")
    level = level + 1
  until not info or (info.what ~= "C" and info.what ~= "tail" and not own[info.source])
  local place = info and info.currentline > 0
    and ("%s:%d: "):format(info.short_src, info.currentline) or "" -- as error has it
  option.raised = place .. message
  error(option.raised, 0)
end

-- Edit distance where two neighbours that changed places count once.
local function distance(a, b)
  local before, last = nil, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if before and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end
option.distance = distance

-- The name nearest to `name` among the keys of `names`, unless all are far.
function option.nearest(name, names)
  local best, least = nil, math.max(2, math.floor(#name / 3)) + 1
  for candidate in pairs(names) do
    local d = distance(name, candidate)
    if d < least or (d == least and best and candidate < best) then
      best, least = candidate, d
    end
  end
  return best
end

-- "unknown option 'pormpt' (did you mean 'prompt'?)"; `meant` (may be nil) knows
-- other spellings: meant(name, names) returns ours, or nil; `all` (may be nil) is
-- the list of what there is.
function option.unknown(what, kind, name, names, meant, all)
  local near = type(name) == "string"
    and (meant and meant(name, names) or option.nearest(name, names))
  option.raise(("%s: unknown %s '%s'%s%s"):format(what, kind, tostring(name),
    near and (" (did you mean '%s'?)"):format(near) or "",
    all and "; there are " .. table.concat(all, ", ") or ""))
end

-- Raises when a method was called with a dot; `is` tells what it belongs to.
function option.own(is, self, kind, name)
  if not is(self) then
    option.raise(("%s.%s: use %s:%s"):format(kind, name, kind, name))
  end
end

-- imagine("x", { aspect = ... }) would lose the options, and pay.  What is no table
-- may follow: mj.map calls with the number of the item.
function option.alone(what, short, more)
  if type(more) == "table" then
    option.raise(("%s: one table of options expected, as in { %s = ..., mode = ... }"):format(
      what, short or "prompt"))
  end
end

function option.field(what, name, expected, value)
  option.raise(("%s: field '%s': %s expected, got %s"):format(
    what, name, expected, type(value)))
end

-- Options that a later version will know; refused, never ignored.
option.LATER = "later"

-- `schema` maps each name to the type it takes ("number", "string|table",
-- "any"), or to option.LATER.  `meant` as for option.unknown.
function option.check(what, opts, schema, meant)
  if opts == nil then
    return {}
  elseif type(opts) ~= "table" then
    option.raise(("%s: table of options expected, got %s"):format(what, type(opts)))
  end
  for name, value in pairs(opts) do
    local wanted = type(name) == "string" and schema[name]
    if not wanted then
      option.unknown(what, "option", name, schema, meant)
    elseif wanted == option.LATER then
      option.raise(("%s: option '%s' is not available in this version"):format(what, name))
    elseif wanted ~= "any" and not ("|" .. wanted .. "|"):find("|" .. type(value) .. "|", 1, true)
    then
      option.field(what, name, wanted:gsub("|", " or "), value)
    end
  end
  return opts
end

-- A number of seconds from 0 up, or nil; math.huge is without end.
function option.seconds(what, name, value)
  if value ~= nil and type(value) ~= "number" then
    option.field(what, name, "number", value)
  elseif value ~= nil and (value ~= value or value < 0) then
    option.raise(("%s: field '%s': seconds from 0 up expected"):format(what, name))
  end
  return value
end

-- A whole number from `least` on, to `most` (may be nil), or nil.
function option.count(what, name, value, least, most)
  if value ~= nil and type(value) ~= "number" then
    option.field(what, name, "number", value)
  elseif value ~= nil and (value % 1 ~= 0 or value < least or value > (most or value)) then
    option.raise(("%s: field '%s': a whole number from %d %s expected"):format(what, name, least,
      most and "to " .. most or "up"))
  end
  return value
end

return option
