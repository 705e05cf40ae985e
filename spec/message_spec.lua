-- SPDX-License-Identifier: MIT
-- What is said when something goes wrong: which verb, which field, which address,
-- and what to do about it.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

local URL = "https://a.test/1.png"
local PAGE = "<html><b>404</b> Not Found</html>"
local MISSING = cjson.encode { error = {
  message = "Invalid URL (POST /mj/submit/edits)", type = "invalid_request_error",
} }

local function failure(job)
  local result, e = job:await()
  assert.is_nil(result)
  return e
end

-- What a call raises, without its place.
local function raised(fn, ...)
  local ok, text = pcall(fn, ...)
  assert.is_false(ok)
  assert.matches("message_spec.lua:%d+:", text)
  return (text:gsub("^[^:]+:%d+: ", ""))
end

describe("a message", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("names the address that nothing is at, and what base_url is", function()
    for dialect, asked in pairs {
      mj = "http://gateway.test/v1/mj/submit/imagine; base_url is the address in front of /mj; "
        .. 'dialect = "mj" was set by hand',
      generate = "http://gateway.test/v1/api/v1/generateTask/midjourney; base_url is the address "
        .. 'in front of /api/v1; dialect = "generate" was set by hand',
      auto = "http://gateway.test/v1/mj/submit/imagine; base_url is the address in front of "
        .. "/mj or /api/v1",
    } do
      local client = helper.script({ { body = PAGE, http = 404, ["repeat"] = true } },
        { dialect = dialect, base_url = helper.BASE .. "/v1" })
      local e = failure(client:imagine "cat")
      assert.equal("unsupported", e.code)
      assert.equal("imagine: HTTP 404 with a page, not JSON: 404 Not Found; asked at " .. asked,
        e.message)
    end
  end)

  it("asks whether the mode is there, where one is in the address", function()
    for style, asks in pairs { ["mj-prefix"] = true, body = false } do
      local client = helper.script({ { body = PAGE, http = 404, ["repeat"] = true } },
        { mode = "relax", mode_style = style })
      local e = failure(client:imagine "cat")
      assert.equal(asks, e.message:find("has this gateway got the mode?", 1, true) ~= nil)
    end
  end)

  it("does not doubt base_url once the gateway took work", function()
    for _, reply in ipairs { PAGE, MISSING } do
      local client = helper.script(helper.gateway {
        { match = "submit/edits", body = reply, http = 404, ["repeat"] = true },
      })
      assert(client:imagine("cat"):await())
      local e = failure(client:edit { image = URL, prompt = "x" })
      assert.equal("unsupported", e.code)
      assert.matches("^edit: this gateway has no such route: HTTP 404", e.message)
      assert.is_nil(e.message:find("base_url", 1, true))
      e = failure(client:edit { image = URL, prompt = "x", mode = "relax" })
      assert.matches("^edit: this gateway has no such route in mode relax: HTTP 404", e.message)
    end
  end)

  it("nor when the gateway answered which family it is of", function()
    local client = helper.script({
      { match = "GET", http = 400, body = '{"code":4,"description":"task_no_found"}' },
      { match = "POST", http = 404, body = MISSING, ["repeat"] = true },
    }, { dialect = "auto" })
    local e = failure(client:edit { image = URL, prompt = "x" })
    assert.matches("^edit: this gateway has no such route: HTTP 404: Invalid URL", e.message)
  end)

  it("speaks of the verb that was called", function()
    local client = helper.script(helper.gateway {
      { match = "submit/edits", body = PAGE, http = 404, ["repeat"] = true },
      { match = "submit/action", http = 400, body = '{"code":4,"description":"unknown_action"}' },
    })
    local mask = { size = { 8, 8 }, rects = { { 0, 0, 4, 4 } } }
    local image = require("mj.image").mask { width = 8, height = 8, rects = { { 0, 0, 4, 4 } } }
    local e = failure(client:inpaint { image = mj.bytes(image), mask = mask, prompt = "x" })
    assert.matches("^inpaint: ", e.message)
    e = failure(client:change { task = "77", action = "UPSCALE", index = 1 })
    assert.matches("^change: ", e.message)
  end)

  it("of a wrong address is the same where the generate family answers each path", function()
    local nothing = '{"code":404,"message":"Not Found","data":null}'
    for _, key in ipairs { "auto", "bearer" } do
      local client, world = helper.script(
        { { match = "/", http = 404, body = nothing, ["repeat"] = true } },
        { base_url = "http://gateway.test/v1", dialect = "auto", auth = key })
      local e = failure(client:imagine "cat")
      assert.same({ "unsupported", "imagine: HTTP 404: Not Found; asked at http://gateway.test/v1"
        .. "/api/v1/generateTask/midjourney; base_url is the address in front of /api/v1" },
        { e.code, e.message })
      assert.equal(1, world:counts().paid)
    end
    -- of one that is there it is a route that is missing
    local client = helper.script({ { match = "GET", http = 404,
      body = '{"code":404,"message":"Task not found","data":null}', ["repeat"] = true },
      { match = "POST", http = 404, body = nothing } }, { dialect = "auto" })
    assert.matches("^imagine: this gateway has no such route: HTTP 404: Not Found",
      failure(client:imagine "cat").message)
  end)

  it("is about JSON only where there is some", function()
    local client = helper.script {
      { http = 200, body = '{"code":1,"resu' }, { http = 200, body = "<html>hello</html>" },
    }
    local e = failure(client:imagine "cat")
    assert.matches("^imagine: HTTP 200 with broken JSON: ", e.message)
    e = failure(client:imagine "cat")
    assert.matches("^imagine: HTTP 200 with a page, not JSON: hello", e.message)
  end)

  it("of a picture has the words of its JSON, and what to do when it has run out", function()
    local client = helper.script(helper.gateway {
      { match = "/mj/image/", http = 403, body = '{"code":403,"message":"gone by now"}' },
    })
    local task = assert(client:imagine("cat"):await())
    local bytes, e = task:bytes()
    assert.is_nil(bytes)
    assert.equal("expired", e.code)
    assert.equal("picture: HTTP 403: gone by now; the address has run out: look the task up "
      .. "again, or save earlier", e.message)
  end)

  it("names type and strength as they are given", function()
    local client, world = helper.script(helper.generate(), { dialect = "generate" })
    local id = assert(client:imagine("cat"):await()).id
    for message, opts in pairs {
      ["type: standard, creative, 2x or 4x expected, got 8x"] = { "U1", { type = "8x" } },
      ["type: of an upscale, not of a variation"] = { "V1", { type = 2 } },
      ["strength: subtle or strong expected, got 7"] = { "V1", { strength = 7 } },
      ["prompt: parameters need a prompt beside them"] = { "V1", { chaos = 7 } },
    } do
      local e = failure(client:click(id, opts[1], opts[2]))
      assert.same({ "invalid", message }, { e.code, e.message })
    end
    assert(client:click(id, "V1", { strength = 1 }):await())
    local requests = world:requests()
    local sent
    for _, request in ipairs(requests) do
      sent = request.paid and request or sent
    end
    assert.equal(1, cjson.decode(sent.body).input.type)
  end)

  it("says what stands for type, strength and index in the mj family", function()
    local client, world = helper.script()
    local SURE = "MJ::JOB::upsample::2::x"
    local e = failure(client:click("77", SURE, { type = "2x" }))
    assert.matches('^type: .* "upscale:creative" or "upscale:2x"', e.message)
    e = failure(client:click("77", SURE, { strength = 1 }))
    assert.matches('^strength: .* "vary:subtle" or "vary:strong"', e.message)
    e = failure(client:inpaint { task = "77", index = 2, prompt = "x",
      mask = { rects = { { 0, 0, 4, 4 } } } })
    assert.matches('click "U2" first', e.message)
    assert.equal(0, #world:requests())
  end)

  it("refuses a hook that is no address, in both families", function()
    for _, dialect in ipairs { "mj", "generate", "auto" } do
      local client, world = helper.script(nil, { dialect = dialect })
      for _, hook in ipairs { "me.example/hook", "ftp://me.example/", "http://", "", "https://a b",
      } do
        local e = failure(client:imagine { prompt = "cat", notify_hook = hook })
        assert.equal("invalid", e.code)
        assert.matches("^notify_hook: an http%(s%) address expected, got ", e.message)
      end
      assert.equal(0, #world:requests())
    end
  end)

  it("warns of a hook without TLS, but not on this machine", function()
    local lines = {}
    local client = helper.script(helper.generate(), { dialect = "generate",
      log = function(level, line)
        lines[#lines + 1] = level == "warning" and line or nil
      end })
    for hook, warned in pairs {
      ["http://me.example/hook"] = 1, ["http://localhost.example/"] = 1,
      ["http://127.0.0.1:8080/hook"] = 0, ["http://localhost:8080/"] = 0, ["http://[::1]/"] = 0,
      ["https://me.example/"] = 0,
    } do
      lines = {}
      assert(client:imagine { prompt = "cat", notify_hook = hook }:await())
      assert.equal(warned, #lines, hook)
    end
    lines = {}
    assert(client:imagine { prompt = "cat", provider = "cheap" }:await())
    assert.matches("got cheap %(sent as it is%)$", lines[1])
  end)

  it("tells once of each pause that a gateway asks for", function()
    local lines = {}
    local busy = { match = "POST", http = 429, retry_after = 7, body = "" }
    local client = helper.script(helper.gateway { busy, busy, busy }, {
      log = function(level, line)
        lines[#lines + 1] = level == "warning" and line or nil
      end,
    })
    local jobs = { client:imagine "cat", client:imagine "dog" }
    for _, job in ipairs(jobs) do
      assert(job:await())
    end
    assert.equal("the gateway asks to slow down: submissions wait 7 s", lines[1])
    assert.truthy(#lines >= 1 and #lines < 3, #lines)
  end)

  it("about an empty list or a dot is raised", function()
    local client = helper.script()
    assert.equal("client:imagine: field 'images': empty list",
      raised(client.imagine, client, { prompt = "cat", images = {} }))
    assert.equal("client:blend: field 'images': empty list",
      raised(client.blend, client, { images = {} }))
    for _, name in ipairs(require("mj.verbs").names()) do
      assert.equal(("client.%s: use client:%s"):format(name, name),
        raised(client[name], { prompt = "cat" }))
    end
    for _, name in ipairs { "submit", "list", "queue", "task", "capabilities" } do
      assert.equal(("client.%s: use client:%s"):format(name, name), raised(client[name], "x"))
    end
    assert.equal("mj:imagine: use mj.imagine", raised(mj.imagine, mj, { prompt = "cat" }))
    local task = assert(client:imagine("cat"):await())
    assert.equal("task.click: use task:click", raised(task.click, "U2"))
    assert.equal("client:imagine: unknown option 'aspectRatio' (did you mean 'aspect'?)",
      raised(client.imagine, client, { prompt = "cat", aspectRatio = "3:2" }))
  end)

  it("knows a button by its other case, and of which task it is", function()
    local client = helper.script()
    local one, two = assert(client:imagine("cat"):await()), assert(client:imagine("dog"):await())
    local e = failure(one:click "u2")
    assert.equal("no_button", e.code)
    assert.matches("^no button u2 %(did you mean U2%?%); there are: U1, ", e.message)
    e = failure(one:click "Upscale:3")
    assert.matches("did you mean upscale:3%?", e.message)
    assert.equal(("task:click: field 'button': it is of task %s, not of %s"):format(two.id, one.id),
      raised(one.click, one, two.buttons.U1))
    assert(one:click(assert(one:refresh()).buttons.U1):await())
  end)

  it("says when the task is another client's, or an address was described", function()
    local here = helper.script()
    local there = helper.script {
      { match = "POST", http = 400, body = '{"code":4,"description":"task_no_found"}',
        ["repeat"] = true },
    }
    local task = assert(here:imagine("cat"):await())
    local e = failure(there:click(task, "U1"))
    assert.equal("not_found", e.code)
    assert.matches("task_no_found; the task is another client's$", e.message)
    local client = helper.script { { match = "POST", http = 200,
      body = '{"code":4,"description":"base64格式错误"}', ["repeat"] = true } }
    local NOT_ITS_ADDRESS = "格式错误; most gateways want the picture itself here, not its address$"
    for _, job in ipairs { client:describe(URL), client:edit { image = URL, prompt = "x" },
      client:retexture { image = URL, prompt = "x" } } do
      e = failure(job)
      assert.equal("invalid", e.code)
      assert.matches(NOT_ITS_ADDRESS, e.message)
    end
    e = failure(client:describe "data:image/png;base64,iVBORw0KGgo=")
    assert.matches("base64格式错误$", e.message)
  end)

  it("of a wait claims nothing of work that nobody has accepted", function()
    local client, world = helper.script(helper.gateway {
      { match = "POST", body = helper.accepted(), delay = 20 },
      { match = "/fetch", body = helper.running(), ["repeat"] = true },
    })
    local job = client:imagine "cat"
    local _, e = job:await { timeout = 5 }
    assert.equal("timeout", e.code)
    assert.equal("imagine: no end within 5 s; the gateway has not accepted it yet", e.message)
    assert.is_nil(e.token)
    _, e = job:await { timeout = 30 }
    assert.equal(("imagine: no end within 30 s; the work goes on, client:task(%q) finds it again")
      :format(job:id()), e.message)
    assert.equal(job:token(), e.token)
    client:close()
    assert.equal(1, world:counts().paid)
  end)
end)
