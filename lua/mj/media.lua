-- SPDX-License-Identifier: MIT
-- Pictures that go along with a request: a path, an http(s) address, a data: URI or
-- mj.bytes(s), as the core takes them.

local err = require "mj.err"
local option = require "mj.option"
option.mine()

local media = {}

media.MOST = 10 * 1024 * 1024 -- bytes of a picture; gateways refuse more

local expected = "path, http(s) address, data: URI or mj.bytes"

-- mj.bytes ------------------------------------------------------------------

local bytes_mt = { __name = "mj.bytes" }
bytes_mt.__tostring = function(self)
  return ("mj.bytes (%d)"):format(#self.data)
end

-- Marks a string as the bytes of a picture, where a path would be taken.
function media.bytes(data)
  if type(data) ~= "string" then
    option.raise("mj.bytes: string expected, got " .. type(data))
  end
  return setmetatable({ data = data }, bytes_mt)
end

function media.is_bytes(value)
  return type(value) == "table" and getmetatable(value) == bytes_mt
end

-- What the bytes are --------------------------------------------------------

local magic = {
  { "^\137PNG\r\n\026\n", "png" },
  { "^\255\216\255", "jpeg" },
  { "^RIFF....WEBP", "webp" },
  { "^GIF8[79]a", "gif" },
}

-- "png", "jpeg", "webp" or "gif"; nil for what gateways do not take.
function media.type(bytes)
  local head = bytes:sub(1, 16)
  for _, known in ipairs(magic) do
    if head:find(known[1]) then
      return known[2]
    end
  end
  return nil
end

-- Width and height that a PNG's head says, or nil.
function media.png_size(bytes)
  if media.type(bytes) ~= "png" or #bytes < 24 then
    return nil
  end
  local function number(i)
    local a, b, c, d = bytes:byte(i, i + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end
  return number(17), number(21)
end

local alphabet = {}
for i, c in ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):gmatch "()(.)" do
  alphabet[c] = i - 1
end

-- The bytes of base64 text without padding.
local function decode(text)
  local out = {}
  for four in text:gmatch "..?.?.?" do
    local n = 0
    for i = 1, 4 do
      n = n * 64 + (alphabet[four:sub(i, i)] or 0)
    end
    local low = n % 256
    local middle = (n - low) / 256 % 256
    local bytes = string.char((n - low - middle * 256) / 65536, middle, low)
    out[#out + 1] = bytes:sub(1, #four - 1)
  end
  return table.concat(out)
end

local types = { png = true, jpeg = true, jpg = true, webp = true, gif = true }

-- The first `most` bytes that a data: URI stands for, and how many there are; nil when
-- it is no such thing.
function media.uri_head(uri, most)
  local _, at = uri:sub(1, 60):find "^data:image/[%w.+-]+;base64,"
  local kind = uri:match "^data:image/([%w.+-]+)"
  at = types[kind] and at
  if not at or not uri:find("^[%w+/]+=?=?$", at + 1) then
    return nil
  end
  local last = #uri - #uri:match "=?=?$"
  local bytes = decode(uri:sub(at + 1, math.min(at + math.ceil(most / 3) * 4, last)))
  return bytes:sub(1, most), math.floor((last - at) * 3 / 4)
end

-- ---------------------------------------------------------------------------

-- A path or address as it may stand in a message.
local function shown(text)
  text = text:gsub("[%c\127]", "?")
  return #text > 120 and text:sub(1, 117) .. "..." or text
end

local function refuse(field, code, name, text)
  return nil, err.new(code, ("field '%s': %s: %s"):format(field, name, text))
end

-- nil when the bytes will do, else what is wrong, as refuse returns it.  Bytes
-- that are false are not looked at.
local function look(field, name, bytes, size)
  if size == 0 then
    return refuse(field, "invalid", name, "it is empty")
  elseif size > media.MOST then
    return refuse(field, "too_large", name,
      ("more than %d MB; make it smaller, or give an address"):format(media.MOST / 1048576))
  elseif bytes and not media.type(bytes) then
    return refuse(field, "invalid", name, "no picture; gateways take PNG, JPEG, WebP and GIF")
  end
end

local function from_bytes(field, name, data)
  local _, e = look(field, name, data, #data)
  if e then
    return nil, e
  end
  return { bytes = data }
end

local function from_uri(field, uri)
  local head, size = media.uri_head(uri, 3)
  local name = ("'%s,...'"):format(shown(uri:match "^[^,]*"))
  if not head then
    return refuse(field, "invalid", name, "data:image/png;base64, and base64 text expected")
  end
  local _, e = look(field, name, false, size) -- it says itself what it is
  if e then
    return nil, e
  end
  return { url = uri }
end

-- What base64 text of the four types begins with.
local bare = { "^iVBORw0KGgo", "^/9j/", "^UklGR", "^R0lGOD" }

local function cannot_read(field, path, why)
  for _, head in ipairs(bare) do
    if #path > 60 and path:find(head) then
      return refuse(field, "invalid", ("'%s...'"):format(path:sub(1, 20)),
        "looks like base64; put data:image/png;base64, in front of it")
    end
  end
  return refuse(field, "invalid", ("'%s'"):format(shown(path)),
    ("%s; give a %s"):format(why, expected))
end

local function from_path(field, path)
  if path == "" or path:find("\0", 1, true) then
    return cannot_read(field, path, "not the name of a file")
  end
  local file, why = io.open(path, "rb")
  if not file then
    return cannot_read(field, path, "cannot be read: " .. why:gsub("^.*: ", ""))
  end
  local data
  data, why = file:read(media.MOST + 1)
  file:close()
  if why then -- a folder can be opened, but not read
    return cannot_read(field, path, "cannot be read: " .. why)
  end
  return from_bytes(field, ("'%s'"):format(shown(path)), data or "")
end

-- A picture for the core: { url = } or { bytes = }; nil and an error when the world
-- does not have it.  Raises what can be no picture at all.
function media.picture(what, field, value)
  if media.is_bytes(value) then
    return from_bytes(field, tostring(value), value.data)
  elseif type(value) ~= "string" then
    option.field(what, field, expected, value)
  elseif media.type(value) then
    option.raise(("%s: field '%s': these are the bytes of a picture; say mj.bytes(data)"):format(
      what, field))
  elseif value:find "^[Dd][Aa][Tt][Aa]:" then
    return from_uri(field, value)
  elseif not value:find "^%a[%w+.-]+://" then
    return from_path(field, value)
  elseif not value:find "^[Hh][Tt][Tt][Pp][Ss]?://[^/]" then
    return refuse(field, "invalid", ("'%s'"):format(shown(value)), "no http(s) address")
  elseif value:find "[^!-~]" then
    return refuse(field, "invalid", ("'%s'"):format(shown(value)),
      "write spaces and letters beyond ASCII as %XX")
  end
  return { url = value }
end

-- The same for one picture or a list of them; a list.
function media.pictures(what, field, value)
  if type(value) ~= "table" or media.is_bytes(value) then
    local picture, e = media.picture(what, field, value)
    return picture and { picture }, e
  end
  local list = {}
  if next(value) == nil then
    option.raise(("%s: field '%s': empty list"):format(what, field))
  end
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key > #value or key % 1 ~= 0 then
      option.raise(("%s: field '%s': list of pictures expected, it has a '%s'"):format(
        what, field, tostring(key)))
    end
  end
  for i = 1, #value do
    local e
    list[i], e = media.picture(what, ("%s[%d]"):format(field, i), value[i])
    if e then
      return nil, e
    end
  end
  return list
end

return media
