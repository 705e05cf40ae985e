-- SPDX-License-Identifier: MIT
-- mj: Midjourney task gateways for scripts.  See doc/reference.md.

local core = require "mj.core"
local client = require "mj.client"
local err = require "mj.err"
local loop = require "mj.loop"
local many = require "mj.many"
local option = require "mj.option"
local task = require "mj.task"
option.mine()

local mj = {
  version = core.version,
  null = core.null,
  error_codes = core.error_codes,
  libraries = core.libraries,
  client = client.new,
  await = many.await,
  each = many.each,
  map = many.map,
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

function mj.imagine(opts)
  return default_client():imagine(opts)
end

function mj.submit(verb, opts)
  return default_client():submit(verb, opts)
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

-- Runs fn(...) in a coroutine of its own; handle:await() gets what it returns.
function mj.spawn(fn, ...)
  if type(fn) ~= "function" then
    option.raise("mj.spawn: function expected, got " .. type(fn))
  end
  return loop.spawn(fn, ...)
end

function mj.set_waiter(fn)
  if fn ~= nil and type(fn) ~= "function" then
    option.raise("mj.set_waiter: function or nil expected, got " .. type(fn))
  end
  loop.set_waiter(fn)
end

local bytes_mt = { __name = "mj.bytes" }
bytes_mt.__tostring = function(self)
  return ("mj.bytes (%d)"):format(#self.data)
end

-- Marks a string as the bytes of a picture, where a path would be taken.
function mj.bytes(data)
  if type(data) ~= "string" then
    option.raise("mj.bytes: string expected, got " .. type(data))
  end
  return setmetatable({ data = data }, bytes_mt)
end

return mj
