-- SPDX-License-Identifier: MIT
-- What works at a gateway, as far as its family and its own words go.

local loop = require "mj.loop"
local option = require "mj.option"
local verbs = require "mj.verbs"
option.mine()

local capabilities = {}

local questions = { "list", "ids", "queue", "seed", "cancel" }

-- The modes that a family has a way to ask for.
local modes = {
  mj = { fast = true, relax = true, turbo = true },
  generate = { fast = true, relax = false, turbo = true },
}

local function can(box, name, row)
  for _, op in ipairs(row.becomes or { name }) do
    if box:can(op) then
      return true
    end
  end
  return false
end

local schema = { timeout = "number" }

-- { dialect =, verbs = { imagine = true, ... }, modes = { fast = true, ... },
-- list =, ids =, queue =, seed =, cancel = }, or nil, err; waits.
function capabilities.of(client, what, opts)
  opts = option.check(what, opts, schema)
  local seconds = option.seconds(what, "timeout", opts.timeout) or client._timeout
  local family, e = client:_family(loop.deadline(seconds))
  if not family then
    return nil, e
  end
  local box = client._pump.box
  local all = { dialect = family, verbs = {}, modes = {} }
  for name, row in pairs(verbs.rows) do
    all.verbs[name] = can(box, name, row)
  end
  for mode, has in pairs(modes[family]) do
    all.modes[mode] = has
  end
  for _, name in ipairs(questions) do
    all[name] = box:can(name) or false
  end
  return all
end

return capabilities
