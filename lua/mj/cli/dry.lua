-- SPDX-License-Identifier: MIT
-- mjlua --dry-run: what a script would send, and what that would cost.

local env = require "mj.env"

local dry = {}

-- From now on clients send nothing.
function dry.begin()
  local sums = {}
  env.dry = {
    -- Called by a client before it is gone.
    collect = function(box)
      local total, limit = 0, (box:budget() or {}).limit
      for _, sum in ipairs(box:money() or {}) do
        sums[#sums + 1] = sum
        total = total + sum.reserved
      end
      if limit and total / 1e6 > limit then
        env.dry.over = limit
      end
    end,
    sums = sums,
  }
end

-- The script stopped where it needed a result: that is how such a run ends.
function dry.forgive(ok, e)
  if ok or not env.dry then
    return ok, e
  end
  local text = tostring(type(e) == "table" and e.message or e)
  if text:find("dry run: ", 1, true) then
    return true
  end
  return ok, e
end

-- What was counted, in a line or two; true if it is more than a budget allows.
function dry.finish(complain)
  if not env.dry or env.dry.told then
    return env.dry and env.dry.over
  end
  env.dry.told = true
  local client = package.loaded["mj.client"]
  for _, owner in ipairs(client and client.list() or {}) do
    env.dry.collect(owner._pump.box)
  end
  local list = {}
  for i, sum in ipairs(env.dry.sums) do
    list[i] = {
      sum.mode and ("%s (%s)"):format(sum.verb, sum.mode) or sum.verb, sum.count,
      sum.unpriced == 0 and sum.reserved / 1e6 / sum.count or nil,
    }
  end
  complain("dry run: " .. tostring(require("mj.prices").sum(list)))
  if env.dry.over then
    complain(("that is more than the budget of %s allows"):format(
      require("mj.prices").amount(env.dry.over)))
  end
  complain "nothing was sent; what would follow from a result is not counted"
  return env.dry.over
end

return dry
