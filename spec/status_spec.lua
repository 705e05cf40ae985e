-- SPDX-License-Identifier: MIT
-- mjlua -m status and report without a name, what a command in doubt says, and
-- what commands are told that is not for them.

local run = require "spec.support.run"
local starts = require "spec.support.starts"

describe("mjlua -m", function()
  local place = starts.folder(before_each, after_each)

  local function with(...)
    return starts.with(place, ...)
  end

  it("status lists the journals, and a command in doubt says how to look", function()
    local out, err = with("clock=200,fault=drop", [[
      $mjlua -m status
      $mjlua -m imagine cat -q --no-save --timeout 3; echo status $?
      $mjlua -m status
      $mjlua -m status --unknown
      $mjlua -m report --json
      $mjlua -m status --unknown --json | grep '"journal":' | grep -c UNKNOWN
      ]])
    local lines = starts.lines(out)
    local path = err:match "what may have been paid for: mjlua %-m status %-%-unknown (%S+)\n"
    assert.truthy(path, err)
    assert.truthy(lines[1]:find "^no journal in .*/%.local/state/mj$", out)
    assert.equal("status 4", lines[2])
    assert.truthy(lines[3]:find "^%d+%-%d+ [%d:]+ +1 row +1 unknown +/", out)
    assert.equal(path, lines[3]:match "(%S+)$")
    assert.equal(path, lines[4])
    assert.truthy(lines[5]:find "UNKNOWN +imagine", out)
    assert.equal("1 UNKNOWN", lines[6])
    assert.truthy(lines[7]:find('"unknown":1', 1, true), out)
    assert.equal("1", lines[8])
    assert.is_nil(lines[9])
  end)

  it("status and report find the journal of a batch by its file", function()
    run.spit(place.path .. "/p.csv", "prompt\na\nb\n")
    local out, err = with("clock=200,profile=plus", [[
      mkdir other; cp p.csv other
      $mjlua -m batch p.csv -q --no-save --price imagine=0.5 >/dev/null
      $mjlua -m batch other/p.csv -q --no-save >/dev/null
      $mjlua -m status p.csv | tail -n 1
      (cd other; $mjlua -m report ../p.csv | grep imagine)
      $mjlua -m report --json p.csv | grep -c '"imagine"'
      $mjlua -m status
      $mjlua -m batch p.csv -q --no-save --ar 3:2 >/dev/null
      echo many
      $mjlua -m status p.csv
      $mjlua -m status --json p.csv | grep -c '"journal":'
      $mjlua -m report p.csv; echo status $?
      $mjlua -m report $(ls $HOME/.local/state/mj/*.journal | head -n 1) | grep -c imagine
      $mjlua -m status none.csv; echo status $?]])
    local first, many = out:match "^(.*)many\n(.*)$"
    local lines = starts.lines(first)
    assert.equal("2 SUCCEEDED", lines[1], err)
    assert.truthy(lines[2]:find "imagine.*1", out)
    assert.equal("1", lines[3])
    for i = 4, 5 do
      assert.truthy(lines[i]:find "2 rows .*/batch%-p_csv%-%x+%-%x+%.journal$", out)
    end
    assert.is_nil(lines[6])
    lines = starts.lines(many)
    local path = "/batch%-p_csv%-%x+%-%x+%.journal"
    assert.truthy(lines[1]:find(path .. "$"), out)
    assert.equal("2 SUCCEEDED", lines[4])
    assert.truthy(lines[5]:find(path .. "$"), out)
    assert.same({ "2 SUCCEEDED", "4", "status 2", "1", "status 1" },
      { (table.unpack or unpack)(lines, 8) }) -- luacheck: ignore 143
    assert.truthy(err:find("mjlua: report: 2 batches were made of p.csv; which of their journals? "
      .. "/", 1, true), err)
    assert.truthy(err:find "\nmjlua: status: there is no journal /[^\n]*/none_csv%-%x+.journal",
      err)
  end)

  it("goes on with a batch whose journal has a name of before", function()
    run.spit(place.path .. "/p.txt", "a\nb\n")
    local out, err = with("clock=200,profile=plus,fault=banned@2", [[
      $mjlua -m batch p.txt -q --no-save >/dev/null 2>&1
      cd $HOME/.local/state/mj
      for f in batch-*; do
        mv $f batch-$(echo $f | sed 's/.*-//')
      done
      cd $dir
      $mjlua -m batch p.txt -q --no-save >/dev/null
      count
      ls $HOME/.local/state/mj/*.journal | wc -l]])
    assert.equal("3 submitted, 2 made\n1\n", out, err)
  end)

  it("goes on aloud only where something was sent", function()
    starts.script(place, "s.lua", [[
      mj.client {}
      if arg[1] then mj.imagine "cat":await() end
      error "x"]])
    local _, err = with("clock=200", [[
      for i in 1 2; do $mjlua s.lua; $mjlua s.lua sent; done]])
    local n = select(2, err:gsub("going on with what was cut off", ""))
    assert.equal(1, n, err)
    assert.equal(4, select(2, err:gsub("s%.lua:%d+: x\n", "")), err)
  end)

  it("imagine and batch give up what a full gateway does not take in time", function()
    run.spit(place.path .. "/p.txt", "a\nb\n")
    local out, err = with("clock=200,fault=queue_full", [[
      $mjlua -m imagine cat -q --timeout 0.5; echo status $?
      $mjlua -m batch p.txt -q --timeout 0.5 --failed f.jsonl; echo status $?
      cat f.jsonl
      count]], 30)
    assert.equal('status 1\nstatus 3\n{"prompt":"a"}\n{"prompt":"b"}\n0 made\n',
      (out:gsub("%d+ submitted, ", "")))
    assert.equal(2, select(2, err:gsub("before it was sent: nothing was paid\n", "")), err)
    assert.truthy(err:find("mjlua: 2 of them, lines 1, 2: timeout: ", 1, true), err)
  end)

  it("takes gateways by name, and says which there are", function()
    run.spit(place.path .. "/c.lua", [[return {
      a = { base_url = "http://127.0.0.1:1" }, b = { base_url = "http://127.0.0.1:1" } }]])
    local out, err = starts.shell(place, [[
      export MJ_CONFIG=$dir/c.lua
      $mjlua -m imagine x; echo $?
      $mjlua -m imagine x --gateway c; echo $?
      $mjlua -m imagine x --gateway a -q --no-journal; echo $?
      $mjlua -e 'require "mj".imagine "x"'; echo $?
      $mjlua -m doctor | grep -c 'which gateway?.* has a, b: '
      $mjlua --sim=clock=200 -m imagine x -q --no-save >$dir/o; echo $?]])
    assert.equal("2\n2\n1\n1\n1\n0\n", out)
    local lines = starts.lines(err)
    assert.truthy(lines[1]:find "^mjlua: imagine: which gateway%? .*c%.lua has a, b: name one", err)
    assert.equal("mjlua: imagine: unknown gateway 'c' (did you mean 'a'?); there are a, b",
      lines[2])
    assert.truthy(lines[3]:find("127.0.0.1 port 1", 1, true), err)
    assert.truthy(lines[4]:find "^mjlua: %(command line%):1: mj%.client: which gateway%?", err)
    assert.is_nil(lines[5])
  end)

  it("says in one line what is not for it", function()
    for words, expected in pairs {
      ["--dry-run -m batch p.txt"] = "batch has --dry-run of its own, behind the name; "
        .. "--dry-run in front is for scripts",
      ["--dry-run -m imagine x"] = "--dry-run is for scripts, and for -m batch FILE --dry-run",
      ["-m report --by foo"] = "report: unknown group 'foo'; there are verb, mode, gateway, day, "
        .. "run, budget",
      ["-m report --by day"] = "report: which journal? give its file, or the script and its "
        .. "arguments",
      ["-m status -x"] = "status: unknown option '-x'; --help shows how",
    } do
      local status, out, err = run.shell(run.mjlua .. " " .. words)
      assert.same({ 2, "", "mjlua: " .. expected .. "\n" }, { status, out, err })
    end
    for _, name in ipairs { "status", "report" } do
      local status, out, err = run.shell(run.mjlua .. " -m " .. name .. " -h")
      assert.same({ 0, "" }, { status, err })
      assert.truthy(out:find("^usage: mjlua %-m " .. name), out)
    end
    local _, out = run.shell(run.mjlua .. " -m imagine -h")
    assert.truthy(out:find("--sim[=SETTINGS] ", 1, true), out)
  end)

  it("hears once where a replay differs", function()
    local _, err = with("clock=200", [[
      printf 'print(require "mj".imagine(arg[1]):await())' >r.lua
      printf 'require "mj".imagine(arg[1])' >u.lua
      $mjlua --record t --no-journal r.lua cat >$dir/o
      $mjlua --replay t r.lua dog
      $mjlua --replay t u.lua dog]])
    local n = select(2, err:gsub("replay: POST /mj/submit/imagine has another body", ""))
    assert.equal(2, n, err)
    assert.falsy(err:find("base_url", 1, true), err)
  end)
end)
