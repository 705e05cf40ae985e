-- SPDX-License-Identifier: MIT
-- Dialogs: a click that asks back, answered with what came along or later.

local cjson = require "cjson"
local helper = require "helper"
local image = require "mj.image"
local mj = require "mj"

local ZOOM = "MJ::CustomZoom::f0"
local REGION = "MJ::Inpaint::1::f0::SOLO"
local MASK = image.mask { width = 64, height = 32, rects = { { 0, 0, 8, 8 } } }

local function said(code, id, properties)
  return cjson.encode { code = code, description = code == 21 and "Waiting for window confirm"
    or "提交成功", result = id, properties = properties }
end

-- An upscaled picture, and a task that waits for more.
local proposal = { finalPrompt = "black cat --v 6.1 --zoom 2", remix = true }
local big = helper.task {
  action = "UPSCALE", imageWidth = 64, imageHeight = 32, buttons = {
    { customId = ZOOM, label = "Custom Zoom" }, { customId = REGION, label = "Vary (Region)" },
    { customId = "MJ::JOB::high_variation::1::f0::SOLO", label = "Vary (Strong)" },
  },
}
local waiting = helper.task {
  action = "ZOOM", status = "MODAL", progress = cjson.null, imageUrl = cjson.null, buttons = {},
  finishTime = 0, properties = proposal,
}

-- Tasks 1 (a picture), 2 (its dialog) and 3; `answer` is what submit/modal says.
local function gateway(answer, click)
  return {
    { match = "/1/fetch", body = big, ["repeat"] = true },
    { match = "submit/action", body = click or said(21, "2", proposal) },
    { match = "/2/fetch", body = waiting },
    { match = "submit/modal", body = answer or said(1, "2") },
    { match = "/2/fetch", body = helper.task(), ["repeat"] = true },
    { match = "/3/fetch", body = helper.task(), ["repeat"] = true },
  }
end

local function posts(world)
  local list = {}
  for _, request in ipairs(world:requests()) do
    if request.method == "POST" then
      list[#list + 1] = cjson.decode(request.body)
      list[#list].route = request.url:match "/mj/(.*)$"
    end
  end
  return list
end

local function begin(replies, opts)
  local client, world = helper.script(replies, opts)
  return assert(client:task("1"):await()), world, client
end

describe("a dialog", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("without what it asks for ends the job with the task that waits", function()
    local task, world = begin(gateway())
    local job = task:click "Custom Zoom"
    assert.equal("2", job:id())
    local result, e = job:await()
    assert.is_nil(result)
    assert.equal("needs_input", e.code)
    assert.equal("2", e.task_id)
    assert.equal("MODAL", e.task.status)
    assert.equal("2", e.task.id)
    assert.equal("black cat --v 6.1 --zoom 2", e.task.final_prompt)
    assert.equal(1, #posts(world))
  end)

  for name, continue in pairs {
    ["err.task:modal"] = function(job, opts)
      return select(2, job:await()).task:modal(opts)
    end,
    ["job:modal"] = function(job, opts)
      job:await()
      return job:modal(opts)
    end,
    ["client:modal with the task"] = function(job, opts, client)
      return client:modal(select(2, job:await()).task, opts)
    end,
    ["mj.modal"] = function(job, opts)
      return mj.modal(select(2, job:await()).task, opts)
    end,
    ["client:submit"] = function(job, opts, client)
      opts.task = select(2, job:await()).task
      return client:submit("modal", opts)
    end,
  } do
    it("goes on with " .. name, function()
      local task, world, client = begin(gateway())
      local second = continue(task:click "Custom Zoom", { zoom = 1.8 }, client)
      assert.equal("SUCCESS", assert(second:await()).status)
      assert.equal("2", second:id())
      local sent = posts(world)
      assert.equal(2, #sent)
      assert.equal("submit/modal", sent[2].route)
      assert.equal("2", sent[2].taskId)
      -- the factor into the prompt that the gateway proposed
      assert.equal("black cat --v 6.1 --zoom 1.8", sent[2].prompt)
    end)
  end

  it("goes on by the id alone, if it says all", function()
    local _, world, client = begin(gateway())
    assert(client:modal("2", { prompt = "dog", zoom = 2, aspect = "1:1" }):await())
    local sent = posts(world)
    assert.equal("dog --ar 1:1 --zoom 2", sent[1].prompt)
    local _, e = client:modal("2", { zoom = 2 }):await()
    assert.equal("invalid", e.code)
    assert.equal(1, #posts(world))
  end)

  it("is answered with what the click brought along", function()
    for label, case in pairs {
      ["Custom Zoom"] = { { zoom = 1.5 }, "black cat --v 6.1 --zoom 1.5" },
      ["zoom:1.3"] = { nil, "black cat --v 6.1 --zoom 1.3" },
      ["Vary (Region)"] = { { prompt = "a hat", mask = mj.bytes(MASK) }, "a hat", true },
      ["vary:region"] = { { prompt = "a hat", chaos = 3, mask = { rects = { { 0, 0, 8, 8 } } } },
        "a hat --chaos 3", true },
    } do
      local task, world = begin(gateway())
      local job = task:click(label, case[1])
      assert.equal("SUCCESS", assert(job:await()).status)
      local sent = posts(world)
      assert.equal(2, #sent, label)
      assert.equal("2", sent[2].taskId)
      assert.equal(case[2], sent[2].prompt)
      assert.equal(case[3] and "data:image/png;base64," or nil,
        sent[2].maskBase64 and sent[2].maskBase64:sub(1, 22))
    end
  end)

  it("is looked at where the reply to the click proposes no prompt", function()
    local task, world = begin(gateway(nil, said(21, "2")))
    assert(task:click("Custom Zoom", { zoom = 1.5 }):await())
    assert.equal("black cat --v 6.1 --zoom 1.5", posts(world)[2].prompt)
  end)

  it("that gives the task another id is told by the job", function()
    local task, world = begin(gateway(said(1, "3")))
    local job = task:click("Custom Zoom", { zoom = 1.5 })
    assert.equal("2", job:id())
    assert.equal("3", assert(job:await()).id)
    assert.equal("3", job:id())
    assert.equal("3", job:token())
    assert.same({ "3" }, job:ids())
    assert.equal(2, #posts(world))
  end)

  it("that only shows when the task is looked at is answered all the same", function()
    local task, world = begin(gateway(nil, said(1, "2"))) -- as new-api says it
    assert(task:click("Vary (Strong)", { prompt = "at night" }):await())
    local sent = posts(world)
    assert.is_true(sent[1].enableRemix)
    assert.equal("submit/modal", sent[2].route)
    assert.equal("at night", sent[2].prompt)
  end)

  it("takes a mask of the size of the picture that the click was about", function()
    local client
    local task, world = begin(gateway())
    local _, e = task:click("vary:region", { prompt = "x" }):await()
    assert.equal("needs_input", e.code)
    local shapes = { rects = { { 0, 0, 8, 8 } } }
    assert(e.task:modal({ prompt = "a hat", mask = shapes }):await()) -- 64x32, from task 1
    assert.matches("^data:image/png;base64,", posts(world)[2].maskBase64)
    assert.equal(2, #posts(world))
    -- nobody knows which picture this one is about
    client, world = helper.script { { match = "/2/fetch", body = waiting, ["repeat"] = true } }
    _, e = client:modal("2", { prompt = "a hat", mask = shapes }):await()
    assert.equal("invalid", e.code)
    assert.matches("size = {width, height}", e.message)
    assert.equal(0, #posts(world))
  end)

  it("is found again by the id of its task", function()
    local _, world, client = begin(gateway())
    local _, e = client:task("2"):await()
    assert.equal("needs_input", e.code)
    assert(e.task:modal({ zoom = 1.2 }):await())
    assert.equal("black cat --v 6.1 --zoom 1.2", posts(world)[1].prompt)
  end)

  it("is no reason to send a refused answer twice", function()
    local task, world = begin(gateway('{"code":4,"description":"prompt不能为空","result":null}'))
    local _, e = task:click("Custom Zoom", { zoom = 1.5 }):await()
    assert.is_truthy(e)
    assert.equal("2", e.task_id)
    assert.equal(2, #posts(world))
  end)

  it("is not answered with nonsense", function()
    local task, world, client = begin(gateway())
    for field, opts in pairs {
      zoom = { zoom = 3 }, mask = { mask = mj.bytes "no picture" }, prompt = { aspect = "1:1" },
    } do
      local _, e = task:click("Custom Zoom", opts):await()
      assert.equal("invalid", e.code)
      assert.truthy(e.message:find(field, 1, true), e.message)
    end
    assert.equal(0, #posts(world))
    for message, call in pairs {
      ["job:modal: this job does not wait for input"] = function()
        client:task("1"):modal {}
      end,
      ["task:modal: 'task' is given twice"] = function()
        task:modal { task = "2" }
      end,
      ["task:modal: unknown option 'remix'"] = function()
        task:modal { remix = true }
      end,
      ["client:modal: field 'task': task or id (a string) expected, got nil"] = function()
        client:modal()
      end,
      ["task:modal: unknown option 'maskBase64' (did you mean 'mask'?)"] = function()
        task:modal { maskBase64 = "x" }
      end,
      ["task:click: field 'mask': an address cannot be sent as a mask; give a path, a data: URI, "
        .. "mj.bytes or shapes"] = function()
        task:click("vary:region", { mask = "https://cdn.example/a.png" })
      end,
    } do
      local ok, e = pcall(call)
      assert.is_false(ok)
      assert.equal(message, (tostring(e):gsub("^[^:]+:%d+: ", "")))
    end
    for _, job in ipairs(client:jobs()) do
      job:cancel()
      job:await()
    end
  end)

  for _, profile in ipairs { "new-api", "plus", "trueai" } do
    it("of a gateway like " .. profile .. " is answered at once or later", function()
      local client, world = helper.simulated { profile = profile }
      local grid = assert(client:imagine("cat"):await())
      local picture = assert(grid:click("U1"):await())
      local shapes = { size = { 1024, 1024 }, rects = { { 0, 0, 512, 512 } } }
      assert.equal("SUCCESS", assert(
        picture:click("vary:region", { prompt = "a hat", mask = shapes }):await()).status)
      local job = picture:click("Custom Zoom", { state = "mine" })
      local _, e = job:await()
      assert.equal("needs_input", e.code)
      local paid = world:counts().paid
      local wide = assert(job:modal({ zoom = 1.4 }):await())
      assert.equal("SUCCESS", wide.status)
      assert.equal("mine", wide.state)
      assert.equal(paid + 1, world:counts().paid)
    end)
  end
end)
