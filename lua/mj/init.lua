-- SPDX-License-Identifier: MIT
-- mj: Midjourney task gateways for scripts.  See doc/reference.md.

local core = require "mj.core"
local client = require "mj.client"
local err = require "mj.err"
local log = require "mj.log"
local loop = require "mj.loop"
local many = require "mj.many"
local media = require "mj.media"
local option = require "mj.option"
local prices = require "mj.prices"
local region = require "mj.region"
local report = require "mj.report"
local task = require "mj.task"
local verbs = require "mj.verbs"
option.mine()

local mj = {
  version = core.version,
  null = core.null,
  error_codes = core.error_codes,
  libraries = core.libraries,
  client = client.new,
  bytes = media.bytes,
  mask = region.make,
  prompt = require "mj.prompt",
  await = many.await,
  each = many.each,
  map = many.map,
  log = log,
  pending = loop.pending,
  fd = loop.fd,
  timeout = loop.timeout,
  sleep = loop.sleep,
  step = loop.step,
  run = loop.run,
  is_error = err.is,
}

-- The client that the environment names, made when it is first needed.
local default

local function default_client()
  if not default or default._closed then
    local made, e = client.new {}
    if not made then
      error(e, 0)
    end
    default = made
  end
  return default
end

-- mj.imagine(opts), mj.blend(opts) ...; a verb about a task is its client's.
for name, row in pairs(verbs.rows) do
  if not row.places then
    mj[name] = function(opts, more)
      if opts == mj then
        option.raise(("mj:%s: use mj.%s"):format(name, name))
      end
      option.alone("mj." .. name, row.short, more)
      local of = type(opts) == "table" and rawget(opts, "task")
      local owner = task.is(of) and task.client(of) or default_client()
      return owner:_start(name, "mj." .. name, opts)
    end
  end
end

function mj.submit(verb, ...)
  return default_client():submit(verb, ...)
end

-- mj.click(button, opts), mj.click(task, "U2", opts), mj.click(id, customId, opts)
function mj.click(what, button, opts)
  if task.is_button(what) then
    return what:click(button)
  elseif task.is(what) then
    return what:click(button, opts)
  end
  return default_client():click(what, button, opts)
end

-- mj.modal(task, opts), mj.modal(id, opts)
function mj.modal(of, opts)
  if task.is(of) then
    return of:modal(opts)
  end
  return default_client():modal(of, opts)
end

-- What works at the gateway of a client; without one, of the environment's.
function mj.capabilities(of, opts)
  if of ~= nil and not client.is(of) then
    option.raise("mj.capabilities: client or nil expected, got " .. type(of))
  end
  return (of or default_client()):capabilities(opts)
end

-- What requests would cost, each { "verb", options }, with prices as mj.client takes
-- them, or those of a client; nobody is asked.
function mj.estimate(requests, given)
  if client.is(given) then
    return given:estimate(requests)
  elseif given ~= nil and type(given) ~= "table" then
    option.raise("mj.estimate: prices (a table) or client expected, got " .. type(given))
  end
  local rows = prices.read("mj.estimate: prices", given or {})
  return prices.estimate("mj.estimate", requests, rows)
end

local report_schema = { by = "string", journal = "string" }

-- What was spent: of a journal that nobody works on, else of this program's clients.
function mj.report(opts)
  opts = option.check("mj.report", opts, report_schema)
  local by = report.by("mj.report", opts.by)
  if opts.journal then
    local sums, e = core.money(opts.journal)
    return sums and report.new(by, sums), e
  end
  local sums, seen = {}, {}
  for _, owner in ipairs(client.list()) do
    local list, e = owner:_sums(seen)
    if not list then
      return nil, e
    end
    for _, sum in ipairs(list) do
      sums[#sums + 1] = sum
    end
  end
  return report.new(by, sums)
end

-- Runs fn(...) in a coroutine of its own; handle:await() gets what it returns.
function mj.spawn(fn, ...)
  if type(fn) ~= "function" then
    option.raise("mj.spawn: function expected, got " .. type(fn))
  end
  return loop.spawn(fn, ...)
end

-- Draws how far jobs are; see mj.progress.
function mj.progress(jobs, opts)
  return require("mj.progress").new(jobs, opts)
end

function mj.set_waiter(fn)
  if fn ~= nil and type(fn) ~= "function" then
    option.raise("mj.set_waiter: function or nil expected, got " .. type(fn))
  end
  loop.set_waiter(fn)
end

return mj
