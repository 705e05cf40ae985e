-- SPDX-License-Identifier: MIT
-- Waits for a task that was submitted earlier, and saves its pictures.
--
--   mjlua examples/pick_up.lua ID [FOLDER]

local mj = require "mj"

local id, folder = arg[1], arg[2] or "out"
if not id then
  io.stderr:write("usage: mjlua examples/pick_up.lua ID [FOLDER]\n")
  os.exit(2)
end

local task = assert(mj.client {}:task(id):await())
print(task.status, task.prompt or "")
print(assert(task:save(folder .. "/{id}.{ext}")))
