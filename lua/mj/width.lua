-- SPDX-License-Identifier: MIT
-- How many columns a text takes on a terminal, and texts that fit.  Pure; knows no
-- locale: UTF-8 in, UTF-8 out.  What came from outside loses its control characters
-- here, so that no server can write to the terminal.

local width = {}

-- First and last of ranges that take no column, then of those that take two: what
-- prompts are written in, not all of Unicode.
local none = {
  0x0300, 0x036f, 0x0483, 0x0489, 0x0591, 0x05bd, 0x05bf, 0x05bf, 0x05c1, 0x05c2, 0x05c4, 0x05c5,
  0x0610, 0x061a, 0x064b, 0x065f, 0x0670, 0x0670, 0x06d6, 0x06dc, 0x06df, 0x06e4, 0x06e7, 0x06e8,
  0x06ea, 0x06ed, 0x0900, 0x0902, 0x093a, 0x093a, 0x093c, 0x093c, 0x0941, 0x0948, 0x094d, 0x094d,
  0x0951, 0x0957, 0x0e31, 0x0e31, 0x0e34, 0x0e3a, 0x0e47, 0x0e4e, 0x1160, 0x11ff, 0x1ab0, 0x1aff,
  0x1dc0, 0x1dff, 0x200b, 0x200f, 0x20d0, 0x20ff, 0x302a, 0x302d, 0x3099, 0x309a, 0xfe00, 0xfe0f,
  0xfe20, 0xfe2f, 0xfeff, 0xfeff, 0xe0100, 0xe01ef,
}
local double = {
  0x1100, 0x115f, 0x231a, 0x231b, 0x23e9, 0x23ec, 0x23f0, 0x23f0, 0x23f3, 0x23f3, 0x25fd, 0x25fe,
  0x2614, 0x2615, 0x2648, 0x2653, 0x267f, 0x267f, 0x2693, 0x2693, 0x26a1, 0x26a1, 0x26aa, 0x26ab,
  0x26bd, 0x26be, 0x26c4, 0x26c5, 0x26ce, 0x26ce, 0x26d4, 0x26d4, 0x26ea, 0x26ea, 0x26f2, 0x26f3,
  0x26f5, 0x26f5, 0x26fa, 0x26fa, 0x26fd, 0x26fd, 0x2705, 0x2705, 0x270a, 0x270b, 0x2728, 0x2728,
  0x274c, 0x274c, 0x274e, 0x274e, 0x2753, 0x2755, 0x2757, 0x2757, 0x2795, 0x2797, 0x27b0, 0x27b0,
  0x27bf, 0x27bf, 0x2b1b, 0x2b1c, 0x2b50, 0x2b50, 0x2b55, 0x2b55, 0x2e80, 0x303e, 0x3041, 0x33ff,
  0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xa000, 0xa4cf, 0xa960, 0xa97f, 0xac00, 0xd7a3, 0xf900, 0xfaff,
  0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6, 0x1f004, 0x1f004, 0x1f0cf, 0x1f0cf,
  0x1f18e, 0x1f18e, 0x1f191, 0x1f19a, 0x1f200, 0x1f265, 0x1f300, 0x1f320, 0x1f32d, 0x1f335,
  0x1f337, 0x1f37c, 0x1f37e, 0x1f393, 0x1f3a0, 0x1f3ca, 0x1f3cf, 0x1f3d3, 0x1f3e0, 0x1f3f0,
  0x1f3f4, 0x1f3f4, 0x1f3f8, 0x1f43e, 0x1f440, 0x1f440, 0x1f442, 0x1f4fc, 0x1f4ff, 0x1f53d,
  0x1f54b, 0x1f54e, 0x1f550, 0x1f567, 0x1f57a, 0x1f57a, 0x1f595, 0x1f596, 0x1f5a4, 0x1f5a4,
  0x1f5fb, 0x1f64f, 0x1f680, 0x1f6c5, 0x1f6cc, 0x1f6cc, 0x1f6d0, 0x1f6d2, 0x1f6d5, 0x1f6d7,
  0x1f6dc, 0x1f6df, 0x1f6eb, 0x1f6ec, 0x1f6f4, 0x1f6fc, 0x1f7e0, 0x1f7eb, 0x1f7f0, 0x1f7f0,
  0x1f90c, 0x1f93a, 0x1f93c, 0x1f945, 0x1f947, 0x1f9ff, 0x1fa70, 0x1faff, 0x20000, 0x3fffd,
}

local function within(ranges, code)
  local low, high = 1, #ranges / 2
  while low <= high do
    local middle = math.floor((low + high) / 2)
    if code < ranges[2 * middle - 1] then
      high = middle - 1
    elseif code > ranges[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

local function columns(code)
  if code < 0x300 then
    return 1
  elseif within(none, code) then
    return 0
  end
  return within(double, code) and 2 or 1
end

local least = { 0, 0x80, 0x800, 0x10000 } -- what is shorter was written too long

-- The code at byte i and its length in bytes; nil where no character is.
local function decode(text, i)
  local first = text:byte(i)
  if first < 0x80 then
    return first, 1
  end
  local n = first >= 0xf0 and first < 0xf5 and 4 or first >= 0xe0 and first < 0xf0 and 3
    or first >= 0xc2 and first < 0xe0 and 2
  if not n then
    return nil
  end
  local code = first % 2 ^ (7 - n)
  for k = 1, n - 1 do
    local byte = text:byte(i + k)
    if not byte or byte < 0x80 or byte > 0xbf then
      return nil
    end
    code = code * 64 + byte - 0x80
  end
  if code < least[n] or code > 0x10ffff or (code >= 0xd800 and code <= 0xdfff) then
    return nil
  end
  return code, n
end

-- Turns of the writing direction: they would reach into what stands behind.
local function is_turn(code)
  return (code >= 0x202a and code <= 0x202e) or (code >= 0x2066 and code <= 0x2069)
    or code == 0x2028 or code == 0x2029
end

-- One line that any terminal can be given: no control character, none of the old
-- 8-bit ones, nothing that is not UTF-8, runs of blanks as one blank.
function width.clean(text)
  text = tostring(text)
  if not text:find "[%c\128-\255]" then
    return (text:gsub("  +", " "):gsub("^ ", ""):gsub(" $", ""))
  end
  local out, i = {}, 1
  while i <= #text do
    local code, n = decode(text, i)
    if not code then
      out[#out + 1], n = "?", 1
    elseif code < 0x20 or (code >= 0x7f and code < 0xa0) or is_turn(code) then
      out[#out + 1] = " "
    else
      out[#out + 1] = text:sub(i, i + n - 1)
    end
    i = i + n
  end
  return (table.concat(out):gsub("  +", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- Columns of a clean text.
function width.of(text)
  if not text:find "[\128-\255]" then
    return #text
  end
  local sum, i = 0, 1
  while i <= #text do
    local code, n = decode(text, i)
    sum = sum + (code and columns(code) or 1)
    i = i + (n or 1)
  end
  return sum
end

-- The beginning of a clean text that takes `most` columns at most; what is cut ends
-- in `mark` (default: an ellipsis).
function width.cut(text, most, mark)
  if #text <= most or width.of(text) <= most then
    return text
  end
  mark = mark or "…"
  local room, used, i, last = most - width.of(mark), 0, 1, 0
  if room < 0 then
    return ""
  end
  while i <= #text do
    local code, n = decode(text, i)
    used = used + (code and columns(code) or 1)
    if used > room then
      break
    end
    i = i + (n or 1)
    last = i - 1
  end
  return (text:sub(1, last):gsub(" +$", "")) .. mark
end

-- Cut, and filled up with blanks, so that columns stand below each other.
function width.fit(text, most, mark)
  text = width.cut(text, most, mark)
  return text .. (" "):rep(most - width.of(text))
end

return width
