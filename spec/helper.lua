-- SPDX-License-Identifier: MIT
-- What the specs share: clients in virtual time, and a look for leaks.

local cjson = require "cjson"
local loop = require "mj.loop"
local mj = require "mj"
local mjtest = require "mjtest"

-- The collector as a nuisance: MJ_GC=hard collects all the time.
if os.getenv "MJ_GC" == "hard" then
  if _VERSION == "Lua 5.4" then
    collectgarbage("incremental", 10, 1000, 6) -- a pause of 0 alone changes little there
  else
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 100000)
  end
end

local helper = {}

helper.BASE = "http://gateway.test"

local clients, worlds, reports = {}, {}, {}

-- Bodies ----------------------------------------------------------------------

helper.PNG = "\137PNG\r\n\26\n not really a picture"
helper.JPEG = "\255\216\255\224 not really a picture"

-- What a submit answers; %N makes each id another.
function helper.accepted(id)
  return cjson.encode {
    code = 1, description = "提交成功", result = id or "1000%N",
    properties = { discordInstanceId = "1118138338562560102" },
  }
end

local hash = "3dbbd469-36af-4a0f-8f02-df6c579e7011"

function helper.buttons()
  local list = {}
  for _, kind in ipairs { { "U", "upsample" }, { "V", "variation" } } do
    for i = 1, 4 do
      list[#list + 1] = {
        customId = ("MJ::JOB::%s::%d::%s"):format(kind[2], i, hash),
        label = kind[1] .. i, emoji = "", type = 2, style = 2,
      }
    end
  end
  list[#list + 1] = {
    customId = ("MJ::JOB::reroll::0::%s::SOLO"):format(hash),
    label = "", emoji = "🔄", type = 2, style = 2,
  }
  return list
end

-- A task's reply; `fields` stand in front of the defaults.
function helper.task(fields)
  local t = {
    id = "%ID", action = "IMAGINE", status = "SUCCESS", progress = "100%",
    prompt = "black cat", promptEn = "black cat", state = "",
    submitTime = 1712205491846, startTime = 1712205495346, finishTime = 1712205531046,
    imageUrl = helper.BASE .. "/mj/image/%ID", failReason = "", buttons = helper.buttons(),
  }
  for name, value in pairs(fields or {}) do
    t[name] = value
  end
  return cjson.encode(t)
end

function helper.running(progress)
  return helper.task {
    status = "IN_PROGRESS", progress = progress or "31%", buttons = cjson.null,
    imageUrl = cjson.null, finishTime = 0,
  }
end

-- A gateway where everything works: replies for a script, after `before`.
function helper.gateway(before)
  local list = {}
  for _, reply in ipairs(before or {}) do
    list[#list + 1] = reply
  end
  list[#list + 1] = { match = "POST", body = helper.accepted(), ["repeat"] = true }
  list[#list + 1] = { match = "/fetch", body = helper.task(), ["repeat"] = true }
  list[#list + 1] = {
    match = "/mj/image/", body = helper.PNG, content_type = "image/png", ["repeat"] = true,
  }
  return list
end

-- In the generate family ------------------------------------------------------

helper.IMAGES = {}
for i = 1, 4 do
  helper.IMAGES[i] = ("%s/r2/%d.png"):format(helper.BASE, i)
end

function helper.envelope(data, code, message)
  return cjson.encode { code = code or 200, message = message or "success", data = data }
end

-- A task's reply, finished and with four pictures; `fields` stand in front.
function helper.status(fields)
  local data = {
    taskId = "%ID", state = "success", createTime = 1767965610929, completeTime = 1767965652317,
    costTime = 41388, resultJson = cjson.encode { resultUrls = helper.IMAGES },
  }
  for name, value in pairs(fields or {}) do
    data[name] = value
  end
  return helper.envelope(data)
end

function helper.generate(before)
  local list = {}
  for _, reply in ipairs(before or {}) do
    list[#list + 1] = reply
  end
  list[#list + 1] = { match = "POST", body = helper.envelope { taskId = "task_%N" },
    ["repeat"] = true }
  list[#list + 1] = { match = "/statusTask/", body = helper.status(), ["repeat"] = true }
  list[#list + 1] = { match = "/r2/", body = helper.PNG, content_type = "image/png",
    ["repeat"] = true }
  return list
end

-- Clients ---------------------------------------------------------------------

-- Another client in a world; keys of `opts` stand in front of the defaults.
function helper.client(world, opts)
  local all = {
    base_url = helper.BASE, api_key = "sk-CANARY-0123456789abcdef", virtual = world:capsule(),
    auth = "bearer", dialect = "mj", -- so that nothing has to be found out first
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local client = assert(mj.client(all))
  clients[#clients + 1] = client
  return client
end

local function enter(world)
  worlds[#worlds + 1] = world
  loop.use_virtual(world:capsule())
  return world
end

-- A client whose gateway plays `replies`, and its world.
function helper.script(replies, opts)
  local world = enter(mjtest.script(replies or helper.gateway()))
  return helper.client(world, opts), world
end

-- A client of the simulator, and its world.
function helper.simulated(sim, opts)
  local all = { profile = "new-api", seed = 7, base_url = helper.BASE }
  for name, value in pairs(sim or {}) do
    all[name] = value
  end
  local world = enter(mjtest.simulated(all))
  opts = opts or {}
  if all.profile == "generate" then
    opts.dialect = opts.dialect or "generate"
  elseif all.profile ~= "new-api" and opts.auth == nil then
    opts.auth = "secret"
  end
  return helper.client(world, opts), world
end

-- Around each test --------------------------------------------------------------

function helper.before_each()
  reports = {}
  loop.report = function(text)
    reports[#reports + 1] = text
  end
end

-- Errors that nobody waited for, and forgets them.
function helper.reports()
  local list = reports
  reports = {}
  return list
end

-- Closes what the test opened, and fails it for what it left behind.
function helper.after_each()
  local left = 0
  for _, client in ipairs(clients) do
    left = left + #client:jobs()
    client:close()
  end
  clients = {}
  mj.set_waiter(nil)
  loop.check = nil
  loop.step(0)
  local pending, unheard = mj.pending(), helper.reports()
  loop.use_virtual(nil)
  worlds = {}
  assert(left == 0, ("%d jobs were left"):format(left))
  assert(pending == 0, ("%d pieces of work were left"):format(pending))
  assert(#unheard == 0, "an error was not expected: " .. tostring(unheard[1]))
end

-- Lets go of the clients, unclosed.
function helper.forget()
  clients = {}
end

-- A folder of its own for a test's files.
function helper.folder()
  local pipe = assert(io.popen "mktemp -d")
  local path = pipe:read "*l"
  pipe:close()
  return path
end

function helper.remove(path)
  assert(path:find "^/tmp/", path)
  os.execute(("rm -rf '%s'"):format(path))
end

function helper.slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

return helper
