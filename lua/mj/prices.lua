-- SPDX-License-Identifier: MIT
-- Prices as the user writes them, and what requests would cost.

local core = require "mj.core"
local option = require "mj.option"
local task = require "mj.task"
local verbs = require "mj.verbs"
option.mine()

local prices = {}

local modes = { fast = true, relax = true, turbo = true }

-- What a request can be priced as: the core's verbs, and what buttons do.
local words = {}
for name, row in pairs(verbs.rows) do
  words[name] = not row.as or name == "inpaint" or nil
end
for family, tails in pairs {
  upscale = { "subtle", "creative", "2x", "4x" },
  vary = { "subtle", "strong", "region" },
  pan = { "left", "right", "up", "down" },
  animate = { "low", "high" },
  extend = { "low", "high" },
  reroll = {}, zoom = {}, square = {},
} do
  words[family] = true
  for _, tail in ipairs(tails) do
    words[family .. ":" .. tail] = true
  end
end

-- Prices ------------------------------------------------------------------------

local function is_amount(value)
  return type(value) == "number" or type(value) == "string"
end

local function word_of(what, name)
  if name ~= "default" and not words[name] then
    option.unknown(what, "verb", name, setmetatable({ default = true }, { __index = words }),
      function(wanted)
        return option.nearest(wanted, words)
      end)
  end
  return name ~= "default" and name or nil
end

local function mode_of(what, name)
  if name ~= "default" and not modes[name] then
    option.unknown(what, "mode", name, { fast = true, relax = true, turbo = true, default = true })
  end
  return name ~= "default" and name or nil
end

local row_schema = {
  verb = "string", mode = "string", gateway = "string", price = "number|string",
}

local function add_row(what, list, i, row)
  what = ("%s[%d]"):format(what, i)
  option.check(what, row, row_schema)
  if row.price == nil then
    option.field(what, "price", "number", nil)
  end
  list[#list + 1] = {
    what = row.verb and word_of(what, row.verb), mode = row.mode and mode_of(what, row.mode),
    gateway = row.gateway, price = row.price,
  }
end

local function add_verb(what, list, name, value)
  local word = word_of(what, name)
  if is_amount(value) then
    list[#list + 1] = { what = word, price = value }
    return
  elseif type(value) ~= "table" then
    option.field(what, name, "number, or table by mode", value)
  end
  for mode, price in pairs(value) do
    if not is_amount(price) then
      option.field(("%s: %s"):format(what, name), tostring(mode), "number", price)
    end
    list[#list + 1] = {
      what = word, mode = mode_of(("%s: %s"):format(what, name), mode), price = price,
    }
  end
end

-- { imagine = 0.05, upscale = { fast = 0.02, default = 0.01 }, default = 0.04,
--   { verb = "video", gateway = "host", price = 1 }, refund = true }
-- -> a list for the core, and whether what failed is paid back.
function prices.read(what, given)
  local list, refund = {}, false
  for i, row in ipairs(given) do
    if type(row) ~= "table" then
      option.field(what, ("[%d]"):format(i), "table with verb, mode, gateway and price", row)
    end
    add_row(what, list, i, row)
  end
  for name, value in pairs(given) do
    if name == "refund" then
      if type(value) ~= "boolean" then
        option.field(what, name, "boolean", value)
      end
      refund = value
    elseif type(name) == "string" then
      add_verb(what, list, name, value)
    elseif not (type(name) == "number" and name >= 1 and name <= #given) then
      option.raise(("%s: a verb expected, got %s"):format(what, tostring(name)))
    end
  end
  return list, refund
end

local budget_schema = { limit = "number|string", per = "string", name = "string" }

-- budget = 10, or { limit = 10, per = "run" | "journal" | "day", name = }
function prices.budget(what, given, out)
  if type(given) ~= "table" then
    out.budget = given
    return
  end
  option.check(what .. ": budget", given, budget_schema)
  if given.limit == nil then
    option.field(what .. ": budget", "limit", "number", nil)
  end
  out.budget, out.budget_per, out.budget_name = given.limit, given.per, given.name
end

-- Estimates -----------------------------------------------------------------------

-- What a button is called that no task is there to be asked about.
local function intent_of(button)
  if task.is_button(button) then
    return button.custom_id and core.intent(button.custom_id)
  elseif type(button) ~= "string" then
    return nil
  end
  return button:find "^U%d$" and "upscale" or button:find "^V%d$" and "vary"
    or button:find "^\240\159\148\132" and "reroll" or core.intent(button) or button
end

local upscales = { ["1"] = "creative", ["2"] = "2x", ["3"] = "4x" }

local function click_word(args)
  local intent = intent_of(args.button) or "click"
  local word = words[intent] and intent or intent:match "^[^:]*"
  local strength, kind = tostring(args.strength), tostring(args.type)
  if word == "vary" and (strength == "strong" or strength == "1") then
    return "vary:strong"
  elseif word == "upscale" and words["upscale:" .. (upscales[kind] or kind)] then
    return "upscale:" .. (upscales[kind] or kind)
  end
  return words[word] and word or "click"
end

-- The word that the core will price it by.
local function priced_as(what, name, args, family)
  local row = verbs.rows[name]
  if not row then
    return word_of(what, name) or option.unknown(what, "verb", name, words)
  elseif row.as and (family or not row.by_family) then
    local given = {}
    for _, field in pairs { "task", "action", "index", "content", "image", "mask" } do
      given[field] = args[field]
    end
    local ok, meant, wanted = pcall(row.as, what, given, family)
    if not ok or not meant then
      option.raise(ok and what .. ": " .. tostring(wanted) or meant)
    end
    return meant == "click" and click_word(wanted) or meant
  end
  return name == "click" and click_word(args) or name
end

local estimate = { __name = "mj.estimate" }

local function amount(n) -- with a point, whatever the locale has
  return (("%.6f"):format(n):gsub("[^%-%d]+", "."):gsub("%.?0+$", ""))
end
prices.amount = amount

local function add(group, count, price)
  group.count = group.count + count
  if price then
    group.micro = group.micro + count * math.floor(price * 1e6 + 0.5)
  else
    group.unpriced = group.unpriced + count
  end
end

local function new_group()
  return { count = 0, unpriced = 0, micro = 0 }
end

local function finish(group)
  group.price, group.micro = group.micro / 1e6, nil
  return group
end

-- "3 requests, 0.15: 2 imagine 0.1, 1 upscale 0.05"
function estimate:__tostring()
  local names, parts = {}, {}
  for name in pairs(self.by) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local group = self.by[name]
    parts[i] = ("%d %s %s"):format(group.count, name,
      group.unpriced == group.count and "without a price" or amount(group.price))
  end
  return ("%d request%s, %s%s%s%s"):format(self.count, self.count == 1 and "" or "s",
    amount(self.price),
    self.unpriced > 0 and (" and what %d cost without a price"):format(self.unpriced) or "",
    #parts > 0 and ": " or "", table.concat(parts, ", "))
end

-- Adds up groups { verb, count, price or nil }.
function prices.sum(list)
  local total, by = new_group(), {}
  for _, item in ipairs(list) do
    by[item[1]] = by[item[1]] or new_group()
    add(total, item[2], item[3])
    add(by[item[1]], item[2], item[3])
  end
  for _, group in pairs(by) do
    finish(group)
  end
  finish(total)
  total.by = by
  return setmetatable(total, estimate)
end

-- requests = { { "imagine", prompt =, mode =, count = }, { "upscale" } ... };
-- `rows` of prices.read; mode, gateway and family are the client's, or nil.
function prices.estimate(what, requests, rows, mode, gateway, family)
  if type(requests) ~= "table" then
    option.raise(("%s: list of requests expected, got %s"):format(what, type(requests)))
  elseif type(requests[1]) == "string" then
    requests = { requests }
  end
  local list = {}
  for i, request in ipairs(requests) do
    local here = ("%s: [%d]"):format(what, i)
    local count = type(request) == "table" and (request.count or 1)
    if type(request) ~= "table" or type(request[1]) ~= "string" then
      option.raise(here .. [[: { "verb", options } expected]])
    elseif type(count) ~= "number" or count < 0 or count % 1 ~= 0 then
      option.field(here, "count", "whole number", request.count)
    end
    local word = priced_as(here, request[1], request, family)
    local wanted = request.mode or mode
    list[i] = { word, count, (core.price(rows, word, wanted and mode_of(here, wanted), gateway)) }
  end
  return prices.sum(list)
end

return prices
