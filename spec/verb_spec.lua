-- SPDX-License-Identifier: MIT
-- The verbs from Lua: what each asks for, what it brings, and how it says no.
-- The bodies on the wire are the folders' matter (wire_spec.lua).

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

local URI = "data:image/png;base64,iVBORw0KGgo="
local ID = "1741531578038123"

local function posts(world)
  local list = {}
  for _, request in ipairs(world:requests()) do
    if request.method == "POST" then
      list[#list + 1] = request
    end
  end
  return list
end

-- The route of the last paid request, and its body.
local function last_post(world)
  local list = posts(world)
  local request = list[#list]
  return request.url:match "/mj/(.*)$", cjson.decode(request.body)
end

describe("verbs", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local calls = {
    { "imagine", "submit/imagine", { prompt = "cat", images = { URI, "https://a.test/1.png" } },
      { prompt = "https://a.test/1.png cat", base64Array = { URI } } },
    { "blend", "submit/blend", { images = { URI, URI }, dimensions = "portrait" },
      { base64Array = { URI, URI }, dimensions = "PORTRAIT" } },
    { "describe", "submit/describe", URI, { base64 = URI } },
    { "shorten", "submit/shorten", "a very big cat", { prompt = "a very big cat" } },
    { "video", "submit/video", { prompt = "it purrs", image = URI, motion = "low", batch = 2 },
      { prompt = "it purrs", image = URI, motion = "low", batchSize = 2 } },
    { "video", "submit/video", { prompt = "it jumps", task = ID, index = 3 },
      { prompt = "it jumps", taskId = ID, action = "extend", index = 2 } },
    { "edit", "submit/edits", { prompt = "a hat", image = URI },
      { prompt = "a hat", image = URI } },
    { "retexture", "submit/retexture", { prompt = "wood", image = URI },
      { prompt = "wood", image = URI } },
    { "swap_face", "insight-face/swap", { source = URI, target = "https://a.test/2.png" },
      { sourceBase64 = URI, targetUrl = "https://a.test/2.png" } },
  }

  for i, call in ipairs(calls) do
    it(("%d: %s"):format(i, call[1]), function()
      local client, world = helper.script()
      assert(client[call[1]](client, call[3]):await())
      local route, body = last_post(world)
      assert.equal(call[2], route)
      for name, value in pairs(call[4]) do
        assert.same(value, body[name], name)
      end
      local general = type(call[3]) == "table" and call[3]
        or { [call[1] == "shorten" and "prompt" or "image"] = call[3] }
      assert(client:submit(call[1], general):await())
      local again, same = last_post(world)
      body.state, same.state = nil, nil
      assert.same({ route, body }, { again, same })
    end)
  end

  it("take the options that all have", function()
    local client, world = helper.script()
    assert(client:imagine {
      prompt = "cat", bot = "niji", notify_hook = "https://a.test/hook", mode = "relax",
      account_filter = { modes = { "FAST" } }, extra = { noStorage = true },
    }:await())
    local _, body = last_post(world)
    assert.equal("NIJI_JOURNEY", body.botType)
    assert.equal("https://a.test/hook", body.notifyHook)
    assert.same({ modes = { "FAST" } }, body.accountFilter)
    assert.is_true(body.noStorage)
    assert.matches("/mj%-relax/mj/submit/imagine$", posts(world)[1].url)
  end)

  it("say what they miss, at the caller's line", function()
    local client, world = helper.script()
    for message, call in pairs {
      ["client:blend: field 'images': picture or list of pictures expected, got nil"] = function()
        client:blend {}
      end,
      ["client:describe: field 'image': picture expected, got nil"] = function()
        client:describe {}
      end,
      ["client:describe: field 'image': path, http(s) address, data: URI or mj.bytes expected, "
        .. "got number"] = function()
        client:describe { image = 7 }
      end,
      ["client:blend: unknown option 'base64Array' (did you mean 'images'?)"] = function()
        client:blend { base64Array = {} }
      end,
      ["client:video: give either 'task' or 'image'"] = function()
        client:video { prompt = "x", task = ID, image = URI }
      end,
      ["client:inpaint: give either 'task' or 'image'"] = function()
        client:inpaint { mask = URI }
      end,
      ["client:simple_change: field 'content': "
        .. "\"ID U1\", \"ID V1\" or \"ID R\" expected, got 'x U5'"] = function()
        client:simple_change "x U5"
      end,
      ["client:change: field 'index': 1 to 4 expected, got nil"] = function()
        client:change { task = ID, action = "UPSCALE" }
      end,
      ["client:modal: field 'task': task or id (a string) expected, got nil"] = function()
        client:modal(nil, {})
      end,
    } do
      local ok, e = pcall(call)
      assert.is_false(ok, message)
      assert.equal(message, (e:gsub("^[^:]+:%d+: ", "")))
      assert.matches("verb_spec.lua:%d+:", e)
    end
    assert.equal(0, #world:requests())
  end)

  it("end before anything is sent where the world has no such picture", function()
    local client, world = helper.script()
    local folder = helper.folder()
    local text = folder .. "/note.txt"
    local file = assert(io.open(text, "w"))
    file:write "no picture"
    file:close()
    for _, path in ipairs { folder .. "/none.png", text, folder } do
      local task, e = client:describe(path):await()
      assert.is_nil(task)
      assert.equal("invalid", e.code)
      assert.truthy(e.message:find(path, 1, true), e.message)
    end
    local task, e = client:blend { images = URI }:await()
    assert.is_nil(task)
    assert.equal("invalid", e.code)
    assert.matches("2 to 5 expected, got 1", e.message)
    assert.equal(0, #world:requests())
    helper.remove(folder)
  end)

  it("upload brings addresses", function()
    local client, world = helper.script {
      { match = "POST", body = '{"code":1,"description":"ok",'
        .. '"result":["https://a/1","https://a/2"]}' },
    }
    assert.same({ "https://a/1", "https://a/2" }, client:upload { images = { URI, URI } }:await())
    assert.equal("submit/upload-discord-images", (last_post(world)))
  end)

  it("change and simple_change click what means the same", function()
    local client, world = helper.script()
    assert(client:change { task = ID, action = "VARIATION", index = 2 }:await())
    local route, body = last_post(world)
    assert.equal("submit/action", route)
    assert.matches("^MJ::JOB::variation::2::", body.customId)
    assert(client:simple_change(ID .. " r"):await())
    body = select(2, last_post(world))
    assert.matches("^MJ::JOB::reroll::0::", body.customId)
  end)

  it("change goes to /submit/change where tasks have no buttons", function()
    local client, world = helper.script {
      { match = "POST", body = helper.accepted(), ["repeat"] = true },
      { match = "/fetch", body = helper.task { buttons = cjson.null }, ["repeat"] = true },
    }
    assert(client:change { task = ID, action = "UPSCALE", index = 4 }:await())
    local route, body = last_post(world)
    assert.equal("submit/change", route)
    assert.same({ "UPSCALE", 4, ID }, { body.action, body.index, body.taskId })
  end)

  it("are functions of the module as well", function()
    local names = require("mj.verbs").names()
    assert.truthy(#names > 10)
    for _, name in ipairs(names) do
      assert.is_function(mj[name], name)
    end
  end)
end)

describe("dialogs", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local ZOOM = "MJ::CustomZoom::abc"
  local MODAL = helper.task { status = "MODAL", buttons = cjson.null, imageUrl = cjson.null,
    properties = { finalPrompt = "black cat --zoom 2" } }

  local function asking()
    return {
      { match = "/action", body = helper.accepted "18" },
      { match = "/fetch", body = MODAL },
      { match = "/modal", body = helper.accepted "18", ["repeat"] = true },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
    }
  end

  it("are answered by the click", function()
    local client, world = helper.script(asking())
    assert(client:click(ID, ZOOM, { zoom = 1.25 }):await())
    local route, body = last_post(world)
    assert.equal("submit/modal", route)
    assert.equal("black cat --zoom 1.25", body.prompt)
    assert.equal("18", body.taskId)
    assert.equal(2, #posts(world))
  end)

  it("that miss something are handed over, once", function()
    for _, go_on in ipairs {
      function(_, e)
        return e.task:modal { zoom = 1.5 }
      end,
      function(job)
        return job:modal { zoom = 1.5 }
      end,
      function(_, e, client)
        return client:modal(e.task_id, { prompt = "black cat --zoom 1.5" })
      end,
    } do
      local client, world = helper.script(asking())
      local job = client:click(ID, ZOOM)
      local task, e = job:await()
      assert.is_nil(task)
      assert.equal("needs_input", e.code)
      assert.equal("MODAL", e.task.status)
      assert.equal(1, #posts(world))
      assert(go_on(job, e, client):await())
      local _, body = last_post(world)
      assert.equal("black cat --zoom 1.5", body.prompt)
      assert.equal(2, #posts(world))
    end
  end)

  it("take a prompt with its parameters", function()
    local client, world = helper.script(asking())
    assert(client:click(ID, "MJ::JOB::variation::1::abc",
      { prompt = "white cat", aspect = "3:2" }):await())
    local _, body = last_post(world)
    assert.equal("white cat --ar 3:2", body.prompt)
    assert.is_true(cjson.decode(posts(world)[1].body).enableRemix)
  end)

  it("of a job that did not end in one cannot be answered", function()
    local client = helper.script()
    local job = client:imagine "cat"
    assert(job:await())
    assert.has_error(function()
      job:modal { zoom = 1.5 }
    end, "job:modal: this job does not wait for input")
  end)

  it("take masks of shapes where the size is known", function()
    local client, world = helper.script {
      { match = "/action", body = helper.accepted "18" },
      { match = "/fetch", body = MODAL },
      { match = "/modal", body = helper.accepted "18" },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
    }
    local region = { size = { 200, 100 }, rects = { { 0, 0, 50, 50 } } }
    assert(client:click(ID, "MJ::Inpaint::1::abc::SOLO", { mask = region, prompt = "hat" }):await())
    local _, body = last_post(world)
    assert.matches("^data:image/png;base64,iVBORw0KGgo", body.maskBase64)
    assert.equal("hat", body.prompt)
    region.size = nil
    local before = #posts(world)
    local _, e = client:click(ID, "MJ::Inpaint::1::abc::SOLO", { mask = region }):await()
    assert.equal("network", e.code) -- there is no picture to look at
    assert.equal(before, #posts(world))
  end)
end)

describe("questions", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local function pair()
    return ("[%s,%s]"):format((helper.task { id = "18" }), (helper.task { id = "17" }))
  end

  it("list tasks", function()
    local client, world = helper.script {
      { match = "GET", body = pair(), ["repeat"] = true },
      { match = "POST", body = pair(), ["repeat"] = true },
    }
    for _, job in ipairs { client:list(), client:queue(), client:list { ids = { "17", "18" } } } do
      local tasks = assert(job:await())
      assert.same({ "18", "17" }, { tasks[1].id, tasks[2].id })
      assert.equal("U1", tasks[1].buttons[1].label)
      assert.equal("18", tasks[1].raw.id)
    end
    local seen = world:requests()
    assert.matches("/mj/task/list$", seen[1].url)
    assert.matches("/mj/task/queue$", seen[2].url)
    assert.equal('{"ids":["17","18"]}', seen[3].body)
    for _, request in ipairs(seen) do
      assert.is_false(request.paid)
    end
    assert.has_error(function()
      client:list { ids = { 17 } }
    end, "client:list: field 'ids[1]': id (a string) or task expected, got number")
  end)

  it("tell a seed", function()
    local client = helper.script {
      { match = "/image-seed", body = '{"code":1,"description":"ok","result":"636646138"}' },
      { match = "/image-seed", http = 404, body = '{"code":3,"description":"no"}',
        ["repeat"] = true },
      { match = "POST", body = helper.accepted() },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
    }
    local task = assert(client:imagine "cat":await())
    assert.equal("636646138", task:seed())
    local seed, e = task:seed()
    assert.is_nil(seed)
    assert.equal("not_found", e.code)
  end)

  it("have a task stopped", function()
    local client, world = helper.script {
      { match = "POST http://gateway.test/mj/submit", body = helper.accepted "17" },
      { match = "/cancel", body = '{"code":1,"description":"ok","result":"17"}',
        ["repeat"] = true },
      { match = "/fetch", body = helper.running() },
      { match = "/fetch", body = helper.task { status = "CANCEL" }, ["repeat"] = true },
    }
    local job = client:imagine "cat"
    job:id()
    mj.sleep(3)
    assert.is_true(job:cancel())
    local task, e = job:await()
    assert.is_nil(task)
    assert.equal("cancelled", e.code)
    assert.equal("CANCEL", e.task.status)
    local stopped = assert(e.task:cancel():await())
    assert.equal("CANCEL", stopped.status)
    local asked = 0
    for _, request in ipairs(world:requests()) do
      asked = asked + (request.url:find "/mj/task/17/cancel$" and 1 or 0)
    end
    assert.equal(2, asked)
  end)

  it("remember what a gateway has not", function()
    local client, world = helper.script {
      { match = "/task/list", http = 404, ["repeat"] = true,
        body = '{"error":{"message":"Invalid URL (GET /mj/task/list)","type":"x","code":""}}' },
    }
    for _ = 1, 2 do
      local tasks, e = client:list():await()
      assert.is_nil(tasks)
      assert.equal("unsupported", e.code)
    end
    assert.equal(1, #world:requests())
  end)

  it("know how many are before a job, and several tasks of one click", function()
    local client = helper.script {
      { match = "POST", body = '{"code":22,"description":"wait","result":"17",'
        .. '"properties":{"numberOfQueues":3}}' },
      { match = "POST", body = '{"code":1,"description":"ok","result":"21,22,23"}' },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
    }
    local job = client:imagine "cat"
    assert.is_nil(job:ahead())
    assert.is_nil(job:ids())
    job:id()
    assert.equal(3, job:ahead())
    assert(job:await())
    assert.is_nil(job:ahead())
    assert.same({ "17" }, job:ids())
    job = client:click(ID, "MJ::Job::PicReader::all")
    assert(job:await())
    assert.same({ "21", "22", "23" }, job:ids())
  end)

  it("pictures come from another host where one says so", function()
    local client, world = helper.script({
      { match = "POST", body = helper.accepted() },
      { match = "/fetch", body = helper.task {
        imageUrl = "http://localhost:3000/mj/image/1?x=1",
      } },
      { match = "/mj/image/", body = helper.PNG },
    }, { image_host = "gateway" })
    local task = assert(client:imagine "cat":await())
    assert.equal(helper.BASE .. "/mj/image/1?x=1", task.image_url)
    assert.equal("http://localhost:3000/mj/image/1?x=1", task.raw.imageUrl)
    assert.equal(helper.PNG, task:bytes())
    assert.equal(helper.BASE .. "/mj/image/1?x=1", world:requests()[3].url)
  end)

  it("a film is saved as films, without its poster", function()
    local client = helper.script {
      { match = "POST", body = helper.accepted "17" },
      { match = "/fetch", body = helper.task {
        action = "VIDEO", videoUrls = { { url = helper.BASE .. "/v/1.mp4" },
          { url = helper.BASE .. "/v/2.mp4" } },
      } },
      { match = "/v/", body = "\0\0\0\24ftypisom", ["repeat"] = true },
    }
    local folder = helper.folder()
    local task = assert(client:video { prompt = "x", image = URI }:await())
    assert.same({ folder .. "/17-1.mp4", folder .. "/17-2.mp4" },
      { (table.unpack or unpack)(assert(task:save(folder .. "/"))) })
    helper.remove(folder)
  end)
end)

describe("warnings about a prompt", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("go to the log", function()
    local lines = {}
    local client = helper.script(nil, { log = function(level, line)
      lines[#lines + 1] = level .. ": " .. line
    end })
    assert(client:imagine "a cat —ar 3:2":await())
    assert.matches("warning: .*taken for %-%-ar", table.concat(lines, "\n"))
  end)
end)
