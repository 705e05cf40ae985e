-- SPDX-License-Identifier: MIT
-- The generate family from Lua: what the verbs become there, what they cannot
-- become, and the same work as everywhere against the simulator.

local cjson = require "cjson"
local helper = require "helper"
local image = require "mj.image"
local mj = require "mj"
local sim = require "mj.sim"

local A, B = "https://cdn.example/a.png", "https://cdn.example/b.png"
local URI = "data:image/png;base64,iVBORw0KGgo="
local PNG = image.mask { width = 640, height = 320, rects = { { 0, 0, 80, 80 } } }
local SHAPES = { size = { 640, 320 }, rects = { { 10, 20, 100, 50 } } }
local DAY = 24 * 60 * 60

local function script(before, opts)
  local all = { dialect = "generate" }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return helper.script(helper.generate(before), all)
end

-- The paid requests.
local function posts(world)
  local list = {}
  for _, request in ipairs(world:requests()) do
    if request.paid then
      list[#list + 1] = request
    end
  end
  return list
end

-- The body of the last paid request; of it the input alone.
local function last(world)
  local list = posts(world)
  local body = cjson.decode(list[#list].body)
  return body.input, body
end

local function simulated(opts, settings)
  local all = { profile = "generate" }
  for name, value in pairs(settings or {}) do
    all[name] = value
  end
  return helper.simulated(all, opts)
end

describe("in the generate family", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local cases = {
    { "imagine", { prompt = "a fox --ar 16:9 --seed 7", chaos = 10, version = 7, mode = "turbo",
        translate = true },
      { mode = "text-to-image", prompt = "a fox --seed 7", aspect = "16:9", chaos = 10,
        version = "v7", speed = "turbo", enableTranslation = true } },
    { "imagine", { prompt = "a dog in a park", images = { A, B } },
      { mode = "image-to-image", prompt = "a dog in a park", image_urls = { A, B } } },
    { "click", { task = "task_1", button = "upscale:2" },
      { mode = "upscale", taskId = "task_1", imageIndex = 1, type = 0 } },
    { "click", { task = "task_1", button = "U4", type = 3 },
      { mode = "upscale", taskId = "task_1", imageIndex = 3, type = 3 } },
    { "click", { task = "task_1", button = "U1", type = 1.0 },
      { mode = "upscale", taskId = "task_1", imageIndex = 0, type = 1 } },
    { "click", { task = "task_1", button = "U1", type = "2x" },
      { mode = "upscale", taskId = "task_1", imageIndex = 0, type = 2 } },
    { "click", { task = "task_1", button = "V1", strength = "strong", prompt = "at night" },
      { mode = "vary", taskId = "task_1", imageIndex = 0, type = 1, prompt = "at night" } },
    { "click", { task = "task_1", button = "vary:3" },
      { mode = "vary", taskId = "task_1", imageIndex = 2, type = 0 } },
    { "change", { task = "task_1", action = "UPSCALE", index = 3 },
      { mode = "upscale", taskId = "task_1", imageIndex = 2, type = 0 } },
    { "simple_change", { content = "task_1 V4" },
      { mode = "vary", taskId = "task_1", imageIndex = 3, type = 0 } },
    { "generate", { input = { mode = "outpaint", zoom = 2 } }, { mode = "outpaint", zoom = 2 } },
    { "generate", { input = '{"mode":"reroll","taskId":"task_1"}' },
      { mode = "reroll", taskId = "task_1" } },
    { "inpaint", { image = A, mask = SHAPES, prompt = "a hat" },
      { mode = "upload-paint", prompt = "a hat", image_urls = { A },
        mask = { areas = { { width = 640, height = 320,
          points = { 10, 20, 110, 20, 110, 70, 10, 70 } } } },
        canvas = { width = 640, height = 320 },
        imgPos = { x = 0, y = 0, width = 640, height = 320 } } },
    { "inpaint", { image = A, mask = B, prompt = "a hat", canvas = { 1000, 800 },
        place = { x = 100, y = 0, width = 900, height = 800 } },
      { mode = "upload-paint", prompt = "a hat", image_urls = { A }, mask = { url = B },
        canvas = { width = 1000, height = 800 },
        imgPos = { x = 100, y = 0, width = 900, height = 800 } } },
    { "inpaint", { task = "task_1", index = 3, prompt = "a hat",
        mask = { size = { 100, 100 }, polygons = { { 0, 0, 50.4, 0, 50.6, 50 } } } },
      { mode = "upload-paint", prompt = "a hat", image_urls = { helper.IMAGES[3] },
        mask = { areas = { { width = 100, height = 100, points = { 0, 0, 50, 0, 51, 50 } } } },
        canvas = { width = 100, height = 100 },
        imgPos = { x = 0, y = 0, width = 100, height = 100 } } },
  }
  for i, case in ipairs(cases) do
    it(("%d: %s is what the pages have"):format(i, case[1]), function()
      local client, world = script()
      local task = assert(client:submit(case[1], case[2]):await())
      assert.equal("SUCCESS", task.status)
      assert.equal(1, #posts(world))
      local input, body = last(world)
      assert.same(case[3], input)
      assert.equal("async", body.request_type)
      assert.matches("/api/v1/generateTask/midjourney$", posts(world)[1].url)
    end)
  end

  it("all verbs take the common options", function()
    for name, args in pairs {
      imagine = { prompt = "cat" }, click = { task = "task_1", button = "U1" },
      generate = { input = { mode = "x" } },
      inpaint = { image = A, mask = SHAPES, prompt = "cat" },
    } do
      local client, world = script()
      args.notify_hook, args.provider = "https://me.example/hook", "official"
      args.state, args.extra = "order 7", { source = "me", input = { more = 1 } }
      local task = assert(client:submit(name, args):await())
      local input, body = last(world)
      assert.equal("callback", body.request_type, name)
      assert.equal("https://me.example/hook", body.callback_url)
      assert.equal("official", body.provider)
      assert.equal("me", body.source)
      assert.equal(1, input.more)
      assert.is_nil(body.state)
      assert.equal("order 7", task.state)
    end
  end)

  local nowhere = {
    blend = { images = { A, B } }, describe = { image = A }, shorten = { prompt = "cat" },
    modal = { task = "task_1", prompt = "cat" }, video = { prompt = "cat", image = A },
    edit = { image = A, prompt = "cat" }, retexture = { image = A, prompt = "cat" },
    upload = { images = A }, swap_face = { source = A, target = B },
  }
  for name, args in pairs(nowhere) do
    it(name .. " is of the other family", function()
      local client, world = script()
      local result, e = client:submit(name, args):await()
      assert.is_nil(result)
      assert.equal("unsupported", e.code)
      assert.matches("mj family", e.message)
      assert.equal(0, #world:requests())
    end)
  end

  it("so are these options and questions", function()
    local client, world = script()
    local task = assert(client:task("task_1"):await())
    local before = #world:requests()
    for what, make in pairs {
      relax = function()
        return client:imagine { prompt = "cat", mode = "relax" }
      end,
      bot = function()
        return client:imagine { prompt = "cat", bot = "niji" }
      end,
      filter = function()
        return client:imagine { prompt = "cat", account_filter = {} }
      end,
      mask = function()
        return task:click("V1", { mask = mj.bytes(PNG) })
      end,
      zoom = function()
        return task:click("V1", { zoom = 1.5 })
      end,
      remix = function()
        return task:click("V1", { remix = true })
      end,
      list = function()
        return client:list()
      end,
      ids = function()
        return client:list { ids = { "task_1" } }
      end,
      queue = function()
        return client:queue()
      end,
      cancel = function()
        return task:cancel()
      end,
      customId = function()
        return client:click("task_1", "MJ::JOB::upsample::1::x")
      end,
    } do
      local result, e = make():await()
      assert.is_nil(result, what)
      assert.equal("unsupported", e.code, what)
      assert.truthy(e.message:find("mj family", 1, true), what .. ": " .. e.message)
    end
    local seed, e = task:seed()
    assert.is_nil(seed)
    assert.equal("unsupported", e.code)
    assert.equal(before, #world:requests())
  end)

  it("and these of this one", function()
    local client, world = helper.script(nil, { dialect = "mj" })
    local SURE = "MJ::JOB::upsample::2::x"
    for what, make in pairs {
      generate = function()
        return client:generate { input = { mode = "outpaint" } }
      end,
      type = function()
        return client:click("77", SURE, { type = 1 })
      end,
      strength = function()
        return client:click("77", "MJ::JOB::variation::2::x", { strength = "strong" })
      end,
      provider = function()
        return client:imagine { prompt = "cat", provider = "value" }
      end,
      translate = function()
        return client:imagine { prompt = "cat", translate = true }
      end,
      canvas = function()
        return client:inpaint { image = A, mask = SHAPES, prompt = "x", canvas = { 100, 100 } }
      end,
      place = function()
        return client:inpaint { task = "77", mask = SHAPES, prompt = "x",
          place = { 0, 0, 10, 10 } }
      end,
      index = function()
        return client:inpaint { task = "77", mask = SHAPES, prompt = "x", index = 2 }
      end,
      customId = function()
        return client:click("77", "generate::upscale::2")
      end,
    } do
      local result, e = make():await()
      assert.is_nil(result, what)
      assert.equal("unsupported", e.code, what)
      assert.truthy(e.message:find("generate family", 1, true), what .. ": " .. e.message)
    end
    assert.equal(0, #world:requests())
  end)

  it("pages' names lead to ours", function()
    local client = script()
    for theirs, ours in pairs {
      image_urls = "images", enableTranslation = "translate", callback_url = "notify_hook",
      request_type = "notify_hook", speed = "mode",
    } do
      local ok, e = pcall(client.imagine, client, { prompt = "cat", [theirs] = true })
      assert.is_false(ok)
      assert.truthy(e:find(("unknown option '%s' (did you mean '%s'?)"):format(theirs, ours), 1,
        true), e)
    end
    for theirs, ours in pairs {
      imgPos = "place", imageIndex = "index", image_urls = "image", taskId = "task",
    } do
      local ok, e = pcall(client.inpaint, client, { image = A, mask = B, [theirs] = 1 })
      assert.is_false(ok)
      assert.truthy(e:find(("unknown option '%s' (did you mean '%s'?)"):format(theirs, ours), 1,
        true), e)
    end
    local ok, e = pcall(client.inpaint, client, { image = A, mask = { areas = {} }, prompt = "x" })
    assert.is_false(ok)
    assert.matches("unknown option 'areas' %(did you mean 'polygons'%?%)", e)
  end)

  it("a task has the fields of the pages, and ours", function()
    local client = script()
    local task = assert(client:imagine { prompt = "a fox", state = "mine" }:await())
    assert.equal("task_1", task.id)
    assert.equal(task.id, task.taskId)
    assert.equal("IMAGINE", task.action)
    assert.equal("a fox", task.prompt)
    assert.equal("mine", task.state)
    assert.equal(100, task.progress)
    assert.equal(41.388, task.cost)
    assert.equal(41388, task.costTime)
    assert.equal(1767965610929, task.createTime)
    assert.equal(1767965652317, task.completeTime)
    assert.near(task.finished_at + 15 * DAY, task.expires_at, 0.001)
    assert.same(helper.IMAGES, task.images)
    assert.equal(task.images, task.resultUrls)
    assert.equal(helper.IMAGES[1], task.image_url)
    assert.equal("success", task.raw.data.state)
    assert.equal("U1 U2 U3 U4 🔄 V1 V2 V3 V4", tostring(task.buttons))
    assert.equal("vary:3", task.buttons.V3.intent)
    assert.is_true(task:can "reroll")
    assert.is_false((task:can "zoom:2"))
  end)

  it("a failure has its code", function()
    local again = { GENERATION_FAILED = true, PROCESSING_TIMEOUT = true }
    for code, expected in pairs {
      CONTENT_VIOLATION = "banned_prompt", INVALID_TASK_ID = "not_found",
      INVALID_IMAGE_URL = "invalid", IMAGE_TOO_LARGE = "too_large", GENERATION_FAILED = "failed",
      PROCESSING_TIMEOUT = "failed", SOMETHING_NEW = "failed",
    } do
      local client, world = script {
        { match = "/statusTask/", body = helper.status {
          state = "failed", failCode = code, failMsg = "no luck", resultJson = cjson.null,
        } },
      }
      local task, e = client:imagine "cat":await()
      assert.is_nil(task)
      assert.equal(expected, e.code, code)
      assert.equal("task task_1 failed: no luck", e.message)
      assert.equal(again[code] or false, e.retryable, code)
      assert.equal(code, e.fail_code)
      assert.equal("no luck", e.fail_reason)
      assert.same({ code, "no luck", "FAILURE" },
        { e.task.failCode, e.task.failMsg, e.task.status })
      assert.equal(1, #posts(world))
    end
  end)

  it("files are refused before anything is sent, and told what to do", function()
    local folder = helper.folder()
    finally(function()
      helper.remove(folder)
    end)
    local file = assert(io.open(folder .. "/a.png", "wb"))
    file:write(PNG)
    file:close()
    local client, world = script()
    for _, picture in ipairs { folder .. "/a.png", mj.bytes(PNG), URI } do
      for _, job in ipairs {
        client:imagine { prompt = "cat", images = picture },
        client:inpaint { image = picture, mask = SHAPES, prompt = "cat" },
        client:inpaint { image = picture, prompt = "cat",
          mask = { unit = "fraction", rects = { { 0, 0, 0.5, 0.5 } } } },
      } do
        local task, e = job:await()
        assert.is_nil(task)
        assert.equal("invalid", e.code)
        if picture ~= URI then
          assert.matches("give its URL", e.message)
        end
      end
    end
    local _, e = client:imagine {
      prompt = "cat", images = mj.bytes(PNG .. ("\0"):rep(10 * 1024 * 1024)),
    }:await()
    assert.equal("too_large", e.code)
    assert.matches("10 MB", e.message)
    assert.equal(0, #world:requests())
  end)
end)

describe("inpaint in the generate family", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("draws what polygons cannot say", function()
    for _, shapes in ipairs {
      { size = { 64, 32 }, ellipses = { { 20, 10, 5, 5 } } },
      { size = { 64, 32 }, rects = { { 0, 0, 8, 8 } }, invert = true },
      { size = { 64, 32 }, rects = { { 60, 20, 100, 100 } } },
    } do
      local client, world = script()
      assert(client:inpaint { image = A, mask = shapes, prompt = "x" }:await())
      local input = last(world)
      assert.is_nil(input.mask.areas)
      assert.matches("^data:image/png;base64,iVBORw0KGgo", input.mask.url)
      assert.same({ width = 64, height = 32 }, input.canvas)
    end
  end)

  it("takes a PNG as it is", function()
    local client, world = script()
    assert(client:inpaint { image = A, mask = mj.bytes(PNG), prompt = "x" }:await())
    local input = last(world)
    assert.matches("^data:image/png;base64,", input.mask.url)
    assert.same({ width = 640, height = 320 }, input.canvas)
  end)

  it("needs a canvas where a mask is an address", function()
    local client, world = script()
    local _, e = client:inpaint { image = A, mask = B, prompt = "x" }:await()
    assert.equal("invalid", e.code)
    assert.matches("canvas", e.message)
    assert.equal(0, #world:requests())
  end)

  it("looks at the picture for the size that nobody gave", function()
    local shapes = { unit = "fraction", rects = { { 0, 0, 0.5, 0.5 } } }
    local there = helper.BASE .. "/there.png"
    local client, world = script {
      { match = "/there.png", body = PNG, ["repeat"] = true },
      { match = "/r2/2.png", body = PNG, ["repeat"] = true },
    }
    local grid = assert(client:imagine "cat":await())
    for _, args in ipairs {
      { image = there, mask = shapes, prompt = "x" },
      { task = grid, index = 2, mask = shapes, prompt = "x" },
      { task = grid.id, index = 2, mask = shapes, prompt = "x" },
    } do
      local job = client:inpaint(args)
      assert.is_false(job:done())
      assert(job:await())
      assert.same({ 0, 0, 320, 0, 320, 160, 0, 160 }, last(world).mask.areas[1].points)
    end
  end)

  it("says which picture of a task it wants to know", function()
    local client, world = script()
    local grid = assert(client:imagine "cat":await())
    for index, text in pairs { [0] = "has 4 pictures: say which one", [5] = "has 4 pictures;" } do
      local job = client:inpaint { task = grid, mask = SHAPES, prompt = "x",
        index = index > 0 and index or nil }
      local _, e = job:await()
      assert.equal("invalid", e.code)
      assert.truthy(e.message:find(text, 1, true), e.message)
      assert.equal(grid.id, e.task_id)
    end
    assert.equal(1, #posts(world))
  end)

  it("needs none where there is one", function()
    local one = cjson.encode { resultUrls = { helper.IMAGES[2] } }
    local client, world = script {
      { match = "/statusTask/", body = helper.status { resultJson = one }, ["repeat"] = true },
    }
    local task = assert(client:imagine "cat":await())
    assert(client:inpaint { task = task, mask = SHAPES, prompt = "x" }:await())
    assert.same({ helper.IMAGES[2] }, last(world).image_urls)
  end)

  it("tells a task without pictures, and mistakes", function()
    local client, world = script {
      { match = "/statusTask/", body = helper.status { resultJson = "" }, ["repeat"] = true },
    }
    local task = assert(client:task "task_1":await())
    local _, e = client:inpaint { task = task, mask = SHAPES, prompt = "x" }:await()
    assert.equal("not_found", e.code)
    for message, args in pairs {
      ["field 'index': a whole number from 1 up expected"] = { task = "task_1", index = 0 },
      ["field 'index': it goes with 'task'"] = { image = A, index = 1 },
      ["field 'canvas': {width, height} in whole pixels expected"] = { image = A, canvas = { 3 } },
      ["field 'canvas': unknown 'depth'"] = { image = A, canvas = { 3, 4, depth = 5 } },
      ["field 'place': {x, y, width, height} in whole pixels expected"] =
        { image = A, place = { 0, 0.5, 4, 4 } },
      ["give either 'task' or 'image'"] = { image = A, task = "task_1" },
    } do
      args.mask, args.prompt = SHAPES, "x"
      local ok, text = pcall(client.inpaint, client, args)
      assert.is_false(ok, message)
      assert.truthy(text:find("client:inpaint: " .. message, 1, true), text)
      assert.matches("generate_spec.lua:%d+:", text)
    end
    assert.equal(0, #posts(world))
  end)
end)

describe("the simulator's generate profile", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("runs a script that knows nothing of it", function()
    local client, world = simulated()
    local grid = assert(client:imagine "a black cat --ar 3:2":await())
    assert.equal(4, #grid.images)
    assert.equal("a black cat --ar 3:2", grid.prompt)
    local big = assert(grid:click "U2":await())
    assert.equal(1, #big.images)
    assert.equal("UPSCALE", big.action)
    local other = assert(grid:click("V1", { strength = "strong" }):await())
    assert.equal(4, #other.images)
    local again = assert(other:click "reroll":await())
    assert.is_not.equal(other.id, again.id)
    assert.near(again.finished_at + 15 * DAY, again.expires_at, 0.001)
    assert.is_true(again.cost > 10)
assert.equal(4, world:counts().paid)
  end)

  it("waits as the pages say: 20 s, then every 3 s", function()
    local client, world = simulated()
    local job = client:imagine "cat"
    assert(job:id())
    local since, before = world:now(), world:counts().requests
    mj.sleep(19.9 - (world:now() - since))
    assert.equal(before, world:counts().requests)
    assert(job:await())
    local asked = world:counts().requests - before
    local spent = world:now() - since
    assert.is_true(asked >= 2 and asked <= math.ceil((spent - 20) / 3) + 1, asked)
  end)

  it("clicks a task that another client made, but cannot make it again", function()
    local client, world = simulated()
    local grid = assert(client:imagine "cat":await())
    local stranger = helper.client(world, { dialect = "generate" })
    local same = assert(stranger:task(grid.id):await())
    assert.equal(4, #same.images)
    assert.equal(1, #assert(same:click "U2":await()).images)
    assert.equal(1, #assert(stranger:click(grid.id, "upscale:3"):await()).images)
    local paid = world:counts().paid
    for _, job in ipairs { same:click "reroll", stranger:click(grid.id, "reroll"),
      stranger:click(grid.id, "generate::reroll") } do
      local task, e = job:await()
      assert.is_nil(task)
      assert.equal("unsupported", e.code)
      assert.matches("reroll: only for tasks that this client submitted itself", e.message)
    end
    assert.equal(paid, world:counts().paid)
    assert(client:click(grid.id, "reroll"):await())
    assert.equal(paid + 1, world:counts().paid)
  end)

  it("has pictures to look at, on a real connection", function()
    local gateway = assert(sim.start { profile = "generate", clock = 2000, seed = 7, key = "sk-x" })
    local client = assert(mj.client { base_url = gateway.url, api_key = "sk-x", poll = { 0.01 } })
    finally(function()
      client:close()
      gateway:close()
    end)
    local grid = assert(client:imagine "cat --ar 3:2":await { timeout = 20 })
    local hat = assert(client:inpaint {
      task = grid, index = 2, prompt = "a hat",
      mask = { unit = "fraction", rects = { { 0.25, 0, 0.5, 0.5 } } },
    }:await { timeout = 20 })
    assert.equal(4, #hat.images)
    local big = assert(hat:click "U1":await { timeout = 20 })
    local width, height = image.size(assert(big:bytes()))
    assert.is_true(width > height)
    local mask = assert(mj.mask(big, { unit = "fraction", ellipses = { { 0.5, 0.5, 0.2, 0.2 } } }))
    assert.same({ width, height }, { (image.size(mask.data)), (select(2, image.size(mask.data))) })
    assert(client:inpaint { task = big, prompt = "a mouse", mask = mask }:await { timeout = 20 })
    assert.equal(4, gateway.server:stats().submits)
  end)

  it("fails with the pages' codes", function()
    local client = simulated()
    local _, e = client:click("task_nobodyhasit", "upscale:1"):await()
    assert.is_truthy(e.code == "not_found", tostring(e))
    _, e = client:imagine "sim:PROCESSING_TIMEOUT cat":await()
    assert.equal("PROCESSING_TIMEOUT", e.fail_code)
    assert.equal("failed", e.code)
    assert.is_true(e.retryable)
  end)
end)
