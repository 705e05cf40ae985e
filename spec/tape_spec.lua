-- SPDX-License-Identifier: MIT
-- mjlua --record and --replay: a session in a file, strictly the same again.

local run = require "spec.support.run"

local CANARY = "sk-CANARY-0123456789abcdef"

describe("a transcript", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  local function script(text)
    run.spit(folder .. "/s.lua", text)
  end

  local STORY = [[
    local mj = require "mj"
    local client = mj.client {}
    local jobs = { client:imagine "cat", client:imagine { prompt = "dog", aspect = "3:2" } }
    local tasks = assert(mj.await(jobs))
    print(tasks[1].id, tasks[2].id, #assert(tasks[1]:bytes()))
    print(assert(tasks[1]:click "U2":await()).image_url)
    print(tasks[1]:save "out/{id}.png")]]

  local function record(text, settings)
    script(text)
    local status, out, err = run.shell(("cd %s && %s --sim=clock=1000,key=%s%s --record t s.lua")
      :format(folder, run.absolute(run.mjlua), CANARY, settings or ""))
    assert.same({ 0, "" }, { status, err })
    return out
  end

  local function replay(text)
    if text then
      script(text)
    end
    return run.shell(("cd %s && env -i HOME=%s %s --replay t s.lua"):format(folder, folder,
      run.absolute(run.mjlua)))
  end

  for _, profile in ipairs { "new-api", "plus", "trueai", "generate" } do
    it("plays what " .. profile .. " said, without it", function()
      local text = profile == "generate" and STORY:gsub('click "U2"', 'click "upscale:2"') or STORY
      local said = record(text, ",profile=" .. profile)
      assert.equal(0, (run.shell(("rm -r %s/out"):format(folder))))
      local status, out, err = replay()
      assert.same({ 0, said, "" }, { status, out, err })
      assert.equal(0, (run.shell(("ls %s/out/*.png"):format(folder))))
      status, out, err = replay() -- as often as one likes
      assert.same({ 0, said, "" }, { status, out, err })
    end)
  end

  it("has no key, no token and is nobody else's to read", function()
    record([[
      local client = require "mj".client { headers = { ["X-Secret"] = "CANARY-header" } }
      assert(client:imagine("a cat with a ]] .. CANARY .. [[ on it"):await())]])
    local text = run.slurp(folder .. "/t")
    assert.is_nil(text:find("CANARY", 1, true))
    assert.truthy(text:find("a cat with a <key> on it", 1, true))
    assert.truthy(text:find("mj_00000000000000000000000001", 1, true))
    assert.equal("600\n", select(2, run.shell("stat -c %a " .. folder .. "/t")))
    local status, _, err = run.shell(("cd %s && %s --sim --record t s.lua"):format(folder,
      run.absolute(run.mjlua)))
    assert.equal(1, status)
    assert.matches("^mjlua: %-%-record: cannot create t: File exists\n$", err)
  end)

  -- Makes each exchange of the transcript so many times as long and as late.
  local function stretch(times)
    local text = run.slurp(folder .. "/t")
    text = text:gsub('"(at)":(%d+)', function(name, n)
      return ('"%s":%d'):format(name, n * times)
    end):gsub('"(took)":(%d+)', function(name, n)
      return ('"%s":%d'):format(name, (n + 1) * times)
    end)
    run.spit(folder .. "/t", text)
  end

  it("plays an hour in a moment, in its own time and order", function()
    record [[local c = require "mj".client {} assert(c:imagine "cat":await())]]
    stretch(60000) -- an answer takes a minute at least
    local begun = os.time()
    local status, out, err = replay [[
      local mj = require "mj"
      local c = mj.client {}
      local job = c:imagine "cat"
      local early = mj.spawn(function() mj.sleep(10) print "ten seconds" end)
      local late = mj.spawn(function() mj.sleep(36000) print "ten hours" end)
      print(job:await { timeout = 5 })
      print(assert(job:await { timeout = 30000 }).status)
      late:await()]]
    assert.same({ 0, "" }, { status, err })
    assert.matches("^nil\ttimeout: .-\nten seconds\nSUCCESS\nten hours\n$", out)
    assert.is_true(os.difftime(os.time(), begun) < 20)
  end)

  it("goes on for who looks again and again without waiting", function()
    record [[local c = require "mj".client {} assert(c:imagine "cat":await())]]
    local status, out, err = replay [[
      local mj = require "mj"
      local c = mj.client { poll = { 0.01 } }
      local job = c:imagine "cat"
      while not job:done() do mj.step(0) end
      print(job:await().status)]]
    assert.same({ 0, "SUCCESS\n", "" }, { status, out, err })
  end)

  it("brings answers in the order in which they came", function()
    local said = record [[
      local mj = require "mj"
      local c, jobs = mj.client {}, {}
      for i = 1, 20 do jobs[i] = c:imagine("cat " .. i) end
      for i, task in mj.each(jobs) do print(i, assert(task).id) end]]
    for _ = 1, 3 do
      local status, out, err = replay()
      assert.same({ 0, said, "" }, { status, out, err })
    end
  end)

  it("shows where another body differs", function()
    record [[local c = require "mj".client {} assert(c:imagine "black cat":await())]]
    local status, _, err = replay [[
      local c = require "mj".client {} print(c:imagine "black dog":await())]]
    assert.equal(1, status)
    assert.truthy(err:find("replay: POST /mj/submit/imagine has another body than exchange 2, "
      .. "from byte 35 on: recorded \"", 1, true), err)
    assert.truthy(err:find('black cat', 1, true) and err:find('black dog', 1, true), err)
  end)

  it("refuses what was not recorded, and more than was recorded", function()
    record [[local c = require "mj".client {} assert(c:imagine "cat":await())]]
    local status, _, err = replay [[
      local c = require "mj".client {} print(c:describe(require "mj".bytes(
      "\137PNG\r\n\26\nxxxxxxxxxxxxxxxx")):await())]]
    assert.equal(1, status)
    assert.truthy(err:find("replay: POST /mj/submit/describe was not recorded", 1, true), err)
    status, _, err = replay [[
      local c = require "mj".client {}
      assert(c:imagine "cat":await())
      print(c:imagine "cat":await())]]
    assert.equal(1, status)
    assert.truthy(err:find("was not recorded, or not that often", 1, true), err)
  end)

  it("tells what was left over", function()
    record [[
      local c = require "mj".client {}
      assert(c:imagine "cat":await())
      assert(c:imagine "dog":await())]]
    local status, _, err = replay [[
      local c = require "mj".client {} assert(c:imagine "cat":await())]]
    assert.equal(1, status)
    assert.truthy(err:find "replay: %d+ recorded exchanges were not asked for; the first: %d+, "
      and err:find "POST /mj/submit/imagine", err)
  end)

  it("has errors, too: what was refused is refused again", function()
    local said = record([[
      local c = require "mj".client {}
      for _, prompt in ipairs { "cat", "dog", "cow" } do
        local task, e = c:imagine(prompt):await()
        print(task and task.status or e.code, e and e.message)
      end]], ",fault=banned@2")
    local status, out, err = replay()
    assert.same({ 0, said, "" }, { status, out, err })
    assert.truthy(said:find "banned_prompt", said)
  end)

  it("opens no connection", function()
    record [[local c = require "mj".client {} assert(c:imagine "cat":await())]]
    local status, out = run.shell(("cd %s && strace -f -e trace=connect,sendto -o calls %s "
      .. "--replay t s.lua; grep -c 'connect(.*AF_INET' calls"):format(folder,
      run.absolute(run.mjlua)))
    assert.same({ 1, "0\n" }, { status, out }) -- grep found none
  end)

  it("is refused when it is none, and with what has no place beside it", function()
    script "print(1)"
    for text, what in pairs {
      [""] = "is no transcript", ["x\n"] = "is no transcript", ["{}\n"] = "is no transcript",
      ['{"tape":1,"env":{}}\nnonsense\n'] = "line 2 is no exchange",
    } do
      run.spit(folder .. "/t", text)
      local status, _, err = replay()
      assert.equal(1, status)
      assert.truthy(err:find(what, 1, true), err)
    end
    for options, what in pairs {
      ["--replay t --sim"] = "--replay asks nobody",
      ["--record t --restricted"] = "are not for --restricted",
      ["--replay none"] = "cannot open none",
    } do
      local status, _, err = run.shell(("cd %s && %s %s s.lua"):format(folder,
        run.absolute(run.mjlua), options))
      assert.not_equal(0, status)
      assert.truthy(err:find(what, 1, true), err)
    end
  end)

  it("that was cut off by a kill is played as far as it goes", function()
    record [[local c = require "mj".client {} assert(c:imagine "cat":await())]]
    local text = run.slurp(folder .. "/t")
    run.spit(folder .. "/t", text .. '{"n":99,"method":"GET","pa')
    assert.equal(0, (replay()))
  end)

  it("says when it cannot be written; the work goes on", function()
    script [[local c = require "mj".client {} print(assert(c:imagine "cat":await()).status)]]
    local status, out, err = run.shell(("cd %s && ulimit -f 1 "
      .. "&& %s --sim=clock=1000 --record t s.lua"):format(folder, run.absolute(run.mjlua)))
    if status == 153 then
      return -- the signal of the limit came first
    end
    assert.equal("SUCCESS\n", out)
    assert.equal(1, status)
    assert.truthy(err:find("the transcript could not be written", 1, true), err)
  end)

  it("becomes cases of spec/wire in the other family, too", function()
    record([[
      local c = require "mj".client {}
      assert(c:imagine "cat":await())]], ",profile=generate")
    local out = run.slurp(folder .. "/t")
    local first, last
    for n in out:gmatch '{"n":(%d+),[^\n]-"path":"/api/v1/statusTask[^\n]-\\"state\\":' do
      first, last = first or n, n
    end
    assert.truthy(first and first ~= last, out)
    for _, n in ipairs { first, last } do
      local case = folder .. "/spec/wire/generate/taped_" .. n
      os.execute("mkdir -p " .. case .. " " .. folder .. "/spec/wire/mj")
      local status, _, err = run.shell(("%s -m fixture %s/t %s %s"):format(run.mjlua, folder, n,
        case))
      assert.same({ 0, "" }, { status, err })
    end
    out = select(2, run.shell(("MJ_SOURCE_DIR=%s %s/spec/c/test_wire 2>&1"):format(folder,
      run.build)))
    for _, n in ipairs { first, last } do
      assert.truthy(out:find("[       OK ] generate/taped_" .. n .. "\n", 1, true), out)
    end
  end)

  it("becomes a case of spec/wire", function()
    record([[
      local c = require "mj".client {}
      local task = assert(c:imagine "cat":await())
      assert(task:click "U2":await())]])
    local numbers = {}
    for line in io.lines(folder .. "/t") do
      local n = line:match '^{"n":(%d+),'
      if n and (line:find "/mj/submit/" or (line:find "SUCCESS" and line:find "/fetch")) then
        numbers[#numbers + 1] = n
      end
    end
    assert.truthy(#numbers >= 4)
    local cases = folder .. "/spec/wire/mj/"
    os.execute("mkdir -p " .. cases)
    for _, n in ipairs(numbers) do
      os.execute("mkdir " .. cases .. "taped_" .. n)
      local status, _, err = run.shell(("%s -m fixture %s/t %s %staped_%s"):format(run.mjlua,
        folder, n, cases, n))
      assert.same({ 0, "" }, { status, err })
    end
    local function cases_of_wire() -- the rest of that test counts what is not there
      return select(2, run.shell(("MJ_SOURCE_DIR=%s %s/spec/c/test_wire 2>&1"):format(folder,
        run.build)))
    end
    local out = cases_of_wire()
    for _, n in ipairs(numbers) do
      assert.truthy(out:find("[       OK ] taped_" .. n .. "\n", 1, true), out)
    end
    -- and a case that is wrong is noticed
    run.spit(cases .. "taped_" .. numbers[1] .. "/want.json", '{"verdict":"accepted","id":"x"}')
    assert.truthy(cases_of_wire():find("[  FAILED  ] taped_" .. numbers[1] .. "\n", 1, true))
    local status, _, err = run.shell(("%s -m fixture %s/t 999 %s"):format(run.mjlua, folder,
      folder))
    assert.equal(1, status)
    assert.matches("has no exchange 999", err)
    assert.equal(2, (run.lua("-m", "fixture", "x")))
  end)
end)
