-- SPDX-License-Identifier: MIT
-- What a person sees: runs a program in a terminal and takes its screen.
--
--   screen.run {
--     argv = { "build/mjlua", "-i" },  -- the program and its arguments
--     env = { NAME = "value" },        -- on top of a bare environment
--     columns = 80, rows = 24,         -- the size of the terminal
--     term = "tmux-256color",          -- $TERM; "dumb"; "none" for no terminal
--     keys = { ... },                  -- what is typed, see below
--     files = { ["a.lua"] = "text" },  -- in the folder where it runs
--     attributes = false,              -- true: colours too, as escape sequences
--     seconds = 20,                    -- the most that each step may take
--   } -> lines, status
--
-- `lines` is the screen with what has scrolled off above it, without blanks at the
-- ends of lines and empty lines at the end; `status` is the program's exit status,
-- nil if it had to be killed because it was still running after the last key.
--
-- Each of `keys` is a string, which is typed as it is, or a table:
--   { key = "Enter" }       a key by the name that tmux has for it (C-c, Tab, Up ...)
--   { wait = "text" }       until that is on the screen (plain text, not a pattern)
--   { gone = "text" }       until it is not
--   { last = ">" }          until the last line is that, as when a prompt is there
--   { count = 2, wait = t } until it is there so many times
--   { columns = 40 }        another width (and rows)
--   { signal = "INT" }      a signal for the program
--   { look = "name" }       keeps the screen of this moment: lines.name
--   { run = function(folder) ... end }  anything else, in its place
-- Without a terminal (term = "none") standard input is the strings and "Enter"s,
-- one after the other, and lines are those of both outputs together.
--
-- screen.golden(name, lines) compares with spec/screen/NAME.txt; MJ_GOLDEN=write
-- writes it instead (look at it before it is committed).
--
-- The terminal is tmux, with a server of its own for each run that ends with it.

local run = require "spec.support.run"

local screen = {}

local q = run.quote
local bare = { PATH = os.getenv "PATH", LC_ALL = "C.UTF-8", LANG = "C.UTF-8", TZ = "UTC" }

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    lines[#lines + 1] = (line:gsub("[ \t]+$", ""))
  end
  while lines[#lines] == "" do
    lines[#lines] = nil
  end
  return lines
end

-- The words of `env -i NAME=value ... program arguments`.
local function command_of(opts, folder, term)
  local env = { HOME = folder, XDG_STATE_HOME = folder .. "/state", TERM = term }
  for name, value in pairs(bare) do
    env[name] = value
  end
  for name, value in pairs(opts.env or {}) do
    env[name] = value or nil
  end
  local names, words = {}, { "env -i" }
  for name in pairs(env) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    words[#words + 1] = q(name .. "=" .. env[name])
  end
  for i, word in ipairs(opts.argv) do
    words[#words + 1] = q(i == 1 and word:find "/" and run.absolute(word) or word)
  end
  return table.concat(words, " ")
end

-- In a terminal ---------------------------------------------------------------

local methods = {}
local mt = { __index = methods, __name = "spec.screen" }

function methods:tmux(words)
  return capture(("env -u TMUX tmux -S %s -f /dev/null -u %s"):format(q(self.socket), words))
end

function methods:text()
  return self:tmux(("capture-pane -p%s -S - -E - -t 0"):format(self.attributes and "e" or ""))
end

local function count(text, part)
  local n, at = 0, 1
  while true do
    local first, last = text:find(part, at, true)
    if not first then
      return n
    end
    n, at = n + 1, last + 1
  end
end

-- Looks until `wanted(text)`; the limit is a bound, not a pace.
function methods:look_for(what, wanted)
  local stop = os.time() + self.seconds
  local text
  repeat
    text = self:text()
    if wanted(text) then
      return
    end
    os.execute "sleep 0.02"
  until os.time() > stop
  error(("screen: no %s within %d s; there is:\n%s"):format(what, self.seconds, text), 0)
end

function methods:pane(format)
  return (self:tmux(("display-message -p -t 0 %s"):format(q(format))):gsub("\n$", ""))
end

function methods:type(key)
  if type(key) == "string" then
    self:tmux("send-keys -l -t 0 -- " .. q(key))
  elseif key.key then
    self:tmux("send-keys -t 0 " .. q(key.key))
  elseif key.wait then
    self:look_for(key.wait, function(text)
      return count(text, key.wait) >= (key.count or 1)
    end)
  elseif key.last then
    self:look_for("last line " .. key.last, function(text)
      local lines = lines_of(text)
      return lines[#lines] == key.last
    end)
  elseif key.gone then
    self:look_for("end of " .. key.gone, function(text)
      return not text:find(key.gone, 1, true)
    end)
  elseif key.columns or key.rows then
    self:tmux(("resize-window -t 0 -x %d -y %d"):format(
      key.columns or self.columns, key.rows or self.rows))
  elseif key.signal then
    os.execute(("kill -%s $(cat %s/.pid)"):format(key.signal, q(self.folder)))
  elseif key.look then
    self.looks[key.look] = lines_of(self:text())
  elseif key.run then
    key.run(self.folder)
  else
    error "screen: not a key"
  end
end

-- The exit status; nil when it goes on.
function methods:ended()
  local file = io.open(self.folder .. "/.status", "rb")
  local text = file and file:read "*l"
  if file then
    file:close()
  end
  return tonumber(text)
end

-- What the pane runs: `read` holds the program back until the pane is kept after
-- its end, and the shell stays to see how it ends, whatever is typed.
local start = [[
stty -echo
trap : INT QUIT
cd %s
read go
stty echo
clear
exec 3>&2 2>/dev/null
sh -c 'echo $$ >.pid; exec "$@" 2>&3 3>&-' - %s
echo $? >.status.new
mv .status.new .status
]]

local function in_terminal(opts, folder)
  local self = setmetatable({
    folder = folder, socket = folder .. "/.tmux", attributes = opts.attributes,
    seconds = opts.seconds or 20, looks = {}, columns = opts.columns or 80,
    rows = opts.rows or 24,
  }, mt)
  run.spit(folder .. "/.start", start:format(q(folder),
    command_of(opts, folder, opts.term or "tmux-256color")))
  self:tmux(("new-session -d -x %d -y %d %s"):format(
    self.columns, self.rows, q("exec sh " .. folder .. "/.start")))
  self:tmux "set -g status off \\; set -g remain-on-exit on \\; set -g remain-on-exit-format ''"
  self:tmux "run-shell -b -d 120 -C kill-server" -- should we be killed
  self:tmux("set -g window-size manual \\; resize-window -t 0 -x " .. self.columns
    .. " -y " .. self.rows)
  return self
end

local function play(self, keys)
  self:tmux "send-keys -t 0 Enter"
  for _, key in ipairs(keys or {}) do
    self:type(key)
  end
  local status
  for _ = 1, 300 do -- ten seconds or so, where the machine is loaded
    status = self:ended()
    if status then
      break
    end
    os.execute "sleep 0.02"
  end
  local lines = lines_of(self:text())
  for name, look in pairs(self.looks) do
    lines[name] = look
  end
  return lines, status
end

-- Without a terminal ----------------------------------------------------------

local function without(opts, folder)
  local typed = {}
  for _, key in ipairs(opts.keys or {}) do
    if type(key) == "string" then
      typed[#typed + 1] = key
    elseif key.key == "Enter" then
      typed[#typed + 1] = "\n"
    end
  end
  run.spit(folder .. "/.keys", table.concat(typed))
  local status, text = run.shell(("cd %s; %s <.keys 2>&1"):format(
    q(folder), command_of(opts, folder, "dumb")), opts.seconds)
  return lines_of(text), status
end

function screen.run(opts)
  local folder = run.folder()
  for name, text in pairs(opts.files or {}) do
    run.spit(folder .. "/" .. name, text)
  end
  if opts.term == "none" then
    local lines, status = without(opts, folder)
    run.remove(folder)
    return lines, status
  end
  local self = in_terminal(opts, folder)
  local ok, lines, status = pcall(play, self, opts.keys)
  self:tmux "kill-server"
  run.remove(folder)
  if not ok then
    error(lines, 0)
  end
  return lines, status
end

-- Golden files ----------------------------------------------------------------

function screen.golden(name, lines)
  local path = "spec/screen/" .. name .. ".txt"
  local text = table.concat(lines, "\n") .. "\n"
  if os.getenv "MJ_GOLDEN" == "write" then
    os.execute "mkdir -p spec/screen"
    run.spit(path, text)
  end
  local file = io.open(path, "rb")
  local expected = file and file:read "*a" or ("(there is no %s)\n"):format(path)
  if file then
    file:close()
  end
  if text ~= expected then
    error(("%s: expected\n%s\n--- but the screen is\n%s"):format(path, expected, text), 0)
  end
end

return screen
