-- SPDX-License-Identifier: MIT
-- How far many jobs are: counts, lines, and what it costs.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"
local model = require "mj.progress.model"
local screen = require "mj.progress.screen"

describe("the model of a progress", function()
  local function filled(n, now)
    local m, items = model.new(now or 0), {}
    for i = 1, n do
      items[i] = m:add { label = "item " .. i }
    end
    return m, items
  end

  it("counts what waits, runs and ended, and each once", function()
    local m, items = filled(5)
    assert.is_true(m:move(items[1], "running", 1))
    assert.is_false(m:move(items[1], "running", 1))
    assert.is_true(m:move(items[2], "running", 1))
    assert.is_true(m:move(items[1], "done", 2))
    assert.is_false(m:move(items[1], "failed", 2)) -- an end is one
    assert.is_true(m:move(items[3], "failed", 2)) -- without having run
    assert.is_true(m:move(items[4], "unknown", 2))
    local s = m:snapshot(4)
    assert.same({ 5, 1, 1, 1, 1, 1, 4 },
      { s.total, s.done, s.failed, s.unknown, s.running, s.queued, s.elapsed })
    m.planned = 9
    assert.equal(5, m:snapshot(4).queued)
    assert.equal(9, m:snapshot(4).total)
  end)

  it("knows the running ones in their order, whoever leaves", function()
    local m, items = filled(5)
    for i = 1, 5 do
      m:move(items[i], "running", 0)
    end
    m:move(items[1], "done", 1)
    m:move(items[3], "done", 1)
    m:move(items[5], "done", 1)
    assert.same({ items[2], items[4] }, m:rows(8))
    assert.same({ items[2] }, m:rows(1))
    m:move(items[2], "done", 1)
    m:move(items[4], "done", 1)
    assert.same({}, m:rows(8))
  end)

  it("tells the rate of late, and the time left by it", function()
    local m, items = filled(200)
    assert.is_nil(m:rate(10)) -- nothing ended
    for i = 1, 100 do -- slow
      m:move(items[i], "done", i * 10)
    end
    assert.near(0.1, m:rate(1000), 0.001)
    for i = 101, 150 do -- then fast
      m:move(items[i], "done", 1000 + (i - 100) * 0.1)
    end
    local s = m:snapshot(1005)
    assert.near(10, s.rate, 0.4)
    assert.near(5, s.eta, 0.2)
    assert.near(0.3, m:rate(1105), 0.01) -- and it falls while nothing happens
  end)
end)

describe("the screen of a progress", function()
  local full = { total = 100, done = 31, failed = 2, unknown = 1, running = 8, queued = 58,
    elapsed = 605, rate = 0.0683, eta = 966, spent = 1.55 }
  local rows = {
    { percent = 62, label = "black cat, cinematic lighting" },
    { percent = nil, label = "a lighthouse\27[2J in a storm" },
    { percent = 100, label = "東京の夜、雨、ネオン、反射、広角レンズ、映画のような光、細部まで" },
  }

  it("is never wider than it is told, with what matters most", function()
    for columns = 10, 220 do
      for _, unicode in ipairs { true, false } do
        local look = { width = columns, unicode = unicode, color = columns % 2 == 0 }
        for _, line in ipairs(screen.lines(full, rows, look)) do
          assert.is_true(screen.columns(line) <= columns, columns .. ": " .. line)
          assert.falsy(line:gsub("\27%[[%d;]*m", ""):find "%c")
          assert.is_true(unicode or not line:find "[\128-\255]", line)
        end
      end
    end
    local function summary(columns)
      return screen.lines(full, {}, { width = columns, unicode = false })[1]
    end
    assert.equal("31/100 #####..........  2 failed  1 unknown  8 running  16m06s left  1.55 spent",
      summary(79))
    assert.equal("31/100 ####........  2 failed  1 unknown", summary(40))
    assert.truthy(summary(199):find("58 queued  4.1/min  16m06s left  1.55 spent", 1, true))
  end)

  it("says the same in one line, and at the end", function()
    assert.equal("31 of 100 done, 2 failed, 1 unknown, 8 running, 58 queued, 4.1/min, "
      .. "16m06s left, 1.55 spent", screen.plain(full))
    assert.equal("3 of 3 done, in 2h05m", screen.final { total = 3, done = 3, failed = 0,
      unknown = 0, running = 0, queued = 0, elapsed = 7530, rate = 1 })
    for seconds, text in pairs { [0] = "0s", [59.6] = "1m00s", [3599] = "59m59s",
      [86400] = "1d00h", [1e12] = "9999d13h" } do
      if seconds < 1e12 then
        assert.equal(text, screen.duration(seconds))
      else
        assert.truthy(screen.duration(seconds):find "^9999d")
      end
    end
  end)
end)

describe("mj.progress", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  -- What was written, as a list; and a setting of its own for each test.
  local function writer()
    local written = {}
    return written, function(text)
      written[#written + 1] = text
    end
  end

  it("follows jobs to the end of the last of them", function()
    local client = helper.script(helper.gateway {
      { match = "POST", body = '{"code":24,"description":"banned"}' },
      { match = "/fetch", body = helper.running "40%", times = 30 },
    })
    local jobs = {}
    for i = 1, 5 do
      jobs[i] = client:imagine("cat " .. i)
    end
    local written, to = writer()
    local bar = mj.progress(jobs, { to = to, every = 5 })
    local _, errors = mj.await(jobs)
    assert.is_table(errors[1])
    local s = bar:snapshot()
    assert.same({ 5, 4, 1, 0, 0 }, { s.total, s.done, s.failed, s.running, s.queued })
    assert.truthy(written[#written]:find "^4 of 5 done, 1 failed, in %w+\n$", written[#written])
    assert.truthy(#written > 2 and #written <= s.elapsed / 5 + 2, #written)
    assert.equal("0 of 5 done, 1 failed, 4 running\n", (written[1]:gsub(", [%d.]+/min.*", "\n")))
    bar:finish()
    assert.truthy(tostring(bar):find "^mj.progress: 4 of 5 done, 1 failed")
  end)

  it("follows what mj.map starts, without being told", function()
    local client = helper.script()
    local written, to = writer()
    local bar = mj.progress(nil, { to = to })
    mj.map({ "a", "b", "c" }, function(prompt)
      return client:imagine(prompt)
    end)
    bar:finish()
    assert(client:imagine("later"):await())
    assert.equal(3, bar:snapshot().done)
    assert.equal("3 of 3 done, in", written[#written]:match "^(.*) %w+\n$")
  end)

  it("knows how many mj.map will make, each item of its list being one", function()
    local client = helper.script(helper.gateway {
      { match = "POST", body = '{"code":24,"description":"banned"}' },
    })
    local bar = mj.progress(nil, { to = function() end })
    local seen = {}
    local function look()
      local s = bar:snapshot()
      assert.equal(s.total, s.done + s.failed + s.unknown + s.running + s.queued)
      seen[#seen + 1] = s.total
      return s
    end
    local list = {}
    for i = 1, 9 do
      list[i] = "cat " .. i
    end
    mj.map(list, function(prompt, i)
      look()
      local grid = assert(client:imagine(prompt):await())
      assert.is_true(look().running >= 1)
      if i == 4 then
        error "a mistake"
      elseif i == 5 then
        mj.spawn(function() -- its own work, not the item's
          mj.sleep(100)
          client:imagine "later":await()
        end)
      end
      local both = mj.map({ "U1", "U2" }, function(button) -- one in the other is its work
        look()
        return grid:click(button)
      end)
      return #both == 2
    end, { concurrency = 3 })
    for _, total in ipairs(seen) do
      assert.equal(9, total)
    end
    local s = bar:snapshot()
    assert.same({ 9, 7, 2, 0, 0 }, { s.total, s.done, s.failed, s.running, s.queued })
    mj.sleep(200)
    assert.equal(10, bar:snapshot().total)
    assert(client:imagine "one more":await())
    assert.equal(11, look().total)
    bar:finish()
    mj.map({ 1 }, function() return 1 end)
    assert.equal(11, bar:snapshot().total)
  end)

  it("counts what an iterator of mj.map gave, and forgets what a broken one did not", function()
    local client = helper.script()
    local bar = mj.progress(nil, { to = function() end })
    local n = 0
    mj.map(function()
      n = n + 1
      return n <= 3 and "cat " .. n or nil
    end, function(prompt)
      assert.is_true(bar:snapshot().total <= 3)
      return client:imagine(prompt)
    end, { concurrency = 1 })
    assert.same({ 3, 3 }, { bar:snapshot().total, bar:snapshot().done })
    local list = setmetatable({ "a", "b", "c" }, { __index = function()
      error "no more"
    end })
    mj.map(list, function(prompt)
      return client:imagine(prompt)
    end)
    local s = bar:snapshot()
    assert.same({ 6, 6, 0 }, { s.total, s.done, s.queued })
    bar:close()
  end)

  it("draws in place, with prompts and percents, ten times a second at most", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "40%", times = 60 },
    })
    local written, to = writer()
    local at, last = {}, nil
    local bar = mj.progress({}, { columns = 60, color = false, unicode = true, to = function(text)
      to(text)
      at[#at + 1] = world:now()
    end })
    mj.map({ "black cat", "dog\27]0;x\7" }, function(prompt)
      return bar:add(client:imagine((prompt:gsub("%c", ""))), prompt)
    end)
    bar:finish()
    local all = table.concat(written)
    assert.truthy(all:find("███░░░░░  40%  black cat", 1, true), all)
    assert.truthy(all:find("dog ]0;x", 1, true))
    local ours = { ["[K"] = true, ["[J"] = true, ["[1A"] = true, ["[2A"] = true }
    for piece in all:gmatch "\27(.[%d;]*%a?)" do
      assert.truthy(ours[piece], piece)
    end
    for i, time in ipairs(at) do
      assert.is_true(i >= #at - 1 or last == nil or time - last >= 0.0999)
      last = time
    end
    assert.truthy(all:find "2 of 2 done, in %w+\27%[K\27%[J\r\n$", all:sub(-300))
  end)

  it("takes items by hand, coroutines, and what was spent", function()
    helper.script()
    local written, to = writer()
    local bar = mj.progress({}, { to = to, total = 5 })
    local item = bar:item "by hand"
    item:run(10)
    bar:item("second"):failed { code = "unknown_outcome" }
    bar:item("third"):failed "no"
    bar:add(mj.spawn(function()
      return nil, "because"
    end))
    bar:add(mj.spawn(function()
      return 1
    end))
    bar:spent(0.1)
    item:done()
    mj.step(0)
    bar:finish()
    assert.equal("2 of 5 done, 2 failed, 1 unknown, 0.10 spent, in 0s\n", written[#written])
    assert.error_matches(function()
      bar:add "no job"
    end, "progress:add: job expected, got string")
    assert.error_matches(function()
      mj.progress({}, { colour = true })
    end, "did you mean 'color'")
  end)

  it("writes JSON that another reader takes", function()
    local client = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "40%", times = 20 },
    })
    local written, to = writer()
    local jobs = { client:imagine "a", client:imagine "b" }
    mj.progress(jobs, { to = to, json = true })
    mj.await(jobs)
    assert.is_true(#written >= 2)
    for i, line in ipairs(written) do
      local p = cjson.decode(line).progress
      assert.equal(2, p.total)
      assert.equal(2, p.done + p.failed + p.running + p.queued)
      assert.equal(i == #written or nil, p.final)
    end
  end)

  it("stops where nobody reads, and harms nothing", function()
    local client = helper.script()
    local n = 0
    local job = client:imagine "cat"
    mj.progress(job, { to = function()
      n = n + 1
      error "gone"
    end, every = 0 })
    assert(job:await())
    assert.equal(1, n)
  end)

  it("ends a wait for nothing as without it", function()
    helper.script()
    local _, to = writer()
    local bar = mj.progress({}, { to = to })
    bar:item("x"):run()
    assert.equal(0, mj.pending())
    assert.error_matches(function()
      mj.spawn(function() end)
      mj.run(function()
        require("mj.loop").wait(require("mj.signal").new())
      end)
    end, "deadlock")
    bar:close()
    mj.step(0)
  end)

  it("costs little with ten thousand jobs: no look at those that do not show", function()
    local client, world = helper.script(helper.gateway {
      { match = "/fetch", body = helper.running "40%", ["repeat"] = true },
    })
    local hard = os.getenv "MJ_GC" == "hard" -- the collector would be what is measured
    local most = hard and 1000 or 10000
    local jobs = {}
    for i = 1, most do
      jobs[i] = client:imagine("cat " .. i)
    end
    for i = 1, #jobs do
      jobs[i]:id()
    end
    local drawings = 0
    local bar = mj.progress(jobs, { columns = 80, to = function()
      drawings = drawings + 1
    end })
    mj.step(0)
    assert.equal(most, bar:snapshot().running)
    local draw = bar.source
    drawings = 0
    local before = os.clock()
    for _ = 1, 200 do
      bar.dirty, bar.at = true, world:now() - 1
      draw:step()
    end
    local each = (os.clock() - before) / 200
    assert.equal(200, drawings)
    assert.is_true(each < (hard and 0.1 or 0.002), ("%.6f s of CPU for each drawing"):format(each))
    print(("a drawing of %d jobs: %.0f us of CPU"):format(most, each * 1e6))
    bar:close()
    client:close()
    for _, job in ipairs(jobs) do
      job:await()
    end
    mj.step(0)
  end)
end)
