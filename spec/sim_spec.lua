-- SPDX-License-Identifier: MIT
-- The simulator as a server in this process: settings, and a client on it.

local mj = require "mj"
local sim = require "mj.sim"

describe("mj.sim.parse", function()
  it("reads settings", function()
    assert.same({ profile = "novicezk", clock = 20, seed = 7 },
      sim.parse "profile=novicezk,clock=20,seed=7")
    assert.same({}, sim.parse "")
    assert.same({}, sim.parse(nil))
    assert.same({ pictures = false, key = "sk-a=b" }, sim.parse "pictures=no, key=sk-a=b")
  end)

  it("joins faults that come several times", function()
    assert.same({ fault = "html502@2+drop/fetch:0.1" },
      sim.parse "fault=html502@2,fault=drop/fetch:0.1")
  end)

  it("says what it does not understand", function()
    local function message(text)
      local ok, err = pcall(sim.parse, text)
      assert.is_false(ok)
      return err
    end
    assert.equal("simulator: unknown setting 'clok' (did you mean 'clock'?)", message "clok=20")
    assert.equal("simulator: clock=fast: number expected", message "clock=fast")
    assert.equal("simulator: seed=: number expected", message "seed=")
    assert.equal("simulator: 'clock' is no setting (NAME=VALUE expected)", message "clock")
    assert.equal("simulator: pictures=maybe: boolean expected", message "pictures=maybe")
  end)
end)

describe("mj.sim.start", function()
  local server, client

  local function start(opts)
    opts.key = "sk-CANARY-spec"
    server = assert(sim.start(opts))
    client = mj.client {
      base_url = server.url, api_key = server.key, auth = server.auth,
      poll = { first = 0.02, every = 0.02 },
    }
  end

  after_each(function()
    if client then
      client:close()
    end
    if server then
      server:close()
    end
    server, client = nil, nil
    assert.equal(0, mj.pending())
  end)

  local function message(opts)
    local ok, err = pcall(sim.start, opts)
    assert.is_false(ok)
    return (tostring(err):gsub("^.-:%d+: ", ""))
  end

  it("refuses what it does not know, with the nearest name", function()
    assert.equal("sim.start: unknown option 'sed' (did you mean 'seed'?)", message { sed = 1 })
    assert.equal("sim.start: unknown profile 'newapi' (did you mean 'new-api'?); there are "
      .. "new-api, novicezk, plus, trueai, generate", message { profile = "newapi" })
    assert.equal("sim.start: unknown fault 'html503' (did you mean 'html502'?)",
      message { fault = "html503@1" })
    assert.equal("sim.start: field 'clock': number expected, got string", message { clock = "20" })
    for _, name in ipairs { "rate", "submits", "running" } do
      assert.equal(("simulator: field '%s': a whole number expected"):format(name),
        message { [name] = 1.5 })
    end
    assert.equal("simulator: fault html502: '@x' is no @N, @N-M or :0.5",
      message { fault = "html502@x" })
  end)

  it("returns an error when the port is taken", function()
    start { clock = 1000 }
    local other, err = sim.start { port = server.server:port() }
    assert.is_nil(other)
    assert.equal("resource", err.code)
    assert.truthy(err.message:find("is it taken", 1, true))
  end)

  it("counts what comes in a minute, and refuses what is too much", function()
    start { clock = 1000, submits = 3 }
    local jobs = {}
    for i = 1, 4 do
      jobs[i] = client:imagine { prompt = "cat", deadline = 5 }
    end
    local results, errors = mj.await(jobs)
    local good, stats = 0, server:stats()
    for i = 1, 4 do
      good = good + (results[i] and 1 or 0)
      assert.equal(results[i] == nil and "timeout" or nil, errors[i] and errors[i].code)
    end
    assert.equal(3, good)
    assert.equal(3, stats.tasks)
    assert.is_true(stats.most_submits_in_window >= 4)
    assert.is_true(stats.most_in_window >= 7)
  end)

  for _, profile in ipairs { "new-api", "novicezk", "plus", "trueai" } do
    it("takes an imagine and a click through to pictures: " .. profile, function()
      start { profile = profile, clock = 1000, seed = 7 }
      assert.equal(profile, server.profile)
      local task = assert(client:imagine { prompt = "cat", state = "mine" }:await { timeout = 20 })
      assert.equal("SUCCESS", task.status)
      assert.equal("mine", task.state)
      assert.equal("\137PNG", assert(task:bytes()):sub(1, 4))
      local up = assert(task:click "U2":await { timeout = 20 })
      assert.equal("UPSCALE", up.action)
      assert.equal("\137PNG", assert(up:bytes()):sub(1, 4))
      local stats = server.server:stats()
      assert.equal(2, stats.submits)
      assert.equal(2, stats.tasks)
      assert.equal(2, stats.pictures)
    end)
  end

  it("knows of remix and of what is not sold", function()
    start { clock = 1000, missing = "video+blend" }
    local _, err = client:submit("blend", { images = {
      "data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,iVBORw0KGgo=" } })
      :await { timeout = 20 }
    assert.equal(503, err.http_status)
    client:close()
    server:close()
    start { clock = 1000, remix = true }
    local task = assert(client:imagine "cat":await { timeout = 20 })
    assert(task:click "reroll":await { timeout = 20 })
    assert.equal(3, server.server:stats().submits) -- the button, and its dialog
    assert.equal("simulator: missing: no model 'blende'", message { missing = "blende" })
    assert.equal("sim.start: field 'remix': boolean expected, got string", message { remix = "on" })
  end)

  it("draws the same picture for the same seed and prompt, whatever the port", function()
    local bytes = {}
    for i = 1, 2 do
      start { clock = 1000, seed = 11 }
      if i == 2 then -- something else first
        assert(client:imagine "dog":await { timeout = 20 })
      end
      bytes[i] = assert(assert(client:imagine "cat":await { timeout = 20 }):bytes())
      client:close()
      server:close()
    end
    assert.is_true(bytes[1] == bytes[2])
  end)

  it("drops a connection after it has taken the task", function()
    start { clock = 1000, fault = "drop@1", pictures = false }
    local task, err = client:imagine "cat":await { timeout = 20 }
    assert.is_nil(task)
    assert.equal("unknown_outcome", err.code)
    assert.equal(1, server.server:stats().tasks)
    assert.equal(1, server.server:stats().submits)
  end)

  it("leaves the loop when it is closed", function()
    start { clock = 1000 }
    local source = server.server
    server:close()
    assert.is_nil(source:url())
    assert.equal(-1, source:fd())
    assert.is_false(source:step())
    server:close()
    assert.has_no.errors(function()
      mj.step(0)
    end)
  end)

  it("names the package of a module that is not there", function()
    local preload = package.preload["mj.image"]
    local loaded = package.loaded["mj.image"]
    package.loaded["mj.image"] = nil
    package.preload["mj.image"] = function()
      error "cannot open shared object file"
    end
    local started, err = sim.start {}
    package.preload["mj.image"], package.loaded["mj.image"] = preload, loaded
    assert.is_nil(started)
    assert.equal("resource", err.code)
    assert.truthy(err.message:find("libgd3", 1, true))
  end)
end)
