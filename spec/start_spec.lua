-- SPDX-License-Identifier: MIT
-- A journal that cannot be made, or that was killed while it was being made.

local starts = require "spec.support.starts"

local lines = starts.lines

describe("a script's first start", function()
  local place = starts.folder(before_each, after_each)

  -- The journal is opened, and nothing is sent.
  before_each(function()
    starts.script(place, "s.lua", [[
      print(#assert(assert(mj.client {}):unknown()))]])
  end)

  -- Says one line, which names what is in the way, and what to do.
  local function refused(words, why, before)
    local out, err = starts.shell(place, ([[
      export MJ_BASE_URL=http://127.0.0.1:1 MJ_API_KEY=sk-1
      %s
      %s
      echo "status $?"]]):format(before or "", words))
    assert.same({ "status 1" }, lines(out))
    local said = lines(err)
    assert.equal(1, #said, err)
    assert.equal("mjlua: journal: ", said[1]:sub(1, 16))
    assert.truthy(said[1]:find(why, 1, true), said[1])
    assert.truthy(said[1]:find("--no-journal runs without one", 1, true), said[1])
  end

  it("says what is in the way of its journal, in one line", function()
    refused("XDG_STATE_HOME=/proc/none $mjlua s.lua", "cannot make the folder /proc/none/mj: ")
    refused("XDG_STATE_HOME=/dev/null $mjlua s.lua", "/dev/null/mj: Not a directory")
    refused("$mjlua --journal /proc/none/j s.lua", "cannot make the folder /proc/none: ")
    refused("$mjlua --journal $dir s.lua", "is not a plain file")
    refused("$mjlua --journal /dev/full s.lua", "/dev/full is not a plain file")
    refused("$mjlua --journal open/j s.lua", "open", "mkdir -p open; chmod 777 open")
    refused("$mjlua --journal text s.lua", "text", "echo hello >text; chmod 600 text")
  end)

  it("leaves what is no journal as it was", function()
    local out = starts.shell(place, [[
      export MJ_BASE_URL=http://127.0.0.1:1 MJ_API_KEY=sk-1
      echo hello >text
      chmod 600 text
      $mjlua --journal text s.lua 2>/dev/null
      cat text*
      ls | grep -c text]])
    assert.equal("hello", lines(out)[1])
  end)

  it("that is killed, with all of its group, is in nobody's way", function()
    local out, err = starts.shell(place, [[
      export MJ_BASE_URL=http://127.0.0.1:1 MJ_API_KEY=sk-1
      killed=0
      for n in 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 25 30 40 60; do
        rm -rf $HOME/.local group
        setsid sh -c 'echo $$ >group; exec "$@"' sh $mjlua s.lua >/dev/null 2>&1 &
        while [ ! -s group ]; do :; done
        sleep 0.0$n
        kill -9 -$(cat group) 2>/dev/null && killed=$((killed + 1))
        wait $!
        $mjlua s.lua || echo "after 0.0$n s: status $?"
      done
      echo "killed $killed"]], 60)
    local got = lines(out)
    assert.equal(26, #got, out)
    for i = 1, 25 do
      assert.equal("0", got[i])
    end
    assert.truthy(tonumber(got[26]:match "^killed (%d+)$") > 0, out)
    -- one that was cut off is gone on with
    for _, line in ipairs(lines(err)) do
      if not line:find("Killed", 1, true) then
        assert.equal(starts.ANNOUNCED, line .. "\n")
      end
    end
  end)
end)
