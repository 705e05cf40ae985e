-- SPDX-License-Identifier: MIT
-- mjlua -m batch: a file of requests, many at a time.  Nothing is sent before all of
-- the file is right; what fails stops nothing else and is named by its line.

local common = require "mj.cli.common"
local dry = require "mj.cli.batch_dry"
local ending = require "mj.cli.batch_end"
local imagine = require "mj.cli.imagine"
local option = require "mj.option"
local permute = require "mj.cli.permute"
local prompts = require "mj.cli.prompts"
local verbs = require "mj.verbs"

local batch = {}

local DEFAULT = "out/{n}-{prompt:40}.{ext}"
local MANY = 100 -- from here on somebody has to say that it is meant
local MOST = 100000
local LISTED = 20 -- failures that are shown

local about = {
  summary = "A file of prompts, many at a time.  One that is cut off goes on when it is\n"
    .. "started again, and nothing is paid for twice.",
  example = [[prompts.txt --dry-run
mjlua -m batch prompts.txt --ar 3:2 --upscale 2 -o "out/{n}-{prompt:40}.{ext}"]],
  takes = "FILE",
}

-- The file ------------------------------------------------------------------------

local function read(path)
  local file, err = io.open(path, "rb")
  if path == "-" then
    file, err = io.stdin, nil
  end
  local text
  if file then
    text, err = file:read "*a"
  end
  if file and file ~= io.stdin then
    file:close()
  end
  return text, err
end

local function decode(line)
  local ok, value = pcall(require("cjson").decode, line)
  if ok then
    return value
  end
  return nil, "no JSON: " .. tostring(value):gsub("^.-:%d+: ", "")
end

-- Lists of { line, request }; or nil, what is wrong, and its line.
local function entries(args, text)
  local format = args.format or prompts.format_of(args.file)
  if format == "csv" then
    return prompts.csv(text, verbs.rows.imagine.schema, verbs.meant)
  elseif format == "jsonl" then
    return prompts.jsonl(text, decode)
  end
  return prompts.txt(text)
end

-- The options of the command line are those of each request that has none of its own.
local function with_defaults(request, defaults, schema)
  for name, value in pairs(defaults) do
    if request[name] == nil and schema[name] then
      request[name] = value
    end
  end
  return request
end

-- What is wrong with a request, or nil: as far as that costs nothing to know.
local function check(request, verb)
  local row = verbs.rows[verb]
  if not row or row.gives or not row.schema.prompt and not row.short then
    return ("no verb '%s' for a batch"):format(tostring(verb))
  end
  local ok, err = pcall(option.check, verb, request, row.schema, verbs.meant)
  if not ok then
    return tostring(err):gsub("^.-:%d+: ", "")
  end
  for _, name in ipairs(row.needs or {}) do
    if request[name] == nil or request[name] == "" then
      return ("%s: no '%s'"):format(verb, name)
    end
  end
  if not row.parameters or request.prompt == nil then
    return nil
  end
  local parsed, e = dry.parse(request)
  return not parsed and e or nil
end

local function copy(request, text)
  local one = {}
  for name, value in pairs(request) do
    one[name] = value
  end
  one.prompt = text
  return one
end

-- One entry of the file as items; or nil and what is wrong.
local function expanded(entry, args, defaults, room)
  local request = entry.request
  local verb = request.verb or "imagine"
  request.verb = nil
  local row = verbs.rows[verb]
  if row then
    with_defaults(request, defaults, row.schema)
  end
  local texts = { request.prompt or false }
  if type(request.prompt) == "string" and not args.literal then
    local err
    texts, err = permute.expand(request.prompt, room)
    if not texts then
      return nil, err
    end
  end
  local list = {}
  for i, text in ipairs(texts) do
    local one = copy(request, text or nil)
    local err = check(one, verb)
    if err then
      return nil, err
    end
    list[i] = { line = entry.line, verb = verb, request = one }
  end
  return list
end

-- The items of a file, each { n, line, verb, request }; or nil and lines that say what
-- is wrong with it.
function batch.items(args, text, defaults)
  local list, err, line = entries(args, text)
  if not list then
    return nil, { ("%s:%d: %s"):format(args.file, line, err) }
  end
  local items, wrong = {}, {}
  for _, entry in ipairs(list) do
    local some
    some, err = expanded(entry, args, defaults, MOST - #items)
    if not some then
      wrong[#wrong + 1] = ("%s:%d: %s"):format(args.file, entry.line, err)
    end
    for _, item in ipairs(some or {}) do
      item.n = #items + 1
      items[item.n] = item
    end
  end
  if #wrong > 0 then
    return nil, wrong
  elseif #items == 0 then
    return nil, { args.file .. ": there is no prompt in it" }
  end
  return items
end

-- The run -------------------------------------------------------------------------

-- After these the others would fare no better.
local ends_all = { auth = true, budget = true, closed = true, journal = true }

-- The template of an item: {n} is its number, so long that the names sort.
local function template_of(args, item, digits)
  local text = common.template(args.output or DEFAULT)
  return (text:gsub("{n}", ("%0" .. digits .. "d"):format(item.n)))
end

local function say_item(session, item, of, files)
  if session.args.json then
    local out = common.object(of, files)
    out.n, out.line = item.n, item.line
    return session:json(out)
  end
  session:lines(of, files)
end

-- Files that got another name than they should have, since it was taken.
local function remember_names(list, files)
  for i, wanted in pairs(files and files.instead_of or {}) do
    list[#list + 1] = ("%s for %s"):format(files[i], wanted)
  end
end

-- Makes an item's tasks and saves them: true; or nil, err.
local function work(state, item, row)
  local session, args = state.session, state.session.args
  local failed
  local function watch(job)
    if row then
      row:run(job)
    end
    return job:await(session.patience)
  end
  local wanted = item.verb == "imagine" and args or {}
  local made, e = imagine.make(session, item.verb, item.request, wanted, watch,
    function(failure)
      failed = failed or failure
    end)
  if not made then
    return nil, e
  end
  for _, one in ipairs(made) do
    local template = template_of(args, item, state.digits)
    template = one.suffix and common.with_suffix(template, one.suffix) or template
    local files
    if not args.no_save and (one.task.image_url or one.task.video_url) then
      files, e = one.task:save(template, { replace = false })
      failed = failed or e
      remember_names(state.renamed, files)
    end
    if not e then
      say_item(session, item, one.task, files)
    end
  end
  return not failed or nil, failed
end

local function finish_row(row, ok, e)
  if not row then
    return
  elseif ok then
    row:done()
  else
    row:failed(e)
  end
end

local function one(state, item)
  local row = state.bar and state.bar:item(item.request.prompt or item.verb)
  local fine, ok, e = pcall(work, state, item, row)
  if not fine then
    if type(ok) ~= "string" then
      error(ok, 0) -- Ctrl-C
    end
    ok, e = nil, ok
  end
  finish_row(row, ok, e)
  if ok then
    state.good = state.good + 1
    return true
  end
  state.failures[#state.failures + 1] = { item = item, err = e }
  local code = type(e) == "table" and e.code
  if ends_all[code] then
    state.stopped = state.stopped or e
  end
  if state.session.args.json then
    state.session:json { n = item.n, line = item.line, prompt = item.request.prompt,
      error = common.error_object(e) }
  end
end

-- When the newest run of this batch ended well, in seconds; nil: it did not, or there is
-- none, or no journal.
local function ended_well()
  local program = require("mj.env").journal
  local file = program and program.path and program.run and io.open(program.path, "rb")
  if not file then
    return nil
  end
  file:close()
  local ended, good = require("mj.core").run_last(program.path, program.run)
  return ended and good and ended > 0 and ended or nil -- what is wrong with it shows soon
end

-- Says of a batch that ended well that it is another one now; true if somebody has to
-- say first that this is meant.
local function is_in_doubt(session, n, at_terminal)
  local args, ended = session.args, ended_well()
  if not ended then
    return false
  end
  local before = os.date("this batch ended well on %Y-%m-%d %H:%M:%S: ", math.floor(ended))
  local all = n == 1 and "its picture" or ("all %d"):format(n)
  local is = n == 1 and "is" or "are"
  if at_terminal and not args.yes and not args.fresh then
    session:note(common.USAGE)
    session:blame(("%s%s would be made and paid anew: --dry-run shows %s, --yes sends %s"):format(
      before, all, n == 1 and "it" or "them", n == 1 and "it" or "them"))
    return true
  end
  session:blame(("%s%s %s made and paid anew (--dry-run shows %s)"):format(before, all, is,
    n == 1 and "it" or "them"))
  return false
end

local function run(args, items, complain, at_terminal)
  if args.dry_run then
    return dry.run(items, args, complain)
  end
  local session = common.session(args, complain)
  if is_in_doubt(session, #items, at_terminal) or not session:client() then
    return session.worst
  end
  local state = {
    session = session, bar = session:progress(#items), digits = #tostring(#items),
    good = 0, fed = 0, failures = {}, renamed = {},
  }
  local _, errors = require("mj.many").map(function()
    if state.fed < #items and not state.stopped then
      state.fed = state.fed + 1
      return items[state.fed]
    end
  end, function(item)
    return one(state, item) or true
  end, { concurrency = args.concurrency })
  local _, raised = next(errors)
  if raised ~= nil then -- a mistake of ours, or Ctrl-C: no outcome of a request
    error(raised, 0)
  end
  ending.report(state, items)
  return session.worst
end

-- The plan ------------------------------------------------------------------------

local function parser_of(name)
  local parser = common.parser(name, about)
  common.argument(parser, "file", "a prompt a line (# for remarks), .csv (columns: prompt and "
    .. "options) or .jsonl (a request a line); - is standard input"):argname "FILE"
  parser:option("--format", "what the name does not say"):choices { "txt", "csv", "jsonl" }
  parser:flag("--literal", "braces are text: {red,blue} cat is one prompt, not two")
  parser:flag("--dry-run", "show what would be asked for, and send nothing")
  parser:flag("--yes", ("more than %d requests are meant, or a finished batch again"):format(MANY))
  parser:option("--concurrency", "how many at a time (10)"):default(10):show_default(false)
    :argname("N"):convert(common.number("--concurrency", 1))
  parser:option("--failed", "writes the requests that failed there, for another batch")
    :argname "FILE.jsonl"
  imagine.upscale_options(parser)
  common.own_options(parser)
  common.save_options(parser, DEFAULT)
  common.parameter_options(parser)
  common.paid_options(parser)
  return parser
end

local function bad_output(template)
  local text = common.template(template)
  if not text:find("{n}", 1, true) and not text:find "{id[}:]" and not text:find "/$" then
    return "option '-o': {n} or {id} has to be in it, or each picture would replace the one before"
  end
  return common.bad_template(text)
end

local function wrong_options(args)
  if args.grid and not args.upscale then
    return "option '--grid' goes with --upscale"
  elseif args.key then
    return "option '--key' names one piece of work; in .csv and .jsonl each has its own"
  elseif args.failed and not args.failed:find "%.jsonl$" then
    return "option '--failed': a name that ends in .jsonl expected"
  end
  return args.output and bad_output(args.output) or nil
end

-- Several lines as one, for who prints one.
local function as_one(name, wrong)
  local more = #wrong > LISTED and ("\nmjlua: %s: and %d more"):format(name, #wrong - LISTED) or ""
  return name .. ": " .. table.concat(wrong, "\nmjlua: " .. name .. ": ", 1,
    math.min(#wrong, LISTED)) .. more
end

-- The run is that of the file, whatever is in it by now; standard input has no name
-- but what came.
local function run_args(args, text)
  local named = {}
  for name, value in pairs(args) do
    named[name] = value
  end
  named.dry_run, named.format = nil, nil
  named.file = args.file == "-" and text or require("mj.cli.journal").realpath(args.file)
    or args.file
  return named
end

function batch.plan(name, words, sys)
  local args, status, err = common.parse(name, parser_of(name), words)
  if not args then
    return nil, status, err
  end
  err = wrong_options(args)
  if err then
    return nil, common.USAGE, name .. ": " .. err
  end
  local text
  text, err = read(args.file)
  if not text then
    err = tostring(err):find(args.file, 1, true) == 1 and err or args.file .. ": " .. tostring(err)
    return nil, common.USAGE, ("%s: %s"):format(name, args.file == "" and "FILE is empty" or err)
  end
  local items, wrong = batch.items(args, text, common.fill({}, args))
  if not items then
    return nil, common.USAGE, as_one(name, wrong)
  elseif #items > MANY and not args.yes and not args.dry_run then
    return nil, common.USAGE, ("%s: %d requests: --dry-run shows them, --yes sends them"):format(
      name, #items)
  end
  local named = run_args(args, text)
  return { args = args, free = args.dry_run, run_args = named,
    of = args.file ~= "-" and named.file or nil,
    run = function(complain)
      return run(args, items, complain, sys and sys.isatty(0) and sys.isatty(2))
    end }
end

return batch
