-- SPDX-License-Identifier: MIT
-- The error table: what the world did, as opposed to a programmer's mistake.

local core = require "mj.core"

local err = {}

-- The binding fills its errors in with the same metatable.
local mt = core.error_mt

mt.__name = "mj.error"
mt.__tostring = function(self)
  return ("%s: %s"):format(tostring(self.code), tostring(self.message))
end

local known = {}
for _, code in ipairs(core.error_codes) do
  known[code] = true
end

-- `fields` (may be nil) join the table.
function err.new(code, message, fields)
  assert(known[code], code)
  local self = { code = code, message = message, retryable = false }
  for name, value in pairs(fields or {}) do
    self[name] = value
  end
  return setmetatable(self, mt)
end

function err.is(value)
  return type(value) == "table" and getmetatable(value) == mt
end

return err
