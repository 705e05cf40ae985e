-- SPDX-License-Identifier: MIT
-- The end of mjlua -m batch: what failed, what has another name, what is left.

local common = require "mj.cli.common"
local permute = require "mj.cli.permute"

local ending = {}

local LISTED = 20 -- failures that are shown, those that say the same as one
local RANGES = 12 -- of their lines

local function say_names(session, list)
  table.sort(list)
  if #list == 1 then
    session.complain("a picture has another name, since there was a file: " .. list[1])
  elseif #list > 1 then
    session.complain(("%d pictures have another name, since there were files: %s%s"):format(#list,
      list[1], #list > 2 and (" ... %s"):format(list[#list]) or ", " .. list[2]))
  end
end

local function note(state)
  local session = state.session
  for _, failure in ipairs(state.failures) do
    local status = common.status_of(failure.err)
    session:note((status == common.FAILED or status == common.USAGE) and common.SOME_FAILED
      or status)
  end
end

-- What cannot be encoded is no request that came out of a file.
local function write_failed(path, items)
  local cjson = require "cjson"
  local file, err = io.open(path, "wb")
  local ok = file
  for _, item in ipairs(file and items or {}) do
    local request = {}
    for name, value in pairs(item.request) do
      request[name] = value
    end
    request.prompt = request.prompt and permute.escape(request.prompt)
    request.verb = item.verb ~= "imagine" and item.verb or nil
    ok, err = file:write(cjson.encode(request), "\n")
    if not ok then
      break
    end
  end
  if file then
    local closed, why = file:close()
    ok, err = ok and closed, err or why
  end
  return ok, err
end

local function by_number(a, b)
  return a.item.n < b.item.n
end

local function text_of(session, e)
  return type(e) == "table" and e.code .. ": " .. session:worded(e.message) or tostring(e)
end

-- What is said of a failure but for what changes while the others run.
local function kind_of(text)
  return text:match "^(budget: .*), and of the budget of " or text
end

-- Those that say the same are one: lists of failures with the text of the first, in the
-- order of the file.
local function groups_of(state)
  local groups, by_kind = {}, {}
  for _, failure in ipairs(state.failures) do
    local text = text_of(state.session, failure.err)
    local kind = kind_of(text)
    local group = by_kind[kind]
    if not group then
      group = { text = text }
      by_kind[kind], groups[#groups + 1] = group, group
    end
    group[#group + 1] = failure
  end
  return groups, by_kind
end

-- "line 3"; "3 of them, lines 1 and 4 to 5".
local function lines_of(group)
  local ranges, last = {}, nil
  for _, failure in ipairs(group) do
    local line = failure.item.line
    if last and line <= last[2] + 1 then
      last[2] = line
    else
      last = { line, line }
      ranges[#ranges + 1] = last
    end
  end
  if #group == 1 then
    return ("line %d"):format(last[1])
  end
  local words = {}
  for i = 1, math.min(#ranges, RANGES) do
    local from, to = ranges[i][1], ranges[i][2]
    words[i] = from == to and tostring(from)
      or (to == from + 1 and "%d, %d" or "%d to %d"):format(from, to)
  end
  return ("%d of them, line%s %s%s"):format(#group, ranges[1][1] == last[2] and "" or "s",
    table.concat(words, ", "), #ranges > RANGES and " ..." or "")
end

-- Returns a function that tells whether an error was among what was said.
local function say_failures(state)
  local complain = state.session.complain
  table.sort(state.failures, by_number)
  local groups, by_kind = groups_of(state)
  local rest = 0
  for i, group in ipairs(groups) do
    if i <= LISTED then
      complain(("%s: %s"):format(lines_of(group), group.text))
    else
      rest, group.unsaid = rest + #group, true
    end
  end
  if rest > 0 then
    complain(("and %d more"):format(rest))
  end
  return function(e)
    local group = by_kind[kind_of(text_of(state.session, e))]
    return group and not group.unsaid
  end
end

-- What failed and what was not sent, into the file of --failed.
local function keep_failed(state, items)
  local session, failed = state.session, {}
  for i, failure in ipairs(state.failures) do
    failed[i] = failure.item
  end
  for i = state.fed + 1, #items do
    failed[#failed + 1] = items[i]
  end
  local ok, err = write_failed(session.args.failed, failed)
  if not ok then
    session:note(common.FAILED)
    session.complain("--failed: " .. tostring(err))
  end
end

function ending.report(state, items)
  local session, args = state.session, state.session.args
  if state.bar then
    state.bar:finish()
  end
  note(state)
  if not args.json then
    say_names(session, state.renamed)
  end
  local left = #items - state.good - #state.failures
  local was_said = not args.json and say_failures(state)
  if state.stopped and left > 0 then
    session.complain(("%d not sent%s"):format(left, was_said and was_said(state.stopped)
      and " after that" or ", after: " .. text_of(session, state.stopped)))
  end
  if args.failed then
    keep_failed(state, items)
  end
  if args.json then
    session:json { batch = { total = #items, done = state.good, failed = #state.failures,
      not_sent = left, renamed = #state.renamed > 0 and #state.renamed or nil } }
  end
end

return ending
