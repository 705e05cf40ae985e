-- SPDX-License-Identifier: MIT
-- Settings of the process: what --sim put there, else the environment.

local env = {
  elsewhere = nil, -- called with the address of a client that is not the simulator's
  on_key = nil, -- called with the key of a client: it must not get anywhere
  log = nil, -- of clients that have none of their own
  above = nil, -- above(text or nil): true while a line is typed, which it is put above
  clear_line = nil, -- called before a line is written where something is drawn
  journal = nil, -- of clients that say nothing of one: path, run, fresh, announce ...
  dry = nil, -- mjlua --dry-run: nothing is sent; see mj.cli.dry
  attempts = nil, -- how often what is free is asked when it is in trouble
  tape = nil, -- of each client: records what is said to the gateways, or replays it
  replays = false, -- ... which is so
  runs = nil, -- mjlua: those whose work is journaled, each with path and run
}

local overrides = {}

-- The value of MJ_BASE_URL, MJ_API_KEY, MJ_AUTH; nil when unset or empty.
function env.get(name)
  local value = overrides[name]
  if value == nil then
    value = os.getenv(name)
  end
  if value == "" then
    return nil
  end
  return value
end

-- What stands in front of the environment, or nil.
function env.override(name)
  return overrides[name]
end

-- Stands in front of the environment from now on; "" hides it, nil uncovers it.
function env.set(name, value)
  overrides[name] = value
end

return env
