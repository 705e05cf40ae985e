-- SPDX-License-Identifier: MIT
-- mjlua spec/support/gateway.lua FOLDER SETTINGS: a simulated gateway that tells
-- what it was asked.  FOLDER/url has the lines that lead a shell to it; whoever
-- makes FOLDER/ask gets FOLDER/count: submissions that came, tasks that were made;
-- and FOLDER/pictures: how many were fetched.

local mj = require "mj"
local sim = require "mj.sim"

local folder, settings = ...

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path .. ".part", "w"))
  assert(file:write(text))
  file:close()
  assert(os.rename(path .. ".part", path))
end

local opts = sim.parse(settings)
opts.key = opts.key or "sk-simulator"
local gateway = assert(sim.start(opts))
local before = gateway.server:stats().tasks
write("url", ("export MJ_BASE_URL=%s MJ_API_KEY=%s MJ_AUTH=%s\n"):format(gateway.url, opts.key,
  gateway.auth))
while true do
  mj.sleep(0.01)
  if os.remove(folder .. "/ask") then
    local stats = gateway.server:stats()
    write("pictures", ("%d fetched\n"):format(stats.pictures))
    write("count", ("%d submitted, %d made\n"):format(stats.submits, stats.tasks - before))
  end
end
