-- SPDX-License-Identifier: MIT
-- From each verb's options to the body that goes out.

local cjson = require "cjson"
local helper = require "helper"
local image = require "mj.image"
local mj = require "mj"
local option = require "mj.option"
local verbs = require "mj.verbs"

local A, B = "https://cdn.example/a.png", "https://cdn.example/b.png"
local PNG = image.mask { width = 64, height = 32, rects = { { 0, 0, 8, 8 } } }
local DATA_URI = "^data:image/png;base64,iVBORw0KGgo" -- any PNG begins so

-- The body of the last POST, its route, and the request.
local function last(world)
  local found
  for _, request in ipairs(world:requests()) do
    found = request.method == "POST" and request or found
  end
  local body = cjson.decode(found.body)
  assert.matches("^mj_", body.state) -- ours; it is another each time
  body.state = nil
  return body, found.url:match "/mj/(.*)$", found
end

local function button(i)
  return { taskId = "77", customId = helper.buttons()[i].customId }
end

-- Options, then the route and the body.
local cases = {
  { "imagine", { prompt = "cat", images = { A, B }, aspect = "3:2", bot = "niji" },
    "submit/imagine",
    { prompt = A .. " " .. B .. " cat --ar 3:2", botType = "NIJI_JOURNEY", base64Array = {} } },
  { "imagine", { prompt = "cat", images = A },
    "submit/imagine", { prompt = A .. " cat", base64Array = {} } },
  { "blend", { images = { A, B }, dimensions = "portrait" },
    "submit/blend", { base64Array = { A, B }, dimensions = "PORTRAIT" } },
  { "describe", { image = A, language = "zh_cn" },
    "submit/describe", { link = A, language = "zh_cn" } },
  { "shorten", { prompt = "a very long prompt" },
    "submit/shorten", { prompt = "a very long prompt" } },
  { "video", { prompt = "it runs", image = A, end_image = B, motion = "high", loop = true,
      video_type = "vid_1.1_i2v_720", batch = 2 },
    "submit/video", { prompt = "it runs", image = A, endImage = B, motion = "high", loop = true,
      videoType = "vid_1.1_i2v_720", batchSize = 2 } },
  { "video", { task = "77", index = 2, prompt = "on" },
    "submit/video", { action = "extend", taskId = "77", index = 1, prompt = "on" } },
  { "edit", { image = A, prompt = "a hat", chaos = 5 },
    "submit/edits", { image = A, prompt = "a hat --chaos 5" } },
  { "retexture", { image = A, prompt = "of wood" },
    "submit/retexture", { image = A, prompt = "of wood" } },
  { "swap_face", { source = A, target = B },
    "insight-face/swap", { sourceUrl = A, targetUrl = B } },
  { "modal", { task = "77", prompt = "cat", zoom = 1.5 },
    "submit/modal", { taskId = "77", prompt = "cat --zoom 1.5" } },
  { "click", { task = "77", button = "MJ::JOB::variation::2::x", remix = true },
    "submit/action", { taskId = "77", customId = "MJ::JOB::variation::2::x", enableRemix = true } },
  { "change", { task = "77", action = "UPSCALE", index = 2 }, "submit/action", button(2) },
  { "change", { task = "77", action = "variation", index = 3 }, "submit/action", button(7) },
  { "change", { task = "77", action = "REROLL" }, "submit/action", button(9) },
  { "simple_change", { content = "77 U2" }, "submit/action", button(2) },
  { "simple_change", { content = "77 v3" }, "submit/action", button(7) },
  { "simple_change", { content = "77 R" }, "submit/action", button(9) },
}

local common = {
  mode = "fast", state = "mine", notify_hook = "https://me.example/hook", bot = "niji",
  account_filter = { modes = { "FAST" } }, extra = { more = 1 },
}

-- What a verb cannot do without.
local least = {
  imagine = { prompt = "cat" }, blend = { images = { A, B } }, describe = { image = A },
  shorten = { prompt = "cat" }, click = { task = "77", button = "U2" }, modal = { task = "77" },
  video = { image = A, prompt = "cat" }, edit = { image = A, prompt = "cat" },
  retexture = { image = A, prompt = "cat" }, upload = { images = A },
  swap_face = { source = A, target = B },
  inpaint = { image = mj.bytes(PNG), prompt = "cat", mask = mj.bytes(PNG) },
  change = { task = "77", action = "REROLL" }, simple_change = { content = "77 R" },
}

-- Verbs of the other family; spec/generate_spec.lua has them.
local elsewhere = { generate = true }

local function joined(...)
  local out = {}
  for _, part in ipairs { ... } do
    for name, value in pairs(part) do
      out[name] = value
    end
  end
  return out
end

describe("a request", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  for i, case in ipairs(cases) do
    it(("of %s is what gateways take (%d)"):format(case[1], i), function()
      local client, world = helper.script()
      local task = assert(client:submit(case[1], case[2]):await())
      assert.equal("SUCCESS", task.status)
      local body, route, request = last(world)
      assert.same(case[4], body)
      assert.equal(case[3], route)
      assert.is_true(request.paid)
    end)
  end

  it("there is of every verb", function()
    local known = {}
    for _, names in ipairs { least, elsewhere } do
      for name in pairs(names) do
        known[#known + 1] = name
      end
    end
    table.sort(known)
    assert.same(known, verbs.names())
  end)

  for name in pairs(least) do
    it(("of %s has the options that all have"):format(name), function()
      local replies = helper.gateway()
      if name == "upload" then
        table.insert(replies, 1, { match = "POST",
          body = cjson.encode { code = 1, description = "ok", result = { A } } })
      end
      local client, world = helper.script(replies)
      local result = assert(client:submit(name, joined(least[name], common)):await())
      assert.equal(name ~= "upload" and "mine" or nil, result.state)
      local body, _, request = last(world)
      assert.matches("/mj%-fast/mj/", request.url)
      assert.equal("https://me.example/hook", body.notifyHook)
      assert.same({ modes = { "FAST" } }, body.accountFilter)
      assert.equal(1, body.more)
    end)
  end

  it("takes an account filter as JSON text, and refuses what is none", function()
    local client, world = helper.script()
    assert(client:imagine({ prompt = "cat", account_filter = '{"modes":["RELAX"]}' }):await())
    assert.same({ modes = { "RELAX" } }, last(world).accountFilter)
    assert.has_error(function()
      client:imagine { prompt = "cat", account_filter = "RELAX" }
    end, "client:imagine: field 'account_filter': a JSON object expected")
    local ok, e = pcall(client.imagine, client, { prompt = "cat", extra = { print } })
    assert.is_false(ok)
    assert.matches("client:imagine: field 'extra': ", e)
  end)

  it("of a task goes through the task's own client", function()
    local client, world = helper.script()
    local task = assert(client:imagine("cat"):await())
    assert(mj.change({ task = task, action = "UPSCALE", index = 1 }):await())
    assert.equal(helper.buttons()[1].customId, last(world).customId)
    assert(mj.video({ task = task, prompt = "on" }):await())
    assert.equal(task.id, last(world).taskId)
  end)

  it("takes bytes whole, NULs and all, from wherever they come", function()
    local folder = helper.folder()
    finally(function()
      helper.remove(folder)
    end)
    local file = assert(io.open(folder .. "/a.png", "wb"))
    file:write(PNG)
    file:close()
    assert.truthy(PNG:find("\0", 1, true))
    local client, world = helper.script()
    assert(client:describe(folder .. "/a.png"):await())
    local uri = last(world).base64
    assert.matches(DATA_URI, uri)
    assert.equal(math.ceil(#PNG / 3) * 4, #uri - #"data:image/png;base64,")
    for _, value in ipairs { mj.bytes(PNG), uri } do
      assert(client:describe(value):await())
      assert.equal(uri, last(world).base64)
    end
  end)

  local wrong = {
    ["client:swap_face: field 'target': picture expected, got nil"] =
      { "swap_face", { source = A } },
    ["client:describe: unknown option '1'"] = { "describe", { A } },
    ["client:video: field 'end_image': it needs 'image' as well"] =
      { "video", { prompt = "x", end_image = A } },
    ["client:inpaint: field 'prompt': string expected, got nil"] =
      { "inpaint", { mask = A, image = A } },
    ["client:inpaint: field 'mask': picture or table of shapes expected, got nil"] =
      { "inpaint", { task = "77" } },
    ["client:change: field 'action': \"UPSCALE\", \"VARIATION\" or \"REROLL\" expected, "
      .. "got 'ZOOM'"] = { "change", { task = "77", action = "ZOOM" } },
    ["client:change: field 'index': 1 to 4 expected, got 5"] =
      { "change", { task = "77", action = "UPSCALE", index = 5 } },
    ["client:change: field 'task': task or id (a string) expected, got number"] =
      { "change", { task = 77, action = "REROLL" } },
    ["client:simple_change: field 'content': \"ID U1\", \"ID V1\" or \"ID R\" expected, "
      .. "got '77 R1'"] = { "simple_change", "77 R1" },
    ["client:describe: field 'language': string expected, got number"] =
      { "describe", { image = A, language = 7 } },
    ["client:describe: unknown option 'base64' (did you mean 'image'?)"] =
      { "describe", { base64 = "x" } },
    ["client:imagine: unknown option 'base64' (did you mean 'images'?)"] =
      { "imagine", { base64 = "x" } },
    ["client:imagine: unknown option 'notifyHook' (did you mean 'notify_hook'?)"] =
      { "imagine", { notifyHook = "x" } },
    ["client:imagine: unknown option 'botType' (did you mean 'bot'?)"] =
      { "imagine", { botType = "x" } },
    ["client:blend: unknown option 'dimension' (did you mean 'dimensions'?)"] =
      { "blend", { dimension = "x" } },
    ["client:video: unknown option 'videoType' (did you mean 'video_type'?)"] =
      { "video", { videoType = "x" } },
  }
  for message, call in pairs(wrong) do
    it("is none: " .. message, function()
      local client, world = helper.script()
      local ok, e = pcall(function()
        client[call[1]](client, call[2])
      end)
      assert.is_false(ok)
      assert.equal(message, (e:gsub("^[^:]+:%d+: ", "")))
      assert.matches("request_spec.lua:%d+:", e)
      assert.equal(0, #world:requests())
    end)
  end

  it("knows no option twice, and none of a kind that is not checked", function()
    local kinds = {
      any = true, string = true, number = true, boolean = true, [option.LATER] = true,
      table = true, ["table|string"] = true, ["string|number"] = true,
      ["string|number|boolean|table"] = true,
    }
    assert.is_string((next(verbs.rows)))
    for name, row in pairs(verbs.rows) do
      for field, kind in pairs(row.schema) do
        assert.truthy(kinds[kind], name .. "." .. field .. ": " .. tostring(kind))
        assert.is_nil(row.fields[field] and verbs.common[field], name .. "." .. field)
      end
      for _, list in ipairs { row.same or {}, row.texts or {}, row.objects or {},
        row.either or {} } do
        for _, field in ipairs(list) do
          assert.truthy(row.fields[field], name .. "." .. field)
        end
      end
    end
  end)
end)
