-- SPDX-License-Identifier: MIT
-- mjlua -i: a line at a time.  An expression's values are printed; a statement
-- may go on over several lines.

local repl = {}

local function compile(text)
  local chunk = load("return " .. text, "=stdin", "t")
  if chunk then
    return chunk
  end
  return load(text, "=stdin", "t")
end

-- Reads until the text compiles or cannot any more; nil at the end of input.
local function read_chunk(read)
  local text = read("> ")
  if not text then
    return nil
  end
  text = text:gsub("^=", "return ", 1)
  local chunk, err = compile(text)
  while not chunk and err:find("<eof>", -5, true) do
    local more = read(">> ")
    if not more then
      break
    end
    text = text .. "\n" .. more
    chunk, err = compile(text)
  end
  return chunk or err
end

local function show(ok, ...)
  if ok and select("#", ...) > 0 then
    print(...)
  end
end

-- read(prompt) -> line or nil; run(chunk) -> as pcall, reports errors itself;
-- complain(text) for what does not compile.
function repl.loop(read, run, complain)
  while true do
    local chunk = read_chunk(read)
    if chunk == nil then
      return
    elseif type(chunk) == "string" then
      complain(chunk)
    else
      show(run(chunk))
    end
  end
end

return repl
