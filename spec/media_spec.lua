-- SPDX-License-Identifier: MIT
-- Pictures that go along with a request.

local helper = require "helper"
local media = require "mj.media"
local mj = require "mj"

local PNG = "\137PNG\r\n\026\n\0\0\0\rIHDR\0\0\1\44\0\0\0\200 and more"
local heads = {
  png = PNG,
  jpeg = "\255\216\255\224\0\16JFIF",
  webp = "RIFF\36\0\0\0WEBPVP8 ",
  gif = "GIF89a\1\0\1\0",
}

local function base64(bytes)
  local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    local four = ""
    for _ = 1, 4 do
      local k = n % 64
      four = letters:sub(k + 1, k + 1) .. four
      n = (n - k) / 64
    end
    out[#out + 1] = four:sub(1, c and 4 or b and 3 or 2) .. (c and "" or b and "=" or "==")
  end
  return table.concat(out)
end

describe("mj.media", function()
  local folder

  before_each(function()
    folder = helper.folder()
  end)

  after_each(function()
    helper.remove(folder)
  end)

  local function write(name, data)
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "wb"))
    file:write(data)
    file:close()
    return path
  end

  local function refused(value, code, ...)
    local picture, e = media.picture("verb", "image", value)
    assert.is_nil(picture)
    assert.equal(code, e.code)
    for _, text in ipairs { "field 'image'", ... } do
      assert.truthy(e.message:find(text, 1, true), e.message)
    end
    assert.is_nil(e.message:find "[%c]")
  end

  local function raised(fn, ...)
    local ok, message = pcall(fn, ...)
    assert.is_false(ok)
    return (tostring(message):gsub("^.-:%d+: ", ""))
  end

  it("reads a file, whatever its name says", function()
    for kind, data in pairs(heads) do
      assert.same({ bytes = data }, media.picture("verb", "image", write("x.txt", data)))
      assert.equal(kind, media.type(data))
    end
  end)

  it("passes an address on", function()
    for _, url in ipairs { "http://a.test/x.png", "HTTPS://cdn.test/a?b=c&d#e" } do
      assert.same({ url = url }, media.picture("verb", "image", url))
    end
    refused("https://", "invalid", "no http(s) address")
    refused("ftp://a.test/x.png", "invalid", "no http(s) address")
    refused("file:///tmp/x.png", "invalid", "no http(s) address")
    refused("http://a.test/a b.png", "invalid", "%XX")
    refused("http://a.test/\n", "invalid", "%XX")
    refused("http://a.test/猫.png", "invalid", "%XX")
  end)

  it("looks into a data: URI", function()
    for kind, data in pairs(heads) do
      for cut = 0, 2 do -- each length of the padding
        local uri = "data:image/" .. kind .. ";base64," .. base64(data .. ("x"):rep(cut))
        assert.same({ url = uri }, media.picture("verb", "image", uri))
        local head, size = media.uri_head(uri, 1000)
        assert.equal(data .. ("x"):rep(cut), head)
        assert.equal(#data + cut, size)
      end
    end
    assert.truthy(media.picture("verb", "image", "data:image/png;base64,xxx1"))
    refused("data:image/png;base64,", "invalid", "base64 text expected")
    refused("data:image/png;base64,iVBO!!!!", "invalid", "base64 text expected")
    refused("data:image/png;base64,iVBO Rw0K", "invalid", "base64 text expected")
    refused("data:image/png,%89PNG", "invalid", "data:image/png;base64,")
    refused("data:text/plain;base64," .. base64(PNG), "invalid", "data:image/png;base64,")
    refused("data:image/png;base64," .. base64(PNG:sub(1, 24)) .. ("AAAA"):rep(3500000),
      "too_large", "10 MB")
  end)

  it("takes mj.bytes", function()
    assert.same({ bytes = PNG }, media.picture("verb", "image", mj.bytes(PNG)))
    assert.equal("mj.bytes (2)", tostring(mj.bytes "ab"))
    assert.equal("mj.bytes: string expected, got nil", raised(mj.bytes))
    refused(mj.bytes "", "invalid", "mj.bytes (0)", "empty")
    refused(mj.bytes "text", "invalid", "no picture")
    refused(mj.bytes(PNG .. ("x"):rep(10 * 2 ^ 20)), "too_large", "10 MB")
  end)

  it("says what is wrong with a file, and what to do", function()
    refused(folder .. "/cat.pgn", "invalid", folder .. "/cat.pgn", "No such file", "give a path")
    refused(folder, "invalid", folder, "Is a directory")
    refused(write("empty.png", ""), "invalid", "empty.png", "it is empty")
    refused(write("text.png", "GIF but not really"), "invalid", "text.png", "take PNG, JPEG, WebP")
    refused(write("big.png", PNG .. ("x"):rep(10 * 2 ^ 20)), "too_large", "big.png", "10 MB")
    refused("", "invalid", "not the name of a file")
    refused("a\0b", "invalid", "not the name of a file")
    refused(base64(PNG:rep(3)), "invalid", "looks like base64", "data:image/png;base64,")
    refused("no\nsuch\27file", "invalid", "no?such?file")
    refused(("x"):rep(5000), "invalid", "...")
  end)

  it("takes exactly 10 MB", function()
    local data = PNG .. ("x"):rep(10 * 2 ^ 20 - #PNG)
    assert.equal(10 * 2 ^ 20, #media.picture("verb", "image", write("x", data)).bytes)
    refused(write("x", data .. "x"), "too_large")
  end)

  it("raises what can be no picture", function()
    local expected = "path, http(s) address, data: URI or mj.bytes expected, got "
    for value, kind in pairs { [7] = "number", [true] = "boolean" } do
      assert.equal("verb: field 'image': " .. expected .. kind,
        raised(media.picture, "verb", "image", value))
    end
    assert.equal("verb: field 'image': " .. expected .. "nil",
      raised(media.picture, "verb", "image"))
    assert.equal("verb: field 'image': " .. expected .. "table",
      raised(media.picture, "verb", "image", { data = PNG }))
    assert.equal("verb: field 'image': these are the bytes of a picture; say mj.bytes(data)",
      raised(media.picture, "verb", "image", PNG))
  end)

  it("takes one or a list", function()
    local url = "http://a.test/1.png"
    assert.same({ { url = url } }, media.pictures("verb", "images", url))
    assert.same({ { bytes = PNG } }, media.pictures("verb", "images", mj.bytes(PNG)))
    assert.same({ { url = url }, { bytes = PNG } },
      media.pictures("verb", "images", { url, mj.bytes(PNG) }))
    assert.has_error(function()
      media.pictures("verb", "images", {})
    end, "verb: field 'images': empty list")
    local list, e = media.pictures("verb", "images", { url, folder })
    assert.is_nil(list)
    assert.truthy(e.message:find("field 'images[2]'", 1, true))
    assert.equal("verb: field 'images': list of pictures expected, it has a 'url'",
      raised(media.pictures, "verb", "images", { url = url }))
    assert.truthy(raised(media.pictures, "verb", "images", { url, 7 })
      :find("verb: field 'images[2]': path", 1, true))
  end)

  it("reads the size of a PNG", function()
    assert.same({ 300, 200 }, { media.png_size(PNG) })
    assert.is_nil(media.png_size(PNG:sub(1, 23)))
    assert.is_nil(media.png_size(heads.jpeg .. ("x"):rep(30)))
  end)
end)
