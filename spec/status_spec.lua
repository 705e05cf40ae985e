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
    local path = err:match "what may have been paid for: mjlua %-m status %-%-unknown (%S+)\n$"
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
    assert.equal(3, select(2, err:gsub("before it was sent: nothing was paid\n", "")), err)
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
    assert.truthy(lines[1]:find "^mjlua: which gateway%? .*c%.lua has a, b: name one, ", err)
    assert.equal("mjlua: unknown gateway 'c' (did you mean 'a'?); there are a, b", lines[2])
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
      ["-m status -x"] = "status: unknown option '-x'; --help lists them",
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
