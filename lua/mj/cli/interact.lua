-- SPDX-License-Identifier: MIT
-- The prompt of mjlua, put together: lines are read (prompt.lua) and run
-- (repl.lua).  Without a terminal it does as lua does; on one, values are shown
-- in a readable way, and jobs that end are told.

local prompt = require "mj.cli.prompt"
local repl = require "mj.cli.repl"

local interact = {}

-- Jobs that nobody waits for ----------------------------------------------------

local MOST = 5 -- told one by one, of those that end at once

local watched = setmetatable({}, { __mode = "k" })
local ended = {}

-- Those that were started and still run when a prompt comes are told when they end.
local function watch_jobs()
  local client = package.loaded["mj.client"]
  for _, owner in ipairs(client and client.list() or {}) do
    for _, job in ipairs(owner:jobs()) do
      if not watched[job] then
        watched[job] = true
        job:on_done(function(task, err)
          ended[#ended + 1] = { job = job, task = task, err = err }
        end)
      end
    end
  end
end

local function count_jobs()
  local client, n = package.loaded["mj.client"], 0
  for _, owner in ipairs(client and client.list() or {}) do
    n = n + #owner:jobs()
  end
  return n
end

local function report(width)
  if #ended == 0 then
    return nil
  end
  local list, lines, failed = ended, {}, 0
  ended = {}
  for i, entry in ipairs(list) do
    failed = failed + (entry.err and 1 or 0)
    if i <= MOST then
      lines[i] = "[" .. require("mj.show").ended(entry.job, entry.task, entry.err, width - 2) .. "]"
    end
  end
  if #list > MOST then
    lines[MOST + 1] = ("[%d more jobs ended; %d of all failed]"):format(#list - MOST, failed)
  end
  return table.concat(lines, "\n")
end

-- On a terminal -------------------------------------------------------------------

-- Values in a readable way, unless the user has a print of their own.
local function printer(input, own)
  if _G.print ~= own then
    return _G.print
  end
  return function(...)
    io.write(require("mj.show").values(input:columns(), ...), "\n")
  end
end

-- What a coroutine prints while a line is typed goes above it.
local function print_above(input, plain)
  return function(...)
    if not input.reading then
      return plain(...)
    end
    local out = {}
    for i = 1, select("#", ...) do
      out[i] = tostring((select(i, ...)))
    end
    input:above(table.concat(out, "\t"))
  end
end

-- What people type at prompts; a global of that name stands in front.
local asked = {
  help = 'job = mj.imagine "black cat" begins a picture, await(job) waits for it, .buttons of\n'
    .. 'what comes shows what can be done, await(job):save "cat.png" saves it; Tab completes.',
  exit = "Ctrl-D leaves",
  quit = "Ctrl-D leaves",
}

local function add_words()
  for name, text in pairs(asked) do
    if _G[name] == nil then
      _G[name] = setmetatable({}, {
        __name = "mj.word",
        __tostring = function()
          return text
        end,
        __call = function()
          print(text)
        end,
      })
    end
  end
end

-- await(job), await(list), await(coroutine); and mj without require.
local function greet(session)
  local sys = session.sys
  if _G.mj == nil then
    _G.mj = require "mj"
  end
  if _G.await == nil then
    _G.await = function(...)
      return require("mj").await(...)
    end
  end
  add_words()
  print(("mjlua %s: mj and await(job) are there; Ctrl-D leaves"):format(sys.version))
end

-- The end of the input leaves, but not at once while jobs run.
local function guarded(input)
  local warned = false
  return function(text)
    watch_jobs()
    local line = input:read(text)
    if line == nil and input.terminal and not warned and not input.sys.signal() then
      local n = count_jobs()
      if n > 0 then
        warned = true
        io.write "\n"
        input:above(n == 1 and "1 job still runs; Ctrl-D again leaves it, await(job) waits for it"
          or ("%d jobs still run; Ctrl-D again leaves them, await(list) waits for them"):format(n))
        return false
      end
    elseif line then
      warned = false
    end
    return line
  end
end

-- call(fn, ...) is as pcall.  session.input is the prompt while it is there.
function interact.run(session, call, alone)
  local sys = session.sys
  local terminal = sys.isatty(0) and sys.isatty(1)
  local input
  input = prompt.new {
    sys = sys, terminal = terminal, alone = alone,
    report = terminal and function()
      return report(input:columns())
    end,
  }
  session.input = input
  local own = print
  if terminal then
    require("mj.env").on_key = require("mj.cli.history").secret
    greet(session)
    own = print_above(input, print)
    _G.print = own
  end
  local ok, err = pcall(repl.loop, {
    read = terminal and guarded(input) or function(text)
      return input:read(text)
    end,
    remember = function(text)
      input:remember(text)
    end,
  }, call, {
    complain = function(text)
      input:above(text)
    end,
    printer = function()
      return terminal and printer(input, own) or _G.print
    end,
  })
  session.input = nil
  input:close()
  io.write "\n"
  if not ok then
    error(err, 0)
  end
end

return interact
