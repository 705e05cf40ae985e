-- SPDX-License-Identifier: MIT
-- What a person sees of mj.progress: golden screens of terminals.

local run = require "spec.support.run"
local screen = require "spec.support.screen"

-- Numbers that do not depend on how fast the machine is; the program waits where the
-- person looks.
local SCRIPT = [[
os.execute "test -t 0 && stty -echo" -- what is typed would be a line of its own
local mj = require "mj"
local now = 0
local bar = mj.progress({}, { total = 100, now = function() return now end, spent = 1.55 })
local prompts = {
  "black cat, cinematic lighting, 35mm, shallow depth of field, golden hour",
  "東京の夜、雨、ネオン、反射、広角レンズ、映画のような光、細部まで",
  "a server's \27[2J\27[31mred\27[0m \27]0;title\7text\r\n\tfolded",
  "un caf\233, cafe\204\129 noir, \226\128\174reversed",
  "🐈🐈🐈 three cats on a roof",
}
local items = {}
for i = 1, 40 do
  items[i] = bar:item(prompts[i] or "prompt " .. i)
  items[i]:run(i % 7 > 0 and i * 7 % 101 or nil)
end
now = 300
for i = 12, 38 do
  items[i]:done()
end
items[39]:failed { code = "failed" }
items[40]:failed { code = "unknown_outcome" }
local function pause()
  mj.step(0)
  io.stderr:flush()
  io.read()
  now = now + 10
end
pause()
for i = 6, 11 do
  items[i]:done()
end
if os.getenv "SAY" then
  bar:print "a line above"
end
pause()
for i = 1, 5 do
  items[i]:done()
end
bar:finish()
print "the script goes on"
]]

local function show(opts)
  opts.argv = { run.absolute(run.mjlua), "s.lua" }
  opts.files = { ["s.lua"] = SCRIPT }
  opts.rows = opts.rows or 16
  return screen.run(opts)
end

local ENTER = { key = "Enter" }

describe("a progress", function()
  for _, columns in ipairs { 40, 80, 200 } do
    it(("on %d columns"):format(columns), function()
      local lines, status = show {
        columns = columns,
        keys = { { wait = "and 3 more" }, { look = "first" }, ENTER, { gone = "and 3 more" },
          { look = "second" }, ENTER, { wait = "goes on" } },
      }
      assert.equal(0, status)
      screen.golden("progress-" .. columns, lines.first)
      screen.golden("progress-" .. columns .. "-later", lines.second)
      screen.golden("progress-" .. columns .. "-last", lines)
    end)
  end

  it("follows the terminal when it becomes narrower, and leaves nothing in it", function()
    local lines, status = show {
      columns = 80, rows = 24,
      keys = { { wait = "and 3 more" }, { columns = 40 }, ENTER, { gone = "and 3 more" },
        { look = "narrow" }, ENTER, { wait = "goes on" } },
    }
    assert.equal(0, status)
    -- (The six rows on top are what tmux moved out of the window when it folded lines.)
    screen.golden("progress-resized", lines.narrow)
    screen.golden("progress-resized-last", lines)
  end)

  it("keeps what is printed above it", function()
    local lines, status = show {
      columns = 80, env = { SAY = "1" },
      keys = { { wait = "and 3 more" }, ENTER, { wait = "a line above" }, { gone = "and 3 more" },
        { look = "second" }, ENTER, { wait = "goes on" } },
    }
    assert.equal(0, status)
    screen.golden("progress-print", lines.second)
  end)

  it("fits into a terminal of few rows", function()
    local lines, status = show {
      columns = 40, rows = 6,
      keys = { { wait = "more" }, { look = "first" }, ENTER, ENTER, { wait = "goes on" } },
    }
    assert.equal(0, status)
    screen.golden("progress-low", lines.first)
  end)

  for _, term in ipairs { "dumb", "none" } do
    it("on a terminal of the kind " .. term, function()
      local keys = { ENTER, ENTER }
      if term == "dumb" then
        keys = { { wait = "27 of 100" }, ENTER, ENTER, { wait = "goes on" } }
      end
      local lines, status = show { term = term, columns = 80, keys = keys }
      assert.equal(0, status)
      assert.falsy(table.concat(lines):find "\27")
      screen.golden("progress-" .. term, lines)
    end)
  end

  it("has colours, and none with NO_COLOR", function()
    local function attributes(no_color)
      local lines = show {
        attributes = true, columns = 80, env = { NO_COLOR = no_color },
        keys = { { wait = "and 3 more" }, { look = "first" }, ENTER, ENTER, { wait = "goes on" } },
      }
      return table.concat(lines.first, "\n")
    end
    local _, painted = attributes(nil):gsub("\27%[3[126]m", "")
    assert.is_true(painted >= 10)
    assert.falsy(attributes "1":find "\27%[3%dm")
    local _, empty = attributes "":gsub("\27%[3[126]m", "") -- not set, says no-color.org
    assert.equal(painted, empty)
  end)

  it("leaves the line alone that is typed at the prompt of mjlua", function()
    local lines, status = screen.run {
      argv = { run.absolute(run.mjlua), "--sim=clock=20", "-i" }, columns = 60, rows = 12,
      keys = { { wait = "leaves" }, 'bar = mj.progress(mj.imagine "black cat")', ENTER,
        { wait = ">", count = 2 }, "half a", { wait = "1 of 1 done" }, { wait = "half a" },
        { look = "typed" }, { key = "C-c" }, { wait = "^C" }, { last = ">" }, { key = "C-d" } },
    }
    assert.equal(0, status)
    local typed = table.concat(lines.typed, "\n")
    assert.truthy(typed:find "\n1 of 1 done, in %w+\n", typed)
    assert.truthy(typed:find "\n> half a$", typed)
    assert.falsy(typed:find("█", 1, true), typed)
  end)

  it("shows in ASCII where the locale is not UTF-8", function()
    local lines = show {
      columns = 80, env = { LC_ALL = "C" },
      keys = { { wait = "and 3 more" }, { look = "first" }, ENTER, ENTER, { wait = "goes on" } },
    }
    screen.golden("progress-ascii", lines.first)
  end)
end)
