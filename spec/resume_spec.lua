-- SPDX-License-Identifier: MIT
-- One process, several clients of one journal, one after the other, in virtual
-- time: what the first leaves behind the next goes on with, and pays for once.

local helper = require "helper"
local mj = require "mj"
local start = require "mjtest"

describe("work in a journal, when its client", function()
  local folder, journal

  before_each(function()
    helper.before_each()
    folder = helper.folder()
    journal = folder .. "/the.journal"
  end)
  after_each(function()
    helper.after_each()
    helper.remove(folder)
  end)

  local function opts(more)
    local all = { journal = journal, run = "resume.lua" }
    for name, value in pairs(more or {}) do
      all[name] = value
    end
    return all
  end

  -- A gateway whose task renders as long as its first client lives.
  local function rendering(replies)
    return helper.script(helper.gateway(replies or {
      { match = "/fetch", body = helper.running "31%", times = 3 },
    }), opts())
  end

  local function paid(world)
    return world:counts().paid
  end

  it("is closed, is found by its token", function()
    local client, world = rendering()
    local job = client:imagine "cat"
    local id = assert(job:id())
    local token = assert(job:token())
    client:close()
    assert.equal("closed", select(2, job:await()).code)
    local task = assert(helper.client(world, opts()):task(token):await())
    assert.equal(id, task.id)
    assert.equal(1, paid(world))
  end)

  it("is closed, is found by its key, and only once", function()
    local client, world = rendering()
    local id = assert(client:imagine({ prompt = "cat", key = "one" }):id())
    client:close()
    for _ = 1, 3 do
      local other = helper.client(world, opts())
      assert.equal(id, assert(other:imagine({ prompt = "cat", key = "one" }):await()).id)
      other:close()
    end
    assert.equal(1, paid(world))
  end)

  it("is collected, is found just so, without a request", function()
    local client, world = rendering {}
    local gone = setmetatable({ client }, { __mode = "v" })
    local id = assert(client:imagine({ prompt = "cat", key = "one" }):await()).id
    helper.forget()
    client = nil -- luacheck: ignore 311
    for _ = 1, 4 do
      collectgarbage()
    end
    assert.is_nil(gone[1])
    local other = helper.client(world, opts())
    local before = world:counts().requests
    assert.equal(id, assert(other:imagine({ prompt = "cat", key = "one" }):await()).id)
    assert.equal(before, world:counts().requests)
    assert.equal(1, paid(world))
  end)

  it("is closed before it was sent, is sent by the next, once", function()
    local client, world = rendering {
      { match = "POST", http = 429, retry_after = 60, body = "{}" },
    }
    local job = client:imagine { prompt = "cat", key = "one" }
    mj.step(0)
    mj.sleep(1)
    assert.is_false(job:done())
    client:close()
    assert.equal(1, paid(world)) -- refused by the gateway, before it made anything
    local other = helper.client(world, opts())
    assert(other:imagine({ prompt = "cat", key = "one" }):await())
    assert.equal(2, paid(world))
  end)

  it("is closed without an answer, is unknown, and not sent again", function()
    local lost = { match = "POST", rc = 56, sent = 2 }
    local none = { match = "/task/list", http = 404, body = "{}", ["repeat"] = true }
    local client, world = rendering { lost, none }
    local _, err = client:imagine({ prompt = "cat", key = "one" }):await()
    assert.equal("unknown_outcome", err.code)
    client:close()
    for _ = 1, 2 do
      local other = helper.client(world, opts())
      assert.equal(1, #assert(other:unknown()))
      _, err = other:imagine({ prompt = "cat", key = "one" }):await()
      assert.equal("unknown_outcome", err.code)
      other:close()
    end
    local last = helper.client(world, opts())
    assert(last:resolve("one", "1712205491846217"))
    local task = assert(last:imagine({ prompt = "cat", key = "one" }):await())
    assert.equal("1712205491846217", task.id)
    assert.same({}, assert(last:unknown()))
    assert.equal(1, paid(world))
  end)

  it("is closed, in the same words without a key, is not taken for what comes after", function()
    local client, world = rendering()
    local id = assert(client:imagine("cat"):id())
    client:close()
    local other = helper.client(world, opts())
    assert.is_not.equal(id, assert(other:imagine("cat"):await()).id)
    assert.equal(2, paid(world))
  end)

  it("is closed after the click, is clicked once", function()
    local client, world = rendering {}
    local grid = assert(client:imagine({ prompt = "cat", key = "grid" }):await())
    local big = grid:click("U2", { key = "big" })
    local id = assert(big:id())
    client:close()
    local other = helper.client(world, opts())
    grid = assert(other:imagine({ prompt = "cat", key = "grid" }):await())
    assert.equal(id, assert(grid:click("U2", { key = "big" }):await()).id)
    assert.equal(2, paid(world))
  end)

  it("lives, is not for another to work on at the same time", function()
    local client, world = rendering()
    local job = client:imagine { prompt = "cat", key = "one" }
    assert(job:id())
    local other = helper.client(world, opts())
    local _, err = other:imagine({ prompt = "cat", key = "one" }):await()
    assert.equal("duplicate", err.code)
    assert(job:await())
    assert.equal(1, paid(world))
  end)

  it("had its run ended, is another run's new work", function()
    local client, world = rendering {}
    local first = assert(client:imagine("cat"):await()).id
    assert(client:run_done())
    client:close()
    local other = helper.client(world, opts())
    assert.is_not.equal(first, assert(other:imagine("cat"):await()).id)
    assert.equal(2, paid(world))
  end)

  it("is another gateway's, has a world of its own", function()
    local client, world = rendering {}
    local first = assert(client:imagine("cat"):await()).id
    local elsewhere = start.script(helper.gateway {})
    local other = helper.client(elsewhere, opts { base_url = "http://other.test" })
    assert(other:imagine("cat"):await())
    assert.equal(1, paid(world))
    assert.equal(1, elsewhere:counts().paid)
    assert.equal(first, assert(client:task(first):await()).id)
  end)
end)
