-- SPDX-License-Identifier: MIT
-- mjlua --restricted: each script of spec/restricted attacks a promise of
-- doc/sandbox.md.  Its head says how it is run and how that ends:
--   -- with: options     -- ends: status     -- out:, -- err: patterns
--   -- count: submissions that the gateway counts

local run = require "spec.support.run"

local CANARY = "sk-CANARY-0123456789abcdef"

local function attacks()
  local names = {}
  local pipe = assert(io.popen "ls spec/restricted")
  for name in pipe:lines() do
    names[#names + 1] = name:match "^(.*)%.lua$"
  end
  pipe:close()
  return names
end

local words = {
  ["40"] = "longer than --time allows", ["41"] = "longer than --cpu allows",
  ["42"] = "more memory than --memory allows", ["44"] = "printed more than 16 MB",
}

describe("--restricted", function()
  local folder
  setup(function()
    folder = run.folder()
    run.spit(folder .. "/secret.png", "\137PNG\r\n\26\nsecret")
    assert(os.execute(("mkdir %s/g %s/out && ln -s .. %s/out/link "
      .. "&& ln -s ../secret.png %s/out/secret-link.png"):format(folder, folder, folder, folder)))
    assert(os.execute(([[
      %s spec/support/gateway.lua %s/g clock=500,key=%s >/dev/null 2>&1 &
      echo $! >%s/pid
      i=0
      while [ ! -f %s/g/url ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done]]):format(
      run.mjlua, folder, CANARY, folder, folder)))
  end)
  teardown(function()
    os.execute(("kill $(cat %s/pid)"):format(folder))
    run.remove(folder)
  end)

  -- mjlua as somebody who has a key; status, what was said, submissions so far.
  local function restricted(options, script, more)
    local status, out, err = run.shell(([[
      . %s/g/url
      export HOME=%s/home XDG_CONFIG_HOME=%s MJ_POLL=0.02,0.05
      %s --restricted%s %s %s
      status=$?
      rm -f %s/g/count
      touch %s/g/ask
      i=0
      while [ ! -f %s/g/count ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
      exit $status]]):format(folder, folder, folder, run.mjlua, more or ("=" .. folder .. "/out"),
      options or "", script, folder, folder, folder))
    return status, out, err, tonumber(run.slurp(folder .. "/g/count"):match "^%d+")
  end

  local function outside()
    local pipe = assert(io.popen(("ls %s; ls /tmp/mj-outside* 2>/dev/null"):format(folder)))
    local text = pipe:read "*a"
    pipe:close()
    return text:gsub("home\n", "")
  end

  local before = 0

  for _, name in ipairs(attacks()) do
    it("withstands " .. name, function()
      local path = ("spec/restricted/%s.lua"):format(name)
      local text = run.slurp(path)
      local function head(word)
        return text:match("\n%-%- " .. word .. ": ([^\n]*)") or text:match("^%-%- " .. word
          .. ": ([^\n]*)")
      end
      local places = outside()
      local begun, so_far = os.time(), before
      local status, out, err, count = restricted(head "with", path)
      before = count
      assert.equal(tonumber(head "ends"), status, out .. err)
      assert.truthy(os.time() - begun <= 20, "it took too long")
      if words[head "ends"] then
        assert.truthy(err:find("mjlua: --restricted: ended: it ", 1, true), err)
        assert.truthy(err:find(words[head "ends"], 1, true), err)
      elseif not head "err" then
        assert.equal("", err)
      end
      for word, said in pairs { out = out, err = err } do
        local pattern = head(word)
        assert.truthy(not pattern or said:find((pattern:gsub("\\n", "\n"))), word .. ": " .. said)
      end
      if head "count" then
        assert.equal(tonumber(head "count"), count - so_far)
      end
      assert.is_nil((out .. err):find("CANARY", 1, true), "the key is told")
      assert.equal(places, outside())
      local grep = os.execute(("grep -rq CANARY %s/out"):format(folder))
      assert.is_false(grep == true or grep == 0)
    end)
  end

  it("runs a script that does no harm, with its arguments and pictures", function()
    run.spit(folder .. "/s.lua", [[
      local mj = require "mj"
      local client = mj.client { mode = "fast" }
      print(..., arg[1], #arg)
      local tasks, errors = mj.map({ "cat", "dog", "cow" }, function(prompt)
        return client:imagine(prompt)
      end)
      for i = 1, 3 do
        print(assert(tasks[i], errors[i]).status, tostring(assert(tasks[i]:save(i .. "/{n}.png"))))
      end
      print(#assert(client:describe "1/1.png":await()).prompts > 0)
      print(assert(tasks[1]:click "U2":await()).action)
      print(client:dialect(), assert(client:capabilities()).verbs.imagine)
      print(os.time() > 0, os.date "%Y" ~= nil)]])
    local status, out, err = restricted("--budget 5 -- ", folder .. "/s.lua a b")
    assert.equal("", err)
    assert.equal("a\ta\t2\nSUCCESS\t1/1.png\nSUCCESS\t2/1.png\nSUCCESS\t3/1.png\ntrue\n"
      .. "UPSCALE\nmj\ttrue\ntrue\ttrue\n", out)
    assert.equal(0, status)
    assert.equal("\137PNG", run.slurp(folder .. "/out/3/1.png"):sub(1, 4))
  end)

  it("hears at its own line what is unsupported", function()
    run.spit(folder .. "/s.lua", [[
      local mj = require "mj"
      local c = mj.client {}
      for _, f in ipairs { c.budget, c.limits, c.unknown, mj.report,
          function() return mj.report { journal = "x" } end,
          function() return c:budget { limit = 1 } end, function() return c:hint "" end } do
        local value, err = f(f ~= mj.report and c or nil)
        print(value, err.code)
      end
      print(pcall(function() c:pause(1) end))
      print(pcall(function() c:resume() end))
      print(pcall(function() mj.log.info "x" end))
      print(pcall(function() mj.log("error", "x") end))]])
    local status, out, err = restricted("", folder .. "/s.lua", "")
    assert.equal(0, status, out .. err)
    assert.equal(("nil\tunsupported\n"):rep(7)
      .. "false\ts.lua:9: client:pause: unsupported: not for a restricted script\n"
      .. "false\ts.lua:10: client:resume: unsupported: not for a restricted script\n"
      .. "false\ts.lua:11: mj.log.info: unsupported: not for a restricted script\n"
      .. "false\ts.lua:12: mj.log.error: unsupported: not for a restricted script\n",
      (out:gsub("^.-nil", "nil", 1)))
  end)

  it("reads and writes nothing where no folder is given", function()
    run.spit(folder .. "/s.lua", [[
      local client = require "mj".client {}
      local task = assert(client:imagine "cat":await())
      print(select(2, task:save "x.png"))
      print(select(2, task:save("x.png", { replace = false })))
      print(select(2, client:describe "x.png":await()))]])
    local status, out = restricted("--budget 5", folder .. "/s.lua", "")
    assert.equal(0, status)
    assert.truthy(out:find "writes nothing without %-%-restricted=FOLDER\n"
      and out:find "reads nothing without %-%-restricted=FOLDER", out)
  end)

  it("lets nobody else see what the process has", function()
    run.spit(folder .. "/s.lua", "require'mj'.sleep(3)")
    local status, out = run.shell(([[
      . %s/g/url
      HOME=%s %s --restricted --time 4 %s/s.lua & parent=$!
      i=0
      while ! child=$(pgrep -P $parent) && [ $i -lt 300 ]; do i=$((i + 1)); sleep 0.01; done
      i=0
      while ! grep -qs 'Seccomp:.2' /proc/$child/status && [ $i -lt 300 ]; do
        i=$((i + 1)); sleep 0.01; done
      tr '\0' '\n' </proc/$child/environ | grep -c . ; ls /proc/$child/fd | tr '\n' ' '
      grep -E '^(NoNewPrivs|Seccomp):' /proc/$child/status | tr '\t\n' '  '
      tr '\0' ' ' </proc/$child/cmdline
      grep -c CANARY /proc/$child/environ /proc/$child/cmdline | tr '\n' ' '
      wait $parent]]):format(folder, folder, run.mjlua, folder))
    assert.equal(0, status)
    assert.truthy(out:find("^0\n0 1 2 3 NoNewPrivs: 1 Seccomp: 2 "
      .. "mjlua %-%-restricted%-child 30 256 "), out)
    assert.is_nil(out:find ":1")
  end)

  it("says of Ctrl-C and of a parent that dies what became of the child", function()
    run.spit(folder .. "/s.lua", "require'mj'.sleep(30)")
    local _, out = run.shell(([[
      . %s/g/url
      for signal in INT KILL; do
        HOME=%s env --default-signal=INT %s --restricted %s/s.lua & parent=$!
        i=0
        while ! child=$(pgrep -P $parent) && [ $i -lt 300 ]; do i=$((i + 1)); sleep 0.01; done
        sleep 0.2
        kill -$signal $parent
        wait $parent
        echo "$signal $?"
        i=0
        while kill -0 $child 2>/dev/null && [ $i -lt 300 ]; do i=$((i + 1)); sleep 0.01; done
        kill -0 $child 2>/dev/null && echo "the child lives"
      done]]):format(folder, folder, run.mjlua, folder))
    assert.equal("INT 130\nKILL 137\n", out)
  end)

  it("refuses what it cannot do", function()
    run.spit(folder .. "/s.lua", "print(1)")
    run.spit(folder .. "/b.luac", string.dump(function() end))
    for options, expected in pairs {
      ["--restricted -e 'print(1)'"] = "runs a script in a file, and nothing else",
      ["--restricted"] = "runs a script in a file, and nothing else",
      ["--budget 3 " .. folder .. "/s.lua"] = "--budget is for --restricted",
      ["--restricted --time 0 " .. folder .. "/s.lua"] = "--time: a whole number from 1",
      ["--restricted --memory x " .. folder .. "/s.lua"] = "--memory: a whole number from 8",
      ["--restricted --budget -1 " .. folder .. "/s.lua"] = "--budget: a whole number from 0",
    } do
      local status, out, err = run.shell(("HOME=%s %s %s"):format(folder, run.mjlua, options))
      assert.same({ 2, "" }, { status, out }, options)
      assert.truthy(err:find(expected, 1, true), err)
    end
    local status, _, err = run.shell(("HOME=%s %s --restricted %s/b.luac"):format(folder, run.mjlua,
      folder))
    assert.equal(1, status)
    assert.truthy(err:find("this is bytecode", 1, true), err)
    status, _, err = run.shell(("HOME=%s %s --restricted=%s/none %s/s.lua"):format(folder,
      run.mjlua, folder, folder))
    assert.equal(1, status)
    assert.truthy(err:find("cannot open the folder", 1, true), err)
    -- by hand it finds no channel
    assert.not_equal(0, (run.shell(run.mjlua .. " --restricted-child 1 16 3<&-")))
  end)
end)
