-- SPDX-License-Identifier: MIT
-- The lines that were typed, kept in the user's state folder for the next time.

local env = require "mj.env"
local journal = require "mj.cli.journal"

local history = { LINES = 1000 }

local LONGEST = 4000 -- of a line

local secrets = {} -- keys of clients of this session

function history.path()
  local folder = journal.folder()
  return folder and folder .. "/history"
end

-- A line is a line of the file: those of a longer statement are put into one.
local function encode(text)
  return (text:gsub("\\", "\\\\"):gsub("\n", "\\n"))
end

local function decode(line)
  return (line:gsub("\\(.)", { n = "\n", ["\\"] = "\\" }))
end

-- Calls fn for each, the oldest first.
function history.load(path, fn)
  local file = path and io.open(path, "rb")
  if not file then
    return 0
  end
  local n = 0
  for line in file:lines() do
    if line ~= "" and not line:find "%z" then
      n = n + 1
      fn(decode(line))
    end
  end
  file:close()
  return n
end

-- A client was made with this key.
function history.secret(key)
  if type(key) == "string" and #key >= 4 then
    secrets[key] = true
  end
end

-- What is or may be a key is not for a file.
function history.may_keep(text)
  local key = env.get "MJ_API_KEY"
  if #text > LONGEST or (key and text:find(key, 1, true)) then
    return false
  end
  for secret in pairs(secrets) do
    if text:find(secret, 1, true) then
      return false
    end
  end
  return not (text:find "api_key%s*=%s*[\"'%[]" or text:find "MJ_API_KEY"
    or text:find "sk%-[%w_-][%w_-][%w_-][%w_-]" or text:lower():find "bearer%s+%S"
    or text:find "secret%s*=%s*[\"'%[]")
end

-- Adds the lines of a session; write(path, text, append) makes the file.  It is
-- written anew, with the newest, when it has grown to twice its size.
function history.save(path, lines, write)
  local kept = {}
  for _, text in ipairs(lines) do
    if history.may_keep(text) then
      kept[#kept + 1] = encode(text)
    end
  end
  if #kept == 0 then
    return true
  end
  local all = {}
  local before = history.load(path, function(text)
    all[#all + 1] = encode(text)
  end)
  local old = before + #kept > 2 * history.LINES
  if old then
    for _, line in ipairs(kept) do
      all[#all + 1] = line
    end
    kept = { (table.unpack or unpack)(all, math.max(1, #all - history.LINES + 1)) }
  end
  local text = table.concat(kept, "\n") .. "\n"
  if not old then
    return write(path, text, true)
  end
  local ok, err = write(path .. ".new", text, false)
  if ok then
    ok, err = os.rename(path .. ".new", path)
  end
  return ok, err
end

return history
