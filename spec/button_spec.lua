-- SPDX-License-Identifier: MIT
-- Buttons: finding and pressing them.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

local function grid(replies, opts)
  local client, world = helper.script(helper.gateway(replies), opts)
  return assert(client:imagine("cat"):await()), client, world
end

local function last_post(world)
  local last
  for _, request in ipairs(world:requests()) do
    if request.method == "POST" then
      last = request
    end
  end
  return cjson.decode(last.body), last
end

local U2 = "MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-df6c579e7011"

describe("buttons", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("are a list, and found by what a person would say", function()
    local task = grid()
    assert.equal(9, #task.buttons)
    local n = 0
    for i, button in ipairs(task.buttons) do
      n = n + 1
      assert.equal(button, task.buttons[i])
    end
    assert.equal(9, n)
    local button = task.buttons.U2
    assert.equal(U2, button.custom_id)
    assert.equal(U2, button.customId)
    assert.equal("U2", button.label)
    assert.equal("upscale:2", button.intent)
    assert.equal(button, task.buttons["upscale:2"])
    assert.equal(button, task.buttons[U2])
    assert.equal("reroll", task.buttons["🔄"].intent)
    assert.equal(task.buttons.reroll, task.buttons["🔄"])
    assert.is_nil(task.buttons.U9)
    assert.is_nil(task.buttons[10])
    assert.equal("mj.button U2", tostring(button))
    assert.equal("U1 U2 U3 U4 V1 V2 V3 V4 🔄", tostring(task.buttons))
  end)

  it("can be asked for", function()
    local task = grid()
    assert.is_true(task:can "U2")
    assert.is_true(task:can "vary:3")
    local can, e = task:can "U9"
    assert.is_false(can)
    assert.equal("no_button", e.code)
    assert.has_error(function()
      task:can(2)
    end, "task:can: string expected, got number")
  end)

  it("are pressed in every way there is", function()
    local task, client, world = grid()
    local ways = {
      function()
        return task:click "U2"
      end,
      function()
        return task:click(task.buttons.U2)
      end,
      function()
        return task.buttons.U2:click()
      end,
      function()
        return mj.click(task.buttons.U2)
      end,
      function()
        return mj.click(task, "upscale:2")
      end,
      function()
        return client:click(task.id, U2)
      end,
      function()
        return client:submit("click", { task = task, button = "U2" })
      end,
    }
    for i, press in ipairs(ways) do
      local before = #world:requests()
      local big = assert(press():await())
      assert.equal("SUCCESS", big.status)
      local body, request = last_post(world)
      assert.equal(U2, body.customId, "way " .. i)
      assert.equal("10001", body.taskId)
      assert.matches("/mj/submit/action$", request.url)
      assert.is_true(request.paid)
      -- one to submit, one to see it done: none to look for the button
      assert.equal(before + 2, #world:requests(), "way " .. i)
    end
  end)

  it("are looked up at the gateway where only an id is known", function()
    local client, world = helper.script()
    assert(client:click("555", "U2"):await())
    local requests = world:requests()
    assert.equal("GET", requests[1].method)
    assert.matches("/mj/task/555/fetch$", requests[1].url)
    assert.is_false(requests[1].paid)
    assert.equal(U2, cjson.decode(requests[2].body).customId)
  end)

  it("that are missing cost nothing, and the error lists the others", function()
    local task, _, world = grid()
    local before = #world:requests()
    local job = task:click "U9"
    assert.is_true(job:done())
    local big, e = job:await()
    assert.is_nil(big)
    assert.equal("no_button", e.code)
    assert.equal(9, #e.buttons)
    assert.equal("U1", e.buttons[1].label)
    assert.matches("U1, U2", e.message)
    assert.equal(before, #world:requests())
  end)

  it("take options, and refuse what is none", function()
    local task, _, world = grid()
    local big = assert(task:click("U2", { state = "big", mode = "fast" }):await())
    assert.equal("big", big.state)
    local _, request = last_post(world)
    assert.matches("/mj%-fast/mj/submit/action$", request.url)
    local named = task:click("U2", { key = "poster" }) -- of a journal; there is none here
    assert.equal("poster", named.key)
    assert.equal("SUCCESS", assert(named:await()).status)
    assert.has_error(function()
      task:click("U2", { mod = "fast" })
    end, "task:click: unknown option 'mod' (did you mean 'mode'?)")
    assert.has_error(function()
      task:click(2)
    end, "task:click: field 'button': button or string expected, got number")
  end)

  for _, profile in ipairs { "new-api", "novicezk" } do
    it("lead from the grid to the picture and on, at a gateway like " .. profile, function()
      local client = helper.simulated { profile = profile }
      local task = assert(client:imagine("cat"):await())
      assert.equal("upscale:2", task.buttons.U2.intent)
      local big = assert(task:click("U2"):await())
      assert.equal("UPSCALE", big.action)
      local varied = assert(task:click("vary:3"):await())
      assert.equal("VARIATION", varied.action)
      assert.is_true(varied:can "U1")
      assert.equal("REROLL", assert(task:click("reroll"):await()).action)
      local _, e = varied:click("zoom:1.5"):await()
      assert.equal("no_button", e.code)
    end)
  end

  it("are made up where a gateway sends none", function()
    local reply = cjson.decode(helper.task())
    reply.buttons = nil
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = cjson.encode(reply) },
    })
    local task = assert(client:imagine("cat"):await())
    assert.is_true(task:can "U2")
    assert(task:click("U2"):await())
    local body, request = last_post(world)
    assert.matches("/mj/submit/change$", request.url)
    assert.equal("UPSCALE", body.action)
    assert.equal(2, body.index)
  end)
end)
