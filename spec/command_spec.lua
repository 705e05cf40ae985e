-- SPDX-License-Identifier: MIT
-- mjlua -m: each command against the simulator, and each status that they end with.

local cjson = require "cjson"
local common = require "mj.cli.common"
local imagine = require "mj.cli.imagine"
local run = require "spec.support.run"

local q = run.quote

-- Another program reads it: prints what the expression `of` makes of the list x.
local READER = [[
import json, sys
x = [json.loads(line) for line in sys.stdin.buffer.read().decode('utf-8').splitlines()]
print(%s)
]]

describe("mjlua -m", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  -- mjlua -m WORDS in the folder, on a simulator that hurries: status, stdout, stderr.
  local function command(words, settings, seconds)
    return run.shell(("mjlua=$(realpath %s); cd %s; env -u MJ_BASE_URL -u MJ_API_KEY $mjlua "
      .. "--sim=clock=1000%s -m %s"):format(run.mjlua, folder,
      settings and "," .. settings or "", words), seconds)
  end

  local function read_json(words, of, settings)
    local status, out, err = command(words .. " --json -q >json", settings)
    assert.same({ 0, "" }, { status, out }, err)
    run.spit(folder .. "/reader.py", READER:format(of))
    status, out, err = run.shell(("python3 %s/reader.py <%s/json"):format(folder, folder))
    assert.same({ 0, "" }, { status, err })
    return (out:gsub("\n$", ""))
  end

  local function png(name)
    assert.equal("\137PNG\r\n\26\n", run.slurp(folder .. "/" .. name):sub(1, 8), name)
  end

  -- A picture to begin with.
  local function picture(name)
    assert.equal(0, (command("imagine cat -q -o " .. name)))
  end

  it("lists the commands, alone, with help and for who mistypes", function()
    local _, help = command ""
    assert.equal(help, (select(2, command "help")))
    local n = 0
    for name in help:gmatch "\n  ([%a-]+) +%a" do
      local status, text, err = run.lua("-m", name, "--help")
      assert.same({ 0, "" }, { status, err }, name)
      assert.truthy(text:find("^usage: mjlua %-m " .. name:gsub("%-", "%%-")), text)
      if name ~= "status" then
        assert.truthy(text:find("\nExample:\n  mjlua -m " .. name .. " ", 1, true), name)
      end
      assert.equal(text, (select(2, run.lua("-m", "help", name))))
      for line in text:gmatch "[^\n]+" do
        assert.is_true(#line <= 90, line)
      end
      n = n + 1
    end
    assert.equal(20, n)
    local status, out, err = run.lua("-m", "imagin")
    assert.same({ 2, "", "mjlua: no command 'imagin' (did you mean 'imagine'?); "
      .. "mjlua -m lists them\n" }, { status, out, err })
  end)

  it("ends with 2 and one line where the words are wrong", function()
    for words, text in pairs {
      ["imagine"] = "imagine: missing argument 'prompt'",
      ["imagine cat --arr 3:2"] = "imagine: unknown option '--arr'; did you mean '--ar'",
      ["imagine cat --upscale 5"] = "imagine: option '--upscale': 1 to 4, or all, expected, "
        .. "got '5'",
      ["imagine cat --grid"] = "imagine: option '--grid' goes with --upscale",
      ["imagine cat --timeout soon"] = "imagine: option '--timeout': a number from 0 up expected, "
        .. "got 'soon'",
      ["imagine cat --mode warp"] = "imagine: argument for option '--mode' must be one of 'fast', "
        .. "'relax', 'turbo'",
      ["imagine cat -o '{idd}.png'"] = "imagine: option '-o': unknown placeholder 'idd' "
        .. "(did you mean 'id'?)",
      ["imagine cat --journal J"] = "imagine: --journal is not for --sim, whose tasks end with the "
        .. "command",
      ["imagine cat --journal J --no-journal"] = "imagine: give either --journal or --no-journal",
      ["click 123"] = "click: missing argument 'button'",
      ["click 123 U1 --rect 1,2"] = "click: option '--rect': X,Y,WIDTH,HEIGHT expected, got '1,2'",
      ["blend a.png"] = "blend: argument 'images' requires at least 2 arguments",
      ["inpaint hat --task 1"] = "inpaint: what is made anew? give --rect or --mask",
      ["inpaint hat --rect 0,0,1,1"] = "inpaint: give either --task or --image",
      ["video"] = "video: of which picture? give --image, or --task",
      ["task 1 --cancel --wait"] = "task: --cancel does not go with --wait or -o",
    } do
      local status, out, err = command(words)
      assert.same({ 2, "" }, { status, out }, words)
      err = err:gsub("; %-%-help shows how\n$", ""):gsub("\n$", "")
      assert.equal("mjlua: " .. text, err, words)
    end
    local status, _, err = run.lua("-m", "imagine", "cat")
    assert.same({ 2, "mjlua: imagine: no gateway: set MJ_BASE_URL and MJ_API_KEY, or give "
      .. "--base-url; "
      .. "--sim simulates one\n" }, { status, err })
  end)

  it("makes a picture and its upscales", function()
    local status, out, err = command "imagine black cat --ar 3:2 --upscale 2 -o out/cat.png"
    assert.same({ 0, "out/cat.png\n", "" }, { status, out, err })
    png "out/cat.png"
    status, out = command "imagine 'black cat' --upscale 1,3 --grid -o cat{ext}"
    assert.same({ 0, "cat-grid.png\ncat-U1.png\ncat-U3.png\n" }, { status, out })
    png "cat-U3.png"
    status, out = command "imagine 'black cat' --no-save"
    assert.equal(0, status)
    assert.truthy(out:find "^http://127%.0%.0%.1:%d+/%S+\n$", out)
    status, out = command "imagine black cat"
    assert.equal(0, status)
    png(out:match "^(black%-cat%-%d+%.png)\n$")
    assert.equal("SUCCESS black cat --ar 3:2 ['big.png'] U1",
      read_json("imagine black cat --ar 3:2 -o big.png",
        "x[0]['status'], x[0]['prompt'], x[0]['files'], x[0]['buttons'][0]['label']"))
  end)

  it("takes the parameters of prompts, and checks them unpaid", function()
    assert.equal("a cat --ar 3:2 --stylize 250 --tile --niji 6 --no dogs, birds",
      read_json("imagine a cat --ar 3:2 --s 250 --no dogs --no birds --niji 6 --tile -o x.png",
        "' '.join(sorted(x[0]['prompt'].split(' --'), key=lambda w: 'a c,ar,sty,til,nij,no'"
        .. ".split(',').index(next(k for k in 'a c,ar,sty,til,nij,no'.split(',')"
        .. " if w.startswith(k))))).replace(' ar', ' --ar').replace(' sty', ' --sty')"
        .. ".replace(' tile', ' --tile').replace(' niji', ' --niji').replace(' no ', ' --no ')"))
    local status, out, err = command "imagine cat --stylize 5000"
    assert.same({ 2, "" }, { status, out })
    assert.truthy(err:find "^mjlua: imagine: option '%-%-stylize': [^\n]*\n$", err)
  end)

  it("clicks, of a task that exists", function()
    local status, out, err = run.with_gateway(folder, "clock=200", [[
      mjlua=$(realpath $mjlua) MJ_POLL=0.05; export MJ_POLL
      cd $out
      id=$($mjlua -m imagine cat -o cat.png --json -q | sed 's/.*"id":"\([0-9]*\)".*/\1/')
      $mjlua -m click $id U2 -o big.png -q
      $mjlua -m click $id U9 -q; echo $?
      $mjlua -m inpaint 'a hat' --task $id --rect 0.3,0,0.4,0.3 -o hat.png -q; echo $?
      $mjlua -m task $id
      $mjlua -m task $id --wait --json | head -c 1
      $mjlua -m task $id -o again.png
      $mjlua -m task $id 123; echo $?
    ]])
    assert.equal(0, status, err)
    png "big.png"
    png "again.png"
    assert.truthy(out:find "^big%.png\n1\n", out)
    assert.truthy(err:find "no_button: ", 1, true, err)
    assert.truthy(out:find "\n%d+  SUCCESS     100%%  IMAGINE    %d%d%-%d%d [%d:]+  cat\n{", out)
    assert.truthy(out:find "\nagain%.png\n%d+  SUCCESS[^\n]*\n3\n$", out)
    assert.truthy(err:find "\nmjlua: not_found: task 123: ", err)
  end)

  it("has the other verbs", function()
    picture "cat.png"
    local status, out = command "describe cat.png -q"
    assert.equal(0, status)
    assert.equal(4, select(2, out:gsub("[^\n]+\n", "")))
    assert.equal("4", read_json("describe cat.png", "len(x[0]['prompts'])"))
    status, out = command "shorten a very very black cat -q"
    assert.equal(0, status)
    assert.truthy(out:find "black cat\n", out)
    assert.equal("True", read_json("shorten a very very black cat", "len(x[0]['prompts']) > 1"))
    status, out = command "blend cat.png cat.png --dimensions landscape -o both.png -q"
    assert.same({ 0, "both.png\n" }, { status, out })
    assert.equal("BLEND ['b.png']", read_json("blend cat.png cat.png -o b.png",
      "x[0]['action'], x[0]['files']"))
    status, out = command "edit cat.png a dog -o dog.png -q"
    assert.same({ 0, "dog.png\n" }, { status, out })
    status, out = command "inpaint a hat --image cat.png --rect 0.3,0,0.4,0.3 -o hat.png -q"
    assert.same({ 0, "hat.png\n" }, { status, out })
    status, out = command "video it moves --image cat.png --motion low -o cat.mp4 -q"
    assert.same({ 0, "cat-1.mp4\ncat-2.mp4\ncat-3.mp4\ncat-4.mp4\n" }, { status, out })
    status, out = command "swap-face cat.png cat.png -o face.png -q"
    assert.same({ 0, "face.png\n" }, { status, out })
    status, out = command "upload cat.png -q"
    assert.equal(0, status)
    assert.truthy(out:find "^http://[^\n]+\n$", out)
    assert.equal("upload True", read_json("upload cat.png",
      "x[0]['verb'], x[0]['items'][0].startswith('http')"))
    status, out = command("retexture cat.png wood -o wood.png -q", "profile=trueai")
    assert.equal(0, status)
    assert.truthy(out:find "wood[%d-]*%.png\n", out)
  end)

  it("prints JSON that another program reads, whatever the verb", function()
    picture "cat.png"
    for words, action in pairs {
      ["edit cat.png a dog -o e.png"] = "e.png",
      ["inpaint a hat --image cat.png --rect 0.3,0,0.4,0.3 -o h.png"] = "h.png",
      ["video it moves --image cat.png --motion low -o v.mp4"] = "v-1.mp4",
      ["swap-face cat.png cat.png -o f.png"] = "f.png",
    } do
      assert.equal("SUCCESS " .. action, read_json(words, "x[0]['status'], x[0]['files'][0]"))
    end
    assert.equal("SUCCESS w.png", read_json("retexture cat.png wood -o w.png",
      "x[0]['status'], x[0]['files'][0]", "profile=trueai"))
  end)

  it("prints JSON of what there is, too", function()
    local reader = [[python3 -c 'import json, sys
x = [json.loads(l) for l in sys.stdin]
print(%s)']]
    local status, out, err = run.with_gateway(folder, "profile=plus,clock=200", ([[
      mjlua=$(realpath $mjlua) MJ_POLL=0.05 XDG_STATE_HOME=$out/state; export MJ_POLL XDG_STATE_HOME
      cd $out
      id=$($mjlua -m imagine cat --no-save --price imagine=0.05 --json -q | $first)
      $mjlua -m click $id U2 -o big.png -q --json | $clicked
      $mjlua -m task $id --json | $task
      $mjlua -m list --json | $task
      $mjlua -m status --json $out/state/mj/imagine-*.journal | $row
      $mjlua -m report --json $out/state/mj/imagine-*.journal | $report
      $mjlua -m doctor --json | $doctor]]):gsub("%$(%l+)", {
        first = reader:format 'x[0]["id"]', clicked = reader:format 'x[0]["files"]',
        task = reader:format 'x[-1]["status"]', row = reader:format 'x[0]["state"]',
        report = reader:format 'x[0]["total"]["spent"]',
        doctor = reader:format 'all(l["state"] != "fail" for l in x[0]["checks"])',
      }))
    assert.equal(0, status, err)
    assert.equal("['big.png']\nSUCCESS\nSUCCESS\nSUCCEEDED\n0.05\nTrue\n", out, err)
  end)

  it("asks: lists, queues, seeds, capabilities", function()
    local status, out, err = run.with_gateway(folder, "profile=plus,clock=200", [[
      export MJ_POLL=0.05
      id=$($mjlua -m imagine cat --no-save --json -q | sed 's/.*"id":"\([0-9]*\)".*/\1/')
      $mjlua -m list
      $mjlua -m list --json | head -c 1; echo
      $mjlua -m list --queue; echo "queue $?"
      $mjlua -m task $id --seed
      $mjlua -m task $id --seed --json
      $mjlua -m task $id --cancel; echo $?
    ]])
    assert.equal(0, status, err)
    assert.truthy(out:find "^%d+  SUCCESS     100%%  IMAGINE [^\n]+  cat\n%d+ ", out)
    assert.truthy(out:find "\n{\nqueue 0\n%d+\n{[^\n]*\"seed\":\"%d+\"[^\n]*}\n[01]\n$", out)
    assert.equal("generate False True", read_json("capabilities",
      "x[0]['dialect'], x[0]['verbs']['blend'], x[0]['verbs']['imagine']", "profile=generate"))
    status, out = command "capabilities"
    assert.equal(0, status)
    assert.truthy(out:find "^family     mj\nverbs      blend change ", out)
  end)

  describe("ends with", function()
    it("1 where one thing failed, in words and as JSON", function()
      local status, out, err = command("imagine cat -q", "fault=unauthorized")
      assert.same({ 1, "" }, { status, out })
      assert.truthy(err:find "^mjlua: auth: [^\n]+\n$", err)
      status, out, err = command("imagine cat -q --json", "fault=unauthorized")
      assert.same({ 1, "" }, { status, err })
      local e = cjson.decode(out).error
      assert.same({ "auth", 401, false }, { e.code, e.http_status, e.retryable })
      status, out, err = command "imagine cat -o /dev/null/x.png -q"
      assert.same({ 1, "" }, { status, out })
      assert.truthy(err:find "^mjlua: [^\n]+\n$", err)
    end)

    it("3 where some of it failed", function()
      local status, out, err = command("imagine cat --upscale all -o c.png -q",
        "fault=unauthorized@3")
      assert.equal(3, status, err)
      assert.equal("c-U1.png\nc-U3.png\nc-U4.png\n", out)
      assert.truthy(err:find "^mjlua: U2: [%a_]+: [^\n]+\n$", err)
    end)

    it("4 where something may have been paid for", function()
      local status, out, err = command("imagine cat -q", "fault=drop")
      assert.same({ 4, "" }, { status, out })
      assert.truthy(err:find "^mjlua: unknown_outcome: [^\n]+\n$", err)
      -- an upscale in doubt stands in front of those that worked
      status, out = command("imagine cat --upscale 1,2 -o c.png -q", "fault=drop@3")
      assert.same({ 4, "c-U1.png\n" }, { status, out })
    end)

    it("5 where the budget does not allow it, unless something is in doubt", function()
      local session = common.session({}, function() end)
      local err = require "mj.err"
      assert.equal(5, common.status_of(err.new("budget", "no")))
      session:fail(err.new("failed", "no"))
      assert.equal(1, session.worst)
      session:fail(err.new("budget", "no"))
      session:fail(err.new("failed", "no"))
      assert.equal(5, session.worst)
      session:fail(err.new("unknown_outcome", "no"))
      session:fail(err.new("budget", "no"))
      assert.equal(4, session.worst)
    end)

    -- Where clients take budgets.
    local has_budget = (select(2, run.lua("-e", 'print(require "mj.client".schema.prices)')))
      :find "table"
    ;(has_budget and it or pending)("5 before the request that would cross it", function()
      local status, out, err = command "imagine cat --no-save -q --price imagine=0.2 --budget 0.1"
      assert.same({ 5, "" }, { status, out })
      assert.truthy(err:find "^mjlua: budget: [^\n]+\n$", err)
      run.spit(folder .. "/p.txt", "{a,b} cat\nc\n")
      status, out = command("batch p.txt --no-save -q --concurrency 1 --budget 0.1 "
        .. "--price imagine=0.05")
      assert.equal(5, status)
      assert.equal(2, select(2, out:gsub("\n", "")))
      status, out = command("batch p.txt --dry-run --upscale 1,2 --price imagine=1 "
        .. "--price upscale=2")
      assert.equal(0, status)
      assert.truthy(out:find(", 6 upscales, price 15; nothing was sent\n", 1, true), out)
    end)

    it("130 when it is interrupted, and says what goes on", function()
      local status, out, err = run.with_gateway(folder, "clock=1", [[
        export MJ_POLL=0.05
        : >$out/err
        env --default-signal=INT $mjlua -m imagine cat --json --no-save 2>$out/err & pid=$!
        i=0
        while ! grep -qs '"running":1' $out/err && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        kill -INT $pid; wait $pid; echo $?; grep -v '^{' $out/err >&2]])
      assert.same({ 0, "130\n" }, { status, out }, err)
      assert.truthy(err:find "^mjlua: interrupted\nmjlua: 1 task still running", err)
      assert.truthy(err:find("; the next start goes on with it\n", 1, true), err)
      assert.truthy(err:find "\nmjlua: run it again to go on: %S+ %-m imagine cat [^\n]+\n$", err)
    end)
  end)

  it("shows progress on standard error, as JSON with --json, and none with -q", function()
    local status, out, err = run.shell(("mjlua=$(realpath %s); cd %s; $mjlua --sim=clock=20 "
      .. "-m imagine cat -o c.png --json"):format(run.mjlua, folder))
    assert.equal(0, status)
    assert.equal("c.png", cjson.decode(out).files[1])
    local n = 0
    for line in err:gmatch "[^\n]+" do
      assert.equal(1, cjson.decode(line).progress.total)
      n = n + 1
    end
    assert.is_true(n >= 2, err)
  end)

  it("prints what a gateway says as lines, whatever is in it", function()
    local said = {}
    local session = common.session({}, function() end)
    session.say = function(_, text)
      said[#said + 1] = text
    end
    session:result({ prompts = { "a\27[2Jb\r\nc", "d" }, images = {} })
    assert.same({ "a [2Jb c", "d" }, said)
  end)

  it("says which package argparse is in where it is missing", function()
    local status, _, err = run.shell(("LUA_PATH=/nowhere/?.lua %s -m imagine cat"):format(
      q(run.mjlua)))
    assert.same({ 1, "mjlua: -m needs lua-argparse (Debian: lua-argparse; LuaRocks: argparse)\n" },
      { status, err })
  end)

  it("keeps its own journal: what was cut off goes on, what ended well does not", function()
    local status, out, err = run.with_gateway(folder, "profile=plus,clock=200", [[
      export MJ_POLL=0.05
      export XDG_STATE_HOME=$out/state
      $mjlua -m imagine cat --no-save -q
      $mjlua -m imagine cat --no-save -q --timeout 600
      ls $out/state/mj | sed 's/-.*journal/-J/' | sort -u
      $mjlua -m imagine cat --no-save -q --no-journal
      $mjlua -m status $out/state/mj/imagine-*.journal]])
    assert.equal(0, status, err)
    assert.truthy(out:find "\n2 [%a_]+\n$", out)
  end)
end)

describe("the words of imagine", function()
  it("name pictures of a grid", function()
    assert.same({ 2 }, imagine.upscales "2")
    assert.same({ 1, 3 }, imagine.upscales "1,3")
    assert.same({ 1, 2, 3, 4 }, imagine.upscales "all")
    for _, text in ipairs { "", "0", "5", "1,1", "1.5", "1,", "x" } do
      local list, e = imagine.upscales(text)
      assert.is_nil(list)
      assert.truthy(e:find("'" .. text .. "'", 1, true))
    end
  end)

  it("make names of files", function()
    for from, to in pairs {
      ["cat.png"] = "cat-U2.png", ["out/"] = "out/{id}-U2.{ext}", ["a.b/cat"] = "a.b/cat-U2",
      ["{prompt:40}.{ext}"] = "{prompt:40}-U2.{ext}", [".hidden"] = ".hidden-U2",
    } do
      assert.equal(to, common.with_suffix(from, "U2"))
    end
    assert.equal("{n}-{prompt:40}.{ext}", common.template "{n}-{prompt:40}{ext}")
    assert.equal("{n}.{ext}", common.template "{n}.{ext}")
  end)
end)
