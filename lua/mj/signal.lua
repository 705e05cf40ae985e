-- SPDX-License-Identifier: MIT
-- Something that happens once.

local signal = {}

function signal.new()
  return { fired = false, hooks = false }
end

-- Calls `hook` when it fires, at once if it has.  For short functions of ours.
function signal.hook(self, hook)
  if self.fired then
    hook()
  else
    self.hooks = self.hooks or {}
    self.hooks[#self.hooks + 1] = hook
  end
end

function signal.unhook(self, hook)
  for i, other in ipairs(self.hooks or {}) do
    if other == hook then
      table.remove(self.hooks, i)
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
  for _, hook in ipairs(hooks or {}) do
    hook()
  end
end

return signal
