-- SPDX-License-Identifier: MIT
-- mjlua -m batch --dry-run: what would be asked for, and what it would cost.

local common = require "mj.cli.common"
local prompt = require "mj.prompt"
local verbs = require "mj.verbs"

local dry = {}

-- The prompt of a request and its parameters, wherever they stand, as mj.prompt.parse
-- has them; or nil and what is wrong.
function dry.parse(request)
  local parts = { prompt = request.prompt }
  for _, name in ipairs(prompt.names) do
    parts[name] = request[name]
  end
  local ok, whole, e = pcall(prompt.format, parts)
  if not ok then
    return nil, (tostring(whole):gsub("^.-:%d+: ", ""))
  elseif not whole then
    return nil, e.message
  end
  local parsed
  parsed, e = prompt.parse(whole)
  return parsed, e and e.message
end

-- A row of the table ----------------------------------------------------------------

local function value_text(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local list = {}
  for i, item in ipairs(value) do
    list[i] = tostring(item)
  end
  return list[1] and table.concat(list, ",") or "..."
end

local function add(list, name, value)
  if value ~= nil and value ~= false then
    list[#list + 1] = value == true and name or name .. "=" .. value_text(value)
  end
end

local is_parameter = { prompt = true }
for _, name in ipairs(prompt.names) do
  is_parameter[name] = true
end

-- The request's parameters as they were understood, and its other fields.
local function parts_of(item)
  local request, list, names = item.request, {}, {}
  local takes = verbs.rows[item.verb].parameters and request.prompt
  local parsed = takes and dry.parse(request) or { text = request.prompt or item.verb }
  for _, name in ipairs(prompt.names) do
    add(list, name, parsed[name])
  end
  for name in pairs(request) do
    if not (is_parameter[name] and (takes or name == "prompt")) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    add(list, name, request[name])
  end
  if parsed.unknown and parsed.unknown[1] then
    list[#list + 1] = ("(not known: %s)"):format(table.concat(parsed.unknown, " "))
  end
  return parsed, list
end

-- Addresses in front of the text are pictures of it.
local function text_of(parsed)
  local words = { (table.unpack or unpack)(parsed.images or {}) }
  words[#words + 1] = parsed.text
  return table.concat(words, " ")
end

local function say_row(session, item)
  local parsed, list = parts_of(item)
  if session.args.json then
    local parameters = {}
    for _, name in ipairs(prompt.names) do
      parameters[name] = parsed[name]
    end
    return session:json { n = item.n, line = item.line, verb = item.verb,
      prompt = item.request.prompt, parameters = next(parameters) and parameters or nil }
  end
  local text = ("%d\t%s"):format(item.line, (text_of(parsed):gsub("%c", " ")))
  session:say(#list > 0 and text .. "\t" .. table.concat(list, " "):gsub("%c", " ") or text)
end

-- Money -------------------------------------------------------------------------------

-- Prices and budget: those of the command line, or of the gateway that it would be sent
-- to.  Both may be nil.
local function money_of(args)
  local prices, budget = common.prices(args), args.budget
  if not prices or not budget then
    local ok, opts = pcall(require("mj.settings").merge, "batch",
      { base_url = args.base_url, gateway = args.gateway }, require("mj.client").schema)
    opts = ok and opts or {}
    prices, budget = prices or opts.prices, budget or opts.budget
  end
  return prices, tonumber(type(budget) == "table" and budget.limit or budget)
end

-- What all of it costs by the prices that were given, and the budget; nil without any.
local function price_of(items, args)
  local prices, budget = money_of(args)
  if not prices and not budget then
    return nil
  end
  local list = {}
  for _, item in ipairs(items) do
    list[#list + 1] = { item.verb, mode = item.request.mode or args.mode }
    if item.verb == "imagine" and args.upscale then
      list[#list + 1] = { "upscale", mode = args.mode, count = #args.upscale }
    end
  end
  return require("mj").estimate(list, prices or {}), budget
end

local function micro(n)
  return math.floor(n * 1e6 + 0.5)
end

-- What of a budget the price leaves, in words, and what of it is wrong.
local function about_budget(sum, budget)
  local amount = require("mj.prices").amount
  local left = (micro(budget) - micro(sum.price)) / 1e6
  if sum.unpriced > 0 then
    return "", ("%d of them have no price, and with a budget they are not sent: give --price "
      .. "VERB=AMOUNT, or default=AMOUNT"):format(sum.unpriced)
  elseif left < 0 then
    return "", ("that is %s more than the budget of %s"):format(amount(-left), amount(budget))
  end
  return (", of the budget of %s it leaves %s"):format(amount(budget), amount(left))
end

local function price_text(sum)
  return not sum and "" or sum.unpriced > 0 and (", %d without a price"):format(sum.unpriced)
    or (", price %.14g"):format(sum.price)
end

-- The last line of a dry run.
local function say_sum(session, n, from, sum, budget)
  local text, wrong = "", nil
  if sum and budget then
    text, wrong = about_budget(sum, budget)
  end
  if session.args.json then
    session:json { dry_run = { requests = n, verbs = from.by_verb, upscales = from.clicks,
      price = sum and sum.unpriced == 0 and sum.price or nil, unpriced = sum and sum.unpriced,
      budget = budget, left = budget and (micro(budget) - micro(sum.price)) / 1e6 } }
  else
    session:say(("%d paid request%s: %d of the file%s%s%s; nothing was sent"):format(n,
      n == 1 and "" or "s", from.items, from.clicks > 0
      and (", %d upscales"):format(from.clicks) or "", price_text(sum), text))
  end
  if wrong then
    session:note(common.BUDGET)
    session.complain("batch: " .. wrong)
  end
end

function dry.run(items, args, complain)
  local session = common.session(args, complain)
  local by_verb, clicks = {}, 0
  session.free = true
  if not args.json then
    session:say "line\tprompt\tparameters"
  end
  for _, item in ipairs(items) do
    by_verb[item.verb] = (by_verb[item.verb] or 0) + 1
    clicks = clicks + (item.verb == "imagine" and #(args.upscale or {}) or 0)
    say_row(session, item)
  end
  local ok, sum, budget = pcall(price_of, items, args)
  if not ok then
    session:note(common.USAGE)
    session:blame(tostring(sum):gsub("^([^ ]*%.lua:%d+: )mj%.estimate: ", "%1"))
    return session.worst
  end
  say_sum(session, #items + clicks, { items = #items, by_verb = by_verb, clicks = clicks }, sum,
    budget)
  return session.worst
end

return dry
