-- SPDX-License-Identifier: MIT
-- What mjlua says on standard error, so that it spoils nothing that stands there: a
-- line that is typed, or what is drawn.

local voice = {}

voice.name = "mjlua" -- in front of each message; nil at the prompt, as in lua

local talking -- the session whose user is at the prompt

local UNWRITTEN = "cannot write to standard output: "
local told_unwritten = false

function voice.complain(text)
  if text:sub(1, #UNWRITTEN) == UNWRITTEN then -- one is enough
    if told_unwritten then
      return
    end
    told_unwritten = true
  end
  local input = talking and talking.input
  if input and input.reading then
    return input:above(text)
  end
  local env = package.loaded["mj.env"]
  if env and env.clear_line then -- something is drawn there
    env.clear_line()
  end
  io.stderr:write(voice.name and voice.name .. ": " or "", text, "\n")
end

-- Whether what was printed got out.  Who reads no further has what was wanted, unless
-- ids of paid work may have been in the rest.
function voice.written(sys, paid)
  local wrote, why = sys.printed()
  if wrote or (not paid and why:find "^Broken pipe") then
    return true
  end
  voice.complain(UNWRITTEN .. why)
  return false
end

function voice.text_of(err)
  if type(err) == "string" or type(err) == "number" then
    return tostring(err)
  end
  local meta = getmetatable(err)
  if type(meta) == "table" and meta.__tostring then
    return tostring(err)
  elseif type(err) == "table" and type(err.message) == "string" then
    return err.message
  end
  return ("(error object is a %s value)"):format(type(err))
end

-- True while a line is typed: what is to be written (nil: nothing) stands above it.
local function above(text)
  local input = talking and talking.input
  if not (input and input.reading) then
    return false
  elseif text then
    input:above(text)
  end
  return true
end

-- fn() while the user of a session is at the prompt.
function voice.at_prompt(session, fn)
  local name, env = voice.name, require "mj.env"
  voice.name, talking, env.above = nil, session, above
  local ok, err = pcall(fn)
  voice.name, talking, env.above = name, nil, nil
  if not ok then
    voice.complain(voice.text_of(err))
  end
end

return voice
