-- SPDX-License-Identifier: MIT
-- What a task says.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"

-- The sample of a gateway's page: ids are bare numbers beyond 2^53.
local SAMPLE = [[{"id":"1320098173412546","action":"IMAGINE","prompt":"cat","promptEn":"cat",
"description":"/imagine cat","state":null,"submitTime":1712205491846,"startTime":0,
"finishTime":null,"imageUrl":"https://innk.cc/a.png?a=1\u0026b=2","status":"SUCCESS",
"progress":"100%","failReason":"","buttons":[],"properties":{"finalPrompt":"cat --v 6",
"discordChannelId":8774786694361674000,"flags":0,"ratio":1.5,"nothing":null,"list":[1,null,3]}}]]

local function task_of(body)
  local client = helper.script(helper.gateway { { match = "/fetch", body = body } })
  return assert(client:task("1320098173412546"):await())
end

describe("task", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("has the fields of the wire, in one shape", function()
    local task = task_of(SAMPLE)
    assert.equal("1320098173412546", task.id)
    assert.equal("IMAGINE", task.action)
    assert.equal("SUCCESS", task.status)
    assert.equal(100, task.progress)
    assert.equal("cat", task.prompt)
    assert.equal("cat", task.prompt_en)
    assert.equal("cat --v 6", task.final_prompt)
    assert.equal("/imagine cat", task.description)
    assert.equal("https://innk.cc/a.png?a=1&b=2", task.image_url)
    assert.same({ "https://innk.cc/a.png?a=1&b=2" }, { task.images[1] })
    assert.equal(1712205491.846, task.submitted_at)
  end)

  it("shows nothing, empty and 0 as nil", function()
    local task = task_of(SAMPLE)
    assert.is_nil(task.state)
    assert.is_nil(task.fail_reason)
    assert.is_nil(task.started_at)
    assert.is_nil(task.finished_at)
    assert.is_nil(task.video_url)
  end)

  it("has lists that are empty where there is nothing", function()
    local task = task_of(SAMPLE)
    for _, name in ipairs { "videos", "prompts", "tokens" } do
      assert.same({}, task[name])
      assert.equal(task[name], task[name])
    end
    assert.equal(task.videos, task.videoUrls)
    assert.is_nil(task.video)
  end)

  it("has what a describe proposes", function()
    local task = task_of(helper.task {
      action = "DESCRIBE", promptEn = "1️⃣ A cat --ar 5:4\n\n2️⃣ B\n\n3️⃣ C\n\n4️⃣ D",
    })
    assert.same({ "A cat --ar 5:4", "B", "C", "D" }, task.prompts)
    assert.same({}, task.tokens)
  end)

  it("has what a shorten makes of a prompt, and its words", function()
    local task = task_of(helper.task { action = "SHORTEN", properties = {
      finalPrompt = "## Important tokens\n**black cat** (1.00), on ~~a very nice~~ sofa\n"
        .. "## Shortened prompts\n1️⃣ black cat, sofa\n\n2️⃣ black cat",
    } })
    assert.same({ "black cat, sofa", "black cat" }, task.prompts)
    local first = task.tokens[1]
    assert.same({ "black cat", false, 1 }, { first.text, first.dropped, first.weight })
    local dropped
    for _, token in ipairs(task.tokens) do
      dropped = token.dropped and token or dropped
    end
    assert.equal("a very nice", dropped.text)
    assert.is_nil(dropped.weight)
  end)

  it("has videos", function()
    local task = task_of(helper.task { action = "VIDEO", imageUrl = "https://a.b/still.webp",
      videoUrls = { { url = "https://a.b/1.mp4" }, { url = "https://a.b/2.mp4" } } })
    assert.same({ "https://a.b/1.mp4", "https://a.b/2.mp4" }, task.videos)
    assert.equal("https://a.b/1.mp4", task.video_url)
    assert.equal(task.videos, task.videoUrls)
  end)

  it("takes the gateways' spellings", function()
    local task = task_of(SAMPLE)
    assert.equal(task.image_url, task.imageUrl)
    assert.equal(task.prompt_en, task.promptEn)
    assert.equal(task.final_prompt, task.finalPrompt)
    assert.equal(1712205491846, task.submitTime)
    assert.is_nil(task.failReason)
    assert.is_nil(task.startTime)
  end)

  it("keeps every digit, in raw and after cjson", function()
    local task = task_of(SAMPLE)
    assert.equal("8774786694361674000", task.raw.properties.discordChannelId)
    assert.equal(mj.null, task.raw.properties.nothing)
    assert.equal(mj.null, cjson.null)
    assert.equal(1.5, task.raw.properties.ratio)
    assert.equal(0, task.raw.properties.flags)
    assert.matches('"discordChannelId":"8774786694361674000"', cjson.encode(task.raw))
    assert.equal(SAMPLE, task.json)
    assert.equal(task.raw, task.raw)
  end)

  it("is read-only", function()
    local task = task_of(SAMPLE)
    assert.has_error(function()
      task.status = "FAILURE"
    end, "task: 'status' cannot be set: a task is a snapshot")
    assert.equal("SUCCESS", task.status)
    assert.equal("mj.task 1320098173412546 (IMAGINE SUCCESS)", tostring(task))
  end)

  it("gives the caller's state back, and none of ours", function()
    local client, world = helper.script()
    local task = assert(client:imagine({ prompt = "cat", state = "order 7" }):await())
    assert.equal("order 7", task.state)
    local sent = cjson.decode(world:requests()[1].body).state
    assert.matches("^mj_", sent)
    assert.is_nil(assert(client:imagine("cat"):await()).state)
  end)

  it("puts the caller's state on the wire if told", function()
    local client, world = helper.script(nil, { wire_state = "user" })
    assert(client:imagine({ prompt = "cat", state = "order 7" }):await())
    assert.equal("order 7", cjson.decode(world:requests()[1].body).state)
  end)

  describe("refresh", function()
    it("asks once and gives a new snapshot", function()
      local client, world = helper.script(helper.gateway {
        { match = "/fetch", body = helper.task() },
        { match = "/fetch", body = helper.running "62%" },
      })
      local task = assert(client:task("77"):await())
      local before = #world:requests()
      local fresh = assert(task:refresh())
      assert.equal("IN_PROGRESS", fresh.status)
      assert.equal(62, fresh.progress)
      assert.equal("SUCCESS", task.status)
      assert.equal(before + 1, #world:requests())
      assert.equal(0, mj.pending())
    end)

    it("gives a task that failed, and an error for one that is gone", function()
      local client = helper.script {
        { match = "/fetch", body = helper.task() },
        { match = "/fetch", body = helper.task { status = "FAILURE", failReason = "no" } },
        { match = "/fetch", http = 200, body = "", ["repeat"] = true },
      }
      local task = assert(client:task("77"):await())
      assert.equal("FAILURE", assert(task:refresh()).status)
      local fresh, e = task:refresh()
      assert.is_nil(fresh)
      assert.equal("not_found", e.code)
    end)

    it("has an answer whatever its status is", function()
      local client = helper.script {
        { match = "/fetch", body = helper.task() },
        { match = "/fetch", body = helper.task { status = "PONDERING", progress = "" } },
      }
      local task = assert(client:task("77"):await())
      assert.equal("PONDERING", assert(task:refresh { timeout = 50 }).status)
    end)

    it("leaves alone what runs", function()
      local client, world = helper.script(helper.gateway {
        { match = "/77/fetch", body = helper.task() },
        { match = "/77/fetch", body = helper.running "62%" },
        { match = "/77/fetch", body = helper.running "70%", delay = 20 },
      })
      local task = assert(client:task("77"):await())
      assert.equal("IN_PROGRESS", assert(task:refresh()).status)
      local _, e = task:refresh { timeout = 1 }
      assert.equal("timeout", e.code)
      local before = #world:requests()
      assert(client:imagine("cat"):await())
      for i, request in ipairs(world:requests()) do
        assert.falsy(request.url:find "/cancel")
        assert.falsy(i > before and request.url:find "/77/")
      end
    end)

    it("has a timeout", function()
      local client = helper.script {
        { match = "/fetch", body = helper.task() },
        { match = "/fetch", body = helper.task(), delay = 20 },
      }
      local task = assert(client:task("77"):await())
      local fresh, e = task:refresh { timeout = 5 }
      assert.is_nil(fresh)
      assert.equal("timeout", e.code)
      assert.equal(0, mj.pending())
    end)
  end)

  it("is found again by its id", function()
    local client, world = helper.script()
    local job = client:task "14001934816969359"
    assert.equal("14001934816969359", job:token())
    assert.equal("14001934816969359", job:id())
    assert.equal("14001934816969359", assert(job:await()).id)
    assert.equal("GET", world:requests()[1].method)
    for _, wrong in ipairs { 14001934816969, "", true } do
      assert.has_error(function()
        client:task(wrong)
      end)
    end
  end)

  it("that the gateway does not know is an error", function()
    local client = helper.script {
      { match = "/fetch", http = 400, ["repeat"] = true,
        body = '{"description":"task_no_found ","type":"upstream_error","code":4}' },
    }
    local task, e = client:task("99"):await()
    assert.is_nil(task)
    assert.equal("not_found", e.code)
    assert.equal(400, e.http_status)
  end)

  it("that waits for input is an error that says so", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.task { status = "MODAL" } },
    })
    local task, e = client:imagine("cat"):await()
    assert.is_nil(task)
    assert.equal("needs_input", e.code)
    assert.equal("MODAL", e.task.status)
  end)

  it("with an unknown status is not over", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.task { status = "PONDERING", progress = "5%" } },
    })
    local seen
    local task = assert(client:imagine("cat"):await {
      on_progress = function(at)
        seen = at.status
      end,
    })
    assert.equal("PONDERING", seen)
    assert.equal("SUCCESS", task.status)
  end)
end)
