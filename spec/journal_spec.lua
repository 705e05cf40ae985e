-- SPDX-License-Identifier: MIT
-- The journal from outside: scripts that are killed and started again.  Nothing is
-- paid for twice.

local run = require "spec.support.run"
local starts = require "spec.support.starts"

local ANNOUNCED, lines = starts.ANNOUNCED, starts.lines

describe("a journal", function()
  local place, script, with = starts.around(before_each, after_each)

  describe("of a script that was killed", function()
    it("goes on between an imagine and its click", function()
      script("s.lua", [[
        local grid = assert(mj.imagine "cat":await())
        print("grid", grid.id)
        at "grid"
        local big = assert(grid:click "U2":await())
        print("big", big.id)
        at "big"]])
      local out, err = with("profile=plus,clock=200", [[
        cut_off grid s.lua
        count
        cut_off big s.lua
        count
        $mjlua s.lua
        count
        $mjlua s.lua | sed 's/[0-9]\{9,\}/ID/'
        count]])
      local got = lines(out)
      assert.truthy(got[1]:find "^grid\t%d+$", out)
      assert.equal("1 submitted, 1 made", got[2])
      assert.equal(got[1], got[3])
      assert.truthy(got[4]:find "^big\t%d+$", out)
      assert.equal("2 submitted, 2 made", got[5])
      -- all is there: nothing is asked for
      assert.same({ got[1], got[4], "2 submitted, 2 made" }, { got[6], got[7], got[8] })
      -- that start ended well, so the next one is another run
      assert.same({ "grid\tID", "big\tID", "4 submitted, 4 made" }, { got[9], got[10], got[11] })
      assert.equal(ANNOUNCED, err)
    end)

    it("goes on with what renders", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        print(job:id())
        at "id"
        print(assert(job:await()).id, job:token() ~= job:id())]])
      for _, profile in ipairs { "new-api", "novicezk", "plus", "trueai", "generate" } do
        local out, err = with("clock=100,profile=" .. profile, [[
          cut_off id s.lua
          $mjlua s.lua
          count]])
        local got = lines(out)
        assert.equal(got[1], got[2])
        assert.equal(got[1] .. "\ttrue", got[3])
        assert.equal("1 submitted, 1 made", got[4])
        assert.equal(ANNOUNCED, err)
        run.shell("rm -r " .. run.quote(place.path .. "/home"))
      end
    end)

    it("begins anew with --fresh, which is then what goes on", function()
      script("s.lua", [[
        print(assert(mj.imagine "cat":await()).id)
        at "end"]])
      local out, err = with("clock=200", [[
        cut_off end s.lua
        cut_off end --fresh s.lua
        count
        $mjlua s.lua
        count]])
      local got = lines(out)
      assert.is_not.equal(got[1], got[2])
      assert.equal("2 submitted, 2 made", got[3])
      assert.equal(got[2], got[4])
      assert.equal("2 submitted, 2 made", got[5])
      assert.equal(ANNOUNCED, err)
    end)

    it("is nowhere with --no-journal", function()
      script("s.lua", [[
        print(assert(mj.imagine "cat":await()).id)
        at "end"]])
      local out, err = with("clock=200", [[
        cut_off end --no-journal s.lua
        $mjlua --no-journal s.lua
        count
        find $HOME -type f | wc -l]])
      local got = lines(out)
      assert.is_not.equal(got[1], got[2])
      assert.same({ "2 submitted, 2 made", "0" }, { got[3], got[4]:match "%d+$" })
      assert.equal("", err)
    end)

    it("keeps equal requests apart, in several clients, and in their order", function()
      script("s.lua", [[
        local a, b = mj.client {}, mj.client {}
        for _, client in ipairs { a, a, b } do
          print(client:imagine "cat":id())
        end
        print(mj.imagine "cat":id())
        at "end"]])
      local out = with("clock=200", [[
        cut_off end s.lua
        $mjlua s.lua 2>/dev/null
        count]])
      local got = lines(out)
      local seen = {}
      for i = 1, 4 do
        assert.is_nil(seen[got[i]])
        seen[got[i]] = true
        assert.equal(got[i], got[4 + i])
      end
      assert.equal("4 submitted, 4 made", got[9])
    end)

    it("answers as it did: a failure stays one", function()
      script("s.lua", [[
        local job = mj.imagine "cat sim:fail"
        local task, err = job:await()
        print(task, err.code, err.task_id)
        at "end"]])
      local out = with("clock=200", [[
        cut_off end s.lua
        $mjlua s.lua 2>/dev/null
        count]])
      local got = lines(out)
      assert.truthy(got[1]:find "^nil\tfailed\t%d+$", out)
      assert.equal(got[1], got[2])
      assert.equal("1 submitted, 1 made", got[3])
    end)

    it("is that of the script, wherever it is called from, and of its arguments", function()
      script("s.lua", [[
        print(assert(mj.imagine "cat":await()).id)
        at "end"]])
      local out = with("clock=200", [[
        cut_off end s.lua x
        $mjlua ./s.lua y
        ln -s $dir/s.lua $dir/link.lua
        mkdir sub
        : >out # of the start before, which was there, too
        cd sub
        HOLD=end $mjlua ../s.lua x >../out 2>/dev/null &
        pid=$!
        cd ..
        said "at end"
        end 9
        head -n 1 out
        $mjlua $dir/link.lua x 2>why || cat why
        count]])
      local got = lines(out)
      assert.is_not.equal(got[1], got[2])
      assert.equal(got[1], got[3])
      assert.equal(got[1], got[4])
      assert.equal("2 submitted, 2 made", got[5])
    end)
  end)

  describe("of a script that ended by itself", function()
    it("goes on after an error, and tries again what had failed", function()
      script("s.lua", [[
        local jobs = { mj.imagine "cat", mj.imagine "dog sim:fail", mj.imagine "hen" }
        for i, job in ipairs(jobs) do
          local task, err = job:await()
          print(i, task and task.id or err.task_id)
        end
        error("the script's own", 0)]])
      local out, err = with("clock=200", [[
        $mjlua s.lua
        echo "status $?"
        count
        $mjlua s.lua
        count]])
      local got = lines(out)
      assert.same({ "status 1", "3 submitted, 3 made" }, { got[4], got[5] })
      assert.equal(got[1], got[6])
      assert.is_not.equal(got[2], got[7])
      assert.equal(got[3], got[8])
      assert.equal("4 submitted, 4 made", got[9])
      assert.equal("mjlua: the script's own\n" .. ANNOUNCED .. "mjlua: the script's own\n",
        (err:gsub("stack traceback:\n.-%[C%]: in %?\n", "")))
    end)

    it("begins anew after os.exit(0) and os.exit(true), goes on after the others", function()
      script("s.lua", [[
        local how = { ["0"] = 0, ["true"] = true, ["3"] = 3, ["false"] = false }
        print(assert(mj.imagine "cat":await()).id)
        os.exit(how[...])]])
      local out = with("clock=200", [[
        for how in 0 true nothing 3 false; do
          first=$($mjlua s.lua $how 2>/dev/null)
          status=$?
          second=$($mjlua s.lua $how 2>/dev/null)
          [ "$first" = "$second" ] && echo "$how $status goes on" || echo "$how $status anew"
        done
        count]])
      assert.equal("0 0 anew\ntrue 0 anew\nnothing 0 anew\n3 3 goes on\nfalse 1 goes on\n"
        .. "8 submitted, 8 made\n", out)
    end)

    it("does not go on with what runs, if it ended well", function()
      script("s.lua", [[print(mj.imagine "cat":id())]])
      local out, err = with("", [[
        $mjlua s.lua
        $mjlua s.lua
        count]])
      local got = lines(out)
      assert.is_not.equal(got[1], got[2])
      assert.equal("2 submitted, 2 made", got[3])
      for i = 1, 2 do
        assert.truthy(err:find(('mjlua: 1 task still running at the gateway: %s; look it up with '
          .. 'mj.client {}:task("%s")\n'):format(got[i], got[i]), 1, true), err)
      end
    end)
  end)

  describe("by its keys", function()
    it("is shared by scripts", function()
      script("a.lua", [[print(assert(mj.imagine { prompt = "cat", key = "poster" }:await()).id)]])
      script("b.lua", [[
        local job = mj.imagine { prompt = "cat", key = "poster" }
        print(job.key, assert(job:await()).id)
        print(select(2, mj.imagine { prompt = "another cat", key = "poster" }:await()))
        job = mj.imagine { prompt = "cat", key = "poster", on_duplicate = "fail" }
        local _, err = job:await()
        print(err.code, err.key, err.message)
        job = mj.imagine { prompt = "cat", key = "poster", on_duplicate = "new" }
        print(assert(job:await()).id)
        print(assert(mj.imagine { prompt = "cat", key = "poster" }:await()).id)
        print(mj.imagine { prompt = "cat", key = "p", on_duplicate = "perhaps" }:await())
        print(mj.imagine { prompt = "cat", key = "" }:await())]])
      local out, err = with("clock=200", [[
        $mjlua --journal j a.lua
        $mjlua --journal j a.lua
        count
        $mjlua --journal=j b.lua
        count]])
      local got = lines(out)
      assert.equal("", err)
      assert.equal(got[1], got[2])
      assert.equal("1 submitted, 1 made", got[3])
      assert.equal("poster\t" .. got[1], got[4])
      assert.equal('duplicate: key poster: it was submitted before, with another request; '
        .. 'on_duplicate = "new" gives it the key', got[5])
      table.remove(got, 5)
      assert.equal("duplicate\tposter\tkey poster: it was submitted before", got[5])
      assert.is_not.equal(got[1], got[6])
      assert.equal(got[6], got[7]) -- the newest of that key
      assert.truthy(got[8]:find "^nil\tinvalid: on_duplicate", out)
      assert.truthy(got[9]:find "^nil\tinvalid: key", out)
      assert.equal("2 submitted, 2 made", got[10])
    end)

    it("lets one job at a time work on one", function()
      script("s.lua", [[
        local a, b = mj.client {}, mj.client {}
        local first = a:imagine { prompt = "cat", key = "k" }
        print(first:id())
        print(b:imagine { prompt = "cat", key = "k" }:await())
        print(assert(first:await()).id)
        print(assert(b:imagine { prompt = "cat", key = "k" }:await()).id)]])
      local out = with("clock=200", "$mjlua s.lua; count")
      local got = lines(out)
      assert.equal("nil\tduplicate: key k: another job of this program works on it", got[2])
      assert.same({ got[1], got[1], "1 submitted, 1 made" }, { got[3], got[4], got[5] })
    end)
  end)

  it("finds work by a token, in another process", function()
    script("s.lua", [[
      local job = mj.imagine "cat"
      print(job:id())
      print(job:token())
      at "id"]])
    local out, err = with("clock=50", [[
      cut_off id s.lua
      token=$(sed -n 2p out)
      file=$(echo $HOME/.local/state/mj/*.journal)
      $mjlua --journal $file -e "token = '$token'" \
        -e "print(assert(require 'mj'.client {}:task(token):await()).id)"
      $mjlua -e "print(require 'mj'.client {}:task('$token'):await())"
      $mjlua --journal other -e "print(require 'mj'.client {}:task('$token'):await())"
      count]])
    local got = lines(out)
    assert.truthy(got[1]:find "^%d+$" and got[2]:find "^mj_%w+$", out)
    assert.equal(got[1], got[3])
    assert.truthy(got[4]:find "^nil\tnot_found: mj_%w+ is a token: it needs the journal", out)
    assert.truthy(got[5]:find "^nil\tnot_found: the journal has no mj_", out)
    assert.equal("1 submitted, 1 made", got[6])
    assert.equal("", err)
  end)

  it("holds prompts, and no key", function()
    script("s.lua", [[
      local client = mj.client { api_key = "sk-canary-0123456789" }
      print(assert(client:imagine "a purple cat":await()).status)
      at "end"]])
    local out = with("clock=200,key=sk-canary-0123456789", [[
      HOLD=end
      export HOLD
      begin s.lua
      said "at end"
      grep -rlF "purple cat" $HOME | wc -l
      grep -raF canary $HOME out err | wc -l
      tr '\0' ' ' </proc/$pid/cmdline | grep -c canary
      end 9
      grep -raF canary $HOME | wc -l
      unset HOLD
      $mjlua s.lua 2>/dev/null
      $mjlua -m status --json s.lua | grep -c canary
      grep -raF canary $HOME | wc -l]])
    assert.equal("1 0 0 0 SUCCESS 0 0", (out:gsub("%s+", " "):gsub(" $", "")))
  end)
end)
