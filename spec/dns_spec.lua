-- SPDX-License-Identifier: MIT
-- mjlua, and names that are not known, not yet, or not soon: what is paid is not
-- sent, nothing stays in doubt, and nobody waits for a lookup that he gave up.

local starts = require "spec.support.starts"

describe("a name", function()
  local place = starts.folder(before_each, after_each)

  local SCRIPT = [[
    local client = mj.client { dialect = os.getenv "DIALECT",
      timeout = { connect = tonumber(os.getenv "CONNECT") or 10 } }
    local job = client:imagine "cat"
    if os.getenv "GIVE_UP" then
      repeat mj.sleep(0.01) until io.open(os.getenv "MJ_DNS_LOG")
      mj.sleep(0.1)
      job:cancel()
    end
    local task, e = job:await { timeout = 60 }
    print(task and task.status or e)]]

  -- The gateway by a name of ".test", which the resolver answers; `seconds` tells how
  -- long a command took.
  local HEAD = [[
    resolver=$(dirname $mjlua)/spec/resolver.so
    export MJ_BASE_URL=$(echo $MJ_BASE_URL | sed s/127.0.0.1/gateway.test/)
    export MJ_DNS_LOG=$dir/lookups
    by_name() { # WORDS: mjlua
      rm -f $dir/lookups
      since=$(date +%s%N)
      LD_PRELOAD=$resolver $mjlua "$@"
      echo "after $((($(date +%s%N) - since) / 1000000)) ms, $(wc -l <$dir/lookups) lookups"
    }
    ]]

  before_each(function()
    starts.script(place, "s.lua", SCRIPT)
  end)

  local function with(commands)
    local out, err = starts.with(place, "clock=200", HEAD .. commands .. [[

      $mjlua -m status --unknown
      count]], 30)
    local lines = starts.lines(out)
    assert.truthy(lines[#lines - 1]:find "^no journal" or not out:find("UNKNOWN", 1, true), out)
    return lines, err, out
  end

  local function took(line)
    local ms, lookups = line:match "^after (%d+) ms, (%d+) lookups$"
    return tonumber(ms), tonumber(lookups)
  end

  -- What is asked first is a free question, or what is paid.
  for dialect, first in pairs { auto = "asking which API the gateway has", mj = "imagine: " } do
    describe("that is looked up for " .. dialect, function()
      local function words(settings)
        return ("export DIALECT=%s %s\n"):format(dialect, settings)
      end

      it("and is not known: said so, and nothing is sent", function()
        local lines, err, out = with(words "MJ_DNS=nxdomain" .. "by_name s.lua")
        assert.truthy(lines[1]:find("^network: " .. first), out)
        assert.truthy(lines[1]:find("Could not resolve host: gateway.test; is the host in base_url "
          .. "right?", 1, true), out)
        assert.equal(4, select(2, took(lines[2])))
        assert.equal("0 submitted, 0 made", lines[#lines])
        assert.equal("", err)
      end)

      it("and is not answered: for as long as connecting may take", function()
        local lines, _, out = with(words "MJ_DNS=timeout:8000 CONNECT=0.2" .. "by_name s.lua")
        assert.truthy(lines[1]:find("Resolving timed out after %d+ milliseconds; is there a "
          .. "network, and does its name server answer%?"), out)
        assert.is_true((took(lines[2])) < 7000, lines[2]) -- its end waits for no lookup either
        assert.equal("0 submitted, 0 made", lines[#lines])
      end)

      it("and is known later", function()
        local lines, _, out = with(words "MJ_DNS=slow:300" .. [[
          by_name s.lua
          MJ_DNS=servfail MJ_DNS_TIMES=2 by_name --fresh s.lua
          MJ_DNS=v6-dead by_name --fresh s.lua]])
        for i, lookups in ipairs { 1, 3, 1 } do
          assert.equal("SUCCESS", lines[2 * i - 1], out)
          assert.is_true(select(2, took(lines[2 * i])) >= lookups, out)
        end
        assert.equal("3 submitted, 3 made", lines[#lines])
      end)

      it("and is not waited for by who gives up", function()
        local lines, err, out = with(words "MJ_DNS=slow:8000" .. [[
          GIVE_UP=yes by_name s.lua
          rm -f $dir/lookups
          since=$(date +%s%N)
          LD_PRELOAD=$resolver begin --fresh s.lua
          there $dir/lookups
          sleep 0.1
          end INT
          echo "status $status"
          wc -l <$dir/lookups
          cat $dir/err
          echo "after $((($(date +%s%N) - since) / 1000000)) ms, 1 lookups"
          count
          unset MJ_DNS
          by_name s.lua
          ]])
        assert.truthy(lines[1]:find "^cancelled: .*sent", out)
        assert.is_true((took(lines[2])) < 4000, lines[2])
        assert.same({ "status 130", "1", "mjlua: interrupted",
          "mjlua: 1 task not sent, at no cost; the next start sends it" },
          { lines[3], lines[4], lines[5], lines[6] }, out)
        assert.truthy(lines[7]:find "^mjlua: run it again to go on", out)
        assert.is_true((took(lines[8])) < 4000, lines[8])
        assert.equal("0 submitted, 0 made", lines[9])
        assert.equal("SUCCESS", lines[10], out .. err)
        assert.equal("1 submitted, 1 made", lines[#lines])
      end)
    end)
  end

  it("is not waited for by a deadline, nor by a client's end", function()
    starts.script(place, "d.lua", [[
      local client = mj.client { dialect = "mj" }
      print(select(2, client:imagine({ prompt = "cat", deadline = 0.4 }):await { timeout = 60 }))
      local job = client:imagine "cat"
      mj.sleep(0.3)
      client:close()
      print(select(2, job:await {}))]])
    local lines, _, out = with "MJ_DNS=slow:8000 by_name d.lua"
    assert.equal("timeout: its deadline has passed before it was sent: nothing was paid",
      lines[1], out)
    assert.equal("closed: the client was closed; this was not sent", lines[2], out)
    assert.is_true((took(lines[3])) < 4000, lines[3])
    assert.equal("0 submitted, 0 made", lines[#lines])
  end)
end)
