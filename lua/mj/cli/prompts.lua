-- SPDX-License-Identifier: MIT
-- Files of requests: text (a prompt a line), CSV (a column for each option), JSON
-- lines (a request a line).  Pure: text in, a list of { line, request } out, or nil
-- and what is wrong, with its line.

local option = require "mj.option"

local prompts = {}

local function lines_of(text)
  local n = 0
  return (text:gsub("^\239\187\191", "") .. "\n"):gmatch "()(.-)\r?\n", function()
    n = n + 1
    return n
  end
end

local function add(list, line, request)
  list[#list + 1] = { line = line, request = request }
end

-- Blank lines and those that begin with # do not count; \# is a prompt's.
function prompts.txt(text)
  local list = {}
  local each, number = lines_of(text)
  for _, line in each do
    local n = number()
    line = line:match "^%s*(.-)%s*$"
    if line ~= "" and line:sub(1, 1) ~= "#" then
      add(list, n, { prompt = (line:gsub("^\\#", "#")) })
    end
  end
  return list
end

-- One record of CSV from byte i on: its cells, where the next one begins, and how
-- many lines it took.
local function record(text, i)
  local cells, lines = {}, 1
  while true do
    local cell, after
    if text:sub(i, i) == '"' then
      local parts, from = {}, i + 1
      while true do
        local quote = text:find('"', from, true)
        if not quote then
          return nil, "a quote is not closed"
        end
        parts[#parts + 1] = text:sub(from, quote - 1)
        from = quote + 1
        if text:sub(from, from) ~= '"' then
          break
        end
        parts[#parts + 1] = '"'
        from = from + 1
      end
      cell, after = table.concat(parts), from
      lines = lines + select(2, cell:gsub("\n", ""))
      if not text:find("^[,\r\n]", after) and after <= #text then
        return nil, "text behind a closing quote"
      end
    else
      cell, after = text:match("^([^,\r\n]*)()", i)
    end
    cells[#cells + 1] = cell
    if text:sub(after, after) ~= "," then
      return cells, (text:match("^\r?\n?()", after)), lines
    end
    i = after + 1
  end
end

local switches = { tile = true, draft = true, translate = true }
local off = { ["false"] = true, ["no"] = true, ["0"] = true, ["off"] = true }
local on = { ["true"] = true, ["yes"] = true, ["1"] = true, ["on"] = true }

-- A cell as the value of an option.
local function value_of(name, cell)
  cell = cell:match "^%s*(.-)%s*$"
  if cell == "" then
    return nil
  elseif name == "images" then
    local list = {}
    for item in cell:gmatch "%S+" do
      list[#list + 1] = item
    end
    return list
  elseif switches[name] and off[cell:lower()] then
    return nil
  elseif switches[name] and on[cell:lower()] then
    return true
  end
  return cell
end

local function unknown(what, name, schema, meant)
  local near = meant and meant(name, schema) or option.nearest(name, schema)
  return ("unknown %s '%s'%s"):format(what, name,
    near and (" (did you mean '%s'?)"):format(near) or "")
end

local function header_of(cells, schema, meant)
  local names, seen = {}, {}
  for i, cell in ipairs(cells) do
    local name = cell:match "^%s*(.-)%s*$":gsub("^%-%-", "")
    name = schema[name] and name or (meant and meant(name, schema)) or name:lower()
    local other = not schema[name] and name:match "[;\t]"
    if other then
      return nil, ("%s stands between the columns, commas are expected"):format(
        other == ";" and "';'" or "a tab")
    elseif not schema[name] then
      return nil, unknown("column", name, schema, meant)
    elseif seen[name] then
      return nil, ("column '%s' comes twice"):format(name)
    end
    names[i], seen[name] = name, true
  end
  if not seen.prompt then
    return nil, "no column is called prompt"
  end
  return names
end

-- The first record names the columns: `prompt`, and options of `schema`; `meant`
-- knows other names of them.
function prompts.csv(text, schema, meant)
  text = text:gsub("^\239\187\191", "")
  local list, names, i, line = {}, nil, 1, 1
  while i <= #text do
    local cells, after, lines = record(text, i)
    if not cells then
      return nil, after, line
    end
    local is_blank = #cells == 1 and cells[1]:find "^%s*$"
    if not names and not is_blank then
      local err
      names, err = header_of(cells, schema, meant)
      if not names then
        return nil, err, line
      end
    elseif not is_blank then
      if #cells > #names then
        return nil, ("%d cells, but %d columns"):format(#cells, #names), line
      end
      local request = {}
      for k, cell in ipairs(cells) do
        request[names[k]] = value_of(names[k], cell)
      end
      add(list, line, request)
    end
    i, line = after, line + lines
  end
  return list
end

-- `decode` makes a table of JSON text, or nil and what is wrong.
function prompts.jsonl(text, decode)
  local list = {}
  local each, number = lines_of(text)
  for _, line in each do
    local n = number()
    if line:find "%S" then
      local request, err = decode(line)
      if type(request) ~= "table" or request[1] ~= nil then
        return nil, request == nil and tostring(err) or "a JSON object expected", n
      end
      add(list, n, request)
    end
  end
  return list
end

-- The format that a file's name says.
function prompts.format_of(path)
  local ending = path:match "%.(%w+)$"
  ending = ending and ending:lower()
  return ending == "csv" and "csv"
    or (ending == "jsonl" or ending == "ndjson" or ending == "json") and "jsonl" or "txt"
end

return prompts
