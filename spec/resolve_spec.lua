-- SPDX-License-Identifier: MIT
-- mjlua -m resolve: what a person knows of work in doubt.

local run = require "spec.support.run"
local starts = require "spec.support.starts"

describe("mjlua -m resolve", function()
  local place = starts.folder(before_each, after_each)

  local function with(...)
    return starts.with(place, ...)
  end

  -- In doubt after its run: the key "cat", and its token in $token.
  local SCRIPT = [[
    local job = mj.imagine { prompt = "cat", key = "cat" }
    local task, e = job:await { timeout = tonumber(os.getenv "WAIT") or 0.5 }
    print(task and task.id or e.code)
    if e then io.stderr:write(tostring(e), "\n") end]]
  local BEGIN = [[
    WAIT=${WAIT:-0.5} $mjlua s.lua
    token=$($mjlua -m status --unknown --json | grep -o 'mj_[a-z0-9]*' | head -1)
    ]]

  before_each(function()
    starts.script(place, "s.lua", SCRIPT)
  end)

  it("sends again what was not taken", function()
    local out, err = with("clock=200,fault=drop_before@1", "export WAIT=60\n" .. BEGIN .. [[
      count
      $mjlua -m resolve $token absent; echo $?
      $mjlua -m status --unknown
      $mjlua s.lua 2>$dir/second | sed 's/[0-9][0-9]*/ID/'
      count
      $mjlua -m resolve $token absent; echo $?
      ]])
    local lines = starts.lines(out)
    local token = err:match "mjlua %-m resolve (mj_%w+) TASK_ID"
    assert.truthy(token, err) -- the error says how
    assert.same({ "unknown_outcome", "1 submitted, 0 made",
      token .. ": there was no task; what goes on with it sends it again", "0", "ID",
      "2 submitted, 1 made", "1" }, lines)
    assert.truthy(err:find("resolve: " .. token .. " is not in doubt: it is ", 1, true), err)
  end)

  it("comes too late for a run that ended well, which is said", function()
    local function told(source)
      starts.script(place, "s.lua", source)
      local _, err = with("clock=200,fault=drop_before@1", "WAIT=60 $mjlua s.lua\n")
      return err
    end
    local unnamed = SCRIPT:gsub(', key = "cat"', "")
    local err = told(unnamed)
    assert.truthy(err:find("\nmjlua: 1 request is in doubt: mjlua -m status --unknown /", 1, true),
      err)
    assert.truthy(err:find("\nmjlua: this run ended well and is over: ", 1, true), err)
    err = told(unnamed .. " os.exit(1)")
    assert.is_nil(err:find("is over", 1, true), err)
  end)

  it("goes on with the task that it became", function()
    local out, err = with("clock=200,fault=drop", BEGIN .. [[
      $mjlua -m resolve --json cat 1712205491846217; echo $?
      $mjlua -m status $dir/home/.local/state/mj/s-*.journal
      ]])
    local lines = starts.lines(out)
    assert.equal("timeout", lines[1], err)
    local id = "1712205491846217"
    for _, field in ipairs { '"task_id":"' .. id .. '"', '"key":"cat"', '"state":"ACCEPTED"',
      '"journal":"\\/' } do
      assert.truthy(lines[2]:find(field, 1, true), out)
    end
    assert.equal("0", lines[3])
    assert.truthy(lines[4]:find("ACCEPTED +imagine +" .. id), out)
    assert.equal("1 ACCEPTED", lines[5])
    assert.is_nil(lines[6]) -- and nothing is to be said about doubts
  end)

  it("is named where something is in doubt", function()
    local out, err = with("clock=200,fault=drop", BEGIN .. [[
      $mjlua -m status --unknown
      $mjlua -m status $dir/home/.local/state/mj/s-*.journal
      $mjlua -m doctor | grep -o 'mjlua -m status --unknown.*'
      ]])
    local hint = "mjlua: to say what became of one: mjlua %-m resolve TOKEN TASK_ID, or mjlua "
      .. "%-m resolve TOKEN absent\n"
    local lines = starts.lines(out)
    assert.equal("1 UNKNOWN", lines[4])
    assert.equal("1 UNKNOWN", lines[6])
    assert.equal(2, select(2, err:gsub(hint, "")), err)
    assert.equal("mjlua -m status --unknown shows them, mjlua -m resolve says what became of one",
      lines[7])
  end)

  it("says in one line what it cannot do", function()
    local out, err = with("clock=200,fault=drop", BEGIN .. [[
      cp $dir/home/.local/state/mj/s-*.journal $dir/home/.local/state/mj/t.journal
      $mjlua -m resolve dog absent; echo $?
      $mjlua -m resolve cat absent; echo $?
      $mjlua -m resolve --journal nowhere cat absent; echo $?
      $mjlua -m resolve --journal s.lua cat absent; echo $?
      $mjlua -m resolve --journal $dir/home/.local/state/mj/t.journal cat ../1; echo $?
      $mjlua -m resolve cat; echo $?
      $mjlua -m resolve cat absent now; echo $?
      $mjlua -m resolve --jsom cat absent; echo $?
      $mjlua -m resolve --journal; echo $?
      $mjlua --sim -m resolve cat absent; echo $?
      $mjlua -m status --unknown --json | grep -c UNKNOWN
      $mjlua --journal $dir/home/.local/state/mj/t.journal -m resolve cat absent >$dir/o; echo $?
      $mjlua -m status --unknown --json | grep -c UNKNOWN
      $mjlua -m resolve cat absent >$dir/o; echo $?
      $mjlua -m status --unknown --json | grep -c UNKNOWN
      ]])
    assert.same({ "timeout", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2", "0",
      "1", "0", "0" }, starts.lines(out))
    local lines = starts.lines((err:gsub("^[^\n]*\n[^\n]*what may have[^\n]*\n", "")))
    local said = {}
    for _, line in ipairs(lines) do
      said[#said + 1] = line:match "^mjlua: resolve: (.*)$"
    end
    for i, expected in ipairs {
      "^nothing has the key or token 'dog'; mjlua %-m status %-%-unknown lists what is in doubt$",
      "^several journals have 'cat': give one of them, %-%-journal /.*s%-%w+%.journal or "
        .. "%-%-journal /.*t%.journal$",
      "nowhere",
      "s%.lua",
      "not a task id: %.%./1$",
      "^a key or token and a task's id, or absent, are expected; %-%-help shows them$",
      "^a key or token and a task's id, or absent, are expected; %-%-help shows them$",
      "^unknown option '%-%-jsom'; did you mean '%-%-json'; %-%-help shows how$",
      "^option '%-%-journal' needs a value; %-%-help shows how$",
      "^%-%-sim is not for it$",
    } do
      assert.truthy((said[i] or ""):find(expected), ("%d: %s\n%s"):format(i, expected, err))
    end
  end)

  it("finds what there is beside a journal that cannot be read", function()
    local out, err = with("clock=200,fault=drop", BEGIN .. [[
      echo "no journal" >$dir/home/.local/state/mj/a.journal
      chmod 600 $dir/home/.local/state/mj/a.journal
      : >$dir/said
      $mjlua -m resolve dog absent 2>$dir/said; echo $?
      $mjlua -m resolve cat absent >>$dir/said 2>&1; echo $?
      $mjlua -m resolve cat absent 2>>$dir/said; echo $?
      cat $dir/said >&2
      ]])
    assert.same({ "timeout", "1", "0", "1" }, starts.lines(out), err)
    local said = {}
    for line in err:gmatch "mjlua: resolve: ([^\n]*)" do
      said[#said + 1] = line
    end
    assert.truthy(said[1]:find("^nothing that can be read has the key or token 'dog'; "
      .. "/.*/a%.journal is no journal$"), err)
    assert.truthy(said[2]:find "^cat is not in doubt: it is ", err)
  end)

  it("takes no slip for the id of a task", function()
    local _, err = starts.shell(place, [[
      for word in ABSENT Absent absnt mj_aj4twrnwz3jbqxnemmiqnidsyu; do
        $mjlua -m resolve cat $word; echo $? >&2
      done
      ]])
    assert.same({
      "mjlua: resolve: 'ABSENT' is no task's id; did you mean 'absent'", "2",
      "mjlua: resolve: 'Absent' is no task's id; did you mean 'absent'", "2",
      "mjlua: resolve: 'absnt' is no task's id; did you mean 'absent'", "2",
      "mjlua: resolve: 'mj_aj4twrnwz3jbqxnemmiqnidsyu' is a token, and not the id that the "
        .. "gateway gave the task", "2",
    }, starts.lines(err))
  end)

  it("waits for nobody who works on the journal", function()
    starts.script(place, "busy.lua", SCRIPT .. "\nat 'end'")
    local out, err = with("clock=200,fault=drop", [[
      HOLD=end
      export HOLD
      begin busy.lua
      said "at end"
      $mjlua -m resolve cat absent; echo $?
      end 9
      $mjlua -m resolve cat absent >$dir/o; echo $?
      ]])
    assert.same({ "1", "0" }, starts.lines(out))
    assert.truthy(err:find("^mjlua: resolve: process %d+ works on .*%.journal: stop it first, or "
      .. "let it call client:resolve\n$"), err)
  end)

  it("explains itself", function()
    local status, out, err = run.shell(run.mjlua .. " -m resolve --help")
    assert.same({ 0, "" }, { status, err })
    assert.truthy(out:find("^usage: mjlua %-m resolve"), out)
    assert.truthy(out:find("absent", 1, true), out)
  end)
end)
