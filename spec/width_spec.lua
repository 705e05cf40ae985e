-- SPDX-License-Identifier: MIT
-- Columns of a text, and what no text may bring to a terminal.

local width = require "mj.width"

describe("width", function()
  it("counts columns, not bytes", function()
    for text, n in pairs {
      [""] = 0, ["black cat"] = 9, ["café"] = 4, ["cafe\204\129"] = 4, ["東京"] = 4,
      ["ｶﾀｶﾅ"] = 4, ["한국어"] = 6, ["🐈"] = 2, ["❤"] = 1, ["a\226\128\139b"] = 2, ["«—»"] = 3,
      ["नमस्ते"] = 4,
    } do
      assert.equal(n, width.of(text), text)
    end
  end)

  it("cuts between characters, and says so", function()
    assert.equal("black cat", width.cut("black cat", 9))
    assert.equal("black c…", width.cut("black cat", 8))
    assert.equal("東…", width.cut("東京都", 4)) -- the second one would need five
    assert.equal("東京都", width.cut("東京都", 6))
    assert.equal("cafe\204\129…", width.cut("cafe\204\129 noir", 5))
    assert.equal("black~", width.cut("black cat", 7, "~")) -- no blank in front of it
    assert.equal("", width.cut("black", 0))
    for n = 0, 20 do
      assert.is_true(width.of(width.cut("a 東京 🐈 cafe\204\129 noir", n)) <= n)
      assert.equal(n, width.of(width.fit("a 東京 🐈", n)))
    end
  end)

  it("leaves nothing in a text that moves a cursor", function()
    assert.equal("a [31mred [0m b", width.clean "a\27[31mred\27[0m b")
    assert.equal("one two", width.clean "  one\r\n\ttwo \0 ")
    assert.equal("a ]0;title b", width.clean "a\27]0;title\7b")
    assert.equal("a 31m b", width.clean "a\194\15531m b") -- CSI in one character
    assert.equal("a b c", width.clean "a\226\128\174b\226\129\166c") -- directions
    assert.equal("caf? ?", width.clean "caf\233 \255")
    assert.equal("??x", width.clean "\192\175x") -- written too long
    assert.equal("東京 🐈", width.clean "東京 🐈")
  end)

  it("lets no byte through that begins a control sequence, whatever comes", function()
    math.randomseed(7)
    for _ = 1, 500 do
      local bytes = {}
      for i = 1, 40 do
        bytes[i] = string.char(math.random(0, 255))
      end
      local clean = width.clean(table.concat(bytes))
      assert.falsy(clean:find "[%z\1-\31\127]", clean)
      assert.falsy(clean:find "\194[\128-\159]", clean)
      assert.equal(clean, width.clean(clean))
      assert.is_true(width.of(width.cut(clean, 10)) <= 10)
    end
  end)
end)
