-- SPDX-License-Identifier: MIT
-- What was spent: sums of a journal, or of the clients of this program.

local option = require "mj.option"
local prices = require "mj.prices"
option.mine()

local report = {}

local methods = {}
local mt = { __index = methods, __name = "mj.report" }

local amount = prices.amount

-- What a sum belongs to.
local names = {
  verb = function(sum)
    return sum.verb or "?"
  end,
  mode = function(sum)
    return sum.mode or "-"
  end,
  gateway = function(sum)
    return sum.gateway or "-"
  end,
  day = function(sum)
    return os.date("!%Y-%m-%d", math.floor(sum.day))
  end,
  run = function(sum)
    return sum.run or "-"
  end,
  budget = function(sum)
    return sum.budget or "-"
  end,
}

local kinds = { "spent", "reserved", "unknown" }

local function new_row(name)
  return { name = name, count = 0, unpriced = 0, spent = 0, reserved = 0, unknown = 0 }
end

-- Millionths, whose sums are exact.
local function add(row, sum)
  row.count = row.count + sum.count
  row.unpriced = row.unpriced + sum.unpriced
  for _, kind in ipairs(kinds) do
    row[kind] = row[kind] + sum[kind]
  end
end

local function finish(row)
  row.total = 0
  for _, kind in ipairs(kinds) do
    row.total = row.total + row[kind]
  end
  for _, kind in ipairs { "total", "spent", "reserved", "unknown" } do
    row[kind] = row[kind] / 1e6
  end
end

function report.by(what, by)
  by = by or "verb"
  if not names[by] then
    option.unknown(what, "group", by, names, nil,
      { "verb", "mode", "gateway", "day", "run", "budget" })
  end
  return by
end

-- Of sums as the core has them.
function report.new(by, sums)
  local self = setmetatable({ by = by, rows = {}, total = new_row "total" }, mt)
  local at = {}
  for _, sum in ipairs(sums) do
    local name = names[by](sum)
    if not at[name] then
      at[name] = new_row(name)
      self.rows[#self.rows + 1] = at[name]
    end
    add(at[name], sum)
    add(self.total, sum)
  end
  for _, row in ipairs(self.rows) do
    finish(row)
  end
  finish(self.total)
  table.sort(self.rows, function(a, b)
    return a.name < b.name
  end)
  return self
end

local columns = { "count", "spent", "reserved", "unknown", "unpriced" }

local function cells(row)
  local list = { (row.name:gsub("%c", " ")) }
  for i, name in ipairs(columns) do
    list[i + 1] = (name == "count" or name == "unpriced") and ("%d"):format(row[name])
      or amount(row[name])
  end
  return list
end

-- A table for people.
function mt:__tostring()
  local lines, widths = { { self.by, (table.unpack or unpack)(columns) } }, {}
  for _, row in ipairs(self.rows) do
    lines[#lines + 1] = cells(row)
  end
  lines[#lines + 1] = cells(self.total)
  for _, line in ipairs(lines) do
    for i, cell in ipairs(line) do
      widths[i] = math.max(widths[i] or 0, #cell)
    end
  end
  for n, line in ipairs(lines) do
    for i, cell in ipairs(line) do
      local pad = (" "):rep(widths[i] - #cell)
      line[i] = i == 1 and cell .. pad or pad .. cell
    end
    lines[n] = table.concat(line, "  "):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

local function quoted(text)
  if text:find '[",\r\n]' or text:find "^[=+@-]." then
    return '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

-- With a line of names, and without the total.
function methods:csv()
  local lines = { self.by .. "," .. table.concat(columns, ",") }
  for _, row in ipairs(self.rows) do
    local list = cells(row)
    list[1] = quoted(list[1])
    lines[#lines + 1] = table.concat(list, ",")
  end
  return table.concat(lines, "\n") .. "\n"
end

function methods:json()
  local encode, rows = require("cjson").encode, {}
  for i, row in ipairs(self.rows) do -- one by one: an empty list is not an object
    rows[i] = encode(row)
  end
  return ('{"by":%s,"rows":[%s],"total":%s}'):format(encode(self.by), table.concat(rows, ","),
    encode(self.total))
end

return report
