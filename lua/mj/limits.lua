-- SPDX-License-Identifier: MIT
-- The limits of a client while it runs: shown, changed, paused.

local option = require "mj.option"
option.mine()

local limits = {}

limits.schema = { submits = "number", requests = "number", live = "number" }
-- Those of mj.client.
limits.options = { submits = "number", requests = "number", live = "number", shared = "boolean" }

-- What there is none of is 0 in the core, and nothing here.
local function or_nothing(value)
  return value ~= 0 and value or nil
end

-- {submits, requests, live, window, used, quota, paused, slowed, pace, resting}, or
-- nil, err.
function limits.of(what, box, opts)
  opts = opts and option.check(what, opts, limits.schema)
  local ok, now, e = pcall(box.limits, box, opts)
  if not ok then
    option.raise(what .. ": " .. tostring(now):gsub("^[^:]+:%d+: ", ""))
  elseif not now then
    return nil, e
  end
  for _, name in ipairs { "submits", "requests", "live", "window", "paused", "slowed",
    "pace", "resting" } do
    now[name] = or_nothing(now[name])
  end
  return now
end

return limits
