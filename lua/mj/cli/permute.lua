-- SPDX-License-Identifier: MIT
-- "{red,blue} cat" is "red cat" and "blue cat"; groups may stand in groups.  Braces
-- without a comma are text, and so is what stands behind a backslash.  Pure.

local permute = {}

local parse_list

-- The place of the brace that ends the group which begins at i, and whether it has
-- alternatives.
local function matching(text, i)
  local depth, comma = 0, false
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == "{" then
      depth = depth + 1
    elseif c == "}" then
      depth = depth - 1
      if depth == 0 then
        return i, comma
      end
    elseif c == "," and depth == 1 then
      comma = true
    end
    i = i + 1
  end
end

-- A piece of text as a sequence of strings and of groups (lists of sequences).
local function parse_sequence(text)
  local out, plain, i = {}, {}, 1
  local function add(part)
    if #plain > 0 then
      out[#out + 1], plain = table.concat(plain), {}
    end
    out[#out + 1] = part
  end
  while i <= #text do
    local c = text:sub(i, i)
    local last, is_group
    if c == "{" then
      last, is_group = matching(text, i)
      if not last then
        return nil, "a '{' without its '}' (write \\{ for the character)"
      end
    elseif c == "}" then
      return nil, "a '}' without its '{' (write \\} for the character)"
    elseif c == "\\" and text:find("^[{},\\]", i + 1) then
      i = i + 1
      c = text:sub(i, i)
    end
    if is_group then
      local group, err = parse_list(text:sub(i + 1, last - 1))
      if not group then
        return nil, err
      end
      add(group)
      i = last
    elseif last then
      local inner, err = parse_sequence(text:sub(i + 1, last - 1))
      if not inner then
        return nil, err
      end
      plain[#plain + 1] = "{"
      for _, part in ipairs(inner) do
        if type(part) == "string" then
          plain[#plain + 1] = part
        else
          add(part)
        end
      end
      plain[#plain + 1] = "}"
      i = last
    else
      plain[#plain + 1] = c
    end
    i = i + 1
  end
  add(nil)
  return out
end

function parse_list(text)
  local group, depth, first, i = {}, 0, 1, 1
  local function take(last)
    local sequence, err = parse_sequence(text:sub(first, last):match "^%s*(.-)%s*$")
    group[#group + 1] = sequence
    return sequence, err
  end
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == "{" then
      depth = depth + 1
    elseif c == "}" then
      depth = depth - 1
    elseif c == "," and depth == 0 then
      local ok, err = take(i - 1)
      if not ok then
        return nil, err
      end
      first = i + 1
    end
    i = i + 1
  end
  local ok, err = take(#text)
  if not ok then
    return nil, err
  end
  return group
end

-- A float: whole numbers would begin again at nought.
local function count(sequence)
  local product = 1.0
  for _, part in ipairs(sequence) do
    if type(part) == "table" then
      local sum = 0.0
      for _, inner in ipairs(part) do
        sum = sum + count(inner)
      end
      product = product * sum
    end
  end
  return product
end

local function expand(sequence)
  local list = { "" }
  for _, part in ipairs(sequence) do
    local ends = { part }
    if type(part) == "table" then
      ends = {}
      for _, inner in ipairs(part) do
        for _, text in ipairs(expand(inner)) do
          ends[#ends + 1] = text
        end
      end
    end
    local longer = {}
    for _, text in ipairs(list) do
      for _, last in ipairs(ends) do
        longer[#longer + 1] = text .. last
      end
    end
    list = longer
  end
  return list
end

-- The list of texts that one stands for; or nil and what is wrong: also when there
-- are more than `most` of them, which is found out before they are made.
function permute.expand(text, most)
  local sequence, err = parse_sequence(text)
  if not sequence then
    return nil, err
  end
  local n = count(sequence)
  if n > most then
    return nil, ("its braces make %.0f prompts, more than %d"):format(n, most)
  elseif n == 1 then
    return { expand(sequence)[1] }
  end
  local list = expand(sequence)
  for i, whole in ipairs(list) do -- an empty alternative leaves its blanks
    list[i] = whole:gsub("%s%s+", " "):match "^%s*(.-)%s*$"
  end
  return list
end

-- A text that stands for itself.
function permute.escape(text)
  return (text:gsub("[{}\\]", "\\%0"))
end

return permute
