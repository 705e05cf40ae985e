-- SPDX-License-Identifier: MIT
-- What is not known of paid work, journals that cannot be used, and leaving in the
-- midst of it.

local run = require "spec.support.run"
local starts = require "spec.support.starts"

local ANNOUNCED, lines = starts.ANNOUNCED, starts.lines

describe("paid work", function()
  local place, script, with = starts.around(before_each, after_each)

  describe("without an answer", function()
    it("holds it where there is no list", function()
      script("s.lua", [[
        local client = mj.client {}
        local first, second = client:imagine "cat", client:imagine "dog"
        local task, err = first:await()
        print(task and task.id or err.code)
        print(assert(second:await()).id)
        print(#client:unknown(), err.token)
        at "end"]])
      local out, err = with("clock=200,fault=drop@1", [[
        cut_off end s.lua
        count
        cut_off end s.lua
        count
        $mjlua s.lua
        count]])
      local got = lines(out)
      assert.equal("unknown_outcome", got[1])
      assert.truthy(got[2]:find "^%d+$" and got[3]:find "^1\tmj_%w+$", out)
      assert.equal("2 submitted, 2 made", got[4])
      for i = 5, 12 do
        assert.equal(got[i - 4], got[i])
      end
      assert.equal(ANNOUNCED, (err:gsub("mjlua: 1 request is in doubt: [^\n]+\n", "")
        :gsub("mjlua: this run ended well and is over: [^\n]+\n", "")))
    end)

    it("goes on with the task that somebody names", function()
      script("s.lua", [[
        local client = mj.client { wire_state = "user" } -- no token of ours is in the list
        local task, err = client:imagine "cat":await()
        print(task and task.id or err.code)
        at "end"]])
      local out = with("profile=plus,clock=200,fault=drop@1", [[
        cut_off end s.lua
        cat >r.lua <<'END'
          local client = require "mj".client { wire_state = "user" }
          local row = client:unknown()[1]
          print(row.verb, row.prompt, row.state, row.attempt)
          local id = assert(client:list():await())[1].id
          print(client:resolve("nobody", id))
          print(client:resolve(row.token, "../1"))
          print(client:resolve(row.token, id), #client:unknown())
          print(client:resolve(row.token, id))
          print(id)
          print(assert(client:task(row.token):await()).id)
END
        $mjlua --journal $HOME/.local/state/mj/s-*.journal r.lua
        $mjlua s.lua 2>/dev/null
        count]])
      local got = lines(out)
      assert.same({ "unknown_outcome", "imagine\tcat\tUNKNOWN\t1",
        "nil\tnot_found: the journal has no nobody",
        "nil\tinvalid: task: not a task id: ../1", "true\t0" },
        { got[1], got[2], got[3], got[4], got[5] })
      assert.truthy(got[6]:find "^nil\tinvalid: mj_%w+ is not unknown, it is ACCEPTED", got[6])
      assert.truthy(got[7]:find "^%d+$", out)
      assert.same({ got[7], got[7], "1 submitted, 1 made" }, { got[8], got[9], got[10] })
    end)

    it("sends it again when somebody knows that there is none", function()
      script("s.lua", [[
        local client = mj.client {}
        local task, err = client:imagine { prompt = "cat", key = "cat" }:await()
        print(task and task.id or err.code, err and err.key)
        at "end"
        if not task then
          print(client:resolve("cat", "absent"), #client:unknown())
          print(assert(client:task(err.token):await()).status)
        end]])
      local out = with("clock=200,fault=drop_before@1", [[
        cut_off end s.lua
        count
        $mjlua s.lua 2>/dev/null
        count
        $mjlua s.lua 2>/dev/null
        count]])
      local got = lines(out)
      assert.same({ "unknown_outcome\tcat", "1 submitted, 0 made", "unknown_outcome\tcat",
        "true\t0", "SUCCESS", "2 submitted, 1 made" },
        { got[1], got[2], got[3], got[4], got[5], got[6] })
      -- a key is for ever
      assert.truthy(got[7]:find "^%d+\tnil$", out)
      assert.equal("2 submitted, 1 made", got[8])
    end)

    it("finds it in the list of a gateway that has one", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        job:id(0.3)
        at "sent"
        print(assert(job:await()).id == job:id())]])
      local out, err = with("profile=plus,clock=200,fault=silent@1", [[
        cut_off sent s.lua
        count
        $mjlua -m status --unknown s.lua | tail -n 1
        $mjlua s.lua
        count
        $mjlua -m status s.lua | tail -n 1]])
      assert.equal("1 submitted, 1 made\n1 DISPATCHING\ntrue\n1 submitted, 1 made\n"
        .. "1 SUCCEEDED\n", out)
      assert.truthy(err:find("^" .. ANNOUNCED:gsub("%p", "%%%0")
        .. "mjlua: warning: mj_%w+: the gateway took it, as task %d+\n$"), err)
    end)

    it("finds it so without a start between", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        local _, err = job:await { timeout = 0.5 }
        print(err.code, err.token == job:token(), err.message:match "client:task%(.*%) finds it")
        print(assert(job:await()).status)]])
      for _, profile in ipairs { "trueai", "novicezk" } do
        local out = with("clock=200,fault=drop@1,profile=" .. profile,
          "$mjlua s.lua 2>/dev/null; count")
        assert.truthy(out:find('^timeout\ttrue\tclient:task%("mj_%w+"%) finds it\nSUCCESS\n'
          .. "1 submitted, 1 made\n$"), out)
      end
    end)
  end)

  describe("that was refused", function()
    it("is not sent again when the script went on and paid for the same", function()
      script("s.lua", [[
        local client = mj.client { on_busy = "fail" }
        local task, err
        for i = 1, 3 do
          task, err = client:imagine "cat":await()
          print(i, task and task.status or err.code)
          if task then
            break
          end
        end
        at "end"]])
      local out, err = with("clock=200,fault=banned@1+queue_full@2", [[
        cut_off end s.lua
        count
        cut_off end s.lua
        count
        $mjlua s.lua
        count
        $mjlua s.lua
        count]])
      local start = "1\tbanned_prompt\n2\tqueue_full\n3\tSUCCESS\n3 submitted, 1 made\n"
      assert.equal(start:rep(3) .. "1\tSUCCESS\n4 submitted, 2 made\n", out)
      assert.equal(ANNOUNCED .. "mjlua: warning: what was refused before the cut stays refused "
        .. "(banned_prompt); a fresh run asks again\n", err)
    end)

    it("for good stays so, until a fresh run; for now goes again", function()
      script("s.lua", [[
        local client = mj.client { on_busy = "fail" }
        for _, prompt in ipairs { "cat", "dog" } do
          local task, err = client:imagine(prompt):await()
          print(prompt, task and task.status or err.code)
        end
        at "end"]])
      local out = with("clock=200,fault=banned@1+queue_full@2", [[
        cut_off end s.lua
        cut_off end s.lua
        count
        $mjlua --fresh s.lua
        count]])
      assert.equal("cat\tbanned_prompt\ndog\tqueue_full\ncat\tbanned_prompt\ndog\tSUCCESS\n"
        .. "3 submitted, 1 made\ncat\tSUCCESS\ndog\tSUCCESS\n5 submitted, 3 made\n", out)
    end)

    it("is one thing, and a task that failed another: the second try is the second", function()
      script("s.lua", [[
        for i = 1, 2 do
          local task, err = mj.imagine "cat sim:fail":await()
          print(i, task and task.status or err.code, err and err.task_id)
        end
        at "end"]])
      local out = with("clock=200", [[
        cut_off end s.lua >first
        cut_off end s.lua >second
        cmp first second && cat second | cut -c 1-8
        count]])
      assert.equal("1\tfailed\n2\tfailed\n2 submitted, 2 made\n", out)
    end)
  end)

  describe("with a journal that cannot be used", function()
    before_each(function()
      script("s.lua", [[
        print(assert(mj.imagine "cat":await()).status)
        at "end"]])
    end)

    it("as another process has it: says who, and what helps", function()
      local out, err = with("clock=200", [[
        HOLD=end
        export HOLD
        begin s.lua
        said "at end"
        $mjlua s.lua
        echo "status $?"
        unset HOLD
        $mjlua --no-journal s.lua
        end 9
        echo "pid $pid"
        $mjlua s.lua
        count]])
      local pid = out:match "pid (%d+)"
      assert.equal(("status 1\nSUCCESS\npid %d\nSUCCESS\n2 submitted, 2 made\n")
        :format(pid), out)
      local first, second = err:match "^([^\n]+)\n([^\n]+)\n$"
      assert.truthy(first:find("process " .. pid, 1, true), first)
      assert.truthy(first:find("^mjlua: journal: ") and first:find "%-%-no%-journal", first)
      assert.equal(ANNOUNCED, second .. "\n")
    end)

    it("as others can read it: is refused, and chmod helps", function()
      local out, err = with("clock=200", [[
        cut_off end s.lua
        file=$(echo $HOME/.local/state/mj/*.journal)
        stat -c %a $HOME/.local/state/mj $HOME/.local/state/mj/*
        chmod 644 $file
        $mjlua s.lua
        echo "status $?"
        chmod 600 $file
        $mjlua s.lua
        count]])
      assert.equal("SUCCESS\n700\n600\n600\n600\nstatus 1\nSUCCESS\n1 submitted, 1 made\n", out)
      assert.truthy(err:find "^mjlua: journal: others can open it[^\n]+chmod 600 /[^\n]+\n", err)
      assert.equal(2, #lines(err))
    end)

    it("as it is damaged: moves it aside, and stops once", function()
      local out, err = with("clock=200", [[
        cut_off end s.lua
        file=$(echo $HOME/.local/state/mj/*.journal)
        printf 'no journal at all' >$file
        $mjlua s.lua
        echo "status $?"
        count
        $mjlua s.lua
        count
        head -c 17 $file.corrupt-*[0-9]
        $mjlua -m status s.lua]])
      assert.truthy(out:find("^SUCCESS\nstatus 1\n1 submitted, 1 made\nSUCCESS\n"
        .. "2 submitted, 2 made\nno journal at all%d%d%-%d%d [^\n]+\n1 SUCCEEDED\n$"), out)
      assert.truthy(err:find "^mjlua: journal: [^\n]+ is damaged [^\n]+ moved to [^\n]+\n$", err)
    end)

    it("as it is something else: leaves it alone", function()
      local out, err = with("clock=200", [[
        printf 'a letter' >letter
        chmod 600 letter
        $mjlua --journal letter s.lua
        echo "status $?"
        $mjlua --journal /dev/null s.lua
        echo "status $?"
        $mjlua --journal nowhere/at/all/j s.lua
        cat letter
        ls
        count]])
      assert.truthy(out:find("^status 1\nstatus 1\nSUCCESS\na letter"), out)
      assert.truthy(out:find("\nnowhere\n") and out:find "1 submitted, 1 made\n$", out)
      assert.falsy(out:find("letter.", 1, true), out)
      assert.truthy(err:find("^mjlua: journal: letter is there and is no journal[^\n]+\n"
        .. "mjlua: [^\n]+\n$"), err)
    end)

    it("as there is no home: says so once, and goes on without", function()
      local out, err = with("clock=200", [[
        script=$dir/s.lua
        env -u HOME $mjlua $script
        env -u HOME $mjlua --no-journal $script
        env -u HOME XDG_STATE_HOME=$dir/state $mjlua $script
        ls $dir/state/mj | sed 's/-[0-9a-f]*//']])
      assert.equal("SUCCESS\nSUCCESS\nSUCCESS\ns.journal\ns.journal.lock\n", out)
      assert.equal("mjlua: no journal is kept: HOME is not set (--journal FILE keeps one)\n",
        err)
    end)
  end)

  it("is as doc/money.md says", function()
    local n = 0
    for text in run.slurp "doc/money.md":gmatch "\n```lua\n(.-)\n```" do
      n = n + 1
      run.spit(place.path .. "/" .. n .. ".lua", text)
    end
    assert.equal(3, n)
    local out, err = with("clock=200,fault=drop@3", [[
      $mjlua 1.lua &
      pid=$!
      there lighthouse.png
      wait $pid
      $mjlua --journal j -e '
        print(require "mj".client { wire_state = "user" }:imagine "a cat":await())'
      $mjlua --journal j 2.lua
      $mjlua -m status j | cut -c 1-2
      $mjlua --dry-run 3.lua 2>/dev/null || echo failed
      count]])
    assert.truthy(out:find("^lighthouse.png\nnil\tunknown_outcome: [^\n]+\n"
      .. "mj_%w+\timagine\ta cat\t[^\n]+\n%d%d\n1 \n3 submitted, 3 made\n$"), out)
    assert.truthy(err:find("^mjlua: 1 request is in doubt: [^\n]+\nmjlua: this run ended well and "
      .. "is over: [^\n]+\nmjlua: to say what became of one: mjlua %-m resolve [^\n]+\n$"), err)
  end)

  describe("when somebody wants to be gone", function()
    it("says what the next start does, which does it", function()
      script("s.lua", [[
        local client = mj.client { limits = { live = 1 } }
        local jobs = { client:imagine "cat", client:imagine "dog" }
        print(jobs[1]:id())
        at "id"
        for _, job in ipairs(jobs) do
          print(assert(job:await()).prompt)
        end]])
      for _, signal in ipairs { "INT", "TERM", "HUP" } do
        local out, err = with("clock=50", ([[
          export HOLD=id
          begin --fresh s.lua "two words"
          said "at id"
          end %s
          unset HOLD
          echo "status $status"
          cat out err
          count
          $mjlua s.lua "two words"
          count]]):format(signal))
        local status = ({ INT = 130, TERM = 143, HUP = 129 })[signal]
        local id = out:match "\n(%d+)\n"
        assert.equal(([[
status %d
%s
at id
mjlua: interrupted
mjlua: 1 task not sent, at no cost; the next start sends it
mjlua: 1 task still running at the gateway: %s; the next start goes on with it
mjlua: run it again to go on: %s s.lua 'two words'
1 submitted, 1 made
%s
cat
dog
2 submitted, 2 made
]]):format(status, id, id, run.absolute(run.mjlua), id), out)
        assert.equal(ANNOUNCED, err)
      end
    end)

    it("waits a little for an answer", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        job:id(0.3)
        at "sent"
        print(job:id())]])
      local out = with("clock=2,fault=slow@1", [[
        export HOLD=sent
        begin s.lua
        said "at sent"
        end INT
        unset HOLD
        tail -n 2 err
        begin s.lua
        said 17
        end INT
        cat out
        count]])
      local id = out:match "gateway: (%d+); the next start goes on with it\n"
      assert.truthy(id, out)
      assert.truthy(out:find("\n" .. id .. "\n1 submitted, 1 made\n", 1, true), out)
    end)

    it("leaves at once the second time, with a journal that knows", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        job:id(0.3)
        at "sent"
        print(assert(job:await()).prompt)]])
      local out = with("profile=plus,clock=200,fault=silent@1", [[
        export HOLD=sent
        begin s.lua
        said "at sent"
        kill -INT $pid
        i=0
        while ! grep -qs interrupted err && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        end INT
        unset HOLD
        echo "status $status"
        $mjlua -m status --unknown s.lua | tail -n 1
        $mjlua s.lua 2>/dev/null
        count]])
      assert.equal("status 130\n1 DISPATCHING\ncat\n1 submitted, 1 made\n", out)
    end)

    it("does not wait for a gateway that is silent", function()
      script("s.lua", [[
        local job = mj.imagine "cat"
        job:id(0.3)
        at "sent"
        print(assert(job:await()).prompt)]])
      local out = with("profile=plus,clock=200,fault=silent@1", [[
        export HOLD=sent
        begin s.lua
        said "at sent"
        end TERM
        unset HOLD
        echo "status $status"
        cat err
        $mjlua s.lua 2>/dev/null
        count]])
      assert.equal("status 143\nmjlua: interrupted\nmjlua: 1 task sent and not answered: it may "
        .. "have been paid for; the next start looks what became of it\n"
        .. "mjlua: run it again to go on: "
        .. run.absolute(run.mjlua) .. " s.lua\ncat\n1 submitted, 1 made\n", out)
    end)

    it("ends with 1 when it is not known of something whether it was paid for", function()
      local text = [[
        local job = mj.imagine "cat"
        job:id(0.3)
        if ... then
          os.exit(0)
        end]]
      script("s.lua", text)
      local out, err = with("profile=plus,clock=200,fault=drop@1+drop@2", [[
        $mjlua s.lua
        echo "status $?"
        $mjlua s.lua exit
        echo "status $?"
        $mjlua -m status --unknown s.lua exit | tail -n 1
        count]])
      assert.equal("status 1\nstatus 1\n1 UNKNOWN\n2 submitted, 2 made\n", out)
      assert.equal(2, select(2, err:gsub("mjlua: 1 task sent and not answered: it may have been "
        .. "paid for; the next start looks what became of it\n"
        .. "mjlua: run it again to go on: %S+ s.lua", "")))
    end)
  end)
end)
