-- SPDX-License-Identifier: MIT
-- What the commands of mjlua -m share: their options, a client, waiting with
-- progress, saving, JSON, and the status that they end with.

local prompt = require "mj.prompt"
local save = require "mj.save"
local width = require "mj.width"
local wording = require "mj.cli.wording"

local common = {
  OK = 0, FAILED = 1, USAGE = 2, SOME_FAILED = 3, UNKNOWN = 4, BUDGET = 5,
}

-- Options -------------------------------------------------------------------------

local HELP = {} -- what the option --help raises

-- Of the arguments of a command: its name, and the set of those without an option.
local about = setmetatable({}, { __mode = "k" })

-- The parser of a command: lua-argparse with one-line errors.
function common.parser(name, row)
  local argparse = require "argparse"
  local parser = argparse("mjlua -m " .. name, row.summary)
  parser:add_help(false):help_max_width(80)
  parser:usage(("usage: mjlua -m %s [options]%s"):format(name, row.takes and " " .. row.takes
    or ""))
  parser:epilog(("Example:\n  mjlua -m %s %s"):format(name, row.example:gsub("\n", "\n  ")))
  parser:flag("-h --help", "this text"):action(function()
    error(HELP, 0)
  end)
  parser.mj_places = {} -- its arguments, as common.argument notes them
  function parser.error(_, text)
    error({ usage = text:gsub("\n%s*Did", "; did"):gsub("\n%s*", " "):gsub("%?$", "") }, 0)
  end
  return parser
end

-- An argument that stands without an option: argparse's.
function common.argument(parser, name, help)
  parser.mj_places[name] = true
  return parser:argument(name, help)
end

local function number(name, least)
  return function(text)
    local value = tonumber(text)
    if not value or value ~= value or value < least then
      return nil, ("option '%s': a number from %g up expected, got '%s'"):format(name, least, text)
    end
    return value
  end
end
common.number = number

local modes = { "fast", "relax", "turbo" }

-- What a command has for itself stands in front of what it shares with others: called
-- between the two.
function common.own_options(parser)
  parser:group("Options", (table.unpack or unpack)(parser._options))
end

function common.gateway_options(parser)
  parser:group("The gateway (MJ_BASE_URL, MJ_API_KEY)",
    parser:option("--gateway", "one of the file of gateways"):argname "NAME",
    parser:option("--base-url", "its address"):argname "URL",
    parser:option("--sim", "a simulated one: no key, no cost"):argname "SETTINGS",
    parser:option("--mode", "how fast (the gateway's or the key's own)"):choices(modes),
    parser:option("--dialect", "its family (found out by itself)"):choices { "mj", "generate" },
    parser:option("--timeout", "the longest wait, in seconds; then nothing more is sent")
      :argname("S"):convert(number("--timeout", 0)))
end

-- Whether clients of this version take budgets and prices.
local function has_money()
  local schema = require("mj.client").schema
  return schema.prices ~= nil and schema.budget ~= require("mj.option").LATER
end

-- As the core has amounts: whole millionths.
local function budget(text)
  local whole, rest = text:match "^(%d*)%.?(%d*)$"
  if not tonumber(text) or not whole or #rest > 6 or tonumber(text) > 1e8 then
    return nil, ("option '--budget': an amount expected, from 0 to 100000000 with at most six "
      .. "decimals, got '%s'"):format(text)
  end
  return tonumber(text)
end

local function price(text)
  local verb, amount = text:match "^([%w_:]+)=([%d.]+)$"
  if not tonumber(amount) then
    return nil, ("option '--price': VERB=AMOUNT expected, got '%s'"):format(text)
  end
  return { verb, amount }
end

function common.money_options(parser)
  if has_money() then
    parser:group("Money",
      parser:option("--price", "what a verb costs: imagine=0.05, default=0.04")
        :argname("VERB=AMOUNT"):count("*"):convert(price),
      parser:option("--budget", "the most that may be spent"):argname("AMOUNT")
        :convert(budget))
  end
end

-- The prices as mj.client takes them, or nil.
function common.prices(args)
  local prices
  for _, pair in ipairs(args.price or {}) do
    prices = prices or {}
    prices[pair[1]] = pair[2]
  end
  return prices
end

function common.output_options(parser)
  parser:group("Output",
    parser:flag("--json", "lines of JSON"),
    parser:flag("-q --quiet", "no progress"))
end

function common.journal_options(parser)
  parser:group("The journal (what was paid for, so that a kill loses nothing)",
    parser:option("--journal", "this file"):argname "FILE",
    parser:flag("--no-journal", "none"),
    parser:flag("--fresh", "begin anew, whatever was cut off"))
end

function common.save_options(parser, default)
  parser:group("Pictures",
    parser:option("-o", ("where to: a path with {id} {n} {ext} {prompt:40} (%s)"):format(
      default)):hidden_name("--output"):target("output"):argname "PATH",
    parser:flag("--no-save", "say where they are, save nothing"))
end

-- Names that are known better, or shorter, than those of the fields.
local shown = { aspect = "--ar" }
local hidden = {
  aspect = "--aspect", stylize = "--s", chaos = "--c", weird = "--w", version = "--v",
  quality = "--q",
}
local switches = { tile = true, draft = true }
local meanings = {
  aspect = "width to height", stylize = "how much of Midjourney's own taste: 0 to 1000",
  chaos = "how different the four are: 0 to 100", weird = "how odd: 0 to 3000",
  version = "v7, v6.1 ...", seed = "the same for the same picture",
  quality = "how much time it takes: 0.25, 0.5, 1, 2, 4", no = "what is not to be seen",
  iw = "weight of the pictures in front: 0 to 3", sref = "style: an address, a code, random",
  sw = "weight of --sref: 0 to 1000", cref = "character: an address",
  cw = "weight of --cref: 0 to 100", oref = "object: an address",
  ow = "weight of --oref: 0 to 1000", tile = "its edges fit together", style = "raw ...",
  draft = "quick and rough", stop = "ends early, at this percent: 10 to 100",
}
local several = { no = true, sref = true, cref = true, oref = true }

-- The prompt's parameters.
function common.parameter_options(parser)
  local list = {}
  for i, name in ipairs(prompt.names) do
    local option = shown[name] or "--" .. name
    if switches[name] then
      list[i] = parser:flag(option, meanings[name])
    else
      list[i] = parser:option(option, meanings[name]):argname(name == "aspect" and "W:H" or "X")
      if hidden[name] then
        list[i]:hidden_name(hidden[name])
      end
      if several[name] then
        list[i]:count "*"
      end
    end
    list[i]:target(name)
  end
  list[#list + 1] = parser:option("--niji", "version of niji"):argname "X"
  parser:group("Parameters of the prompt (they may stand in its text, too)",
    (table.unpack or unpack)(list))
end

-- What all verbs take.
function common.request_options(parser)
  parser:group("The request",
    parser:option("--bot", "midjourney or niji"):argname "NAME",
    parser:option("--key", "names this work in the journal, for ever"):argname "NAME",
    parser:option("--state", "comes back with the task"):argname "TEXT",
    parser:option("--notify-hook", "an address that the gateway may call"):argname "URL",
    parser:option("--provider", "of the generate family"):argname "NAME",
    parser:option("--extra", "members for the request"):argname "JSON")
end

-- Those of every command that pays.
function common.paid_options(parser)
  common.gateway_options(parser)
  common.request_options(parser)
  common.money_options(parser)
  common.output_options(parser)
  common.journal_options(parser)
end

local request_fields = { "bot", "key", "state", "notify_hook", "provider", "extra" }

-- Parameters and common fields among the arguments, put into `request`.
function common.fill(request, args)
  for _, name in ipairs(prompt.names) do
    local value = args[name]
    if type(value) == "table" and #value == 0 then
      value = nil
    end
    request[name] = value
  end
  if args.niji then
    request.version = "niji " .. args.niji
  end
  for _, name in ipairs(request_fields) do
    request[name] = args[name]
  end
  return request
end

-- As argparse takes them: a bare --sim has no word behind it (--sim=SETTINGS does), and
-- a number below zero is a value, so that who is told hears of the value.
local function prepared(words)
  local out, only_words = {}, false
  for _, word in ipairs(words) do
    only_words = only_words or word == "--"
    local before = out[#out]
    if not only_words and word:find "^%-%.?%d" and before and before:find "^%-%-[%a-]+$" then
      out[#out] = before .. "=" .. word
    else
      out[#out + 1] = word == "--sim" and not only_words and "--sim=" or word
    end
  end
  return out
end

-- What can only be a variable of a shell that is not set: nil, or what is wrong.
local function empty_option(args)
  for _, name in ipairs { "gateway", "base_url", "output", "key", "failed", "notify_hook" } do
    if args[name] == "" then
      return ("option '%s': it is empty"):format(name == "output" and "-o"
        or "--" .. name:gsub("_", "-"))
    end
  end
end

-- argparse has no word for a value that may be left out.
local function with_sim(text)
  return (text:gsub("%-%-sim SETTINGS( *)", function(gap)
    return "--sim[=SETTINGS]" .. (#gap > 2 and gap:sub(3) or gap)
  end))
end

-- The arguments; or nil, the status to end with, and what is wrong.
function common.parse(name, parser, words)
  local ok, args = pcall(parser.parse, parser, prepared(words))
  if ok then
    local wrong = empty_option(args)
    about[args] = { name = name, places = parser.mj_places }
    return not wrong and args or nil, wrong and common.USAGE, wrong and name .. ": " .. wrong
  elseif args == HELP then
    io.write(with_sim(parser:get_help()), "\n")
    return nil, common.OK
  elseif type(args) == "table" then
    return nil, common.USAGE, ("%s: %s; --help shows how"):format(name, args.usage)
  end
  error(args, 0)
end

-- What is wrong with a template of task:save, or nil.
function common.bad_template(template)
  if template:find("\0", 1, true) then
    return "option '-o': the path contains a NUL byte"
  end
  local ok, err = pcall(save.path, template, {}, 1, 1, "")
  if not ok then
    return "option '-o': " .. tostring(err):gsub("^.-task:save: ", "")
  end
end

-- "{prompt}{ext}" means "{prompt}.{ext}".
function common.template(text)
  return (text:gsub("([^.])({ext})", "%1.%2"))
end

-- "out/cat.png", "U2" -> "out/cat-U2.png"; a template that ends in / stays.
function common.with_suffix(template, suffix)
  if template == "" or template:find "/$" then
    return template .. "{id}-" .. suffix .. ".{ext}"
  end
  local folder, name = template:match "^(.-)([^/]*)$"
  local stem, ending = name:match "^(.+)(%.[^.]*)$"
  return folder .. (stem or name) .. "-" .. suffix .. (ending or "")
end

-- The run -------------------------------------------------------------------------

local session = {}
session.__index = session

-- complain(text) writes a line to standard error.
function common.session(args, complain)
  return setmetatable({ args = args, complain = complain, worst = common.OK }, session)
end

function common.status_of(e)
  local code = type(e) == "table" and e.code
  if code == "invalid" and not (e.http_status or e.remote_code or e.task_id) then
    return common.USAGE -- nobody was asked
  end
  return code == "unknown_outcome" and common.UNKNOWN or code == "budget" and common.BUDGET
    or common.FAILED
end

local order = { [0] = 0, [2] = 0.5, [3] = 1, [1] = 2, [5] = 3, [4] = 4 }

-- The status of a run: what is in doubt stands in front of all else.
function session:note(status)
  if status == common.USAGE and self.made then
    status = common.FAILED -- something was done
  end
  if order[status] > order[self.worst] then
    self.worst = status
  end
end

local NO_GATEWAY = "no gateway: set MJ_BASE_URL and MJ_API_KEY, or give --base-url; "
  .. "--sim simulates one"

-- The module's words as the command's.
function session:worded(text)
  local known = about[self.args] or { places = {} }
  return wording.of(text, self.args, known.places)
end

-- Its name in front of what is wrong with its words.
function session:blame(text)
  local known = about[self.args]
  self.complain((known and known.name .. ": " or "") .. self:worded(text))
end

-- A client, or nil when there is none (said already).
function session:client()
  local args = self.args
  local ok, client, e = pcall(require("mj.client").new, {
    gateway = args.gateway, base_url = args.base_url, mode = args.mode, dialect = args.dialect,
    timeout = args.timeout, budget = args.budget, prices = common.prices(args),
  })
  if not ok then -- an address that is none, a verb that has no price
    self.worst = common.USAGE
    self:blame(tostring(client):find("mj.client: no gateway", 1, true) and NO_GATEWAY
      or tostring(client))
    return nil
  elseif not client then
    self:fail(e)
  end
  self.gateway = client
  return client
end

function session:progress(total)
  if not self.bar and not self.args.quiet then
    self.bar = require("mj.progress").new({}, { total = total, json = self.args.json })
    local client = self.gateway
    if client and client.budget and (next(client._prices) or self.args.budget) then
      self.bar:spent(function()
        return client:budget().spent
      end)
    end
  end
  return self.bar
end

-- Takes the progress away; it has said nothing that lasts.
function session:quiet_end()
  if self.bar then
    self.bar:close()
  end
end

-- A wait is a little longer than the deadline of what is waited for, which knows
-- whether it was sent.
local LATER = 5

-- With --timeout what is not sent by then never is, so that the command ends; 0 is
-- for who does not wait at all.  Returns options of the request.
function session:with_deadline(request)
  local seconds = self.args.timeout
  if seconds and seconds > 0 then
    local given = request or {}
    request = { deadline = seconds }
    for name, value in pairs(given) do -- which is written to --failed as it was
      request[name] = value
    end
    self.patience = { timeout = seconds + LATER }
  end
  return request
end

-- The task of a job, or nil, err.
function session:wait(job, label)
  local bar = self:progress()
  if bar then
    bar:add(job, label)
  end
  return job:await(self.patience)
end

local texts = {
  "id", "action", "status", "progress", "prompt", "prompt_en", "final_prompt", "description",
  "fail_reason", "fail_code", "state", "image_url", "video_url", "submitted_at", "started_at",
  "finished_at", "expires_at", "cost",
}

-- A task as JSON shows it; what is empty is left out.
function common.object(of, files)
  local out = {}
  for _, name in ipairs(texts) do
    out[name] = of[name]
  end
  for _, name in ipairs { "images", "videos", "prompts" } do
    out[name] = #of[name] > 0 and of[name] or nil
  end
  local buttons = {}
  for i, button in ipairs(of.buttons) do
    buttons[i] = { label = button.label, emoji = button.emoji, custom_id = button.custom_id,
      intent = button.intent }
  end
  out.buttons = #buttons > 0 and buttons or nil
  if files and #files > 0 then
    out.files = {}
    for i, path in ipairs(files) do
      out.files[i] = path
    end
  end
  return out
end

local error_fields = {
  "code", "message", "retryable", "retry_after", "http_status", "remote_code", "task_id", "token",
  "fail_reason", "fail_code", "key",
}

function common.error_object(e)
  if type(e) ~= "table" then
    return { code = "failed", message = tostring(e) }
  end
  local out = {}
  for _, name in ipairs(error_fields) do
    out[name] = e[name]
  end
  return out
end

-- A line of results, above whatever is drawn.
function session:say(text)
  local env = require "mj.env"
  if env.clear_line then
    env.clear_line()
  end
  local ok, why = io.stdout:write(text, "\n")
  if ok then
    ok, why = io.stdout:flush()
  end
  if not ok and self.free and tostring(why):find "^Broken pipe" then
    self.gone = true -- who reads no further has what was wanted
  elseif not ok and not self.deaf then -- the ids of paid work may be in it
    self.deaf = true -- once is enough
    self:note(common.FAILED)
    self.complain("cannot write to standard output: " .. tostring(why))
  end
end

-- The same for what a gateway said: one line, and nothing that moves a cursor.
function session:say_text(text)
  self:say(width.clean(text))
end

function session:json(object)
  self:say(require("cjson").encode(object))
end

-- An error, as a line; returns nothing, so that a caller can return it.
function session:fail(e, what)
  self:note(common.status_of(e))
  if self.args.json then
    self:json { error = common.error_object(e), what = what }
  elseif common.status_of(e) == common.USAGE then
    self:blame(e.message)
  else
    local text = type(e) == "table" and self:worded(e.message) or tostring(e)
    what = what and not text:find(what .. ": ", 1, true) and what .. ": " or ""
    self.complain(what .. (type(e) == "table" and e.code .. ": " or "") .. text)
  end
end

-- run(), where a mistake in what the module was given is one in the words of the command:
-- the status to end with.
function session:guard(run)
  local option = require "mj.option"
  local ok, e = pcall(run)
  if ok then
    return self.worst
  elseif e ~= option.raised then
    error(e, 0)
  end
  self:quiet_end()
  self:note(common.USAGE)
  self:blame(e)
  return self.worst
end

-- A task, saved unless it has no picture or nobody wants that, and said.  `template`
-- is task:save's.  True, or nil when it could not be saved.
function session:result(of, template)
  local files, e
  self.made = true
  if template and not self.args.no_save and (of.image_url or of.video_url) then
    files, e = of:save(template)
    if not files then
      self:fail(e, of.id and "task " .. of.id) -- it was paid for: -m task gets it
      return nil
    end
  end
  if self.args.json then
    self:json(common.object(of, files))
    return true
  end
  self:lines(of, files)
  return true
end

-- The files of a task; else what it brought.
function session:lines(of, files)
  for _, path in ipairs(files or {}) do
    self:say(path)
  end
  local texts_of = #of.prompts > 0 and of.prompts or #of.images > 0 and of.images
    or { of.video_url or of.image_url or of.id }
  for _, text in ipairs(files and {} or texts_of) do
    self:say_text(text)
  end
end

return common
