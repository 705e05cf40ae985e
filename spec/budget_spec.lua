-- SPDX-License-Identifier: MIT
-- Budgets: prices, what they stop, what was spent, and runs that only count.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"
local prices = require "mj.prices"
local run = require "spec.support.run"
local starts = require "spec.support.starts"

describe("prices", function()
  local function refused(given, words)
    local ok, e = pcall(mj.client, {
      base_url = helper.BASE, api_key = false, prices = given, journal = false,
    })
    assert.is_false(ok)
    assert.truthy(tostring(e):find(words, 1, true), e)
  end

  it("are a table by verb, or by verb and mode, or a list", function()
    local list, refund = prices.read("here", {
      { verb = "video", mode = "turbo", gateway = "gw", price = "1.5" },
      imagine = 0.05, upscale = { fast = 0.02, default = 0.01 }, default = 0.04, refund = true,
    })
    local got = {}
    for i, row in ipairs(list) do
      got[i] = table.concat({ tostring(row.what), tostring(row.mode), tostring(row.gateway),
        tostring(row.price) }, " ")
    end
    table.sort(got)
    assert.same({ "imagine nil nil 0.05", "nil nil nil 0.04", "upscale fast nil 0.02",
      "upscale nil nil 0.01", "video turbo gw 1.5" }, got)
    assert.is_true(refund)
  end)

  it("are refused when they cannot be meant", function()
    refused({ imagin = 1 }, "unknown verb 'imagin' (did you mean 'imagine'?)")
    refused({ imagine = { fats = 1 } }, "unknown mode 'fats' (did you mean 'fast'?)")
    refused({ imagine = true }, "field 'imagine': number, or table by mode expected, got boolean")
    refused({ imagine = { fast = {} } }, "field 'fast': number expected, got table")
    refused({ imagine = -1 }, "an amount expected, from 0 to 100000000 with at most six decimals")
    refused({ imagine = 1 / 3 }, "an amount expected")
    refused({ imagine = 1e-7 }, "an amount expected")
    refused({ imagine = 1e9 }, "an amount expected")
    refused({ imagine = 0 / 0 }, "an amount expected")
    refused({ imagine = "1 EUR" }, "an amount expected")
    refused({ refund = "yes" }, "field 'refund': boolean expected, got string")
    refused({ 1 }, "field '[1]': table with verb, mode, gateway and price expected, got number")
    refused({ { verb = "imagine" } }, "field 'price': number expected, got nil")
    refused({ { vreb = "imagine", price = 1 } }, "unknown option 'vreb' (did you mean 'verb'?)")
    refused({ [true] = 1 }, "a verb expected, got true")
  end)

  it("are exact, also small ones", function()
    for _, value in ipairs { 0, 0.000001, 0.00001, 0.1, 0.3, 1.1, 99999999.999999, 12345678 } do
      local client = helper.script(nil, { prices = { imagine = value } })
      local sum = client:estimate { { "imagine", count = 1 } }
      assert.equal(value, sum.price)
    end
    local client = helper.script(nil, { prices = { imagine = 0.1 } })
    assert.equal(0.3, client:estimate({ { "imagine", count = 3 } }).price) -- 0.1 * 3 is not
  end)
end)

describe("a budget", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("stops what would cross it, and says what to do", function()
    local client, world = helper.script(nil, { budget = 0.1, prices = { imagine = 0.05 } })
    assert(client:imagine("one"):await())
    assert(client:imagine("two"):await())
    local task, e = client:imagine("three"):await()
    assert.is_nil(task)
    assert.equal("budget: not sent: imagine costs 0.05, and of the budget of 0.1 there is 0 left "
      .. "(spent 0.1, reserved 0, unknown 0); client:budget{limit=} raises it", tostring(e))
    assert.is_false(e.retryable)
    assert.same({ limit = 0.1, spent = 0.1, reserved = 0, unknown = 0, left = 0 },
      client:budget())
    assert.equal(0.15, client:budget({ limit = 0.15 }).limit)
    assert(client:imagine("three"):await())
    assert.equal("budget", select(2, client:imagine("four"):await()).code)
    local lifted = client:budget { limit = false }
    assert.is_nil(lifted.limit)
    assert.is_nil(lifted.left)
    assert(client:imagine("four"):await())
    assert.equal(4, world:counts().paid)
  end)

  it("prices a click by what its button does", function()
    local client = helper.script(nil, {
      budget = 1, prices = { imagine = 0.2, upscale = 0.01, click = 0.5, reroll = { fast = 0.3 } },
    })
    local task = assert(client:imagine("cat"):await())
    assert(task:click("U2"):await())
    assert.equal(0.21, client:budget().spent)
    local vary = task:click "V1"
    assert(vary:await())
    assert.equal(0.71, client:budget().spent)
    local _, e = client:click(task, "🔄", { mode = "fast" }):await()
    assert.truthy(tostring(e):find("reroll in mode fast costs 0.3, ", 1, true), e)
    _, e = client:describe(mj.bytes(helper.PNG)):await()
    assert.equal([[budget: not sent: there is a budget, and no price for describe: add ]]
      .. [[prices = { ["describe"] = ... } (0 where it costs nothing), or one for default]],
      tostring(e))
  end)

  it("takes what it may be, and nothing else", function()
    local function refused(value, words)
      local ok, e = pcall(helper.script, nil, { budget = value, prices = { default = 1 } })
      assert.is_false(ok)
      assert.truthy(tostring(e):find(words, 1, true), e)
    end
    refused(-1, "field 'budget': an amount expected")
    refused(true, "field 'budget': number or string or table expected, got boolean")
    refused({}, "field 'limit': number expected, got nil")
    refused({ limit = 1, per = "week" }, "budget: per: run, journal or day expected, got week")
    refused({ limit = 1, pre = "day" }, "unknown option 'pre' (did you mean 'per'?)")
    refused({ limit = 1, name = "" }, "budget: name: 1 to 255 bytes")
    local client = helper.script(nil, { budget = { limit = "2.5", per = "day", name = "x" },
      prices = { default = 1 } })
    assert.equal(2.5, client:budget().limit)
    assert.has_error(function()
      client:budget { limit = true }
    end)
    assert.has_error(function()
      client:budget { limit = -3 }
    end)
    assert.has_error(function()
      client.budget {}
    end)
    client:close()
    assert.equal("closed", select(2, client:budget()).code)
  end)

  it("of nothing lets pass what is free", function()
    local client = helper.script(nil, { budget = 0, prices = { imagine = 0, default = 1 } })
    assert(client:imagine("cat"):await())
    assert.equal("budget", select(2, client:shorten("a cat"):await()).code)
  end)

  it("is no use without prices, and says so", function()
    local client, world = helper.script(nil, { budget = 10 })
    local _, e = client:imagine("cat"):await()
    assert.truthy(tostring(e):find("there is a budget, and no price for imagine", 1, true))
    assert.equal(0, world:counts().paid)
  end)
end)

describe("an estimate", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  local given = {
    imagine = { fast = 0.1, default = 0.05 }, upscale = 0.01, ["vary:strong"] = 0.03, video = 0.5,
  }

  it("counts and adds up, and asks nobody", function()
    local client, world = helper.script(nil, { prices = given, mode = "fast" })
    local sum = client:estimate {
      { "imagine", prompt = "cat" }, { "imagine", mode = "relax", count = 2 },
      { "click", task = "17", button = "U3" }, { "upscale" },
      { "change", task = "17", action = "UPSCALE", index = 2 },
      { "simple_change", content = "17 U1" },
      { "click", button = "vary:strong" }, { "click", button = "vary:1", strength = "strong" },
      { "blend", images = { "a", "b" } },
    }
    assert.equal(10, sum.count)
    assert.equal(0.30, sum.price)
    assert.equal(1, sum.unpriced)
    assert.same({ count = 3, price = 0.2, unpriced = 0 }, sum.by.imagine)
    assert.same({ count = 4, price = 0.04, unpriced = 0 }, sum.by.upscale)
    assert.same({ count = 2, price = 0.06, unpriced = 0 }, sum.by["vary:strong"])
    assert.same({ count = 1, price = 0, unpriced = 1 }, sum.by.blend)
    assert.equal("10 requests, 0.3 and what 1 cost without a price: 1 blend without a price, "
      .. "3 imagine 0.2, 4 upscale 0.04, 2 vary:strong 0.06", tostring(sum))
    assert.equal(0, #world:requests())
  end)

  it("needs no client", function()
    assert.equal("1 request, 0.05: 1 imagine 0.05",
      tostring(mj.estimate({ "imagine" }, given)))
    assert.equal("0 requests, 0", tostring(mj.estimate({}, given)))
    assert.equal(2, mj.estimate { { "imagine" }, { "video" } }.unpriced)
    local client = helper.script(nil, { prices = given })
    assert.equal(0.5, mj.estimate({ "video" }, client).price)
  end)

  it("refuses what is no request", function()
    local function refused(words, ...)
      local ok, e = pcall(mj.estimate, ...)
      assert.is_false(ok)
      assert.truthy(tostring(e):find(words, 1, true), e)
    end
    refused("list of requests expected, got number", 5)
    refused([[{ "verb", options } expected]], { 5 })
    refused("unknown verb 'imagin' (did you mean 'imagine'?)", { { "imagin" } })
    refused("field 'count': whole number expected", { { "imagine", count = 1.5 } })
    refused("unknown mode 'fats'", { { "imagine", mode = "fats" } })
    refused("prices (a table) or client expected, got number", {}, 5)
  end)
end)

describe("a report", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("adds up what the clients of a program spent", function()
    local client, world = helper.script(nil, { prices = { imagine = 0.05, upscale = 0.01 } })
    local other = helper.client(world, { mode = "fast" })
    local task = assert(client:imagine("cat"):await())
    assert(task:click("U1"):await())
    assert(other:imagine("cat"):await())
    local report = assert(mj.report {})
    assert.equal("verb     count  spent  reserved  unknown  unpriced\n"
      .. "imagine      2   0.05         0        0         1\n"
      .. "upscale      1   0.01         0        0         0\n"
      .. "total        3   0.06         0        0         1", tostring(report))
    assert.equal("mode,count,spent,reserved,unknown,unpriced\n"
      .. '-,2,0.06,0,0,0\nfast,1,0,0,0,1\n', mj.report({ by = "mode" }):csv())
    local json = cjson.decode(mj.report({ by = "gateway" }):json())
    assert.equal("gateway", json.by)
    assert.equal(0.06, json.total.spent)
    assert.equal(helper.BASE, json.rows[1].name)
    assert.equal(1, #mj.report({ by = "day" }).rows)
    assert.truthy(mj.report({ by = "day" }).rows[1].name:find "^%d%d%d%d%-%d%d%-%d%d$")
  end)

  it("of nothing is one", function()
    local report = mj.report()
    assert.same({}, report.rows)
    assert.equal(0, report.total.total)
    assert.equal("verb,count,spent,reserved,unknown,unpriced\n", report:csv())
    assert.equal(0, #cjson.decode(report:json()).rows)
  end)

  it("cannot be fooled by names", function()
    local made = require("mj.report").new("verb", {
      { verb = '=cmd,"x"\n', count = 1, unpriced = 0, spent = 1, reserved = 0, unknown = 0 },
    })
    assert.equal('"=cmd,""x"" ",1,0.000001,0,0,0', made:csv():match "\n(.-)\n")
    assert.is_nil(tostring(made):match "x\"\n,")
  end)

  it("is told what it cannot be", function()
    local ok, e = pcall(mj.report, { by = "colour" })
    assert.is_false(ok)
    assert.truthy(e:find("unknown group 'colour'", 1, true), e)
    local report
    report, e = mj.report { journal = "/nowhere/at/all" }
    assert.is_nil(report)
    assert.equal("not_found", e.code)
  end)
end)

describe("mjlua", function()
  local place = starts.folder(before_each, after_each)
  local lines = starts.lines

  local function script(name, text)
    starts.script(place, name, text)
  end

  it("counts in --dry-run, and sends nothing", function()
    script("s.lua", [[
      local client = mj.client { budget = 1, prices = { imagine = { fast = 0.1, default = 0.05 } } }
      local results, errors = mj.map({ 1, 2, 3 }, function(i)
        local task, e = client:imagine { prompt = "cat " .. i, mode = i == 1 and "fast" or nil }
          :await()
        return e.code .. ": " .. e.message
      end)
      for i = 1, 3 do
        print(results[i])
      end
      client:imagine "nobody waits for it"
      print(select(2, client:imagine { prompt = "cat --chaos 999" }:await()))
      print(select(2, client:task "17":await()))
      print(client:dialect(), #client:jobs())
      assert(client:imagine "the end":await())
      print "not reached"]])
    local out, err = starts.with(place, "clock=100", [[
      $mjlua --dry-run s.lua
      echo $?
      count
      ls $HOME]])
    assert.same({
      "cancelled: dry run: not sent; imagine would cost 0.1",
      "cancelled: dry run: not sent; imagine would cost 0.05",
      "cancelled: dry run: not sent; imagine would cost 0.05",
    }, { (table.unpack or unpack)(lines(out), 1, 3) })
    assert.truthy(lines(out)[4]:find "^invalid: %-%-chaos", out)
    assert.equal("cancelled: dry run: nothing is asked", lines(out)[5])
    assert.same({ "mj\t1", "0", "0 submitted, 0 made" }, { lines(out)[6], lines(out)[7],
      lines(out)[8] })
    assert.is_nil(lines(out)[9])
    assert.equal("mjlua: dry run: 5 requests, 0.3: 4 imagine 0.2, 1 imagine (fast) 0.1\n"
      .. "mjlua: nothing was sent; what would follow from a result is not counted\n", err)
  end)

  it("needs no gateway for --dry-run, and tells other errors", function()
    local status, out, err = run.lua("--dry-run", "-e",
      [[local c = require "mj".client { budget = 1, prices = { default = 0.6 } }
        c:imagine "a" c:shorten "b" print(1)]])
    assert.equal(5, status)
    assert.equal("1\n", out)
    assert.truthy(err:find("dry run: 2 requests, 1.2: 1 imagine 0.6, 1 shorten 0.6", 1, true),
      err)
    status, out, err = run.lua("--dry-run", "-e", "error 'x'")
    assert.equal(1, status)
    assert.truthy(err:find "^mjlua: [^\n]*: x\n", err)
    assert.truthy(err:find("\nmjlua: dry run: 0 requests, 0\n", 1, true), err)
    assert.equal("", out)
    status, out, err = run.lua("--dry-run", "--sim", "-e", "1")
    assert.equal("", out)
    assert.same({ 2, "mjlua: give either --dry-run, which sends nothing, or --sim, which costs "
      .. "nothing\n" }, { status, err })
  end)

  it("says what is more than the budget", function()
    local both = [[local c = require "mj".client { budget = 1, prices = { default = 0.6 } }
      c:imagine "a" c:imagine "b" ]]
    for code, status in pairs { [both] = 5, [both .. "os.exit(0)"] = 5, [both .. "os.exit(3)"] = 3,
      [both .. "error 'x'"] = 1, [both:gsub('c:imagine "a"', "")] = 0 } do
      local got, _, err = run.lua("--dry-run", "-e", code)
      assert.equal(status, got, code .. err)
      local told = err:find("that is more than the budget of 1 allows", 1, true)
      assert.equal(status ~= 0, told ~= nil)
    end
  end)

  it("goes on with a budget where it was", function()
    script("s.lua", [[
      local client = mj.client { budget = 0.1, prices = { imagine = 0.05 } }
      for i = 1, 3 do
        local task, e = client:imagine("cat " .. i):await()
        print(task and "made" or e.code, client:budget().spent)
        at("after " .. i)
      end]])
    local out = starts.with(place, "clock=200", [[
      cut_off "after 1" s.lua
      cut_off "after 2" s.lua
      cut_off "after 3" s.lua
      $mjlua -m report s.lua
      $mjlua -m report --by gateway --csv s.lua
      $mjlua -m report --by=day --json s.lua
      $mjlua -m report --by x s.lua 2>&1
      $mjlua -m report 2>&1
      $mjlua -m report --csv --json s.lua 2>&1
      $mjlua --fresh s.lua 2>/dev/null
      count]])
    local got = lines(out)
    assert.same({ "made\t0.05" }, { got[1] })
    -- what the journal has is counted from the beginning
    assert.same({ "made\t0.05", "made\t0.1" }, { got[2], got[3] })
    assert.same({ "made\t0.1", "made\t0.1", "budget\t0.1" }, { got[4], got[5], got[6] })
    assert.same({ "verb     count  spent  reserved  unknown  unpriced",
      "imagine      2    0.1         0        0         0",
      "total        2    0.1         0        0         0" }, { got[7], got[8], got[9] })
    assert.truthy(got[11]:find "^http://127.0.0.1:%d+,2,0.1,0,0,0$", got[11])
    assert.equal(0.1, cjson.decode(got[12]).rows[1].spent)
    assert.truthy(got[13]:find("unknown group 'x'", 1, true), got[13])
    assert.truthy(got[14]:find "3 rows +/[^ ]+/s%-%x+%.journal$", got[14])
    assert.truthy(got[15]:find("give either --csv or --json", 1, true), got[15])
    assert.same({ "made\t0.05", "made\t0.1", "budget\t0.1", "4 submitted, 4 made" },
      { got[16], got[17], got[18], got[19] })
  end)

  it("lets nothing vanish from a budget of the whole journal", function()
    script("s.lua", [[
      local client = mj.client {
        budget = { limit = 0.1, per = "journal" }, prices = { imagine = 0.05 },
      }
      local job = client:imagine(arg[1])
      local task, e = job:await()
      local now = client:budget()
      print(task and "made" or e.code, now.spent, now.unknown)]])
    local out = starts.with(place, "clock=200,fault=drop@1", [[
      $mjlua --journal j s.lua one 2>/dev/null
      $mjlua --journal j --fresh s.lua one 2>/dev/null
      $mjlua --journal j --fresh s.lua one 2>/dev/null
      count]])
    assert.same({ "unknown_outcome\t0.0\t0.05", "made\t0.05\t0.05", "budget\t0.05\t0.05",
      "2 submitted, 2 made" }, lines(out))
  end)
end)
