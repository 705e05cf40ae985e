-- SPDX-License-Identifier: MIT
-- Reads lines from the user while jobs go on: on a terminal with libedit, or
-- plainly.  What happens meanwhile is told above the line.

local prompt = {}

local methods = {}
local mt = { __index = methods, __name = "mj.prompt" }

local function editor()
  local ok, edit = pcall(require, "mj.edit")
  if not ok or os.getenv "TERM" == "dumb" or not os.getenv "TERM" then
    return nil
  end
  return edit.open(require("mj.cli.history").LINES)
end

-- settings: sys; terminal (both ends are one); alone (nothing has read standard
-- input before); report() gives lines to be told above, or nil.
function prompt.new(settings)
  local self = setmetatable({
    sys = settings.sys,
    terminal = settings.terminal,
    report = settings.report,
    lines = {}, -- of this session
    reading = false,
    shown = nil, -- what the line begins with, while one is read
  }, mt)
  if self.terminal then
    self.sys.prompt()
    self.editor = editor()
  end
  if self.editor then
    local history = require "mj.cli.history"
    self.path = history.path()
    history.load(self.path, function(text)
      self.editor:remember(text)
    end)
  elseif self.terminal or settings.alone then
    io.stdin:setvbuf "no" -- else poll does not know of lines that were read ahead
    self.polls = true
  end
  return self
end

function methods:columns()
  return self.terminal and self.sys.columns() or 80
end

-- Writes lines where they do not mix with what is typed.
function methods:above(text)
  if self.reading and self.editor then
    self.editor:above(text .. "\n")
  elseif self.reading and self.terminal then
    io.write("\n", text, "\n", self.shown)
    io.flush()
  else
    io.stderr:write(text, "\n")
  end
end

function methods:tell()
  local text = self.report and self.report()
  if text then
    self:above(text)
  end
end

-- The scheduler waits for the keyboard, too.
local keyboard = {
  fd = function()
    return 0
  end,
  timeout = function() end,
  step = function()
    return true
  end,
}

-- Until there is a key, or something else happened; `seconds` at most.
function methods:wait(seconds)
  local loop = package.loaded["mj.loop"]
  if not loop then
    self.sys.wait(0, seconds)
    return
  end
  local ok, err = pcall(loop.turn, seconds)
  if not ok and not self.sys.signal() then
    self:above(tostring(err))
  end
end

function methods:completed(before)
  local complete = require "mj.cli.complete"
  local text, list = complete.at(before, _G)
  if text == "" and #list > 1 then
    self.editor:above(self.shown .. before .. "\n" .. complete.columns(list, self:columns()))
  end
  return self.editor:complete(text)
end

local INT = 2

-- nil: more is wanted; else whether the line is over, and the line.
function methods:look()
  local signal = self.sys.signal()
  if signal then
    if self.editor then
      self.editor:cancel()
    else
      io.write "\n"
    end
    if signal ~= INT then
      return true, nil
    end
    self.sys.ready()
    return true, false
  elseif self.editor then
    if self.sys.continued() then
      self.editor:redraw()
    end
    local what, text = self.editor:feed()
    while what == "complete" do
      what, text = self:completed(text)
      if not what then
        what, text = self.editor:feed()
      end
    end
    if what then
      return true, what == "line" and text:gsub("\n$", "") or nil
    end
  elseif not self.polls or self.sys.wait(0, 0) then
    local line = io.read "L"
    return line ~= nil or not self.sys.signal(), line and line:gsub("\n$", "")
  end
end

function methods:read_line()
  while true do
    self:tell()
    local over, line = self:look()
    if over then
      return line
    end
    self:wait()
  end
end

-- A line; nil at the end; false when it was given up.
function methods:read(text)
  local sources = package.loaded["mj.sources"]
  if sources and (self.editor or self.polls) then
    sources.add(keyboard)
  end
  self.sys.ready()
  self:wait(0) -- lines that are there already hold nothing up
  self:tell()
  local env = package.loaded["mj.env"]
  if env and env.clear_line then -- a display was drawn while we waited
    env.clear_line()
  end
  self.shown, self.reading = text, true
  if self.editor then
    self.editor:start(text)
  else
    io.write(text)
    io.flush()
  end
  local ok, line = pcall(self.read_line, self)
  self.reading = false
  if sources then
    sources.remove(keyboard)
  end
  if not ok then
    error(line, 0)
  end
  return line
end

function methods:remember(text)
  if self.editor and text:find "%S" then
    self.lines[#self.lines + 1] = text
    self.editor:remember(text)
  end
end

-- Keeps what was typed, and gives the terminal back.
function methods:close()
  if not self.editor then
    return
  end
  self.editor:close()
  self.editor = nil
  local ok, err = true, nil
  if self.path then
    ok, err = require("mj.cli.history").save(self.path, self.lines, self.sys.write)
  end
  if not ok then
    io.stderr:write("mjlua: the history is not kept: ", tostring(err), "\n")
  end
end

return prompt
