-- SPDX-License-Identifier: MIT
-- Errors of jobs that nobody has asked for yet, as counts: what mjlua says of
-- them at the end.  Its memory is bounded however many there are.

local unheard = {
  leaving = false, -- no code of the user runs any more: nobody will ask
}

-- So many texts are told apart; what comes then counts under its code.
local MOST = 32

local list, by_key = {}, {}

local function entry_for(e, id)
  local text = tostring(e)
  if id then -- it would make every text another one
    text = text:gsub(" " .. id:gsub("%W", "%%%0"), "")
  end
  local key = (id and "+" or "-") .. text
  if not by_key[key] and #list >= MOST then
    text = ("%s, and other texts"):format(tostring(e.code))
    key = (id and "+" or "-") .. "..." .. tostring(e.code)
  end
  local entry = by_key[key]
  if not entry then
    entry = { n = 0, code = e.code, text = text, id = id or nil }
    list[#list + 1], by_key[key] = entry, entry
  end
  return entry
end

-- `id` is the task's, where it was accepted.  Returns what take_back takes.
function unheard.add(e, id)
  local entry = entry_for(e, id)
  entry.n = entry.n + 1
  return entry
end

-- Somebody asked after all.
function unheard.take_back(entry)
  entry.n = entry.n - 1
end

-- Entries with n, code, text and the first id.
function unheard.list()
  local out = {}
  for _, entry in ipairs(list) do
    if entry.n > 0 then
      out[#out + 1] = entry
    end
  end
  return out
end

return unheard
