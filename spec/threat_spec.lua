-- SPDX-License-Identifier: MIT
-- What a hostile gateway says, and a terminal does not get; and what of it is
-- nobody's path.  (spec/fault/ has the rest of what it may try.)

local run = require "spec.support.run"

describe("a hostile gateway's words", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  -- Bytes that a terminal would act on: C0 but for the newline, DEL, C1.
  local function acts(text)
    return text:find "[%z\1-\9\11-\31\127]" or text:find "\194[\128-\159]"
  end

  local script = [=[
    local mj = require "mj"
    local sim = require "mj.sim"
    local words = "\27]0;owned\7 \27[31mred\r\nX: 1 \8\8 \194\155 2J"
    local gateway = assert(sim.start { profile = "plus", clock = 200,
      scenario = { { task = "cat", fail = words } } })
    local client = mj.client { base_url = gateway.url, api_key = gateway.key,
      auth = gateway.auth, poll = { first = 0.01, every = 0.02 } }
    local job = client:imagine "cat"
    local task, err = job:await { timeout = 30 }
    assert(not task and err.code == "failed", tostring(err))
    assert(err.fail_reason:find "\27", "the words themselves are as they came")
    print(err, err.message, job, err.task)
    io.stderr:write(tostring(err), "\n")
    error(err)
  ]=]

  it("do not reach the terminal as commands", function()
    run.spit(folder .. "/s.lua", script)
    for _, how in ipairs { "-W", "--traceback" } do
      local status, out, err = run.lua(how, "--no-journal", folder .. "/s.lua")
      assert.equal(1, status)
      assert.matches("owned", out)
      assert.matches("owned", err)
      assert.is_nil(acts(out:gsub("\t", " ")), out)
      assert.is_nil(acts(err:gsub("\t", " ")), err)
    end
  end)

  it("nor from the journal", function()
    run.spit(folder .. "/s.lua", script)
    run.lua("--journal", folder .. "/j", folder .. "/s.lua")
    local status, out, err = run.lua("-m", "status", folder .. "/j")
    assert.equal(0, status, err)
    assert.is_nil(acts(out), out)
    assert.is_nil(acts(err), err)
  end)
end)
