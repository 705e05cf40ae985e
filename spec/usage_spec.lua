-- SPDX-License-Identifier: MIT
-- mjlua -m for who mistypes: what can be typed is named, the status is 2, nothing is sent.

local run = require "spec.support.run"
local wording = require "mj.cli.wording"
local words = require "mj.cli.words"

describe("wrong words", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  -- Nothing listens at the address: who sends something ends with 1.
  local function command(line, env)
    return run.shell(("mjlua=$(realpath %s); cd %s; env -u MJ_API_KEY -u MJ_BASE_URL HOME=%s %s "
      .. "$mjlua -m %s"):format(run.mjlua, folder, folder, env or "", line))
  end

  local SIM = " --sim=clock=200"
  local cases = {
    -- of the gateway
    { "imagine cat", "imagine: no gateway: set MJ_BASE_URL and MJ_API_KEY, or give --base-url; "
      .. "--sim simulates one" },
    { "imagine cat --base-url ''", "imagine: option '--base-url': it is empty" },
    { "imagine cat --base-url x",
      "imagine: option '--base-url': begin with https:// (or http://)" },
    { "imagine cat --base-url http://u:p@x",
      "imagine: option '--base-url': no user name in it; the key is MJ_API_KEY" },
    { "imagine cat --gateway none", "imagine: gateway 'none': there is no file " },
    { "imagine cat --gateway ''", "imagine: option '--gateway': it is empty" },
    { "imagine cat --mode slow", "imagine: argument for option '--mode' must be one of 'fast'" },
    { "imagine cat --sim=profile=x", "--sim: unknown profile 'x'; there are new-api" },
    { "imagine cat --sim=clock=-1", "--sim: field 'clock': out of range" },
    -- of the prompt
    { "imagine ''" .. SIM, "imagine: PROMPT: it is empty" },
    { "imagine", "imagine: missing argument 'prompt'; --help shows how" },
    { "imagine cat --ar wide" .. SIM, "imagine: option '--ar': a ratio like \"3:2\" expected" },
    { "imagine cat --ar ''" .. SIM, "imagine: option '--ar': a ratio like \"3:2\" expected" },
    { "imagine 'cat --s abc'" .. SIM, "imagine: --s: a whole number expected, got abc" },
    { "imagine cat --stylize -5" .. SIM, "imagine: option '--stylize': -5 is not in 0..1000" },
    { "imagine cat --seed 99999999999999999999" .. SIM,
      "option '--seed': 99999999999999999999 is" },
    { "imagine cat --niji x" .. SIM, "imagine: option '--niji': " },
    { "imagine cat --version x" .. SIM, "imagine: option '--version': " },
    { "imagine cat --stop 1e999" .. SIM, "imagine: option '--stop': a whole number expected" },
    { "imagine cat --stylise 1", "did you mean" },
    { "imagine cat --upscal 1", "unknown option '--upscal'; did you mean '--upscale'" },
    -- of the request
    { "imagine cat --extra x" .. SIM, "imagine: option '--extra': a JSON object expected" },
    { "imagine cat --extra '{\"prompt\":1}'" .. SIM,
      "imagine: option '--extra': \"prompt\" is set" },
    { "imagine cat --key ''" .. SIM, "imagine: option '--key': it is empty" },
    { "imagine cat --bot x" .. SIM, "imagine: option '--bot': midjourney or niji expected" },
    { "imagine cat --notify-hook x" .. SIM, "imagine: option '--notify-hook': an http(s) address" },
    { "imagine cat --provider ''" .. SIM, "imagine: option '--provider': auto, value or official" },
    { "imagine cat --timeout -1",
      "imagine: option '--timeout': a number from 0 up expected, got '-1'" },
    { "imagine cat --timeout 1e30" .. SIM, "imagine: option '--timeout': too many seconds" },
    { "imagine cat --timeout nan", "imagine: option '--timeout': a number from 0 up expected" },
    -- of money
    { "imagine cat --price nosuch=1" .. SIM, "imagine: option '--price': unknown verb 'nosuch'" },
    { "imagine cat --price x", "imagine: option '--price': VERB=AMOUNT expected, got 'x'" },
    { "imagine cat --budget 1e30 --price imagine=1" .. SIM,
      "imagine: option '--budget': an amount" },
    { "imagine cat --budget x", "imagine: option '--budget': an amount expected" },
    { "imagine cat --budget 0.0000001", "imagine: option '--budget': an amount expected" },
    { "imagine cat --journal ''", "imagine: option '--journal' needs the name of a file" },
    -- of pictures
    { "imagine cat -o ''", "imagine: option '-o': it is empty" },
    { "imagine cat -o '{x}.png'", "imagine: option '-o': unknown placeholder 'x'" },
    { "imagine cat --upscale 5", "imagine: option '--upscale': 1 to 4, or all, expected, got '5'" },
    { "imagine cat --image none" .. SIM,
      "imagine: option '--image': 'none': cannot be read: No such "
      .. "file or directory; give a path, an http(s) address or a data: URI\n" },
    { "describe ''" .. SIM, "describe: PICTURE: '': not the name of a file" },
    { "blend a b" .. SIM, "blend: PICTURE: 'a': cannot be read" },
    { "swap-face a b" .. SIM, "swap-face: FACE: 'a': cannot be read" },
    { "edit none words" .. SIM, "edit: PICTURE: 'none': cannot be read" },
    { "upload none" .. SIM, "upload: PICTURE: 'none': cannot be read" },
    { "shorten ''" .. SIM, "shorten: PROMPT: it is empty" },
    -- of tasks
    { "click '' U2" .. SIM, "click: TASK: not a task id" },
    { "click 1 ''" .. SIM, "click: BUTTON: none given" },
    { "click 1 U2 --zoom 5" .. SIM, "click: option '--zoom': 1 to 2 expected, got 5" },
    { "click 1 U2 --mask none" .. SIM, "click: option '--mask': 'none': cannot be read" },
    { "click 1 U2 --rect 0,0,0,1" .. SIM, "click: option '--rect': there is nothing in it" },
    { "video --image http://192.0.2.1/x.png --batch 3" .. SIM,
      "video: option '--batch': 1, 2 or 4" },
    { "video --task 1 --index 1.5" .. SIM, "video: option '--index': a whole number " },
    { "task ../x" .. SIM, "task: TASK: not a task id: ../x" },
    { "task", "task: missing argument 'id'" },
    { "list x", "list: too many arguments" },
    -- of files, and of commands
    { "batch none --dry-run", "batch: none: No such file or directory" },
    { "batch '' --dry-run", "batch: FILE is empty" },
    { "batch / --dry-run", "batch: /: Is a directory" },
    { "batch none --concurrency 0", "batch: option '--concurrency': a number from 1 up expected" },
    { "status --unknow", "status: unknown option '--unknow'; did you mean '--unknown'" },
    { "report --cvs x", "report: unknown option '--cvs'; did you mean '--csv'" },
    { "report --by", "report: option '--by' needs a value" },
    { "report --by x y", "report: unknown group 'x'; there are verb" },
    { "resolve --jurnal x", "resolve: unknown option '--jurnal'; did you mean '--journal'" },
    { "resolve x", "resolve: a key or token and a task's id, or absent, are expected" },
    { "doctor --timeout x", "doctor: option '--timeout': seconds expected, up to 3600, got 'x'" },
    { "doctor --jsn", "doctor: unknown option '--jsn'; did you mean '--json'" },
    { "doctor a b", "doctor: one gateway at a time, not 'b' as well" },
    { "fixture x y z", "fixture: a transcript, a number and a folder expected" },
    { "imagin cat", "no command 'imagin' (did you mean 'imagine'?); mjlua -m lists them" },
    { "help imagin", "no command 'imagin' (did you mean 'imagine'?); mjlua -m lists them" },
    { "''", "no command ''; mjlua -m lists them" },
  }
  for _, case in ipairs(cases) do
    it("mjlua -m " .. case[1], function()
      local status, out, err = command(case[1])
      assert.truthy(err:find("mjlua: " .. case[2], 1, true) or err:find(case[2], 1, true), err)
      assert.same({ 2, "" }, { status, out })
      assert.is_nil(err:find("%.lua:%d") or err:find "mj%.client" or err:find "field 'base_url"
        or err:find "client:submit", err)
      assert.equal(1, select(2, err:gsub("\n", "")), err)
    end)
  end

  it("speaks of money, keys and flags in words that can be typed", function()
    local status, _, err = command("imagine cat --price imagine=1 --budget 0.5" .. SIM)
    assert.equal(5, status)
    assert.truthy(err:find("; a larger --budget lets it\n", 1, true), err)
    status, _, err = command("imagine 'cat --ar 3:2' --ar 1:1" .. SIM)
    assert.equal(2, status)
    assert.truthy(err:find("option '--ar': given as an option, and as --ar 3:2 in the prompt", 1,
      true), err)
    assert.equal('HTTP 401; check MJ_API_KEY, and MJ_AUTH: "bearer", "raw" or "secret"',
      wording.of('HTTP 401; check api_key, and auth = "bearer", "raw" or "secret"', {}, {}))
  end)

  it("names the task whose picture could not be saved", function()
    local status, out, err = command("imagine cat -o /proc/no/x.png" .. SIM)
    assert.same({ 1, "" }, { status, out })
    assert.truthy(err:find "mjlua: task %d+: %l+: ", err)
  end)

  it("names the variable that was wrong, and the address that did not answer", function()
    local status, _, err = command("imagine cat", "MJ_BASE_URL=x")
    assert.same({ 2, "mjlua: imagine: MJ_BASE_URL: begin with https:// (or http://)\n" },
      { status, err })
    status, _, err = command("imagine cat --no-journal", "MJ_BASE_URL=http://127.0.0.1:1")
    assert.equal(1, status)
    assert.truthy(err:find("is MJ_BASE_URL right, and the gateway running?", 1, true), err)
    status, _, err = command "imagine cat --no-journal --base-url http://127.0.0.1:1"
    assert.equal(1, status)
    assert.truthy(err:find("is --base-url right, and the gateway running?", 1, true), err)
    status, _, err = command("imagine cat --budget 1" .. SIM)
    assert.equal(5, status)
    assert.truthy(err:find("add --price imagine=AMOUNT (0 where it costs nothing), or --price "
      .. "default=AMOUNT", 1, true), err)
  end)

  it("are told apart from a gateway's no: that is 1", function()
    local status, _, err = command "task 1 --sim=clock=200"
    assert.same({ 1, "mjlua: not_found: task 1: HTTP 400: task_no_found\n" }, { status, err })
    for line, which in pairs {
      ["list" .. SIM] = "task/list", ["list --queue --sim=profile=generate"] = "task/queue",
    } do
      status, _, err = command(line)
      assert.equal(1, status)
      assert.truthy(err:find("mjlua: this gateway cannot tell: " .. which, 1, true), err)
      assert.truthy(err:find("mjlua -m status has what was asked for from here, mjlua -m task ID",
        1, true), err)
    end
  end)

  it("in JSON, too: the error, and 2", function()
    local status, out = command("imagine cat --ar wide --json" .. SIM)
    assert.equal(2, status)
    assert.matches('"code":"invalid"', out)
  end)

  it("of a script's name: a command is not one", function()
    local status, _, err = run.shell(("mjlua=$(realpath %s); cd %s; $mjlua imagine 'black cat'")
      :format(run.mjlua, folder))
    assert.equal(1, status)
    assert.matches("^mjlua: cannot open imagine", err)
    assert.truthy(err:find("; a command is run with -m: ", 1, true), err)
    assert.truthy(err:find("mjlua -m imagine 'black cat'\n", 1, true), err)
  end)

  it("of a script without its first line: the line is named", function()
    local status, _, err = run.lua("-e", "mj.imagine 'cat'")
    assert.equal(1, status)
    assert.truthy(err:find("(global 'mj'); a script begins with: local mj = require \"mj\"\n", 1,
      true), err)
  end)

  it("keep what is not theirs", function()
    local args = { ar = nil, image = { "x" }, base_url = "http://x" }
    assert.equal("aspect: no", wording.of("aspect: no", args, {}))
    assert.equal("what base_urls are", wording.of("what base_urls are", args, {}))
    assert.equal("option '--image': no", wording.of("field 'images[2]': no", args, {}))
    assert.equal("MJ_MODE: no", wording.of("mode: no (from MJ_MODE)", args, {}))
    local opts, first = words.parse("x", { "--by=day", "--csv", "--", "--by" },
      { ["--by"] = "value", ["--csv"] = "flag" })
    assert.same({ { by = "day", csv = true }, 4 }, { opts, first })
    assert.same({ { help = true }, 2 }, { words.parse("x", { "-h" }, {}) })
    assert.equal("x: option '--csv' takes no value; --help shows how",
      select(2, words.parse("x", { "--csv=1" }, { ["--csv"] = "flag" })))
  end)
end)

describe("help", function()
  it("is no wider than 80 columns, with each option's own in front", function()
    local function read(...)
      local status, out, err = run.lua(...)
      assert.same({ 0, "" }, { status, err })
      for line in out:gmatch "[^\n]+" do
        assert.is_true(#line <= 80, line)
      end
      return out
    end
    read "--help"
    local list = read "-m"
    local n = 0
    for name in list:gmatch "\n  ([%a-]+) +%a" do
      n = n + 1
      local text = read("-m", name, "--help")
      assert.equal(text, read("-m", name, "-h"))
      assert.equal(text, read("-m", "help", name))
      assert.matches("\nExample:\n  mjlua %-m " .. name:gsub("%-", "%%-"), text)
      -- an option without a word of its meaning
      assert.is_nil(text:match "\n   (%-%-?[%w-]+ ?%u*)\n   %-", text)
    end
    assert.equal(20, n)
  end)
end)

describe("who does not listen", function()
  local folder
  before_each(function()
    folder = run.folder()
    run.spit(folder .. "/p.txt", ("cat\n"):rep(20000))
    run.spit(folder .. "/s.lua", [[
      local client = require "mj".client {}
      print(assert(client:imagine "cat":await()).status)
      print(("x"):rep(100))]])
  end)
  after_each(function()
    run.remove(folder)
  end)

  local function shell(text)
    return run.shell(("mjlua=$(realpath %s); cd %s; unset MJ_BASE_URL MJ_API_KEY; "
      .. "export HOME=$PWD\n%s"):format(run.mjlua, folder, text))
  end

  local SIM = "--sim=clock=200"
  local free = { "-m", "-m imagine --help", "-m status --help", "--help", "--version", "-m status",
    "-m batch p.txt --dry-run", SIM .. " -m capabilities", "-m list " .. SIM .. ",profile=plus" }
  local paid = { "-m imagine cat -q --no-save " .. SIM, SIM .. " s.lua",
    SIM .. " -m batch - -q --no-save" }

  it("is no trouble in a pipe, where nothing was paid for", function()
    for _, line in ipairs(free) do
      local status, out, err = shell("{ $mjlua " .. line .. " 2>err; echo $? >&2; } 2>st "
        .. "| head -n 1 | wc -l; cat err st")
      assert.same({ 0, "" }, { status, err })
      local said = out:match "^1\n(%d+)\n$"
      assert.truthy(said == "0" or said == "141", line .. ": " .. out) -- 141: as cat ends
    end
  end)

  it("is no trouble for who looks at the beginning of a long journal", function()
    local status, out, err = run.with_gateway(folder, "clock=1000", [[
      j=$out/j
      seq 300 >$out/n.txt
      MJ_POLL=0.1,0.2 $mjlua -m batch $out/n.txt --journal $j --yes --no-save -q \
        --concurrency 300 >/dev/null
      for words in "status $j" "status --json $j" "report $j"; do
        { $mjlua -m $words; echo $? >&2; } 2>$out/st | head -n 1 | wc -c
        cat $out/st
      done
      $mjlua -m status $j | wc -l]])
    assert.same({ 0, "" }, { status, err })
    local sizes = 0
    for size, ended in out:gmatch "(%d+)\n(%d+)\n" do
      sizes = sizes + (tonumber(size) > 20 and 1 or 0)
      assert.truthy(ended == "0" or ended == "141", out)
    end
    assert.equal(3, sizes, out)
    assert.truthy(tonumber(out:match "(%d+)\n$") > 300, out)
  end)

  it("is told of in one line, where a disk is full or an output closed", function()
    for where, why in pairs {
      [">/dev/full"] = "%a[^\n]+", [">&-"] = "Bad file descriptor",
    } do
      for _, list in ipairs { free, paid } do
        for _, line in ipairs(list) do
          local status, out, err = shell("echo cat | $mjlua " .. line .. " " .. where)
          assert.same({ 1, "" }, { status, out }, line .. where)
          assert.matches("^mjlua: cannot write to standard output: " .. why .. "\n$", err)
        end
      end
    end
  end)

  it("does not get what is printed into a socket or a file that was opened meanwhile", function()
    run.spit(folder .. "/f.lua", [[
      local file = assert(io.open("new", "w"))
      print "not for the file"
      io.stdout:flush()
      file:close()]])
    assert.equal(0, (shell "$mjlua f.lua >&-; test -f new && ! test -s new"))
    assert.equal(0, (shell "$mjlua f.lua <&- >/dev/null; test -f new && ! test -s new"))
  end)

  it("and who says nothing: standard input is closed", function()
    for _, line in ipairs(free) do
      assert.equal(0, (shell("$mjlua " .. line .. " <&- >out 2>err && ! test -s err")), words)
    end
    for _, line in ipairs { paid[1], paid[2] } do
      assert.equal(0, (shell("$mjlua " .. line .. " <&- >out 2>err && ! test -s err")), words)
    end
    local status, _, err = shell("$mjlua " .. paid[3] .. " <&-")
    assert.equal(2, status)
    assert.matches("^mjlua: batch: %-: Bad file descriptor\n$", err)
  end)

  it("has no terminal: no escape, whatever TERM says", function()
    for _, env in ipairs { "TERM=dumb", "-u TERM", "TERM=xterm", "TERM=xterm NO_COLOR=1" } do
      local status, out, err = shell("env " .. env .. " $mjlua -m imagine cat --no-save " .. SIM)
      assert.equal(0, status)
      assert.is_nil((out .. err):find "\27")
    end
  end)
end)
