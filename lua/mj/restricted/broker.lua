-- SPDX-License-Identifier: MIT
-- mjlua --restricted: answers a script that runs in a process of its own and has
-- nothing but these answers.  What comes from there is hostile; see doc/sandbox.md.

local box = require "mj.restricted.box"
local client = require "mj.client"
local core = require "mj.core"
local env = require "mj.env"
local journal = require "mj.cli.journal"
local sources = require "mj.sources"
local wire = require "mj.restricted.wire"

local broker = {}

local clean, refuse, MOST = box.clean, box.refuse, box.MOST

-- How a run can end; doc/sandbox.md tells them.
local STATUS = { time = 40, cpu = 41, memory = 42, call = 43, output = 44, signal = 45 }


-- Seconds for what is being sent when the script is over, and for the rest when
-- somebody presses Ctrl-C.
local LONGEST, BRIEF = 100, 10

-- What of a client's options may come from the script.
local client_fields = { mode = true, poll_first = true, poll_gaps = true, log = true }
local ignored_fields = { base_url = true, connections = true, wire_state = true, strict = true,
  request_timeout = true, submit_timeout = true, connect_timeout = true, fetch_timeout = true }

-- What the script asks --------------------------------------------------------

local ops = {}

function ops.start(B)
  local script = B.script
  return { text = script.text, name = script.name, arg = script.arg, url = B.url or "none:",
    wishes = { MJ_TIMEOUT = env.get "MJ_TIMEOUT", MJ_STRICT = env.get "MJ_STRICT" } }
end

-- The script's rhythm, in the words of mj.client; its types are looked at there.
local function poll_of(chosen)
  local first, gaps = chosen.poll_first, chosen.poll_gaps
  if type(gaps) ~= "table" then
    return nil
  end
  for i, gap in ipairs(gaps) do
    if type(gap) ~= "number" or gap < 0.05 or i > 8 then
      error("poll: not that often", 0)
    end
  end
  return { first or gaps[1], table.unpack(gaps) }
end

function ops.client(B, options)
  if type(options) ~= "table" then
    return refuse("invalid", "options expected")
  elseif #B.boxes >= MOST.boxes then
    return refuse("resource", ("a restricted script has at most %d clients"):format(MOST.boxes - 1))
  elseif options.base_url == nil then
    return box.make(B, assert(core.client {}))
  elseif options.base_url ~= B.url then
    error("a restricted script has the gateway that mjlua was started with, and no other", 0)
  elseif not B.url then
    error("no gateway: set MJ_BASE_URL, or run it with mjlua --sim as well", 0)
  end
  local chosen = {}
  for name, value in pairs(options) do
    if client_fields[name] then
      chosen[name] = value
    elseif not ignored_fields[name] then
      error(("'%s' is not for a restricted script"):format(clean(tostring(name)):sub(1, 40)), 0)
    end
  end
  local made, e = client.open { mode = chosen.mode, log = false, poll = poll_of(chosen) }
  if not made then
    return nil, e
  end
  local n = box.make(B, made)
  B.boxes[n].gateway = true
  return n
end

function ops.box(B, size, n, name, ...)
  local self = type(n) == "number" and B.boxes[n]
  local method = type(name) == "string" and box.methods[name]
  if not self or not method then
    error("no such client, or it cannot do that", 0)
  elseif name == "submit" then
    return method(self, (...), size)
  end
  return method(self, ...)
end

function ops.read(B, path)
  if not B.folder then
    return nil, "a restricted script reads nothing without --restricted=FOLDER"
  elseif type(path) ~= "string" then
    return nil, "no path"
  end
  return B.sys.sandbox.read_below(B.folder, path, MOST.picture)
end

function ops.print(B, text)
  text = type(text) == "string" and clean(text) or ""
  B.printed = B.printed + #text
  if B.printed > MOST.output then
    B.over = "output"
  elseif not io.stdout:write(text) then
    B.over = "output"
  end
end

function ops.complain(B, text)
  B.complaints = B.complaints + 1
  if B.complaints <= MOST.complaints then
    B.complain(type(text) == "string" and clean(text):sub(1, 1000) or "an error")
  end
end

function ops.failed(B, text)
  B.failed = true
  ops.complain(B, text)
end

function ops.over(B, ok, text)
  B.over, B.ok = "end", ok == true
  if not ok then
    text = type(text) == "string" and clean(text):sub(1, 4000) or "it failed"
    if text == "not enough memory" then
      B.over = "memory"
    else
      B.complain(text)
    end
  end
end

local function pack(...)
  return { n = select("#", ...), ... }
end

-- The answer to one message; raises for what is none.
local function answer(B, text)
  local message = wire.read(text)
  local name = type(message) == "table" and message.name
  local n = type(message) == "table" and tonumber(message.n) or 0
  local op = type(name) == "string" and ops[name]
  if not op or n > 8 or n < 0 or n % 1 ~= 0 then
    error("no message", 0)
  end
  local result
  if name == "box" then
    result = pack(pcall(op, B, #text, table.unpack(message, 1, n)))
  else
    result = pack(pcall(op, B, table.unpack(message, 1, n)))
  end
  if not result[1] then
    return wire.write { raised = tostring(result[2]):gsub("^[^ ]+:%d+: ", "") }
  end
  return wire.write { n = result.n - 1, table.unpack(result, 2, result.n) }
end

-- Until the script is over, or has to be: "end", or the limit.
local function serve(B)
  local channel = B.sys.sandbox
  while not B.over do
    local left = math.max(0, B.deadline - sources.now())
    local text, why = channel.receive(B.fd, left, math.min(B.memory * 1048576, MOST.message))
    local ok, reply
    if B.sys.signal() then
      return "interrupted"
    elseif not text then
      return why == "signal" and (B.sys.signal() and "interrupted" or nil)
        or (why == "long" and "memory") or (why == "time" and "time") or "gone"
    end
    ok, reply = pcall(answer, B, text)
    if not ok then
      return "call"
    end
    ok, why = channel.send(B.fd, reply, math.max(0, B.deadline - sources.now()))
    if not ok and B.over == nil then
      return why == "time" and "time" or "gone"
    end
  end
  return B.over
end

-- Afterwards ------------------------------------------------------------------

local function count(B, wanted)
  local n = 0
  for _, self in ipairs(B.boxes) do
    for id, job in pairs(self.open) do
      n = n + (job.paid and wanted(self, id, job) and 1 or 0)
    end
  end
  return n
end

local function is_sending(self, id)
  local phase = self.box:info(id)
  return phase == "sending" or phase == "queued"
end

-- Lets what is on its way be answered; a script that was ended sends no more.
local function settle(B, ended)
  local begun = sources.now()
  for _, self in ipairs(B.boxes) do
    for id, job in pairs(self.open) do
      if not job.paid or (ended and self.box:info(id) == "queued") then
        self.box:cancel(id)
      end
    end
  end
  repeat
    for _, self in ipairs(B.boxes) do
      repeat until not box.next_event(self)
    end
    local left = begun + (B.sys.signal() and BRIEF or LONGEST) - sources.now()
    if count(B, is_sending) == 0 or left <= 0 then
      break
    end
    sources.step(math.min(left, 1))
  until false
end

local function tell(B)
  local ids = {}
  local doubt = B.unknown + count(B, is_sending)
  count(B, function(_, _, job)
    ids[#ids + 1] = job.task_id
  end)
  if #ids > 0 then
    B.complain(("%d task%s still running at the gateway: %s"):format(#ids, #ids == 1 and "" or "s",
      table.concat(ids, " ")))
  end
  if doubt > 0 then
    B.complain(("%d task%s sent and not answered: it may have been paid for"):format(doubt,
      doubt == 1 and "" or "s"))
  end
  return doubt
end

local function close(B)
  for _, self in ipairs(B.boxes) do
    local ok, e = self.box:flush(BRIEF)
    if not ok and self.gateway then
      B.complain("the journal: " .. tostring(e))
    end
    sources.remove(self.source)
    self.box:close()
  end
end

local words = {
  time = "it took longer than --time allows (%g s)",
  cpu = "it worked longer than --cpu allows (%g s)",
  memory = "it took more memory than --memory allows (%g MB)",
  call = "it tried what no script can do: its process was broken into",
  output = "it printed more than 16 MB, or nobody reads it",
  signal = "its process died",
}

-- The limit that a process died of, or "end".
local function cause(B, why)
  local how, n = B.sys.sandbox.finish(B.pid, B.fd, why ~= "gone")
  if why ~= "gone" then
    return why, n
  elseif how == "cpu" or how == "call" then
    return how
  elseif how == "exit" and n == 91 then
    return "memory"
  elseif how == "exit" and n == 90 then
    return "locked"
  end
  return "signal"
end

local function number(opts, name, default, least, most)
  local value = opts[name] == nil and default or tonumber(opts[name])
  if not value or value < least or value > most or value % 1 ~= 0 then
    return nil, ("--%s: a whole number from %d to %d expected"):format(name, least, most)
  end
  return value
end

local function read_script(path)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local text = file:read(MOST.script + 1)
  file:close()
  if not text or #text > MOST.script then
    return nil, path .. ": larger than a megabyte, or not to be read"
  elseif text:sub(1, 1) == "\27" then
    return nil, path .. ": this is bytecode; only text is run"
  end
  return (text:gsub("^#[^\n]*", ""))
end

local function prepare(sys, opts, argv, complain)
  local B = { sys = sys, complain = complain, boxes = {}, own = {}, urls = {}, jobs = 0, held = 0,
    fetches = 0, spent = 0, printed = 0, complaints = 0, files = 0, disk = 0, writes = 0,
    unknown = 0 }
  local why, text
  for name, limits in pairs { time = { 900, 1, 604800 }, cpu = { 30, 1, 604800 },
    memory = { 256, 8, 65536 }, budget = { 0, 0, 1000000 } } do
    B[name], why = number(opts, name, table.unpack(limits))
    if not B[name] then
      return nil, why, 2
    end
  end
  text, why = read_script(argv[opts.first])
  if not text then
    return nil, why, 1
  end
  if opts.restricted ~= true and opts.restricted ~= "" then
    B.folder, why = sys.sandbox.open_folder(opts.restricted)
    if not B.folder then
      return nil, ("--restricted: cannot open the folder %s: %s"):format(opts.restricted, why), 1
    end
  end
  B.script = { text = text, name = argv[opts.first]:match "[^/]*$",
    arg = { table.unpack(argv, opts.first + 1) } }
  return B
end

-- The address that clients get, or nil; false, why, where the settings are wrong.
local function gateway_url()
  local settings = require "mj.settings"
  local ok, opts, e = pcall(settings.merge, "--restricted", {}, client.schema)
  if not ok or not opts then
    return false, ok and e.message or opts
  end
  return opts.base_url
end

-- Returns the status to end with, and what is wrong.
function broker.run(sys, opts, argv, complain)
  local B, why, status = prepare(sys, opts, argv, complain)
  if not B then
    return status, why
  end
  env.runs = {}
  env.journal = journal.settings(opts, argv, complain)
  B.url, why = gateway_url()
  if B.url == false then
    return 1, why
  end
  B.pid, B.fd = sys.sandbox.start(tostring(B.cpu), tostring(B.memory))
  if not B.pid then
    return 1, "--restricted: cannot start a process: " .. B.fd
  end
  B.deadline = sources.now() + B.time
  local ended = cause(B, serve(B))
  if ended == "locked" then
    close(B)
    return 1, "--restricted: this system cannot shut a process in (it takes Linux with seccomp)"
  end
  settle(B, ended ~= "end")
  local doubt = tell(B)
  io.stdout:flush()
  if ended == "interrupted" then
    complain "interrupted"
  elseif ended ~= "end" then
    complain("--restricted: ended: " .. words[ended]:format(B[ended]))
  end
  local good = ended == "end" and B.ok and not B.failed and doubt == 0
  close(B)
  if ended ~= "interrupted" then
    journal.finish(good, complain)
  end
  return ended == "interrupted" and 128 + sys.signal() or STATUS[ended] or (good and 0 or 1)
end

return broker
