-- SPDX-License-Identifier: MIT
-- dialect = "auto": which family a gateway speaks is found out for free, once.

local helper = require "helper"
local mj = require "mj"

local A = "https://cdn.example/a.png"
local SHAPES = { size = { 640, 320 }, rects = { { 10, 20, 100, 50 } } }

describe("dialect = 'auto'", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local profiles = { "new-api", "novicezk", "plus", "trueai", "generate" }
  local auth = { novicezk = "secret", plus = "secret", trueai = "raw" }

  local function enter(profile, key, opts)
    local all = { dialect = "auto", auth = "auto" }
    for name, value in pairs(opts or {}) do
      all[name] = value
    end
    local wanted = key and "sk-CANARY-0123456789abcdef" or nil
    return helper.simulated({ profile = profile, key = wanted }, all)
  end

  for _, profile in ipairs(profiles) do
    local family = profile == "generate" and "generate" or "mj"

    it("finds out about " .. profile .. " without paying", function()
      for _, key in ipairs { true, false } do
        local client, world = enter(profile, key)
        assert.is_nil(client:dialect())
        assert.equal(0, world:counts().requests)
        local all = assert(client:capabilities())
        assert.equal(family, all.dialect)
        assert.equal(family, client:dialect())
        assert.equal(0, world:counts().paid)
        local asked = world:counts().requests
        assert.is_true(asked >= 1 and asked <= 8, asked)
        assert.same(all, assert(mj.capabilities(client)))
        assert.equal(asked, world:counts().requests)
        assert(client:imagine "cat":await())
        assert.equal(1, world:counts().paid)
      end
    end)

    it("is spared where somebody says it: " .. profile, function()
      local client, world = helper.simulated({ profile = profile },
        { dialect = family, auth = auth[profile] or "bearer" })
      assert.equal(family, client:dialect())
      assert.equal(family, assert(client:capabilities()).dialect)
      assert.equal(0, world:counts().requests)
    end)

    it("says what works at " .. profile, function()
      local client = enter(profile)
      local all = assert(client:capabilities { timeout = 60 })
      local mine = family == "generate"
      assert.same({ fast = true, relax = not mine, turbo = true }, all.modes)
      for _, name in ipairs(require("mj.verbs").names()) do
        assert.is_boolean(all.verbs[name], name)
      end
      for _, name in ipairs { "imagine", "click", "change", "simple_change", "inpaint" } do
        assert.is_true(all.verbs[name], name)
      end
      for _, name in ipairs { "blend", "describe", "shorten", "video", "edit", "retexture",
        "upload", "swap_face", "modal" } do
        assert.equal(not mine, all.verbs[name], name)
      end
      assert.equal(mine, all.verbs.generate)
      for _, name in ipairs { "list", "ids", "queue", "seed", "cancel" } do
        assert.equal(not mine, all[name], name)
      end
    end)
  end

  it("learns what a gateway refuses", function()
    local client = enter "novicezk"
    local _, e = client:shorten "a very long prompt":await()
    assert.equal("unsupported", e.code)
    assert.is_false(assert(client:capabilities()).verbs.shorten)
  end)

  it("tells what is in the way, within the time", function()
    local client = helper.script({ { match = "GET", rc = 7, sent = 0, ["repeat"] = true } },
      { dialect = "auto" })
    local all, e = client:capabilities()
    assert.is_nil(all)
    assert.equal("network", e.code)
    client = helper.script({ { match = "GET", delay = 25, body = "", ["repeat"] = true } },
      { dialect = "auto" })
    all, e = client:capabilities { timeout = 5 }
    assert.is_nil(all)
    assert.equal("timeout", e.code)
    assert.has_error(function()
      mj.capabilities "gateway"
    end, "mj.capabilities: client or nil expected, got string")
  end)

  it("pays nothing to a web page", function()
    local page = { match = "/", body = "<html><head><title>My Shop</title></head></html>",
      content_type = "text/html", ["repeat"] = true }
    for _, opts in ipairs { { dialect = "auto", auth = "auto" }, { dialect = "mj", auth = "auto" },
      { dialect = "generate", auth = "auto" }, { dialect = "auto", auth = "raw" } } do
      opts.budget, opts.prices = 1, { imagine = 0.4 }
      local client, world = helper.script({ page }, opts)
      local jobs = {}
      for i = 1, 5 do
        jobs[i] = client:imagine "cat"
      end
      for i = 1, 5 do
        local _, e = jobs[i]:await()
        assert.equal("protocol", e.code)
        assert.is_false(e.retryable)
        assert.matches("base_url (http://gateway.test) answers with a web page, not JSON: My Shop; "
          .. "nothing was sent;", e.message, 1, true)
      end
      assert.equal(0, world:counts().paid)
      assert.is_true(#world:requests() <= 2)
      local budget = client:budget()
      assert.same({ 0, 0, 0 }, { budget.spent, budget.reserved, budget.unknown })
    end
    local client, world = helper.script({ page }, { dialect = "mj", auth = "bearer" })
    assert.equal("unknown_outcome", select(2, client:imagine("cat"):await()).code)
    assert.equal(1, world:counts().paid) -- said by hand: nothing is asked
  end)

  it("makes an inpaint wait, and nobody else", function()
    for _, profile in ipairs { "plus", "generate" } do
      local client, world = enter(profile)
      local job = client:inpaint { image = A, mask = SHAPES, prompt = "a hat" }
      assert.is_false(job:done())
      assert.is_nil(client:dialect())
      assert.equal(0, world:counts().requests)
      local task, e = job:await()
      if profile == "generate" then
        assert.equal("SUCCESS", assert(task, e).status)
      else -- an edit with a hole: the picture is fetched, and is not there
        assert.is_nil(task)
        assert.equal(0, world:counts().paid)
      end
    end
  end)

  it("lets an inpaint that waits be given up", function()
    local client, world = enter "generate"
    local job = client:inpaint { image = A, mask = SHAPES, prompt = "a hat" }
    mj.step(0)
    assert.is_true(job:cancel())
    local _, e = job:await()
    assert.equal("cancelled", e.code)
    mj.run()
    assert.equal(0, world:counts().paid)
  end)

  it("refuses what a family cannot do before it pays", function()
    for profile, verb in pairs { generate = "shorten", plus = "generate" } do
      local client, world = enter(profile)
      local _, e = client:submit(verb, verb == "shorten" and { prompt = "a cat" }
        or { input = { mode = "outpaint" } }):await()
      assert.equal("unsupported", e.code)
      assert.equal(0, world:counts().paid)
    end
  end)
end)
