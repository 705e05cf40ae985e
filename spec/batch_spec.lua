-- SPDX-License-Identifier: MIT
-- mjlua -m batch: files of requests, what is refused before anything is paid, what
-- fails, and what goes on after a kill.

local cjson = require "cjson"
local permute = require "mj.cli.permute"
local prompts = require "mj.cli.prompts"
local run = require "spec.support.run"
local screen = require "spec.support.screen"
local starts = require "spec.support.starts"
local verbs = require "mj.verbs"

describe("permutations", function()
  it("stand for each of their alternatives, in order", function()
    for text, expected in pairs {
      ["black cat"] = { "black cat" },
      ["{red,blue} cat"] = { "red cat", "blue cat" },
      ["{red, blue} {cat,dog} --ar {3:2,1:1}"] = {
        "red cat --ar 3:2", "red cat --ar 1:1", "red dog --ar 3:2", "red dog --ar 1:1",
        "blue cat --ar 3:2", "blue cat --ar 1:1", "blue dog --ar 3:2", "blue dog --ar 1:1",
      },
      ["a {big {red,blue},small} cat"] = { "a big red cat", "a big blue cat", "a small cat" },
      ["a {,big} cat"] = { "a cat", "a big cat" },
      ["{}"] = { "{}" }, ["a {red} cat"] = { "a {red} cat" },
      ["{a {b,c}}"] = { "{a b}", "{a c}" },
      ["\\{red,blue\\} cat"] = { "{red,blue} cat" },
      ["{a\\,b,c}"] = { "a,b", "c" },
      ["{a,b\\}}"] = { "a", "b}" },
      ["back\\slash \\\\"] = { "back\\slash \\" },
      ["東{京,都}"] = { "東京", "東都" },
    } do
      assert.same(expected, permute.expand(text, 100), text)
    end
  end)

  it("say what is wrong with them", function()
    for text, words in pairs { ["{a,b"] = "'{' without", ["a}"] = "'}' without",
      ["{a,{b}"] = "'{' without" } do
      local list, err = permute.expand(text, 100)
      assert.is_nil(list)
      assert.truthy(err:find(words, 1, true), err)
    end
  end)

  it("are counted before they are made", function()
    local list, err = permute.expand(("{a,b,c,d,e,f,g,h,i,j}"):rep(15), 100)
    assert.is_nil(list)
    assert.equal("its braces make 1000000000000000 prompts, more than 100", err)
    assert.equal(100, #permute.expand(("{a,b,c,d,e,f,g,h,i,j}"):rep(2), 100))
    for _, n in ipairs { 63, 64, 100 } do -- more than whole numbers have room for
      list, err = permute.expand(("{a,b}"):rep(n), 100)
      assert.is_nil(list)
      assert.truthy(err:find("more than 100", 1, true), err)
    end
  end)

  it("leave an escaped text as it is", function()
    for _, text in ipairs { "{a,b}", "a\\{b", "\\", "plain, with commas", "}{" } do
      assert.same({ text }, permute.expand(permute.escape(text), 1))
    end
  end)
end)

describe("a file of requests", function()
  local function csv(text)
    return prompts.csv(text, verbs.rows.imagine.schema, verbs.meant)
  end

  it("has a prompt on each line", function()
    assert.same({ { line = 2, request = { prompt = "a cat" } },
      { line = 5, request = { prompt = "# a hash" } }, { line = 6, request = { prompt = "end" } } },
      prompts.txt "\239\187\191# remark\r\n a cat \r\n\r\n  # another\n\\# a hash\nend")
    assert.same({}, prompts.txt "")
  end)

  it("has columns", function()
    assert.same({
      { line = 2, request = { prompt = 'a "big" cat,\nblack', aspect = "3:2", tile = true } },
      { line = 5, request = { prompt = "dog", stylize = "250", images = { "a.png", "b.png" } } },
    }, csv('prompt,--ar,stylize,tile,images\r\n"a ""big"" cat,\nblack",3:2,,yes,\n\n'
      .. "dog,,250,no,a.png b.png\n"))
    for text, expected in pairs {
      ["prompt,asp\nx,y"] = { "unknown column 'asp' (did you mean 'sw'?)", 1 },
      ["prompt,pormpt\n"] = { "unknown column 'pormpt' (did you mean 'prompt'?)", 1 },
      ["aspect\n3:2"] = { "no column is called prompt", 1 },
      ["prompt;ar\ncat;3:2\n"] = { "';' stands between the columns, commas are expected", 1 },
      ["prompt\tar\ncat\t3:2\n"] = { "a tab stands between the columns, commas are expected", 1 },
      ["prompt,ar,aspect\n"] = { "column 'aspect' comes twice", 1 },
      ["prompt\n\na,b\n"] = { "2 cells, but 1 columns", 3 },
      ['prompt\n"a'] = { "a quote is not closed", 2 },
      ['prompt\n"a"b'] = { "text behind a closing quote", 2 },
    } do
      local list, err, line = csv(text)
      assert.is_nil(list)
      assert.same(expected, { err, line }, text)
    end
  end)

  it("has a JSON object on each line", function()
    local function decode(line)
      local ok, value = pcall(cjson.decode, line)
      return ok and value or nil, "no JSON"
    end
    assert.same({ { line = 1, request = { prompt = "a" } },
      { line = 3, request = { prompt = "b", stylize = 5 } } },
      prompts.jsonl('{"prompt":"a"}\n\n{"prompt":"b","stylize":5}\n', decode))
    for text, n in pairs { ['{"prompt":"a"}\n{'] = 2, ["[1]"] = 1, ["7"] = 1, ['"x"'] = 1 } do
      local list, err, line = prompts.jsonl(text, decode)
      assert.is_nil(list)
      assert.is_string(err)
      assert.equal(n, line)
    end
  end)

  it("says by its name what it is", function()
    for name, format in pairs { ["a.txt"] = "txt", ["a.CSV"] = "csv", ["a.b.jsonl"] = "jsonl",
      ["a.ndjson"] = "jsonl", ["-"] = "txt", ["csv"] = "txt" } do
      assert.equal(format, prompts.format_of(name))
    end
  end)
end)

describe("mjlua -m batch", function()
  local place = starts.folder(before_each, after_each)

  local function file(name, text)
    run.spit(place.path .. "/" .. name, text)
  end

  local function batch(words, settings)
    return run.shell(("mjlua=$(realpath %s); cd %s; env -u MJ_BASE_URL -u MJ_API_KEY $mjlua "
      .. "--sim=clock=200%s -m batch %s"):format(run.mjlua, place.path,
      settings and "," .. settings or "", words))
  end

  local function pictures(folder)
    local _, out = run.shell(("ls %s/%s"):format(place.path, folder))
    return starts.lines(out)
  end

  it("makes all of a file, and names the files by its numbers", function()
    file("p.txt", "# remark\n{red,blue} cat\n\nplain dog\n")
    local status, out, err = batch 'p.txt -q --ar 3:2 -o "out/{n}-{prompt:40}{ext}"'
    assert.same({ 0, "" }, { status, err })
    assert.same({ "1-red-cat---ar-3-2.png", "2-blue-cat---ar-3-2.png",
      "3-plain-dog---ar-3-2.png" }, pictures "out")
    assert.equal(3, #starts.lines(out))
    status = batch "p.txt -q --upscale 1,2 --grid -o big/{n}.png"
    assert.equal(0, status)
    assert.same({ "1-U1.png", "1-U2.png", "1-grid.png", "2-U1.png", "2-U2.png", "2-grid.png",
      "3-U1.png", "3-U2.png", "3-grid.png" }, pictures "big")
    status = batch "p.txt -q --literal -o literal/{n}-{prompt:20}.{ext}"
    assert.equal(0, status)
    assert.same({ "1-red-blue-cat.png", "2-plain-dog.png" }, pictures "literal")
  end)

  it("reads CSV, JSON lines and standard input", function()
    file("p.csv", 'prompt,ar,stylize\n"a cat, black",3:2,250\ndog,,\n')
    local status, out = batch "p.csv -q --json --no-save --ar 1:1"
    assert.equal(0, status)
    local seen = {}
    for _, line in ipairs(starts.lines(out)) do
      local item = cjson.decode(line)
      seen[item.line or "end"] = item.prompt or item.batch
    end
    assert.same({ [2] = "a cat, black --ar 3:2 --stylize 250", [3] = "dog --ar 1:1",
      ["end"] = { total = 2, done = 2, failed = 0, not_sent = 0 } }, seen)
    file("p.jsonl", '{"prompt":"{a,b} cat","aspect":"3:2"}\n'
      .. '{"verb":"shorten","prompt":"a very cat"}\n')
    status, out = batch "p.jsonl -q --no-save"
    assert.equal(0, status)
    assert.equal(2, select(2, out:gsub("http://", "")))
    assert.truthy(out:find "[^/\n]*cat\n")
    status, out = run.shell(("echo 'a cat' | %s --sim=clock=200 -m batch - -q --no-save"):format(
      run.mjlua))
    assert.equal(0, status)
    assert.truthy(out:find "^http://[^\n]+\n$", out)
  end)

  it("shows what it would ask for, and sends nothing", function()
    file("p.txt", "{red,blue} cat\ndog\n")
    local status, out, err = run.shell(("env -u MJ_BASE_URL %s -m batch %s/p.txt --dry-run "
      .. "--upscale 2"):format(run.mjlua, place.path))
    assert.same({ 0, "" }, { status, err })
    assert.equal("line\tprompt\tparameters\n1\tred cat\n1\tblue cat\n2\tdog\n"
      .. "6 paid requests: 3 of the file, 3 upscales; nothing was sent\n", out)
    status, out = batch "p.txt --dry-run --json"
    assert.equal(0, status)
    local lines = starts.lines(out)
    assert.equal("blue cat", cjson.decode(lines[2]).prompt)
    assert.same({ requests = 3, upscales = 0, verbs = { imagine = 3 } },
      cjson.decode(lines[4]).dry_run)
    file("p.csv", 'prompt,ar,stylize,key,images\n'
      .. '"a cat --no red, blue --tile",3:2,250,k,a.png b.png\ndog --foo 1,,,,\n')
    status, out = batch "p.csv --dry-run --s 50 --mode fast"
    assert.equal(0, status)
    assert.same({ "line\tprompt\tparameters",
      "2\ta cat\taspect=3:2 stylize=250 no=red,blue tile images=a.png,b.png key=k",
      "3\tdog\tstylize=50 (not known: --foo 1)" },
      { (table.unpack or unpack)(starts.lines(out), 1, 3) }) -- luacheck: ignore 143
    status, out = batch "p.csv --dry-run --json"
    assert.equal(0, status)
    assert.same({ aspect = "3:2", stylize = 250, no = { "red", "blue" }, tile = true },
      cjson.decode(starts.lines(out)[1]).parameters)
    file("p.jsonl", '{"verb":"describe","image":"cat.png"}\n')
    status, out = batch "p.jsonl --dry-run"
    assert.equal(0, status)
    assert.equal("1\tdescribe\timage=cat.png", starts.lines(out)[2])
    file("config.lua", 'return { w = { base_url = "https://gateway.invalid", api_key = "k", '
      .. "prices = { imagine = 0.5 } } }")
    status, out = run.shell(("chmod 600 %s/config.lua; env -u MJ_BASE_URL MJ_CONFIG=%s/config.lua "
      .. "%s -m batch %s/p.txt --dry-run"):format(place.path, place.path, run.mjlua, place.path))
    assert.equal(0, status)
    assert.truthy(out:find("3 of the file, price 1.5; nothing was sent\n", 1, true), out)
  end)

  it("says in a dry run what the budget leaves, and ends with 5 where it is too small", function()
    file("p.txt", "a\nb\nc\n")
    local said = "3 paid requests: 3 of the file"
    for words, expected in pairs {
      ["--price imagine=0.05 --budget 0.2"] = { 0,
        said .. ", price 0.15, of the budget of 0.2 it leaves 0.05; nothing was sent", "" },
      ["--price imagine=0.1 --budget 0.3"] = { 0, -- to the last millionth
        said .. ", price 0.3, of the budget of 0.3 it leaves 0; nothing was sent", "" },
      ["--price imagine=0.05 --budget 0.1"] = { 5, said .. ", price 0.15; nothing was sent",
        "mjlua: batch: that is 0.05 more than the budget of 0.1\n" },
      ["--price imagine=0.05 --price upscale=0.01 --budget 1 --upscale 1,2"] = { 0,
        "9 paid requests: 3 of the file, 6 upscales, price 0.21, of the budget of 1 it "
        .. "leaves 0.79; nothing was sent", "" },
      ["--budget 1"] = { 5, said .. ", 3 without a price; nothing was sent",
        "mjlua: batch: 3 of them have no price, and with a budget they are not sent: give --price "
        .. "VERB=AMOUNT, or default=AMOUNT\n" },
      ["--price imagine=0.05"] = { 0, said .. ", price 0.15; nothing was sent", "" },
      ["--price nosuch=1"] = { 2, nil, "mjlua: batch: option '--price': unknown verb 'nosuch'\n" },
    } do
      local status, out, err = batch("p.txt --dry-run " .. words)
      assert.same(expected, { status, out:match "([^\n]*request[^\n]*)\n$", err }, words)
    end
    local status, out = batch "p.txt --dry-run --json --price imagine=0.05 --budget 0.1"
    local lines = starts.lines(out)
    assert.equal(5, status)
    assert.same({ requests = 3, verbs = { imagine = 3 }, upscales = 0, price = 0.15, unpriced = 0,
      budget = 0.1, left = -0.05 }, cjson.decode(lines[#lines]).dry_run)
  end)

  it("refuses a file with mistakes, all of them by their lines, before anything is sent", function()
    file("p.txt", "fine\na cat --ar wide\n{a,b\ncat --s 5000\n")
    file("p.jsonl", '{"prompt":"x"}\n{"pormpt":"x"}\n{"verb":"blend"}\n'
      .. '{"verb":"nod"}\n{"prompt":"x","tile":{}}\n{"aspect":"3:2"}\n')
    file("empty.txt", "# nothing\n")
    local out, err = starts.with(place, "clock=200", [[
      $mjlua -m batch p.txt; echo $?
      $mjlua -m batch p.jsonl; echo $?
      $mjlua -m batch empty.txt; echo $?
      $mjlua -m batch none.txt; echo $?
      count]])
    assert.equal("2\n2\n2\n2\n0 submitted, 0 made\n", out)
    local lines = starts.lines(err)
    for i, words in ipairs {
      '^mjlua: batch: p%.txt:2: .*%-%-ar: a ratio like "3:2" expected, got wide$',
      "^mjlua: batch: p%.txt:3: a '{' without its '}'",
      "^mjlua: batch: p%.txt:4: %-%-s: 5000 is not in 0%.%.1000$",
      "^mjlua: batch: p%.jsonl:2: .*'pormpt' %(did you mean 'prompt'%?%)",
      "^mjlua: batch: p%.jsonl:3: blend: no 'images'$",
      "^mjlua: batch: p%.jsonl:4: no verb 'nod' for a batch$",
      "^mjlua: batch: p%.jsonl:5: tile: true or false expected",
      "^mjlua: batch: p%.jsonl:6: imagine: no 'prompt'$",
      "^mjlua: batch: empty%.txt: there is no prompt in it$",
      "^mjlua: batch: none%.txt: No such file",
    } do
      assert.truthy((lines[i] or ""):find(words), words .. "\n" .. err)
    end
  end)

  it("wants to be told that a hundred and one are meant", function()
    file("p.txt", "{a,b,c,d,e,f,g,h,i,j} {1,2,3,4,5,6,7,8,9,10} cat\nlast\n")
    local status, out, err = batch "p.txt -q --no-save"
    assert.same({ 2, "", "mjlua: batch: 101 requests: --dry-run shows them, --yes sends them\n" },
      { status, out, err })
    status, out = batch "p.txt -q --no-save --yes --concurrency 50"
    assert.equal(0, status)
    assert.equal(101, #starts.lines(out))
  end)

  it("refuses names under which pictures would replace each other", function()
    file("p.txt", "a\nb\n")
    for words, text in pairs {
      ["-o cat.png"] = "option '-o': {n} or {id} has to be in it, or each picture would "
        .. "replace the one before",
      ["-o '{prompt}.png'"] = "option '-o': {n} or {id} has to be in it, or each picture would "
        .. "replace the one before",
      ["-o '{n}-{x}.png'"] = "option '-o': unknown placeholder 'x'",
      ["--failed f.txt"] = "option '--failed': a name that ends in .jsonl expected",
      ["--key k"] = "option '--key' names one piece of work; in .csv and .jsonl each has its own",
      ["--concurrency 0"] = "option '--concurrency': a number from 1 up expected, got '0'",
    } do
      local status, _, err = batch("p.txt " .. words)
      assert.equal(2, status)
      assert.truthy(err:find("mjlua: batch: " .. text, 1, true), err)
    end
  end)

  it("goes on after failures, names their lines, and writes them down", function()
    file("p.txt", "one\n{two,deux}\na nude\nfour\n")
    local status, out, err = batch("p.txt -q --no-save --failed f.jsonl", "profile=novicezk")
    assert.equal(3, status)
    assert.equal(4, #starts.lines(out))
    assert.truthy(err:find "^mjlua: line 3: banned_prompt: [^\n]+\n$", err)
    assert.equal('{"prompt":"a nude"}\n', run.slurp(place.path .. "/f.jsonl"))
    status, out, err = batch("p.txt -q --no-save --json --concurrency 1", "fault=drop@2")
    assert.same({ 4, "" }, { status, err })
    local item = cjson.decode(starts.lines(out)[2])
    assert.same({ 2, 2, "two", "unknown_outcome" },
      { item.line, item.n, item.prompt, item.error.code })
  end)

  it("stops where the others would fare no better, and keeps them for later", function()
    file("p.txt", "a\nb\nc\nd {\\{x\\},y}\n")
    local status, out, err = batch("p.txt -q --no-save --concurrency 1 --failed f.jsonl",
      "fault=unauthorized@2")
    assert.equal(3, status)
    assert.truthy(err:find "^mjlua: line 2: auth: [^\n]+\nmjlua: %d not sent after that\n$", err)
    assert.truthy(#starts.lines(out) < 4)
    status, out = batch "f.jsonl -q --no-save --json"
    assert.equal(0, status)
    local again = {}
    for _, line in ipairs(starts.lines(out)) do
      again[cjson.decode(line).prompt or ""] = true
    end
    assert.truthy(again["b"] and again["d {x}"] and again["d y"], out)
  end)

  it("goes on after kill -9, and pays nothing twice", function()
    file("p.txt", "{a,b} cat\nc\nc\nd\ne\nf\ng\n")
    for _, profile in ipairs { "plus", "new-api" } do
      local out, err = starts.with(place, "clock=10,profile=" .. profile, [[
        rm -rf pics $dir/home
        begin -m batch p.txt --concurrency 8 --upscale 1 --json -o pics/
        i=0
        while ! grep -qs '"running":8' $dir/err && [ $i -lt 1000 ]; do
          i=$((i + 1)); sleep 0.01
        done
        # all are accepted when the gateway has made them, and the journal knows a moment later
        i=0
        while ! count | grep -q "^8 submitted, 8 made" && [ $i -lt 100 ]; do i=$((i + 1)); done
        sleep 0.3
        end 9
        count
        ls pics 2>/dev/null | wc -l
        $mjlua -m batch p.txt --concurrency 3 --upscale 1 -q -o pics/ >/dev/null
        echo "status $?"
        count
        ls pics | wc -l]], 100)
      local got = starts.lines(out)
      assert.equal("8 submitted, 8 made", got[1], err)
      assert.equal("0", got[2])
      assert.equal("status 0", got[#got - 2])
      assert.equal("16 submitted, 16 made", got[#got - 1]) -- eight clicks
      assert.equal("8", got[#got])
      assert.equal(starts.ANNOUNCED, err)
    end
  end)

  it("goes on after Ctrl-C, in the middle of the file", function()
    file("p.txt", "a\nb\nc\nd\ne\nf\n")
    local out, err = starts.with(place, "clock=20,profile=plus", [[
      begin -m batch p.txt --concurrency 2 -q -o 'pics/{n}.png'
      said pics/
      end INT
      echo "status $status"
      $mjlua -m batch p.txt --concurrency 2 -q -o 'pics/{n}.png' >/dev/null
      echo "status $?"
      count
      ls pics | wc -l]], 100)
    assert.equal("status 130\nstatus 0\n6 submitted, 6 made\n6\n", out, err)
    assert.truthy(err:find(starts.ANNOUNCED, 1, true), err)
  end)

  it("says that it was finished before, and asks on a terminal", function()
    file("p.txt", "a\nb\n")
    local out, err = starts.with(place, "clock=200,profile=plus", [[
      run() { $mjlua -m batch p.txt -q -o 'pics/{n}.png' "$@" >/dev/null; echo "status $?"; }
      run
      run
      echo c >>p.txt # the same run, whatever is in the file
      run --concurrency 1
      echo 'FROM HERE' >&2
      $mjlua -m batch p.txt -q -o 'pics/{n}.png' --dry-run >/dev/null
      script -qec "$mjlua -m batch p.txt -q -o 'pics/{n}.png'" /dev/null </dev/null
      echo "status $?"
      script -qec "$mjlua -m batch p.txt -q -o 'pics/{n}.png' --yes" /dev/null </dev/null \
        >$dir/yes
      echo "status $?"
      grep -c 'this batch ended well' $dir/yes
      count]], 60)
    local said, after = err:match "^(.*)FROM HERE\n(.*)$"
    assert.equal("", after)
    local times = starts.lines(said)
    for i, n in ipairs { 2, 3 } do
      assert.truthy(times[2 * i - 1]:find(("^mjlua: batch: this batch ended well on "
        .. "%%d%%d%%d%%d%%-%%d%%d%%-%%d%%d %%d%%d:%%d%%d:%%d%%d: all %d are made and paid anew "
        .. "%%(%%-%%-dry%%-run shows them%%)$"):format(n)), err)
      assert.truthy(times[2 * i]:find "another name", err)
    end
    assert.equal(4, #times)
    local got = starts.lines((out:gsub("\r", "")))
    assert.same({ "status 0", "status 0", "status 0" }, { got[1], got[2], got[3] })
    assert.truthy(got[4]:find(": all 3 would be made and paid anew: --dry-run shows them, --yes "
      .. "sends them", 1, true), out)
    assert.same({ "status 2", "status 0", "1", "10 submitted, 10 made" },
      { got[5], got[6], got[7], got[8] })
  end)

  it("takes another name where there is a file, and says so", function()
    file("p.txt", "cat\ndog\n")
    local out, err = starts.with(place, "clock=200,profile=plus", [[
      mkdir pics
      printf mine >pics/2.png
      for i in 1 2; do $mjlua -m batch p.txt -q -o 'pics/{n}.png' --yes 2>$dir/said | sort
        cat $dir/said >&2; done
      $mjlua -m batch p.txt -q --json -o 'pics/{n}.png' --yes | tail -n 1
      cat pics/2.png
      ls pics | wc -l]])
    local got = starts.lines(out)
    assert.same({ "pics/1.png", "pics/2-2.png", "pics/1-2.png", "pics/2-3.png",
      '"renamed":2', "mine7" }, { got[1], got[2], got[3], got[4], got[5]:match '"renamed":2',
      got[6] })
    assert.truthy(err:find("mjlua: a picture has another name, since there was a file: "
      .. "pics/2-2.png for pics/2.png\n", 1, true), err)
    assert.truthy(err:find("mjlua: 2 pictures have another name, since there were files: "
      .. "pics/", 1, true), err)
  end)

  it("knows its own pictures when it goes on", function()
    file("p.txt", "a\nb\nc\n")
    local out, err = starts.with(place, "clock=50,profile=plus", [[
      mkdir pics
      for i in 1 2 3; do echo mine >pics/$i.png; done
      words="-m batch p.txt --concurrency 1 -q -o pics/{n}.png"
      begin $words
      said pics/2-2.png
      end 9
      pictures
      $mjlua $words
      pictures
      ls pics]], 100)
    local got = starts.lines(out)
    assert.equal("2 fetched", got[1], out .. err)
    assert.same({ "pics/1-2.png", "pics/2-2.png", "pics/3-2.png", "3 fetched" },
      { got[2], got[3], got[4], got[5] }, out .. err)
    assert.same({ "1-2.png", "1.png", "2-2.png", "2.png", "3-2.png", "3.png" },
      { (table.unpack or unpack)(got, 6) }) -- luacheck: ignore 143
  end)

  it("says once what stops many, how many, and on which lines", function()
    file("p.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\n")
    local status, _, err = batch "p.txt -q --no-save --budget 1 --price default=0.1 --upscale 1"
    assert.equal(5, status)
    assert.truthy(err:find("^mjlua: 8 of them, lines [%d, to]+: budget: not sent: upscale costs "
      .. "0%.1, and of the budget of 1 there is 0 left %([^\n]+%); "
      .. "a larger %-%-budget lets it\n$"), err)
    status, _, err = batch "p.txt -q --no-save --budget 0.35 --price default=0.1 --concurrency 1"
    assert.equal(5, status)
    assert.truthy(err:find("^mjlua: [^:]*lines? 4[^:]*: budget: not sent: imagine costs 0%.1, and "
      .. "of the budget of 0%.35 there is 0%.05 left %([^\n]+%); a larger %-%-budget lets it\n"
      .. "mjlua: [45] not sent after that\n$"), err)
    status, _, err = batch "p.txt -q --no-save --budget 1"
    assert.equal(5, status)
    assert.equal("mjlua: 9 of them, lines 1 to 9: budget: not sent: there is a budget, and no "
      .. "price for imagine: add --price imagine=AMOUNT (0 where it costs nothing), or --price "
      .. "default=AMOUNT\n", err)
    status, _, err = run.shell(("cd %s; env -u MJ_BASE_URL %s -m imagine x -q --sim=clock=200 "
      .. "--budget 0.05 --price default=0.1"):format(place.path, run.absolute(run.mjlua)))
    assert.equal(5, status)
    assert.truthy(err:find("; a larger --budget lets it\n", 1, true), err)
  end)

  it("tries again what failed when it is started again, and nothing else", function()
    file("p.txt", "a\nb\nc\n")
    local out, err = starts.with(place, "clock=200,profile=plus,fault=banned@2", [[
      $mjlua -m batch p.txt --concurrency 1 -q --no-save >/dev/null; echo $?
      $mjlua -m batch p.txt --concurrency 1 -q --no-save | wc -l
      count]])
    assert.equal("3\n3\n4 submitted, 3 made\n", out, err)
  end)

  it("draws on a terminal, and its pictures' names stay above", function()
    local lines, status = screen.run {
      argv = { run.absolute(run.mjlua), "--sim=clock=100", "-m", "batch", "p.txt", "-o",
        "out/{n}.png" },
      files = { ["p.txt"] = "{red,blue,green} cat, cinematic lighting\n" },
      columns = 60, keys = { { wait = "3 of 3 done" } },
    }
    assert.equal(0, status)
    table.sort(lines)
    assert.truthy(lines[1]:find "^3 of 3 done, in %d+s$", lines[1])
    assert.same({ "out/1.png", "out/2.png", "out/3.png" }, { lines[2], lines[3], lines[4] })
    assert.equal(4, #lines)
  end)

  it("reads ten thousand lines in no time", function()
    local list = {}
    for i = 1, 10000 do
      list[i] = ("cat number %d --ar 3:2"):format(i)
    end
    file("p.txt", table.concat(list, "\n"))
    local status, out, err = run.shell(("cd %s; timeout 20 %s -m batch p.txt --dry-run | tail -n 1")
      :format(place.path, run.absolute(run.mjlua)))
    assert.same({ 0, "" }, { status, err })
    assert.equal("10000 paid requests: 10000 of the file; nothing was sent\n", out)
  end)
end)
