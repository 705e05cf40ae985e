-- SPDX-License-Identifier: MIT
-- mjlua from outside: its options, its errors, what it says when it leaves.

local cjson = require "cjson"
local run = require "spec.support.run"

local q = run.quote

describe("mjlua", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  local function script(text)
    run.spit(folder .. "/s.lua", text)
    return folder .. "/s.lua"
  end

  local function check(expected_out, ...)
    local status, out, err = run.lua(...)
    assert.equal("", err)
    assert.equal(expected_out, out)
    assert.equal(0, status)
  end

  describe("runs Lua", function()
    it("-e, in order, with the same globals", function()
      check("3\n", "-e", "x = 1", "-ex = x + 2", "-e", "print(x)")
    end)

    it("a script with arg and ...", function()
      local path = script "print(arg[0] == (debug.getinfo(1).source:sub(2)), arg[-1], ...)"
      check("true\t--\ta\tb c\n", "--", path, "a", "b c")
    end)

    it("standard input", function()
      local status, out = run.shell("echo 'print(1, ...)' | " .. run.mjlua .. " - x")
      assert.same({ 0, "1\tx\n" }, { status, out })
      status, out = run.shell("echo 'print(2)' | " .. run.mjlua)
      assert.same({ 0, "2\n" }, { status, out })
    end)

    it("-l, with and without a name", function()
      check("table\ttable\n", "-l", "cjson", "-l", "j=cjson.safe", "-e",
        "print(type(cjson), type(j))")
    end)

    it("-v and --version", function()
      local status, out = run.lua "-v"
      assert.equal(0, status)
      assert.truthy(out:find "^Lua 5%.4%.%d+  Copyright [^\n]+\n$", out)
      status, out = run.lua "--version"
      assert.equal(0, status)
      assert.truthy(out:find "^mjlua %d+%.%d+%.%d+ %(Lua 5%.4%.%d+%)\n", out)
      for _, name in ipairs { "libcurl/", "yajl/", "SQLite/",
        "lua%-cjson", "mj.httpd", "mj.image" } do
        assert.truthy(out:find(name), name .. " in " .. out)
      end
    end)

    it("--help names each option", function()
      local status, out = run.lua "--help"
      assert.equal(0, status)
      for _, option in ipairs { "-e", "-l", "-i", "-v", "-E", "-W", "-", "--", "-m", "--sim",
        "--sim-serve", "--journal", "--no-journal", "--fresh", "--dry-run", "--record",
        "--replay", "--restricted", "--time", "--traceback", "--version", "--help" } do
        assert.truthy(out:find("\n  " .. option, 1, true), option)
      end
    end)

    it("-i, an expression, several lines, an error, going on", function()
      local lines = "1 + 1\nfor i = 1, 2 do\nprint(i)\nend\nerror('no', 0)\n'still here'\n"
      local status, out, err = run.shell(("printf %%s %s | %s -i"):format(q(lines), run.mjlua))
      assert.truthy(err:find "^no\nstack traceback:\n", err)
      assert.truthy(out:find "\n> 2\n> >> >> 1\n2\n> > still here\n> \n$", out)
      assert.equal(0, status)
    end)

    it("-i without a terminal: coroutines go on between the lines, and at the end", function()
      local lines = "mj = require 'mj'\nmj.spawn(function() print 'now' end) == nil\n"
        .. "mj.spawn(function() mj.sleep(0.05) print 'later' end) == nil\n"
      local status, out, err = run.shell(("printf %%s %s | %s -i"):format(q(lines), run.mjlua))
      assert.equal("", err)
      assert.truthy(out:find "> > false\nnow\n> false\n> \nlater\n$", out)
      assert.equal(0, status)
    end)

    it("closes the state: finalizers run", function()
      check("closed\n", "-e", "setmetatable({}, { __gc = function() print 'closed' end })")
    end)

    it("refuses bytecode", function()
      run.spit(folder .. "/b.lua", string.dump(function() end))
      local status, _, err = run.lua(folder .. "/b.lua")
      assert.equal(1, status)
      assert.truthy(err:find "binary chunk")
    end)

    it("wrapped and resumed coroutines behave as Lua's own", function()
      check("true\t1\t2\nfalse\tx\nfalse\tcannot resume dead coroutine\n"
        .. "(command line):5: from inside\n7\t8\nclosed\n", "-e", [[
local co = coroutine.create(function(a) local b = coroutine.yield(a, 2) error(b, 0) end)
print(coroutine.resume(co, 1))
print(coroutine.resume(co, "x"))
print(coroutine.resume(co))
local w = coroutine.wrap(function() error("from inside") end)
print((select(2, pcall(function() w() end)):gsub("^.-:%d+: ", "")))
w = coroutine.wrap(function(...) coroutine.yield(...) end)
print(w(7, 8))
w = coroutine.wrap(function()
  local x <close> = setmetatable({}, { __close = function() print "closed" end })
  error "gone"
end)
pcall(w)]])
    end)
  end)

  describe("errors", function()
    it("of usage end with 1 as lua's, and name the nearest option", function()
      for word, nearest in pairs { ["--simm"] = "--sim", ["--hepl"] = "--help",
        ["--jurnal=x"] = "--journal" } do
        local status, out, err = run.lua(word, "x.lua")
        assert.same({ 1, "" }, { status, out })
        assert.equal(("mjlua: unrecognized option '%s'\ndid you mean '%s'?\nusage: mjlua "):format(
          word, nearest), err:match "^[^\n]*\n[^\n]*\nusage: mjlua ")
      end
      assert.equal(1, (run.lua "-e"))
      assert.equal(1, (run.lua "-x"))
    end)

    it("of its own options' values end with 2", function()
      assert.equal(0, (run.lua "-m")) -- lists the commands
      assert.equal(2, (run.lua "--journal"))
      assert.equal(2, (run.lua("--help=yes")))
      assert.equal(2, (run.lua("--sim-serve", "127.0.0.1:0", "script.lua")))
    end)

    it("of options that do not go together end with 2, also in front of -m", function()
      run.spit(folder .. "/s.lua", "print 'it ran'")
      for _, words in ipairs { "--dry-run --restricted --budget 3 s.lua",
        "--dry-run --sim s.lua", "--restricted -m capabilities", "--budget 3 -m capabilities",
        "--replay x --record y -m capabilities", "--sim-serve -m capabilities",
        "--sim -m doctor", "--replay x -m doctor", "--record x -m doctor",
        "--dry-run -m doctor" } do
        local status, out, err = run.shell(("cd %s && %s %s"):format(folder,
          run.absolute(run.mjlua), words))
        assert.same({ 2, "" }, { status, out }, words)
        assert.truthy(err:find "^mjlua: [^\n]+\n$", err)
      end
    end)

    it("of the simulator's settings name the nearest one", function()
      local status, _, err = run.lua("--sim=profil=new-api", "-e", "")
      assert.equal(2, status)
      assert.truthy(err:find "^mjlua: %-%-sim: " and err:find "profile", err)
      status, _, err = run.lua("--sim=profile=newapi", "-e", "")
      assert.same({ 2, "mjlua: --sim: unknown profile 'newapi' "
        .. "(did you mean 'new-api'?); there are new-api, "
        .. "novicezk, plus, trueai, generate\n" }, { status, err })
    end)

    it("in a script have the place and the way there", function()
      local path = script "local x\nx.y = 1"
      local status, _, err = run.lua(path)
      assert.same({ 1, ("mjlua: %s:2: attempt to index a nil value (local 'x')\n"
        .. "stack traceback:\n\t%s:2: in main chunk\n\t[C]: in ?\n"):format(path, path) },
        { status, err })
    end)

    it("in a script that does not parse, or is not there", function()
      local path = script "x ="
      local status, _, err = run.lua(path)
      assert.equal(1, status)
      assert.truthy(err:find(("mjlua: %s:1: unexpected symbol"):format(path), 1, true))
      status, _, err = run.lua(folder .. "/none.lua")
      assert.equal(1, status)
      assert.truthy(err:find "^mjlua: cannot open ")
    end)

    it("that mj finds in what it was given are one line, with a trace when asked", function()
      local path = script 'local mj = require "mj"\nmj.imagine { prompt = "x", aspct = "3:2" }'
      local wrong = ("mjlua: %s:2: mj.imagine: unknown option 'aspct' (did you mean 'aspect'?)\n")
        :format(path)
      local status, _, err = run.lua("--sim", path)
      assert.same({ 1, wrong }, { status, err })
      _, _, err = run.lua("--traceback", "--sim", path)
      assert.equal(wrong .. "stack traceback:\n", err:sub(1, #wrong + 17))
      -- what the script raises afterwards is its own
      path = script [[pcall(require "mj".imagine, { aspct = "" })
error "x"]]
      _, _, err = run.lua("--sim", path)
      assert.truthy(err:find(path .. ":2: x\nstack traceback:\n", 1, true), err)
    end)

    it("are raised for options beside a prompt, which would be lost", function()
      for call, name in pairs {
        ['mj.imagine("x", { aspect = "3:2" })'] = "mj.imagine",
        ['mj.client {}:imagine("x", { aspect = "3:2" })'] = "client:imagine",
        ['mj.submit("imagine", "x", { aspect = "3:2" })'] = 'client:submit "imagine"',
        ['mj.describe("x.png", {})'] = "mj.describe",
      } do
        local status, _, err = run.lua("--sim", "-e", "mj = require 'mj' " .. call)
        assert.equal(1, status)
        assert.truthy(err:find(name .. ": one table of options expected, as in { ", 1, true), err)
        assert.equal(1, select(2, err:gsub("\n", "")), err)
      end
      check("2\n", "--sim=clock=200", "-e",
        "local mj = require 'mj' print(#mj.map({ 'a', 'b' }, mj.imagine))")
    end)

    it("carry a trace when asked", function()
      local path = script [[
        local function inner()
          error(setmetatable({}, { __tostring = function() return "deep" end }))
        end
        local function outer()
          inner()
        end
        outer()]]
      local _, _, err = run.lua(path)
      assert.equal("mjlua: deep\n", err)
      _, _, err = run.lua("--traceback", path)
      assert.truthy(err:find "stack traceback" and err:find "in upvalue 'inner'", err)
    end)

    it("that are tables show their text, or their type", function()
      local _, _, err = run.lua("-e",
        "error(setmetatable({}, { __tostring = function() return 'as text' end }))")
      assert.equal("mjlua: as text\n", err)
      _, _, err = run.lua("-e", "error {}")
      assert.truthy(err:find("^mjlua: %(error object is a table value%)\nstack traceback:\n"), err)
    end)

    it("of the world are one line without a place", function()
      local status, _, err = run.lua("-e",
        [[local mj = require "mj"
          assert(mj.client { base_url = "http://127.0.0.1:1", api_key = "sk-secret-0123456789" }
            :imagine "cat":await())]])
      assert.equal(1, status)
      assert.truthy(err:find "^mjlua: [^\n]+\n$", err)
      assert.falsy(err:find("secret", 1, true))
    end)

    it("without a gateway say what to set", function()
      local status, _, err = run.lua("-e", [[require "mj".imagine "cat":await()]])
      assert.equal(1, status)
      assert.truthy(err:find "MJ_BASE_URL", err)
    end)
  end)

  describe("--sim", function()
    it("gives scripts a gateway", function()
      local status, out, err = run.lua("--sim=clock=200", "-e", [[
        local task = assert(require "mj".imagine "cat":await())
        print(task.status, #task.buttons > 4)]])
      assert.same({ "", "SUCCESS\ttrue\n", 0 }, { err, out, status })
    end)

    it("takes the place of the environment", function()
      local status, out = run.shell("MJ_BASE_URL=http://127.0.0.1:1 MJ_API_KEY=sk-CANARY-real "
        .. run.mjlua .. " --sim=clock=200 -e " .. q [[
          print(assert(require "mj".client {}:imagine "cat":await()).status)]])
      assert.same({ 0, "SUCCESS\n" }, { status, out })
    end)

    it("says so once where a script talks to another gateway", function()
      local status, _, err = run.lua("--sim", "-e", [[
        local mj = require "mj"
        mj.client { base_url = "https://gateway.example/v1" }
        mj.client { base_url = "https://another.example" }]])
      assert.same({ 0, "mjlua: --sim: this client talks to https://gateway.example/v1, "
        .. "not to the simulator\n" }, { status, err })
      local _, _, silent = run.lua("--sim", "-e", [[
        local mj = require "mj"
        mj.client { base_url = require "mj.env".get "MJ_BASE_URL" .. "/" }
        mj.client { api_key = "sk-other" }]])
      assert.equal("", silent)
    end)

    it("plays the other profile", function()
      local status, out, err = run.lua("--sim=profile=novicezk,clock=200", "-e", [[
        local grid = assert(require "mj".imagine "cat":await())
        print(grid.status, assert(grid:click "U3":await()).action)]])
      assert.same({ "", "SUCCESS\tUPSCALE\n", 0 }, { err, out, status })
    end)
  end)

  describe("--sim-serve", function()
    -- Serves while the commands run, with $url; INT ends it.
    local function serving(arguments, commands, signal)
      return run.shell(([[
        : >%s/url
        env --default-signal=INT %s --sim-serve %s >%s/url 2>%s/log &
        pid=$!
        i=0
        while [ "$(wc -l <%s/url)" -lt 2 ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        url=$(head -n 1 %s/url)
        eval "$(tail -n 1 %s/url)"
        %s
        kill -%s $pid
        wait $pid
        echo "status $?"
        cat %s/log]]):format(folder, run.mjlua, arguments, folder, folder, folder, folder, folder,
        commands, signal or "INT", folder))
    end

    it("says where, serves until SIGINT, ends with 0", function()
      local _, out, err = serving("127.0.0.1:0,clock=200", run.mjlua .. " -e " .. q [[
        print(assert(require "mj".imagine "cat":await()).status)]])
      assert.equal("", err)
      assert.truthy(out:find("^SUCCESS\nstatus 0\nmjlua: most in 60 seconds: %d+ requests "
        .. "%(submissions: 1%)\n$"), out)
    end)

    it("ends with 0 on SIGTERM, without an address too", function()
      local _, out = serving("", [[
        case $url in http://127.0.0.1:[0-9]*) echo "$MJ_BASE_URL" | grep -cxF "$url" ;; esac
        case $MJ_API_KEY in ?*) echo key ;; esac]], "TERM")
      assert.equal("1\nkey\nstatus 0\n", out)
    end)

    it("says when the address is taken", function()
      local _, out = serving("127.0.0.1:0", [[
        port=${url##*:}
        ]] .. run.mjlua .. [[ --sim-serve 127.0.0.1:$port 2>&1 | sed 's/[0-9]\{4,\}/PORT/g'
        ]])
      assert.truthy(out:find "^mjlua: [^\n]+\nstatus 0\n", out)
    end)
  end)

  describe("leaving", function()
    it("waits for coroutines, which may wait for jobs", function()
      local status, out, err = run.lua("--sim=clock=200", "-e", [[
        local mj = require "mj"
        for i = 1, 2 do
          mj.spawn(function() print(i, assert(mj.imagine "cat":await()).status) end)
        end
        mj.spawn(function() mj.sleep(0.05) print "slept" end)
        print "end"]])
      assert.equal("", err)
      assert.truthy(out:find "^end\nslept\n%d\tSUCCESS\n%d\tSUCCESS\n$", out)
      assert.equal(0, status)
    end)

    it("reports a coroutine that failed unheard, and ends with 1", function()
      local status, _, err = run.lua("-e", [[
        require "mj".spawn(function() error("lost", 0) end)]])
      assert.same({ 1, "mjlua: error in a coroutine: lost\n" }, { status, err })
    end)

    it("sends what was submitted, and says what still runs", function()
      local status, out, err = run.lua("--sim", "-e", [[
        local mj = require "mj"
        for i = 1, 3 do mj.imagine("cat " .. i) end]])
      assert.same({ 0, "" }, { status, out })
      assert.truthy(err:find "^mjlua: 3 tasks still running", err)
      assert.equal(3, select(2, err:gsub("%d%d%d%d%d%d%d+", "")))
    end)

    it("says that a task ends with the simulator", function()
      local _, out, err = run.lua("--sim", "-e", [[print(require "mj".imagine "cat":id())]])
      local id = out:match "^(%S+)\n$"
      assert.equal("mjlua: 1 task still running, which ended with the simulator: "
        .. id .. "\n", err)
    end)

    it("does so after an error and after os.exit", function()
      local status, _, err = run.lua("--sim", "-e", [[require "mj".imagine "cat" error("x", 0)]])
      assert.equal(1, status)
      assert.truthy(err:find "^mjlua: x\nstack traceback:\n\t" and
        err:find "in %?\nmjlua: 1 task still running", err)
      status, _, err = run.lua("--sim", "-e", [[require "mj".imagine "cat" os.exit(7)]])
      assert.equal(7, status)
      assert.truthy(err:find "^mjlua: 1 task still running", err)
    end)

    it("says what it waits for when that takes long, and Ctrl-C ends it", function()
      local status, _, err = run.lua("--sim=clock=3,fault=slow", "-e",
        [[local mj = require "mj" mj.imagine "cat" mj.imagine "dog"]])
      assert.equal(0, status)
      assert.truthy(err:find("^mjlua: waiting for 2 submissions without an answer "
        .. "%(Ctrl%-C ends that%)\nmjlua: 2 tasks still running"), err)
      _, _, err = run.shell(([[
        : >%s/err
        env --default-signal=INT %s --sim=fault=silent -e 'require "mj".imagine "cat"' 2>%s/err &
        pid=$!
        i=0
        while ! grep -qs waiting %s/err && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        kill -INT $pid
        wait $pid
        echo $? >>%s/err
        cat %s/err >&2]]):format(folder, run.mjlua, folder, folder, folder, folder), 30)
      assert.equal("mjlua: waiting for 1 submission without an answer (Ctrl-C ends that)\n"
        .. "mjlua: 1 task sent and not answered: it may have been paid for\n1\n", err)
    end)

    it("is silent when nothing is left", function()
      local status, _, err = run.lua("--sim=clock=200", "-e",
        [[assert(require "mj".imagine "cat":await())]])
      assert.same({ 0, "" }, { status, err })
    end)

    it("reports what a client that was closed did not send, or was sending", function()
      local status, _, err = run.lua("--sim", "-e", [[
        local mj = require "mj"
        do local c <close> = mj.client {} c:imagine "cat" end]])
      assert.same({ 0, "mjlua: 1 task not sent: the client was closed\n" }, { status, err })
      status, _, err = run.lua("--sim", "-e", [[
        local mj = require "mj"
        local c = mj.client {}
        c:imagine "cat"
        repeat mj.step(0) until tostring(c:jobs()[1]):find "sending"
        c:close()]])
      assert.equal(1, status)
      assert.truthy(err:find "^mjlua: 1 task sent and not answered: unknown_outcome: ", err)
      status, _, err = run.lua("--sim", "-e", [[
        local mj = require "mj"
        do local c <close> = mj.client {} print(c:imagine "cat":id()) end]])
      assert.equal(0, status)
      assert.truthy(err:find("^mjlua: 1 task still running, which ended with the simulator "
        .. "%(%d+%)\n$"), err)
    end)

    it("reports an error that nobody asked for; not to know what was paid ends with 1", function()
      local text = [[local mj = require "mj" local job = mj.imagine "cat" mj.sleep(0.5) ]]
      local status, _, err = run.lua("--sim=clock=20,fault=drop", "-e", text)
      assert.equal(1, status)
      assert.truthy(err:find "^mjlua: 1 task sent and not answered: unknown_outcome: [^\n]+\n$",
        err)
      status = run.lua("--sim=clock=20,fault=drop", "-e", text .. "os.exit(0)")
      assert.equal(1, status)
      status = run.lua("--sim=clock=20,fault=drop", "-e", text .. "os.exit(3)")
      assert.equal(3, status)
      status, _, err = run.lua("--sim=clock=20,fault=drop", "-e", text .. "job:await()")
      assert.same({ 0, "" }, { status, err })
      status, _, err = run.lua("--sim=clock=2000", "-e",
        [[local mj = require "mj" for i = 1, 2 do mj.imagine "cat sim:fail" end mj.run()]])
      assert.equal(0, status)
      assert.truthy(err:find("^mjlua: 2 tasks ended with an error that nobody waited for: failed: "
        .. "[^\n]+ %(the first: %d+%)\n$"), err)
    end)

    it("reports what could not be sent", function()
      local status, _, err = run.lua("-e", [[
        require "mj".client { base_url = "http://127.0.0.1:1" }:imagine "cat"]])
      assert.equal(0, status)
      -- (how long it tries is chance, and it says that it waits when that is long)
      assert.truthy(err:gsub("^mjlua: waiting for 1 submission without an answer "
        .. "%(Ctrl%-C ends that%)\n", ""):find "^mjlua: 1 task not accepted: network: ", err)
    end)
  end)

  -- What goes on is in journal_spec.lua.
  describe("--journal", function()
    it("needs a file, and is for one kind of run", function()
      for words, text in pairs {
        [{ "--journal" }] = "option '--journal' needs a value",
        [{ "--journal=", "-e", "" }] = "option '--journal' needs the name of a file",
        [{ "--journal", "j", "--no-journal", "-e", "" }]
          = "give either --journal or --no-journal",
        [{ "--sim", "--journal=j", "-e", "" }]
          = "--journal is not for --sim, whose tasks end with the script",
        [{ "--fresh=yes", "-e", "" }] = "option '--fresh' takes no value",
      } do
        local status, out, err = run.lua((table.unpack or unpack)(words))
        assert.same({ 2, "", "mjlua: " .. text .. "\n" }, { status, out, err })
      end
    end)

    it("is made when a client is, and not for --sim, -e and typed lines", function()
      script [[print(require "mj".client {} ~= nil)]]
      local status, out, err = run.shell(([[
        cd %s
        mjlua=%s
        export MJ_BASE_URL=http://127.0.0.1:1 HOME=$PWD XDG_STATE_HOME=$PWD/state
        $mjlua --sim s.lua
        $mjlua --no-journal s.lua
        $mjlua -e 'print(require "mj".client {} ~= nil)'
        echo 'print(require "mj".client {} ~= nil)' | $mjlua -
        echo 'require "mj".client {} ~= nil' | $mjlua -i | grep -o true
        echo 'print(1)' >plain.lua
        $mjlua plain.lua
        ls
        $mjlua s.lua
        ls state/mj | sed 's/-[0-9a-f]*/-HASH/'
        stat -c '%%a %%n' state/mj state/mj/* | cut -c 1-12
        $mjlua --journal here -e 'print(require "mj".client {} ~= nil)'
        ls]]):format(folder, run.quote(run.absolute(run.mjlua))))
      assert.same({ 0, "" }, { status, err })
      assert.equal("true\ntrue\ntrue\ntrue\ntrue\n1\nplain.lua\ns.lua\ntrue\ns-HASH.journal\n"
        .. "s-HASH.journal.lock\n700 state/mj\n600 state/mj\n600 state/mj\n"
        .. "true\nhere\nhere.lock\nplain.lua\ns.lua\nstate\n", out)
    end)
  end)

  describe("-m status", function()
    it("shows what a journal holds", function()
      script [[
        local client = require "mj".client { wire_state = "user" } -- no list helps
        for i = 1, 3 do
          local task = client:imagine("a \t long prompt, longer than its column is: " .. i):await()
          if i == 2 then
            task:click "U2":await()
          end
        end
        client:imagine { prompt = "sim:fail", key = "bad" }:await() ]]
      local status, out, err = run.with_gateway(folder, "clock=200,fault=drop@1", ([[
        export MJ_POLL=0.02
        cd %s
        $mjlua s.lua x
        file=$(echo $XDG_STATE_HOME/mj/s-*.journal)
        $mjlua -m status s.lua x
        echo ---
        $mjlua -m status --unknown $file
        echo ---
        $mjlua -m status --json ./s.lua x
        echo ---
        $mjlua -m status --json --unknown s.lua x]]):format(folder):gsub("%$mjlua",
          (run.absolute(run.mjlua):gsub("%%", "%%%%"))))
      assert.equal(0, status)
      assert.falsy(err:gsub("in doubt: mjlua %-m status", ""):find("status", 1, true), err)
      local parts = {}
      for part in (out .. "---\n"):gmatch "(.-)%-%-%-\n" do
        parts[#parts + 1] = part
      end
      assert.equal(5, select(2, parts[1]:gsub("[^\n]+\n", "")) - 1, out)
      local first = "^%d%d%-%d%d %d%d:%d%d:%d%d  UNKNOWN       imagine    mj_%w+ +"
      assert.truthy(parts[1]:find(first), out)
      assert.truthy(parts[1]:find("SUCCEEDED     click      %d+ +%d+\n"), out)
      assert.truthy(parts[1]:find("SUCCEEDED     imagine    %d+ +a   long prompt, [^\n]+…\n"),
        out)
      assert.truthy(parts[1]:find "\n1 FAILED, 3 SUCCEEDED, 1 UNKNOWN\n$", out)
      assert.truthy(parts[2]:find(first .. "[^\n]+\n1 UNKNOWN\n$"), parts[2])
      local rows = {}
      for line in parts[3]:gmatch "[^\n]+" do
        rows[#rows + 1] = cjson.decode(line)
      end
      assert.equal(5, #rows)
      assert.equal("UNKNOWN", rows[1].state)
      assert.truthy(rows[1].error:find "may have taken it", rows[1].error)
      assert.equal("a \t long prompt, longer than its column is: 2", rows[2].prompt)
      assert.equal(rows[2].task_id, rows[3].parent)
      assert.same({ "click", "SUCCEEDED", 1 }, { rows[3].verb, rows[3].state, rows[3].attempt })
      assert.same({ "bad", "FAILED" }, { rows[5].key, rows[5].state })
      for _, row in ipairs(rows) do
        assert.truthy(row.token:find "^mj_" and row.gateway:find "^http://127" and row.run)
        assert.truthy(row.created_at <= row.sent_at and row.sent_at <= row.changed_at)
      end
      assert.same(rows[1], cjson.decode(parts[4]))
    end)

    it("says what is wrong", function()
      script ""
      for words, expected in pairs {
        [{ "-m", "stats" }]
          = { 2, "no command 'stats' %(did you mean 'status'%?%); mjlua %-m lists them" },
        [{ "-m", "status", "--jsn", "x" }] = { 2, "status: unknown option '%-%-jsn'; [^\n]+" },
        [{ "-m", "status", folder .. "/s.lua" }]
          = { 1, "status: there is no journal /[^\n]+/mj/s%-%x+.journal" },
        [{ "-m", "status", folder .. "/none" }]
          = { 1, "status: there is no journal /[^\n]+/mj/none%-%x+.journal" },
      } do
        local status, out, err = run.lua((table.unpack or unpack)(words))
        assert.same({ expected[1], "" }, { status, out })
        assert.truthy(err:find("^mjlua: " .. expected[2] .. "\n$"), err)
      end
      local status, out = run.lua("-m", "status", "--help")
      assert.equal(0, status)
      assert.truthy(out:find "^usage: mjlua %-m status" and out:find "%-%-unknown"
        and out:find "%-%-json")
    end)

    it("shows nothing of an empty one", function()
      script [[require "mj".client {}]]
      local _, out = run.shell(("MJ_BASE_URL=http://127.0.0.1:1 %s %s/s.lua; %s -m status %s/s.lua")
        :format(run.mjlua, folder, run.mjlua, folder))
      assert.equal("nothing\n", out)
    end)
  end)

  describe("Ctrl-C", function()
    -- Runs a script, interrupts it once it has written "ready".
    local function interrupted(options, text, again)
      return run.shell(([[
        : >%s/out
        env --default-signal=INT %s %s %s >%s/out 2>%s/err &
        pid=$!
        i=0
        while ! grep -qs ready %s/out && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        kill -INT $pid
        %s
        wait $pid
        echo $?
        cat %s/err]]):format(folder, run.mjlua, options, q(script(text)), folder, folder, folder,
        again and "sleep 0.2; kill -INT $pid" or "", folder), 30)
    end

    it("stops a wait, says what still runs, ends with 130", function()
      local _, out = interrupted("--sim", [[
        local job = require "mj".imagine "cat"
        job:id()
        print "ready" io.flush()
        job:await()]])
      assert.truthy(out:find "^130\nmjlua: interrupted\nmjlua: 1 task still running", out)
    end)

    it("stops a loop, inside a coroutine too, with a trace where no work is under way", function()
      for _, first in ipairs { "", [[require "mj" ]] } do
        local status = first == "" and "1" or "130"
        local _, out = interrupted("", first .. [[print "ready" io.flush() while true do end]])
        assert.truthy(out:find("^" .. status .. "\nmjlua: [^\n]*interrupted!\nstack traceback:\n"),
          out)
        _, out = interrupted("", first .. [[
          coroutine.wrap(function() print "ready" io.flush() while true do end end)()]])
        assert.truthy(out:find("^" .. status .. "\nmjlua: [^\n]*interrupted!\nstack traceback:\n"),
          out)
      end
    end)

    it("stops a loop while work is under way, and says what still runs", function()
      local _, out = interrupted("--sim", [[
        require "mj".imagine "cat":id()
        print "ready" io.flush() while true do end]])
      assert.truthy(out:find "^130\nmjlua: interrupted\nmjlua: 1 task still running", out)
    end)

    it("can be caught once by what does not use mj, and then ends it", function()
      local _, out = interrupted("", [[
        print "ready" io.flush()
        while true do pcall(function() while true do end end) end]], true)
      assert.equal("130\n", out)
    end)

    it("cannot be swallowed by pcall for ever", function()
      local _, out = interrupted("", [[
        require "mj"
        print "ready" io.flush()
        while true do pcall(function() while true do end end) end]])
      assert.equal("130\nmjlua: interrupted!\n", out:match "^130\n[^\n]*\n", out)
    end)

    it("stops C code the second time", function()
      local _, out = interrupted("", [[
        print "ready" io.flush()
        local s = ("a"):rep(40)
        s:find(("a?"):rep(40) .. s)]], true)
      assert.equal("130\n", out)
    end)
  end)
end)
