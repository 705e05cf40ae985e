-- SPDX-License-Identifier: MIT
-- Lines that are typed in: a line is an expression, whose values are printed, or
-- else a statement, which may go on over several lines (Lua 5.4 manual §7).

local repl = {}

local function prompt(first)
  local text = _G[first and "_PROMPT" or "_PROMPT2"]
  if text == nil then
    return first and "> " or ">> "
  end
  return tostring(text)
end

-- Reads until the text compiles or cannot any more.  Returns the chunk; nil and
-- what is wrong; or nothing at the end of the input (false: the line was given up).
local function read_chunk(input)
  local text = input.read(prompt(true))
  if not text then
    return text
  end
  text = text:gsub("^=", "return ")
  local chunk = load("return " .. text .. ";", "=stdin", "t")
  if chunk then
    if text ~= "" then
      input.remember(text)
    end
    return chunk
  end
  while true do
    local err
    chunk, err = load(text, "=stdin", "t")
    if chunk or not err:find "<eof>$" then
      input.remember(text)
      return chunk or nil, err
    end
    local more = input.read(prompt(false))
    if more == false then
      return false
    elseif not more then
      return nil, err
    end
    text = text .. "\n" .. more
  end
end

local function results(call, output, ok, ...)
  if not ok then
    output.complain((...))
  elseif select("#", ...) > 0 then
    local printed, err = call(output.printer(), ...)
    if not printed then
      output.complain(("error calling 'print' (%s)"):format(err:gsub("\nstack traceback:.*", "")))
    end
  end
end

-- input.read(prompt) gives a line, nil at the end, false when it was given up;
-- input.remember(text) gets what is for the history.  call(fn, ...) is as pcall.
-- output.printer() gives what prints values; output.complain(text) gets what went
-- wrong.
function repl.loop(input, call, output)
  while true do
    local ok, chunk, err = pcall(read_chunk, input)
    if not ok then -- in a __tostring of _PROMPT
      output.complain(tostring(chunk))
      return
    elseif chunk then
      results(call, output, call(chunk))
    elseif err then
      output.complain(err)
    elseif chunk == nil then
      return
    end
  end
end

return repl
