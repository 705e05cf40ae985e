-- SPDX-License-Identifier: MIT
-- mj.log: levels, where lines go, and what is not in them.

local helper = require "helper"
local mj = require "mj"
local run = require "spec.support.run"

local KEY = "sk-CANARY-0123456789abcdef"

describe("mj.log", function()
  before_each(helper.before_each)
  after_each(function()
    mj.log.level, mj.log.to = nil, nil
    helper.after_each()
  end)

  local function collect()
    local lines = {}
    mj.log.to = function(level, line)
      lines[#lines + 1] = level .. ": " .. line
    end
    return lines
  end

  it("takes a level and what is more important", function()
    local lines = collect()
    assert.equal("warning", mj.log.level)
    local function each()
      mj.log.error "e"
      mj.log.warning("%d of %d", 1, 2)
      mj.log("info", "i %s", "x")
      mj.log.trace "t"
    end
    each()
    assert.same({ "error: e", "warning: 1 of 2" }, lines)
    mj.log.level = "trace"
    each()
    assert.same({ "error: e", "warning: 1 of 2", "info: i x", "trace: t" },
      { lines[3], lines[4], lines[5], lines[6] })
    mj.log.level = "none"
    each()
    assert.equal(6, #lines)
  end)

  it("says nothing by itself where nobody asked", function()
    assert.equal("none", mj.log.level)
    local status, out, err = run.shell(
      ([[LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="%s/lib/?.so" lua5.4 -e '
        require "mj".log.error "x"']]):format(run.build))
    assert.same({ 0, "", "" }, { status, out, err })
  end)

  it("refuses what it does not know, by name", function()
    assert.error_matches(function()
      mj.log.level = "inof"
    end, "did you mean 'info'")
    assert.error_matches(function()
      mj.log.lvl = "info"
    end, "unknown field 'lvl'")
    assert.error_matches(function()
      mj.log.to = "stderr"
    end, "'to': function expected")
    assert.error_matches(function()
      mj.log("warn", "x")
    end, "unknown level 'warn'")
    assert.error_matches(function()
      mj.log.info(7)
    end, "string expected, got number")
  end)

  it("hides the key of an open client, and control characters", function()
    helper.script()
    local lines = collect()
    mj.log.warning("the key is %s\27[31m\n%s", KEY, "next")
    assert.same({ "warning: the key is *** [31m next" }, lines)
  end)

  it("is where a client's lines go that has no log of its own", function()
    local lines = collect()
    mj.log.level = "info"
    local client = helper.script()
    assert(client:imagine("cat —ar 3:2"):await())
    local text = table.concat(lines, "\n")
    assert.truthy(text:find("warning: ", 1, true), text)
    assert.truthy(text:find("info: accepted: task", 1, true), text)
    local silent = helper.script(nil, { log = false })
    local before = #lines
    assert(silent:imagine("cat —ar 3:2"):await())
    assert.equal(before, #lines)
  end)

  it("writes to standard error in mjlua, its warnings without being asked", function()
    local code = [[local mj = require "mj"; mj.log.warning "w"; mj.log.info "i"
      mj.log.level = "info"; mj.log.info "j"; mj.log.trace "t"]]
    local status, _, err = run.lua("-e", code)
    assert.same({ 0, "mjlua: warning: w\nmjlua: info: j\n" }, { status, err })
  end)
end)
