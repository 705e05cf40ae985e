-- SPDX-License-Identifier: MIT
-- core.decode: JSON as Lua values that no encoder can harm.

local cjson = require "cjson"
local core = require "mj.core"

local decode = core.decode

describe("decode", function()
  it("makes the values one expects", function()
    assert.same({ a = { 1, "x", true, false, {} }, b = {} },
      decode '{"a":[1,"x",true,false,[]],"b":{}}')
    assert.equal("", decode '""')
    assert.equal(true, decode "true")
    assert.equal("ü😀\n/", decode '"\\u00fc\\ud83d\\ude00\\n\\/"')
    assert.same({}, decode " [ ] ")
  end)

  it("has null in tables too, and it is cjson's", function()
    local t = decode '{"a":null,"b":[null,1]}'
    assert.equal(core.null, t.a)
    assert.equal(core.null, t.b[1])
    assert.equal(2, #t.b)
    assert.equal(cjson.null, core.null)
    assert.equal('{"a":null}', cjson.encode(decode '{"a":null}'))
  end)

  it("can be told another null", function()
    local null = {}
    core.set_null(null)
    local ok = decode("[null]")[1] == null
    core.set_null(core.null)
    assert.is_true(ok)
    assert.equal(core.null, decode("[null]")[1])
  end)

  it("makes integers of integers, up to 14 digits", function()
    for text, value in pairs {
      ["0"] = 0, ["-0"] = 0, ["7"] = 7, ["-1"] = -1,
      ["99999999999999"] = 99999999999999,
      ["-99999999999999"] = -99999999999999,
      ["1712205491846"] = 1712205491846,
    } do
      local got = decode(text)
      assert.equal(value, got)
      assert.equal("number", type(got))
      if math.type then
        assert.equal("integer", math.type(got))
      end
    end
  end)

  it("leaves longer ones as text, through cjson and back", function()
    for _, text in ipairs {
      "100000000000000", "8774786694361674000", "-8774786694361674001",
      "123456789012345678901234567890",
    } do
      assert.equal(text, decode(text))
      assert.equal(text, cjson.decode(cjson.encode { decode(text) })[1])
    end
  end)

  it("makes floats of the rest", function()
    assert.equal(1.5, decode "1.5")
    assert.equal(-0.25, decode "-0.25")
    assert.equal(1e10, decode "1e10")
    assert.equal(1e-3, decode "1E-3")
    assert.equal("1e999", decode "1e999") -- no encoder takes infinity
  end)

  it("takes the last of two members of one name", function()
    assert.same({ a = 2 }, decode '{"a":1,"a":2}')
  end)

  it("says what is wrong with a text", function()
    for _, text in ipairs { "", "{", '{"a":}', "[1,]", "nul", "1 2", "\255", '"\1"', "{'a':1}" } do
      local value, e = decode(text)
      assert.is_nil(value)
      assert.equal("protocol", e.code, text)
      assert.is_true(#e.message > 0)
    end
  end)

  it("has a limit for nesting, and reaches it", function()
    local function nested(n)
      return ("["):rep(n) .. ("]"):rep(n)
    end
    assert.is_table(decode(nested(64)))
    local value, e = decode(nested(65))
    assert.is_nil(value)
    assert.equal("protocol", e.code)
    value, e = decode(nested(100000))
    assert.is_nil(value)
    assert.is_table(e)
  end)

  it("marks empty arrays if it is told how", function()
    local mark = {}
    core.set_empty_array(mark)
    local empty, full, object = decode "[]", decode "[1]", decode "{}"
    core.set_empty_array(nil)
    assert.equal(mark, getmetatable(empty))
    assert.is_nil(getmetatable(full))
    assert.is_nil(getmetatable(object))
    assert.is_nil(getmetatable(decode "[]"))
  end)

  it("gives its memory back", function()
    local text = '{"list":[' .. ('{"a":"b","c":[1,2,3]},'):rep(200) .. "0]}"
    for _ = 1, 20 do
      decode(text)
    end
    collectgarbage()
    local before = collectgarbage "count"
    for _ = 1, 200 do
      decode(text)
    end
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 100)
  end)
end)

describe("core", function()
  it("refuses options that it does not know, and wrong types", function()
    for message, opts in pairs {
      ["unknown option 'x'"] = { x = 1 },
      ["unknown option (a number)"] = { 1 },
      ["field 'base_url': string expected, got number"] = { base_url = 1 },
      ["field 'live': a whole number expected"] = { live = 1.5 },
      ["field 'submits': a number from 0 up expected"] = { submits = -1 },
      ["field 'allow_hosts': table expected, got string"] = { allow_hosts = "x" },
      ["field 'allow_hosts': string expected, got number"] = { allow_hosts = { 1 } },
      ["field 'poll_gaps': 1 to 8 numbers expected"] = { poll_gaps = {} },
      ["field 'poll_gaps': number expected, got string"] = { poll_gaps = { "x" } },
      ["field 'virtual': capsule expected, got number"] = { virtual = 1 },
      ["field 'base_url': contains a NUL byte"] = { base_url = "http://x\0y" },
      ["field 'headers': names must be strings"] = { headers = { "x" } },
    } do
      local ok, e = pcall(core.client, opts)
      assert.is_false(ok)
      assert.equal(message, (e:gsub("^[^:]+:%d+: ", "")))
    end
    assert.has_error(function()
      core.client()
    end)
  end)

  it("keeps a closed box harmless", function()
    local box = core.client {}
    box:close()
    box:close()
    assert.equal("mj.core.client (closed)", tostring(box))
    for _, call in ipairs {
      { "submit", { op = "imagine" } }, { "track", "1" }, { "fetch", "http://x" },
      { "write", "/tmp/x", "y" }, { "after", 1 }, { "observe", 1, true }, { "cancel", 1 },
      { "step", 0 }, { "watch", 0 }, { "unwatch", 0 }, { "wakeup" }, { "now" }, { "stats" },
    } do
      local value, e = box[call[1]](box, call[2], call[3])
      assert.is_nil(value)
      assert.equal("closed", e.code, call[1])
    end
    assert.is_nil(box:event())
    assert.is_nil(box:timeout())
    assert.is_nil(box:info(1))
    assert.equal(-1, box:fd())
  end)

  it("takes no box for another thing, and no id for a job that is gone", function()
    local box = core.client {}
    for _, method in ipairs { "step", "close", "event", "stats" } do
      assert.has_error(function()
        box[method] {}
      end)
      assert.has_error(function()
        box[method](io.stdout)
      end)
    end
    assert.is_nil(box:info(12345))
    local ok, e = box:cancel(12345)
    assert.is_nil(ok)
    assert.equal("invalid", e.code)
    assert.has_error(function()
      box:cancel(-1)
    end)
    assert.has_error(function()
      box:cancel(2 ^ 53)
    end)
    box:close()
  end)

  it("has timers, real ones", function()
    local box = core.client {}
    local id = assert(box:after(0.01))
    assert.is_true(box:timeout() <= 0.01)
    local kind, got
    for _ = 1, 100 do
      assert(box:step(1))
      kind, got = box:event()
      if kind then
        break
      end
    end
    assert.equal("timer", kind)
    assert.equal(id, got)
    assert.is_nil(box:event())
    box:close()
  end)

  it("names what is linked in", function()
    assert.matches("^%d+%.%d+%.%d+$", core.version)
    assert.matches("libcurl/", core.libraries())
    assert.matches("yajl/", core.libraries())
  end)

  it("finds buttons and what they mean", function()
    local list = {
      { custom_id = "MJ::JOB::upsample::2::x", label = "U2" },
      { custom_id = "MJ::JOB::reroll::0::x::SOLO", emoji = "🔄" },
    }
    assert.equal(1, core.find_button(list, "U2"))
    assert.equal(2, core.find_button(list, "reroll"))
    local i, e = core.find_button(list, "V9")
    assert.is_nil(i)
    assert.equal("no_button", e.code)
    assert.equal("upscale:2", core.intent "MJ::JOB::upsample::2::x")
    assert.is_nil(core.intent "nothing of the kind")
    assert.has_error(function()
      core.find_button({ 1 }, "U2")
    end)
  end)
end)
