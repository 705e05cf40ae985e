-- SPDX-License-Identifier: MIT
-- What test_lua_oom.c runs again and again, each time without memory at another
-- point.  Gets arm (memory fails from here on) and the capsule of a world;
-- returns "done", or raises what went wrong.

local scenarios = {}

local BASE = "http://gateway.test"

-- Steps until the job has ended; every error is one of the world.
local function finish(box, id)
  for _ = 1, 200 do
    assert(box:step())
    while true do
      local kind, of, payload = box:event()
      if not kind then
        break
      elseif of == id and (kind == "done" or kind == "timer") then
        if payload.error then
          error(payload.error, 0)
        end
        return payload
      end
    end
    while box:log_line() do end
  end
  error "the job does not end"
end

-- The binding alone.
function scenarios.binding(arm, capsule)
  local core = require "mj.core"
  arm()
  local box = assert(core.client {
    base_url = BASE, api_key = "sk-CANARY-0123456789abcdef", virtual = capsule, log = true,
    headers = { ["X-A"] = "b" }, allow_hosts = { "a", "b" }, poll_gaps = { 1, 2 },
  })

  local done = finish(box, assert(box:submit {
    op = "imagine", prompt = "black cat", params = { { "aspect", "3:2" } }, state = "mine",
    progress = true, pictures = { { bytes = "\137PNG\r\n\26\n\0" }, { url = "https://a.b/1.png" } },
    notify_hook = "https://a.b/hook", account_filter = '{"modes":["FAST"]}',
  }))
  assert(done.task.state == "mine" and #done.task.buttons == 9)
  assert(core.decode(done.task.json).id == done.task_id)
  assert(core.find_button(done.task.buttons, "U2") == 2)
  local parts = assert(core.parse_prompt "https://a.b/1.png cat --soon 5 --ar 3:2")
  assert(core.format_prompt(parts) == "https://a.b/1.png cat --ar 3:2 --soon 5")
  finish(box, assert(box:submit {
    op = "click", task = done.task_id, button = "V1", task_json = done.task.json,
    prompt = "a hat", params = { { "aspect", "3:2" } },
  }))
  assert(not box:submit { -- what a variation has no use for
    op = "click", task = done.task_id, button = "V1", task_json = done.task.json,
    mask = { bytes = "\137PNG\r\n\26\n\0" },
  })
  assert(not box:submit { -- of the other family
    op = "inpaint", prompt = "a hat", pictures = { { url = "https://a.b/1.png" } },
    areas = { { width = 64, height = 32, points = { 0, 0, 8, 0, 8, 8 } } },
    canvas = { width = 64, height = 32 }, place = { x = 0, y = 0, width = 64, height = 32 },
  })
  assert(box:dialect() == "mj" and box:can "blend" and box:can "generate" == false)
  assert(finish(box, assert(box:ask "dialect")).items[1] == "mj")
  local picture = finish(box, assert(box:fetch(done.task.image_url)))
  assert(picture.data:find "^\137PNG") -- its type may be lost
  finish(box, assert(box:track(done.task_id)))
  finish(box, assert(box:after(3)))
  local list = finish(box, assert(box:ask("ids", { "1", "2" }))).tasks
  assert(#list == 2 and list[1].prompts[2] == "b" and list[1].tokens[1].weight == 1)
  assert(finish(box, assert(box:ask("seed", { "1" }))).items[1] == "636646138")
  assert(box:stats().submits == 2)
  box:close()
  return "done"
end

-- The whole module.
function scenarios.modules(arm, capsule)
  local loop = require "mj.loop"
  local mj = require "mj"
  loop.report = function() end
  loop.use_virtual(capsule)
  arm()
  local client = assert(mj.client {
    base_url = BASE, api_key = "sk-CANARY-0123456789abcdef", virtual = capsule,
  })
  local grid = assert(client:imagine({ prompt = "black cat", aspect = "3:2" }):await {
    on_progress = function() end,
  })
  local big = mj.run(function()
    return assert(grid:click("U2"):await())
  end)
  assert(big:bytes())
  local results, errors = mj.map({ 1, 2, 3 }, function()
    return big:refresh()
  end, { concurrency = 2 })
  for i = 1, 3 do
    if not results[i] then
      error(errors[i], 0)
    end
  end
  assert(big.raw.id == big.id and big:can "V1")
  assert(#assert(client:list({ ids = { "1", big } }):await()) == 2)
  assert(assert(big:seed()) == "636646138")
  client:close()
  return "done"
end

-- The whole module with a gateway of the generate family, which has to be found
-- out first: what was asked for before that waits.
function scenarios.family(arm, capsule)
  local loop = require "mj.loop"
  local mj = require "mj"
  loop.report = function() end
  loop.use_virtual(capsule)
  arm()
  local client = assert(mj.client {
    base_url = BASE .. "/generate", api_key = "sk-CANARY-0123456789abcdef", virtual = capsule,
  })
  local painted = client:inpaint {
    prompt = "a hat", image = BASE .. "/p.png",
    mask = { size = { 1024, 1024 }, rects = { { 0, 0, 100, 100 } } },
  }
  local grid = assert(client:imagine({ prompt = "black cat --v 7", aspect = "3:2" }):await())
  assert(painted:await())
  assert(assert(client:capabilities()).dialect == "generate")
  assert(#grid.images == 4 and grid:can "U2" and grid.expires_at)
  local again = assert(grid:click("reroll"):await())
  assert(again.raw.data.state == "success")
  client:close()
  return "done"
end

local function journaled(capsule, path)
  local loop = require "mj.loop"
  local mj = require "mj"
  loop.report = function() end
  loop.use_virtual(capsule)
  return assert(mj.client {
    base_url = BASE, api_key = "sk-CANARY-0123456789abcdef", virtual = capsule, auth = "bearer",
    dialect = "mj", journal = path, run = "oom.lua",
  })
end

-- The whole module with a journal.
function scenarios.journal(arm, capsule, path)
  require "mj"
  arm()
  local client = journaled(capsule, path)
  local grid = assert(client:imagine({ prompt = "black cat", key = "grid" }):await())
  local big = assert(grid:click("U2", { key = "big" }):await())
  assert(big:save(path .. ".png"))
  assert(#assert(client:unknown()) == 0)
  assert(client:run_done())
  client:close()
  return "done"
end

-- What comes after it.  `paid`: so many requests had left; where it is not known what
-- became of one, a person looks at the gateway's page.
function scenarios.next_start(capsule, path, paid)
  local client = journaled(capsule, path)
  local function made(n, key, submit)
    local task, err = submit():await()
    if not task and err.code == "unknown_outcome" then
      assert(client:resolve(key, n <= paid and "1000" .. n or "absent"))
      task, err = submit():await()
    end
    return assert(task, err)
  end
  local grid = made(1, "grid", function()
    return client:imagine { prompt = "black cat", key = "grid" }
  end)
  local big = made(2, "big", function()
    return grid:click("U2", { key = "big" })
  end)
  assert(big:save(path .. ".png"))
  assert(#assert(client:unknown()) == 0)
  client:close()
end

-- A world whose gateway answers everything, and another one below /generate.
function scenarios.world()
  local helper = require "helper"
  local short = helper.task { id = "1", action = "SHORTEN", properties = {
    finalPrompt = "## Important tokens\n**cat** (1.00)\n## Shortened prompts\n1️⃣ a\n\n2️⃣ b",
  } }
  return require("mjtest").script(helper.gateway {
    { match = "/generate/mj/", http = 404, body = helper.envelope(nil, 404, "Not Found"),
      ["repeat"] = true },
    { match = "=1000000000000000", http = 404, body = helper.envelope(nil, 404, "Not Found"),
      ["repeat"] = true },
    { match = "statusTask", body = helper.status(), ["repeat"] = true },
    { match = "generateTask", body = helper.envelope { taskId = "task_abc" }, ["repeat"] = true },
    { match = "list-by-condition", body = ("[%s,%s]"):format(short, short), ["repeat"] = true },
    { match = "image-seed", body = '{"code":1,"description":"ok","result":"636646138"}',
      ["repeat"] = true },
    { match = "/fetch", body = helper.running "31%" },
  })
end

return scenarios
