-- SPDX-License-Identifier: MIT
-- A part of a picture made anew: through a task's button, or with a hole in a
-- picture, which may have to come from somewhere first.

local cjson = require "cjson"
local helper = require "helper"
local image = require "mj.image"
local mj = require "mj"

local PNG = image.mask { width = 64, height = 32, rects = { { 0, 0, 8, 8 } } }
local DATA_URI = "^data:image/png;base64,iVBORw0KGgo" -- any PNG begins so
local SHAPES = { rects = { { 0, 0, 16, 16 } } }
local THERE = helper.BASE .. "/there.png"

-- The body of the last POST, and its route.
local function last(world)
  local found
  for _, request in ipairs(world:requests()) do
    found = request.method == "POST" and request or found
  end
  return cjson.decode(found.body), found.url:match "/mj/(.*)$"
end

local function slow_picture()
  return helper.script(helper.gateway { { match = "/there.png", body = PNG, delay = 3 } })
end

describe("inpaint", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("presses Vary (Region) of a task", function()
    local button = { customId = "MJ::Inpaint::1::x::SOLO", label = "Vary (Region)" }
    local client, world = helper.script {
      { match = "/77/fetch", body = helper.task { buttons = { button }, imageWidth = 64,
        imageHeight = 32 } },
      { match = "submit/action", body = cjson.encode { code = 21, description = "confirm",
        result = "78" } },
      { match = "/78/fetch", body = helper.task { status = "MODAL", buttons = {} } },
      { match = "submit/modal", body = cjson.encode { code = 1, description = "ok",
        result = "78" } },
      { match = "/78/fetch", body = helper.task() },
    }
    local task = assert(client:task("77"):await())
    local job = client:inpaint { task = task, mask = SHAPES, prompt = "a hat" }
    assert.equal("78", assert(job:await()).id)
    local body, route = last(world)
    assert.equal("submit/modal", route)
    assert.equal("a hat", body.prompt)
    assert.matches(DATA_URI, body.maskBase64)
  end)

  it("looks at a task's picture where nobody told its size", function()
    local button = { customId = "MJ::Inpaint::1::x::SOLO", label = "Vary (Region)" }
    for _, by_id in ipairs { false, true } do
      local client, world = helper.script {
        { match = "/77/fetch", body = helper.task { buttons = { button } }, ["repeat"] = true },
        { match = "/mj/image/", body = PNG },
        { match = "submit/action", body = cjson.encode { code = 21, description = "confirm",
          result = "78" } },
        { match = "/78/fetch", body = helper.task { status = "MODAL", buttons = {} } },
        { match = "submit/modal", body = cjson.encode { code = 1, description = "ok",
          result = "78" } },
        { match = "/78/fetch", body = helper.task() },
      }
      local task = by_id and "77" or assert(client:task("77"):await())
      local job = client:inpaint { task = task, prompt = "a hat",
        mask = { unit = "fraction", rects = { { 0, 0, 0.5, 1 } } } }
      assert.equal("78", assert(job:await()).id)
      local body, route = last(world)
      assert.equal("submit/modal", route)
      assert.matches(DATA_URI, body.maskBase64)
      client:close()
    end
  end)

  it("says that there is no such button before it looks", function()
    local client, world = helper.script()
    local task = assert(client:imagine("cat"):await())
    for _, of in ipairs { task, task.id } do
      for _, job in ipairs {
        client:inpaint { task = of, mask = SHAPES, prompt = "x" },
        client:click(of, "vary:region", { mask = SHAPES, prompt = "x" }),
      } do
        local _, e = job:await()
        assert.equal("no_button", e.code)
      end
    end
    for _, request in ipairs(world:requests()) do
      assert.is_false(request.foreign)
    end
    assert.equal(1, world:counts().paid)
  end)

  it("tells what a picture is that cannot be looked at", function()
    local button = { customId = "MJ::Inpaint::1::x::SOLO", label = "Vary (Region)" }
    local client, world = helper.script(helper.gateway {
      { match = "/77/fetch", body = helper.task { buttons = { button } }, ["repeat"] = true },
      { match = "/78/fetch", body = helper.task { buttons = { button }, imageUrl = cjson.null },
        ["repeat"] = true },
      { match = "/mj/image/", body = "no picture" },
    })
    local _, e = client:inpaint({ task = "77", mask = SHAPES, prompt = "x" }):await()
    assert.equal("invalid", e.code)
    assert.matches("^client:inpaint: a look at task 77 needs a picture", e.message)
    _, e = client:inpaint({ task = "78", mask = SHAPES, prompt = "x" }):await()
    assert.equal("invalid", e.code)
    assert.matches("add size = {width, height}$", e.message)
    assert.equal("78", e.task_id)
    assert.equal(0, world:counts().paid)
  end)

  it("raises mistakes in a mask at once, whatever the family and the size", function()
    for _, dialect in ipairs { "mj", "generate", "auto" } do
      local client, world = helper.script(nil, { dialect = dialect })
      for message, mask in pairs {
        ["no shapes (rects, ellipses, polygons)"] = { rects = {} },
        ["rects[1]: {x, y, width, height} expected, the last two above 0"] =
          { rects = { { 0, 0, 5 } } },
        ["rects[2]: number 3 is 2, fractions are 0 to 1"] =
          { unit = "fraction", rects = { { 0, 0, 1, 1 }, { 0, 0, 2, 1 } } },
        ["polygons[1]: {x1, y1, x2, y2, x3, y3, ...} expected, got 4 numbers"] =
          { polygons = { { 0, 0, 5, 5 } } },
        ["size: {width, height} in pixels expected, at most 8192"] =
          { size = { 9000, 1 }, rects = { { 0, 0, 5, 5 } } },
      } do
        for _, args in ipairs { { task = "77" }, { image = THERE } } do
          args.mask, args.prompt = mask, "x"
          local ok, text = pcall(client.inpaint, client, args)
          assert.is_false(ok, message)
          assert.truthy(text:find("client:inpaint: field 'mask': " .. message, 1, true), text)
        end
      end
      assert.equal(0, #world:requests())
    end
  end)

  it("cuts a hole into a picture", function()
    local client, world = helper.script()
    assert(client:inpaint({ image = mj.bytes(PNG), mask = SHAPES, prompt = "a hat" }):await())
    local body, route = last(world)
    assert.equal("submit/edits", route)
    assert.equal("a hat", body.prompt)
    assert.matches(DATA_URI, body.image)
    assert.is_nil(body.maskBase64)
    assert(client:edit({ image = mj.bytes(PNG), prompt = "a hat" }):await())
    local whole = last(world).image
    assert.is_not.equal(whole, body.image)
    -- the same from a data URI, with the mask as one
    local mask = image.mask { width = 64, height = 32, rects = SHAPES.rects }
    assert(client:describe(mj.bytes(mask)):await())
    assert(client:edit({ image = whole, mask = last(world).base64, prompt = "a hat" }):await())
    assert.equal(body.image, last(world).image)
  end)

  it("fetches a picture at an address first, and blocks nobody", function()
    local client, world = slow_picture()
    local job = client:inpaint { image = THERE, mask = SHAPES, prompt = "a hat" }
    assert.equal(0, #world:requests())
    assert.is_false(job:done())
    assert.is_nil(job:progress())
    assert.is_nil(job:ahead())
    assert.is_nil(job:ids())
    assert.is_nil(job:token())
    assert.matches("inpaint %(queued%)", tostring(job))
    local seen = 0
    local task = assert(job:await { on_progress = function()
      seen = seen + 1
    end })
    assert.equal("SUCCESS", task.status)
    assert.is_true(world:requests()[1].foreign)
    assert.matches(DATA_URI, last(world).image)
    assert.equal(task.id, job:id())
    assert.equal(1, world:counts().paid)
  end)

  it("hears of its progress although it began before the job", function()
    local client = helper.script(helper.gateway {
      { match = "/there.png", body = PNG },
      { match = "/fetch", body = helper.running "31%" },
    })
    local seen = {}
    assert(client:edit({ image = THERE, mask = SHAPES, prompt = "x" }):await {
      on_progress = function(task)
        seen[#seen + 1] = task.progress
      end,
    })
    assert.same({ 31 }, seen)
  end)

  it("tells what became of that picture, and sends nothing", function()
    local client, world = helper.script {
      { match = "/gone.png", http = 404, ["repeat"] = true },
      { match = "/text.png", body = "no picture", ["repeat"] = true },
      { match = "/small.png", body = PNG, ["repeat"] = true },
    }
    local function try(name, mask)
      local result, e = client:edit({
        image = helper.BASE .. name, mask = mask, prompt = "x",
      }):await()
      assert.is_nil(result)
      return e
    end
    assert.equal("not_found", try("/gone.png", SHAPES).code)
    assert.equal("invalid", try("/text.png", SHAPES).code)
    local e = try("/small.png", { rects = { { 1000, 1000, 5, 5 } } })
    assert.equal("invalid", e.code) -- its caller has gone on: no raise
    assert.matches("^client:edit: field 'mask': it selects nothing of a picture of 64x32$",
      e.message)
    local small = image.mask { width = 9, height = 9, rects = { { 0, 0, 9, 9 } } }
    e = try("/small.png", mj.bytes(small))
    assert.equal("invalid", e.code)
    assert.matches("it is 9x9, the picture 64x32", e.message)
    assert.equal(0, world:counts().paid)
  end)

  it("can be given up while the picture comes", function()
    local client, world = slow_picture()
    local job = client:edit { image = THERE, mask = SHAPES, prompt = "x" }
    mj.step(0)
    assert.is_true(job:cancel())
    assert.is_false(job:cancel())
    assert.equal("cancelled", select(2, job:await()).code)
    mj.run()
    assert.equal(0, world:counts().paid)
  end)

  it("ends when the client is closed meanwhile", function()
    local client, world = slow_picture()
    local job = client:edit { image = THERE, mask = SHAPES, prompt = "x" }
    mj.step(0)
    client:close()
    assert.equal("closed", select(2, job:await()).code)
    assert.equal(0, world:counts().paid)
  end)

  it("waits for the picture no longer than for anything", function()
    local client, world = helper.script(helper.gateway {
      { match = "/there.png", body = PNG, delay = 300 },
    }, { timeout = 20 })
    local job = client:edit { image = THERE, mask = SHAPES, prompt = "x" }
    local _, e = job:await { timeout = 100 }
    assert.equal("timeout", e.code)
    assert.is_true(job:done())
    assert.near(1020, world:now(), 0.1)
    assert.equal(0, mj.pending())
  end)

  it("takes a text that the core refuses as an error of the job", function()
    local client = slow_picture()
    local job = client:edit { image = THERE, mask = SHAPES, prompt = "a\0b" }
    local _, e = job:await()
    assert.equal("invalid", e.code)
    assert.matches("field 'prompt': contains a NUL byte", e.message)
  end)
end)

describe("mj.mask", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local function task_with(fields)
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.task(fields) },
      { match = "/mj/image/", body = PNG },
    })
    return assert(client:task("77"):await()), world
  end

  it("looks at the picture where nobody says its size", function()
    local task, world = task_with()
    local before = #world:requests()
    local made = assert(mj.mask(task, { unit = "fraction", rects = { { 0, 0, 0.5, 0.5 } } }))
    assert.equal("mj.bytes", getmetatable(made).__name)
    local width, height, kind = image.size(made.data)
    assert.same({ 64, 32, "png" }, { width, height, kind })
    assert.equal(0.25, image.white(made.data))
    assert.equal(before + 1, #world:requests())
  end)

  it("does not where somebody does", function()
    local task, world = task_with { imageWidth = 100, imageHeight = "50" }
    local before = #world:requests()
    local made = assert(mj.mask(task, { rects = { { 0, 0, 10, 10 } } }))
    assert.same({ 100, 50 }, { (image.size(made.data)), (select(2, image.size(made.data))) })
    made = assert(mj.mask(task, { size = { 20, 10 }, rects = { { 0, 0, 10, 10 } } }))
    assert.equal(20, (image.size(made.data)))
    assert.equal(before, #world:requests())
  end)

  it("tells what is in the way", function()
    local task = task_with { imageUrl = cjson.null }
    local made, e = mj.mask(task, { rects = { { 0, 0, 1, 1 } } })
    assert.is_nil(made)
    assert.equal("not_found", e.code)
    for message, call in pairs {
      ["mj.mask: task expected, got string"] = { "77", {} },
      ["mj.mask: table of shapes expected, got nil"] = { task },
      ["mj.mask: table of shapes expected, got table"] = { task, mj.bytes "x" },
      ["mj.mask: unknown option 'time'"] = { task, {}, { time = 3 } },
    } do
      assert.has_error(function()
        mj.mask(call[1], call[2], call[3])
      end, message)
    end
  end)
end)
