-- SPDX-License-Identifier: MIT
-- mj.prompt: prompts taken apart and put together.

local mj = require "mj"
local prompt = mj.prompt

-- Without the warnings: what was repaired once is not repaired again.
local function parts(text, opts)
  local parsed = assert(prompt.parse(text, opts))
  local copy = {}
  for name, value in pairs(parsed) do
    copy[name] = value
  end
  copy.warnings = nil
  return copy
end

local function raises(message, fn)
  local ok, e = pcall(fn)
  assert.is_false(ok)
  assert.truthy(tostring(e):find(message, 1, true), tostring(e))
  assert.truthy(tostring(e):find("prompt_spec.lua:", 1, true), tostring(e))
end

describe("mj.prompt.parse", function()
  it("finds the text, the pictures and the parameters", function()
    assert.same({
      images = { "https://a.b/1.png", "http://c.d/2.png" },
      text = "a black cat, https://e.f",
      aspect = "3:2", stylize = 250, chaos = 0, weird = 3000, version = "v7", seed = 4294967295,
      quality = 0.5, no = { "dogs", "red birds" }, iw = 1.5,
      sref = { "https://a.b/3.png", "123" }, sw = 10, cref = { "https://a.b/4.png" }, cw = 20,
      oref = { "https://a.b/5.png" }, ow = 30, tile = true, style = "raw", draft = true, stop = 90,
      unknown = { "--fast", "--soon 1 2" },
    }, parts("https://a.b/1.png http://c.d/2.png a black cat, https://e.f --fast"
      .. " --v 7 --ar 3:2 --s 250 --c 0 --w 3000 --seed 4294967295 --q .5 --no dogs, red birds"
      .. " --iw 1.5 --sref https://a.b/3.png 123 --sw 10 --cref https://a.b/4.png --cw 20"
      .. " --oref https://a.b/5.png --ow 30 --tile --style raw --draft --stop 90 --soon 1 2"))
  end)

  it("has whole numbers where Lua has them", function()
    if math.type then
      assert.equal("integer", math.type(prompt.parse("cat --s 250").stylize))
    end
    assert.equal(250, prompt.parse("cat --s 250").stylize)
  end)

  it("says what it repaired, and what it does not know", function()
    local parsed = prompt.parse "cat —ar 3:2 --arr 5"
    assert.equal("3:2", parsed.aspect)
    assert.same({
      "—ar: taken for --ar", "--arr: no parameter of that name (did you mean --ar?); passed on",
    }, parsed.warnings)
    assert.same({ "--arr 5" }, parsed.unknown)
    assert.equal("cat --ar 3:2 --arr 5", tostring(parsed))
  end)

  it("has something for nothing", function()
    assert.same({ text = "", images = {}, unknown = {} }, parts "")
    assert.same({ text = "", images = {}, unknown = {}, version = "niji" }, parts " --niji ")
    assert.equal("", tostring(prompt.parse " \n"))
  end)

  it("refuses what no gateway takes", function()
    for text, message in pairs {
      ["cat --s 5000"] = "--s: 5000 is not in 0..1000",
      ["cat --s 1 --stylize 2"] = "--stylize: given twice in the prompt, first as --s 1",
      ["cat --ar wide"] = '--ar: a ratio like "3:2" expected, got wide',
      ["cat \0"] = "prompt: not UTF-8 at byte 5",
      ["cat \255"] = "prompt: not UTF-8 at byte 5",
    } do
      local parsed, e = prompt.parse(text)
      assert.is_nil(parsed)
      assert.is_true(mj.is_error(e))
      assert.equal("invalid", e.code)
      assert.equal(message, e.message)
    end
  end)

  it("lets some of it through if told so", function()
    local parsed = prompt.parse("cat --s 1 --s 5000", { strict = false })
    assert.equal(5000, parsed.stylize)
    assert.equal(2, #parsed.warnings)
    assert.equal("cat --stylize 5000", tostring(parsed))
    local _, e = prompt.parse("cat --s many", { strict = false })
    assert.equal("invalid", e.code)
  end)

  it("keeps the digits of what is no number of Lua's", function()
    local parsed = prompt.parse("cat --seed 12345678901234567890", { strict = false })
    assert.equal("12345678901234567890", parsed.seed)
    assert.equal("cat --seed 12345678901234567890", tostring(parsed))
  end)

  it("raises for misuse", function()
    raises("mj.prompt.parse: string expected, got nil", function() prompt.parse() end)
    raises("mj.prompt.parse: unknown option 'lenient'", function()
      prompt.parse("cat", { lenient = true })
    end)
  end)
end)

describe("mj.prompt.format", function()
  it("prints fields as imagine does", function()
    assert.equal("https://a.b/1.png cat --ar 3:2 --stylize 250 --niji 6 --no dogs, birds --tile"
      .. " --fast --zoom 2", prompt.format {
        images = "https://a.b/1.png", prompt = "cat", aspect = "3:2", stylize = 250.0,
        version = "niji 6", no = { "dogs", "birds" }, tile = true, draft = false,
        unknown = { "--fast", " --zoom  2 " },
      })
    assert.equal("cat", prompt.format { text = "cat" })
    assert.equal("cat", prompt.format { text = "cat", unknown = {}, images = {} })
    assert.equal("", prompt.format {})
  end)

  it("understands the flags in the text", function()
    assert.equal("cat --ar 3:2 --chaos 5", prompt.format { prompt = "cat —ar 3:2", chaos = 5 })
    local text, e = prompt.format { prompt = "cat --ar 3:2", aspect = "1:1" }
    assert.is_nil(text)
    assert.equal("invalid", e.code)
    assert.equal("aspect: given as a field, and as --ar 3:2 in the prompt", e.message)
  end)

  it("changes a prompt that was read", function()
    local parsed = prompt.parse "cat --ar 3:2 --v 6.1 --s 100"
    parsed.aspect, parsed.stylize, parsed.chaos = "1:1", nil, 7
    assert.equal("cat --ar 1:1 --chaos 7 --v 6.1", tostring(parsed))
    assert.equal("cat --ar 1:1 --chaos 7 --v 6.1", prompt.format(parsed))
  end)

  it("checks ranges, unless told not to", function()
    local text, e = prompt.format { text = "cat", chaos = 500 }
    assert.is_nil(text)
    assert.equal("chaos: 500 is not in 0..100", e.message)
    assert.equal("cat --chaos 500", prompt.format { text = "cat", chaos = 500, strict = false })
  end)

  it("takes no flag for another", function()
    for _, item in ipairs {
      "--ar 3:2", "fast", "--fast --turbo", "--soon 1 --ar 3:2", "—fast", "", "--soon 5 -s 7",
    } do
      local text, e = prompt.format { text = "cat", unknown = { item } }
      assert.is_nil(text, item)
      assert.equal("invalid", e.code)
    end
    assert.is_nil((prompt.format { text = "cat", images = { "https://a.b/ --ar 3:2" } }))
  end)

  it("raises for misuse", function()
    raises("mj.prompt.format: table of options expected, got string", function()
      prompt.format "cat"
    end)
    raises("mj.prompt.format: unknown option 'stylise' (did you mean 'stylize'?)", function()
      prompt.format { stylise = 5 }
    end)
    raises("give either 'text' or 'prompt'", function()
      prompt.format { text = "a", prompt = "b" }
    end)
    raises("field 'images': list of strings expected, got number", function()
      prompt.format { images = { 7 } }
    end)
    raises("field 'text': contains a NUL byte", function() prompt.format { text = "a\0b" } end)
    raises("field 'no': list of strings expected, got table", function()
      prompt.format { no = { {} } }
    end)
  end)

  it("fails where a prompt that was read cannot be printed any more", function()
    local parsed = prompt.parse "cat"
    parsed.aspect = "wide"
    raises("tostring: aspect:", function() return tostring(parsed) end)
  end)
end)

describe("a prompt", function()
  local words = {
    "a", "cat", "https://a.b/1.png", "--ar 3:2", "--s 5", "--s 2000", "--v 7", "--niji 6",
    "--niji", "--no dogs", "--no , ,", "--no red,, blue", "--tile", "--fast", "--soon x", "--arr",
    "—ar 16:9", "—v", "—", "-s 7", "-s", "-no", "--", "-", "--zoom 2", "–tile", "--sref 1 2",
    "--p", "--P abc", "--5", "黑", "--iw .5", "--iw 1.", "--q 00.50", "\n", "\t", "—style raw",
    "--seed 007", "--seed 0.1234567890123456789", "--iw 0.1234567890123456789", "---q 1", "--sw 10",
  }

  it("survives being taken apart and put together", function()
    local seed, tried = 7, 0
    local function random(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    for round = 1, 5000 do
      local list = {}
      for i = 1, random(8) - 1 do
        list[i] = words[random(#words)]
      end
      local text = table.concat(list, " ")
      local opts = { strict = round % 4 > 0 }
      local parsed = prompt.parse(text, opts)
      if parsed then
        tried = tried + 1
        local first = parts(text, opts)
        assert.same(first, parts(tostring(parsed), opts), text)
        first.strict = opts.strict
        assert.equal(tostring(parsed), prompt.format(first), text)
      end
    end
    assert.is_true(tried > 1000)
  end)
end)
