-- SPDX-License-Identifier: MIT
-- mjlua -m doctor: what is set, what answers, what the gateway can do.  It asks
-- free questions only.

local client = require "mj.client"
local config = require "mj.config"
local core = require "mj.core"
local env = require "mj.env"
local journal = require "mj.cli.journal"
local option = require "mj.option"
local settings = require "mj.settings"
local words = require "mj.cli.words"
option.mine()

local doctor = {}

doctor.usage = [=[
usage: mjlua -m doctor [--json] [--timeout SECONDS] [GATEWAY]

Tells what is set and from where, whether the gateway answers and takes the key,
and what it can do.  GATEWAY is one of the file of gateways; without it, what a
script would use.  Costs nothing: nothing is submitted.

  --json             one object of JSON
  --timeout SECONDS  how long to wait for the gateway's answers (10)

Ends with 1 when something is wrong that a script would trip over.

Example:
  mjlua -m doctor work
]=]

-- A task of September 2001, which no gateway has.
local NO_TASK = "1000000000000000"

-- Words of libcurl for what went wrong on the way: the line that fails, those in
-- front of it that did not, and the cure.
local ways = {
  { "Could not resolve", "name",
    "check the host's spelling in the address, and this machine's network" },
  { "certificate", "tls", "the certificate is not for that host, has expired, or its authority is "
    .. "not known here: check the address; a private authority goes into MJ_CA_FILE" },
  { "wrong version number", "tls", "that port speaks http: begin the address with http://" },
  { "SSL", "tls", "does that port speak https? else begin the address with http://" },
  { "TLS", "tls", "does that port speak https? else begin the address with http://" },
  { "connect", "connect", "nothing listens there: check host and port, and that the gateway runs" },
  { "refused", "connect", "nothing listens there: check host and port, and that the gateway runs" },
  { "timed out", "connect", "no answer: a firewall in between, or the wrong host" },
}
local stages = { "name", "connect", "tls" }

-- The report -----------------------------------------------------------------

local function add(report, state, name, text, cure)
  if cure and text:sub(-#cure) == cure then -- not twice
    text = text:sub(1, -#cure - 1):gsub("[:;] *$", "")
  end
  report[#report + 1] = { state = state, name = name, text = text, cure = cure }
end

-- What servers say has no control characters by now; what stands in files may.
local function clean(text)
  return (tostring(text):gsub("%c", " "))
end

local function tail(key)
  return (key:match "^sk%-" or "") .. "…" .. (#key >= 16 and key:sub(-4) or "")
end

-- Settings -------------------------------------------------------------------

local function name_source(from, opts, field)
  return from[field] or (opts[field] ~= nil and "option") or nil
end

local hidden = { api_key = true, base_url = true, headers = true, proxy = true }

local function about_others(report, opts, from)
  local names = {}
  for name in pairs(opts) do
    if not hidden[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = opts[name]
    if type(value) == "table" then
      local list = {}
      for i, item in ipairs(value) do
        list[i] = tostring(item)
      end
      value = table.concat(list, ", ")
    end
    add(report, "ok", name, ("%s (%s)"):format(clean(value), name_source(from, opts, name)))
  end
end

local function about_key(report, opts, from)
  local key = opts.api_key
  if not key then
    add(report, "warn", "key", "none is set: only a gateway without keys will take that",
      "MJ_API_KEY, MJ_API_KEY_FILE, or api_key in " .. (config.path() or "the file of gateways"))
    return
  end
  local text = ("%s (%s)"):format(tail(key), from.api_key or from.api_key_file or "option")
  if key:lower():find "^bearer " then
    add(report, "fail", "key", text .. " begins with the word Bearer",
      "give the key alone; mj puts the word in front of it")
  elseif key:find "^%s" or key:find "%s$" or key:find "^[\"']" then
    add(report, "fail", "key", text .. " has a space or a quote at its edge", "take that away")
  else
    add(report, "ok", "key", text)
  end
end

local loopback = { ["127.0.0.1"] = true, localhost = true, ["[::1]"] = true }

-- True if it can be asked, and "wrong" where no answer would say more.
local function about_address(report, opts, from)
  local url = opts.base_url
  local shown = clean(url:gsub("//[^/]*@", "//"):gsub("[?#].*", ""))
  local text = ("%s (%s)"):format(shown, from.base_url or "option")
  local scheme, host, path = url:match "^(%a+)://([^/:]+[^/]*)(.*)$"
  if not scheme then
    add(report, "fail", "address", text .. " does not begin with https://",
      "write it as https://" .. shown:gsub("^/+", ""))
    return false
  end
  local prefix = path:match "^(.-)/mj/?$" or path:match "^(.-)/mj/submit"
    or path:match "^(.-)/api/v1"
  if prefix then
    add(report, "fail", "address", text .. " goes on with " .. path:sub(#prefix + 1),
      ("leave that out, mj adds it: %s://%s%s"):format(scheme, host, prefix))
    return "wrong"
  elseif scheme == "http" and not loopback[host:gsub(":%d+$", "")] then
    add(report, "warn", "address", text .. ": what is sent, the key too, can be read on its way",
      "https://, if the gateway has it")
    return true
  end
  add(report, "ok", "address", text)
  return true
end

local function about_file(report)
  local path = config.path()
  local file, e = config.read(client.schema)
  if file == nil then
    add(report, "fail", "file", clean(e.message), e.message:match "chmod .*$")
  elseif file then
    local names = {}
    for name in pairs(file.all) do
      names[#names + 1] = name == file.default and name .. " (default)" or name
    end
    table.sort(names)
    add(report, "ok", "file", ("%s: %s"):format(path, table.concat(names, ", ")))
  else
    add(report, "ok", "file", ("%s: there is none"):format(path or "HOME is not set"))
  end
end

-- The settings of a client, or nil; and whether the address is known to be wrong.
local function about_settings(report, gateway)
  about_file(report)
  local ok, opts, e, from = pcall(settings.merge, "doctor", { gateway = gateway }, client.schema)
  if not ok or not opts then
    local text = clean(ok and e.message or tostring(opts):gsub("^[^ ]+:%d+: ", ""))
      :gsub("^doctor: ", "")
    if report[#report].state ~= "fail" then -- else it was the file, and is said
      add(report, "fail", "settings", text, text:match "chmod .*$")
    end
    return nil
  elseif not opts.base_url then
    add(report, "fail", "address", "no gateway is set", ("export MJ_BASE_URL=https://... "
      .. "MJ_API_KEY=..., or name one in %s; mjlua --sim runs a script without"):format(
        config.path() or "~/.config/mj/config.lua"))
    return nil
  end
  local fine = about_address(report, opts, from)
  about_key(report, opts, from)
  about_others(report, opts, from)
  return fine and opts or nil, fine == "wrong"
end

-- The gateway ----------------------------------------------------------------

-- What was reached on the way, up to the stage that an error names.
local function about_way(report, opts, e)
  local stage, cure = nil, nil
  for _, way in ipairs(e and e.code == "network" and ways or {}) do
    if not stage and e.message:find(way[1], 1, true) then
      stage, cure = way[2], way[3]
    end
  end
  if e and e.code == "network" and not stage then
    stage, cure = "connect", "is the address right, and does the gateway run?"
  end
  local texts = { name = "the host's name is known", connect = "something listens there",
    tls = "the certificate is good" }
  for _, name in ipairs(stages) do
    if name == stage then
      add(report, "fail", name, clean(e.message:gsub("^asking which API[^:]*: ", "")
        :gsub("; is [^;]*%?$", "")), cure)
      return false
    elseif name ~= "tls" or opts.base_url:find "^https" then
      add(report, "ok", name, texts[name])
    end
  end
  return true
end

local cures = {
  auth = "is the key right, and for this gateway? a new one is made in the gateway's own pages",
  rate_limited = "the gateway asks to slow down: try again later",
  unsupported = "the address is what stands in front of /mj or /api/v1",
  protocol = "the address is what stands in front of /mj or /api/v1, not that of a page for people",
  timeout = "it took longer than --timeout: a slow gateway, or something that is none",
}

-- What a client cannot be made with: at the line of that setting, if it has one.
local function about_refusal(report, text)
  text = clean(text:gsub("^[^ ]+:%d+: ", "")):gsub("^mj%.client: ", "")
  local field, why = text:match "^([%a_]+): (.*)$"
  field = field == "base_url" and "address" or field == "api_key" and "key" or field
  for i = #report, 1, -1 do
    if field and report[i].name == field then
      report[i].state, report[i].text, report[i].cure = "fail", why, nil
      return
    end
  end
  add(report, "fail", "settings", text)
end

-- The generate family answers each path with its envelope, also those that it does
-- not have, and looks at no key there: only who speaks of a task was asked for one.
local function speaks_of_task(text)
  return text:lower():find("task", 1, true) ~= nil or text:find("任务", 1, true) ~= nil
end

-- A free question to which only a gateway has an answer.
local function about_answer(report, made, seconds, guessed)
  local _, e = made:task(NO_TASK):await { timeout = guessed and math.min(seconds, 3) or seconds }
  if guessed and e and e.code == "timeout" then -- a page is asked again and again
    _, e = made:list():await { timeout = seconds }
  end
  local text = e and clean(e.message:gsub("^task " .. NO_TASK .. ": ", ""))
  if not guessed and e and e.code == "not_found" then
    if made:dialect() == "generate" and not speaks_of_task(text) then
      add(report, "warn", "answers", ("it answers in the words of the generate family, but of no "
        .. "task: %s; that may be for want of the path, and tells nothing of the key"):format(text),
        "is the address what stands in front of /api/v1?")
      return false
    end
    add(report, "ok", "answers", "it takes the key, and speaks the " .. made:dialect() .. " family")
    return true
  elseif e then
    local name = e.code == "auth" and "key" or "answers"
    add(report, "fail", name, text, cures[e.code] or "is this a Midjourney gateway?")
    return false
  end
  add(report, "warn", "answers", "it answers, but not as any gateway that is known here",
    "say which family it speaks: dialect = \"mj\" or \"generate\"")
  return true
end

-- Which routes the gateway says it has not, of those that a free question tells of.
local function missing(made, seconds)
  local asked, lacks = { queue = made:queue(), list = made:list() }, {}
  for name, job in pairs(asked) do
    local _, e = job:await { timeout = math.min(seconds, 3) }
    lacks[name] = e and e.code == "unsupported"
  end
  return lacks
end

local function about_abilities(report, made, seconds)
  local lacks = missing(made, seconds)
  local all, e = made:capabilities { timeout = 1 }
  if not all then
    add(report, "warn", "can", clean(e.message))
    return
  end
  local can, cannot = {}, {}
  for name, yes in pairs(all.verbs) do
    table.insert(yes and can or cannot, name)
  end
  for _, name in ipairs { "list", "ids", "queue", "seed", "cancel" } do
    table.insert(all[name] and not lacks[name] and can or cannot, name)
  end
  table.sort(can)
  table.sort(cannot)
  add(report, "ok", "can", table.concat(can, " ") .. (all.dialect == "mj"
    and " (what the mj family has; a gateway may lack some of it)" or ""))
  if #cannot > 0 then
    add(report, "ok", "cannot", table.concat(cannot, " "))
  end
end

local function about_gateway(report, opts, gateway, seconds, wrong)
  local guessed = false
  env.attempts = 2 -- one loss is an accident; who asks wants to know how it is now
  local ok, made, e = pcall(client.new, { gateway = gateway, journal = false,
    log = function(_, line)
      guessed = guessed or line:find("as far as anyone can tell", 1, true) ~= nil
    end,
    timeout = { await = seconds, request = seconds, connect = seconds } })
  env.attempts = nil
  if not ok or not made then
    about_refusal(report, ok and e.message or tostring(made))
    return
  end
  local family
  family, e = made:capabilities { timeout = seconds }
  if wrong then -- what answers there is not the question
    about_way(report, opts, not family and e or nil)
  elseif not family and e.code ~= "network" then
    add(report, "fail", "answers", clean(e.message:gsub("^base_url %b() answers", "it answers")
      :gsub("; nothing was sent;.*$", "")), cures[e.code])
  elseif about_way(report, opts, not family and e or nil)
      and about_answer(report, made, seconds, guessed) then
    about_abilities(report, made, seconds)
  end
  for _, job in ipairs(made:jobs()) do
    job:cancel()
  end
  made:close()
end

-- The machine ----------------------------------------------------------------

local function about_proxies(report)
  for _, name in ipairs { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
    if (os.getenv(name) or "") ~= "" then
      add(report, "warn", "proxy", name .. " is set, and not used: a key passes no proxy by chance",
        "MJ_PROXY, or proxy = in the options, for one that it shall pass")
      return
    end
  end
end

local function about_journals(report, sys)
  local folder = journal.folder()
  if not folder then
    add(report, "warn", "journal", "HOME is not set: paid work is written down nowhere",
      "set HOME, or run scripts with --journal FILE")
    return
  end
  local n, unknown, broken = 0, 0, nil
  for _, name in ipairs(sys and sys.list(folder) or {}) do
    if name:find "%.journal$" then
      local rows, e = core.journal(folder .. "/" .. name, true)
      n = n + 1
      unknown = unknown + (rows and #rows or 0)
      if not rows and not e.message:find("has it already", 1, true) then
        broken = e.message
      end
    end
  end
  local text = ("%s: %d of scripts"):format(folder, n)
  if broken then
    add(report, "fail", "journal", clean(broken), broken:match "chmod .*$")
  elseif unknown > 0 then
    add(report, "warn", "journal", ("%s, %d requests sent and not answered"):format(text, unknown),
      "mjlua -m status --unknown shows them, mjlua -m resolve says what became of one")
  else
    add(report, "ok", "journal", text)
  end
end

local function about_machine(report, sys)
  about_proxies(report)
  about_journals(report, sys)
  add(report, "ok", "libraries", ("mj %s %s"):format(core.version, core.libraries()))
  if sys then
    add(report, "ok", "terminal", sys.isatty(1) and (os.getenv "TERM" or "yes") or "none")
  end
end

-- ---------------------------------------------------------------------------

-- The lines of a report: { state = "ok" | "warn" | "fail", name =, text =, cure = }.
function doctor.look(gateway, seconds, sys)
  local report = {}
  for _, name in ipairs(settings.variables()) do
    if os.getenv(name) == "" then
      add(report, "warn", name, "is set to nothing, as if it were not set")
    end
  end
  local opts, wrong = about_settings(report, gateway)
  if opts then
    about_gateway(report, opts, gateway, seconds, wrong)
  end
  about_machine(report, sys)
  return report
end

local function print_report(report, json)
  local bad = false
  for _, line in ipairs(report) do
    bad = bad or line.state == "fail"
  end
  if json then
    local ok, cjson = pcall(require, "cjson")
    if not ok then
      return 1, "doctor: --json needs lua-cjson"
    end
    print(cjson.encode { ok = not bad, checks = report })
    return bad and 1 or 0
  end
  for _, line in ipairs(report) do
    print(("%-4s  %-10s %s"):format(line.state, line.name, line.text))
    if line.cure and line.state ~= "ok" then
      print(("%-4s  %-10s -> %s"):format("", "", line.cure))
    end
  end
  return bad and 1 or 0
end

local takes = { ["--json"] = "flag", ["--timeout"] = "value" }

-- Options may stand behind the gateway, too.
local function parse(args)
  local opts, first = words.parse("doctor", args, takes)
  local gateway = opts and args[first]
  if gateway then
    local rest = {}
    for i, word in ipairs(args) do
      rest[#rest + 1] = i ~= first and word or nil
    end
    opts, first = words.parse("doctor", rest, takes)
    if opts and rest[first] then
      return nil, ("doctor: one gateway at a time, not '%s' as well; --help shows how"):format(
        rest[first])
    end
  end
  if not opts then
    return nil, first
  end
  opts.gateway = gateway
  local seconds = tonumber(opts.timeout or 10)
  if not seconds or not (seconds > 0 and seconds <= 3600) then
    return nil, ("doctor: option '--timeout': seconds expected, up to 3600, got '%s'"):format(
      opts.timeout)
  end
  opts.timeout = seconds
  return opts
end

-- Returns the status to end with, and what is wrong.
function doctor.main(args, sys)
  local opts, wrong = parse(args)
  if not opts then
    return 2, wrong
  elseif opts.help then
    io.write(doctor.usage)
    return 0
  end
  env.log = nil
  return print_report(doctor.look(opts.gateway, opts.timeout, sys), opts.json)
end

return doctor
