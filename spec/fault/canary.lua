-- SPDX-License-Identifier: MIT
-- mjlua spec/fault/canary.lua FOLDER PLANT: work of all kinds with the key of
-- MJ_API_KEY: what is taken, refused, said, saved and written down.  PLANT puts
-- the key where it must not be.

local cjson = require "cjson"
local mj = require "mj"
local sim = require "mj.sim"

local folder, plant = ...
local key = os.getenv "MJ_API_KEY"

local function spit(name, text)
  local file = assert(io.open(folder .. "/" .. name, "a"))
  assert(file:write(text, "\n"))
  file:close()
end

local gateway = assert(sim.start { profile = "plus", key = key, clock = 100 })
local function client_for(opts)
  opts.base_url = gateway.url
  opts.auth = gateway.auth
  opts.log = function(level, line)
    spit("log", tostring(level) .. " " .. tostring(line))
  end
  return mj.client(opts)
end

local client = client_for { api_key = key, poll = { first = 0.01, every = 0.02 } }
if plant == "kill" then
  local job = client:imagine "black cat"
  assert(job:id(20))
  os.exit(1, false)
end
print(client, tostring(client))
local job = client:imagine { prompt = "black cat", state = "mine" }
local task = assert(job:await { timeout = 60 })
print(job, task, task.id, job:token())
spit("job.json", cjson.encode(task.raw))
print(assert(task:save(folder .. "/{id}.png"))[1])
print(assert(task:click("U2"):await { timeout = 60 }))
print(#assert(client:list()))

-- Errors of each kind, as they are printed.
local function fails(what, err)
  assert(err, what)
  print(what, err, err.code, err.message)
  io.stderr:write(what, ": ", tostring(err), "\n")
end
fails("banned", select(2, client:imagine("nude"):await { timeout = 60 }))
fails("nobody's", select(2, client:task("1234"):await { timeout = 60 }))
fails("refused", select(2, client_for({ api_key = key .. "x" }):imagine("cat"):await {
  timeout = 60 }))
print(pcall(mj.client, { base_url = gateway.url, api_key = key .. "\n" }))
print(pcall(mj.client, { base_url = gateway.url, api_key = key, api_keyy = key }))

if plant == "out" then
  print(key)
elseif plant == "err" then
  io.stderr:write(key, "\n")
elseif plant == "log" then
  spit("log", key)
elseif plant == "picture" then
  spit("planted.png", key)
elseif plant == "journal" then -- a prompt is the user's own word, and kept
  assert(client:imagine({ prompt = key }):await { timeout = 60 })
end
spit("here", "")
local turns = 0
while not io.open(folder .. "/go") do
  turns = turns + 1
  assert(turns < 1000, "nobody looked")
  mj.sleep(0.05)
end
