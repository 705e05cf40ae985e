-- SPDX-License-Identifier: MIT
-- Something that happens once.  Any table can be one, with `fired` and `hooks`.

local signal = {}

function signal.new()
  return { fired = false, hooks = false }
end

-- Calls `hook` with the signal when it fires, at once if it has.  For short
-- functions of ours.  Most have one hook, so one is kept without a list.
function signal.hook(self, hook)
  local hooks = self.hooks
  if self.fired then
    hook(self)
  elseif not hooks then
    self.hooks = hook
  elseif type(hooks) == "table" then
    hooks[#hooks + 1] = hook
  else
    self.hooks = { hooks, hook }
  end
end

function signal.unhook(self, hook)
  local hooks = self.hooks
  if hooks == hook then
    self.hooks = false
    return
  end
  for i, other in ipairs(type(hooks) == "table" and hooks or {}) do
    if other == hook then
      table.remove(hooks, i)
      return
    end
  end
end

function signal.fire(self)
  if self.fired then
    return
  end
  self.fired = true
  local hooks = self.hooks
  self.hooks = false
  if type(hooks) == "function" then
    hooks(self)
  end
  for _, hook in ipairs(type(hooks) == "table" and hooks or {}) do
    hook(self)
  end
end

return signal
