-- SPDX-License-Identifier: MIT
-- One run through everything, for each Lua: imagine, click, save, map, errors,
-- coroutines, on the simulator in virtual time.  No test runner is needed.
--
--   lua5.1 spec/smoke.lua BUILD/lib51      (from the root of the source)

local lib = assert(arg[1], "usage: lua spec/smoke.lua FOLDER_OF_MODULES")
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = lib .. "/?.so;" .. package.cpath

local loop = require "mj.loop"
local mj = require "mj"
local mjtest = require "mjtest"

local checks = 0
local function check(value, what)
  checks = checks + 1
  if not value then
    error("failed: " .. what, 2)
  end
end

local BASE = "http://gateway.test"
local world = mjtest.simulated { profile = "new-api", seed = 7, base_url = BASE, key = "sk-CANARY" }
loop.use_virtual(world:capsule())
local client = mj.client {
  base_url = BASE, api_key = "sk-CANARY", virtual = world:capsule(), poll = { 2, 4, 8 },
}

-- Prompts.
local parsed = assert(mj.prompt.parse "https://a.b/1.png cat —s 250 --q .5 --soon --no a, b --tile")
check(parsed.text == "cat" and parsed.stylize == 250 and parsed.quality == 0.5 and parsed.tile,
  "a prompt is taken apart")
check(tostring(parsed) == "https://a.b/1.png cat --stylize 250 --quality 0.5"
  .. " --no a, b --tile --soon", "and put together")

-- The main program.
local seen = 0
local grid = assert(client:imagine({ prompt = "black cat", aspect = "3:2", state = "s" }):await {
  timeout = 600,
  on_progress = function()
    seen = seen + 1
  end,
})
check(grid.status == "SUCCESS" and grid.progress == 100, "an imagine ends")
check(seen > 0, "progress is reported")
check(type(grid.id) == "string" and grid.state == "s", "id and state")
check(grid.raw.id == grid.id and grid.image_url and grid.imageUrl, "raw and aliases")
check(#grid.buttons > 0 and grid:can "U2" and not grid:can "U7", "buttons")

-- A coroutine of ours, with a pcall around the wait.
local big = mj.run(function()
  local ok, task = pcall(function()
    return assert(grid:click("U2"):await())
  end)
  check(ok, "a wait inside pcall: " .. tostring(task))
  return task
end)
check(big.action == "UPSCALE" and big.id ~= grid.id, "a click")

-- A host's coroutine.
local again
local co = coroutine.create(function()
  again = assert(client:task(grid.id):await())
end)
local turns = 0
while coroutine.status(co) ~= "dead" do
  assert(coroutine.resume(co))
  mj.step(1)
  turns = turns + 1
  check(turns < 100, "a host's coroutine ends")
end
check(again.id == grid.id, "a task is found by its id")

-- Many, one of them refused; from a coroutine, through an iterator.
local results, errors = mj.run(function()
  return mj.map({ "one", "two", "a nude", "four" }, function(prompt)
    return client:imagine(prompt):await()
  end, { concurrency = 2 })
end)
check(results[1] and results[2] and results[4] and not results[3], "map")
check(errors[3].code == "banned_prompt", "map keeps errors: " .. tostring(errors[3]))

local jobs = { client:imagine "a", client:imagine "b", client:imagine "c" }
local handle = mj.spawn(function()
  local n = 0
  for _, task, err in mj.each(jobs) do
    check(task, "each: " .. tostring(err))
    n = n + 1
  end
  return n
end)
check(handle:await() == 3, "each")

-- The simulator draws nothing here, so that the picture is not there.
local paths, err = grid:save "/nowhere/x.png"
check(not paths and err.code == "not_found", "a picture that is missing: " .. tostring(err))

check(select(2, pcall(client.imagine, client, { pormpt = "x" })):find "did you mean 'prompt'",
  "a mistake is named")
check(mj.pending() == 0 and #client:jobs() == 0, "nothing is left")
client:close()
check(client:imagine("cat"):done(), "a closed client's jobs are over")

-- The other family, which nobody named.
world = mjtest.simulated { profile = "generate", seed = 7, base_url = BASE, key = "sk-CANARY" }
loop.use_virtual(world:capsule())
client = mj.client { base_url = BASE, api_key = "sk-CANARY", virtual = world:capsule() }
local all = assert(client:capabilities())
check(all.dialect == "generate" and all.verbs.inpaint and not all.verbs.blend, "capabilities")
grid = assert(client:imagine("black cat --ar 3:2"):await())
check(#grid.images == 4 and grid.expires_at > grid.finished_at, "four pictures")
big = assert(grid:click("U2", { type = 2 }):await())
check(#big.images == 1 and big.cost > 0, "an upscale")
check(assert(grid:click "reroll":await()).id ~= grid.id, "a reroll")
check(client:inpaint({ task = grid, index = 3, prompt = "a hat", canvas = { 900, 700 },
  place = { 10, 10, 800, 600 }, mask = { size = { 800, 600 }, unit = "fraction",
  polygons = { { 0, 0, 0.5, 0, 0.5, 0.5 } } } }):await(), "a region")
client:close()
print(("%s: %d checks, %g s of virtual time"):format(_VERSION, checks, world:now()))
