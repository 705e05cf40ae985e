-- SPDX-License-Identifier: MIT
-- Checking options: nearest names, types, where an error points.

local option = require "mj.option"

describe("option", function()
  it("measures how far two names are apart", function()
    for _, case in ipairs {
      { "", "", 0 },
      { "a", "", 1 },
      { "prompt", "prompt", 0 },
      { "pormpt", "prompt", 1 },
      { "prmpt", "prompt", 1 },
      { "promptt", "prompt", 1 },
      { "prempt", "prompt", 1 },
      { "aspect", "prompt", 5 },
    } do
      assert.equal(case[3], option.distance(case[1], case[2]))
      assert.equal(case[3], option.distance(case[2], case[1]))
    end
  end)

  it("finds the nearest name, or none", function()
    local names = { timeout = 1, on_progress = 1, base_url = 1, api_key = 1 }
    assert.equal("timeout", option.nearest("timout", names))
    assert.equal("api_key", option.nearest("apikey", names))
    assert.equal("base_url", option.nearest("baseurl", names))
    assert.is_nil(option.nearest("colour", names))
    -- of two that are as near, always the same one
    assert.equal("ab", option.nearest("a", { ab = 1, ac = 1 }))
  end)

  local schema = { a = "number", b = "string|table", c = "any", d = option.LATER }

  it("takes what is in the schema", function()
    local opts = { a = 1, b = {}, c = false }
    assert.equal(opts, option.check("f", opts, schema))
    assert.same({}, option.check("f", nil, schema))
  end)

  it("refuses the rest", function()
    for message, opts in pairs {
      ["f: field 'a': number expected, got string"] = { a = "1" },
      ["f: field 'b': string or table expected, got number"] = { b = 1 },
      ["f: option 'd' is not available in this version"] = { d = 1 },
      ["f: unknown option 'e' (did you mean 'a'?)"] = { e = 1 },
      ["f: unknown option 'something'"] = { something = 1 },
      ["f: unknown option '1'"] = { 1 },
      ["f: table of options expected, got number"] = 3,
    } do
      assert.has_error(function()
        option.check("f", opts, schema)
      end, message)
    end
  end)

  it("points at the caller", function()
    local line = debug.getinfo(1, "l").currentline + 2
    local ok, e = pcall(function()
      option.check("f", { x = 1 }, {})
    end)
    assert.is_false(ok)
    assert.equal(("option_spec.lua:%d: f: unknown option 'x'"):format(line),
      e:match "option_spec.*")
  end)

  it("takes seconds", function()
    assert.is_nil(option.seconds("f", "t", nil))
    assert.equal(0, option.seconds("f", "t", 0))
    assert.equal(math.huge, option.seconds("f", "t", math.huge))
    for _, wrong in ipairs { -1, 0 / 0, "1", true } do
      assert.has_error(function()
        option.seconds("f", "t", wrong)
      end)
    end
  end)
end)
