-- SPDX-License-Identifier: MIT
-- What a client says of money.

local option = require "mj.option"
local prices = require "mj.prices"
option.mine()

local budget = {}

local change_schema = { limit = "number|string|boolean" }

-- Methods of clients; `is` tells them from others.
function budget.add(methods, is)
  -- { limit, spent, reserved, unknown, left }; limit and left are nil where there is
  -- none.  With { limit = } it is another one from now on, false: none.
  function methods:budget(opts)
    option.own(is, self, "client", "budget")
    option.check("client:budget", opts, change_schema)
    local limit = opts and opts.limit
    if limit == true then
      option.field("client:budget", "limit", "number or false", true)
    elseif limit ~= nil then
      local ok, done, e = pcall(self._pump.box.set_budget, self._pump.box, limit or nil)
      if not ok then
        option.raise("client:budget: " .. tostring(done):gsub("^[^:]+:%d+: ", ""))
      elseif not done then
        return nil, e
      end
    end
    return self._pump.box:budget()
  end

  -- What requests would cost, as mj.estimate.
  function methods:estimate(requests)
    option.own(is, self, "client", "estimate")
    return prices.estimate("client:estimate", requests, self._prices, self._mode, self._gateway,
      self:dialect())
  end

  -- The sums of its journal, or its own; a journal that is in `seen` counts once.
  function methods:_sums(seen)
    if self._journal and seen[self._journal] then
      return {}
    end
    seen[self._journal or self] = true
    return self._pump.box:money()
  end
end

return budget
